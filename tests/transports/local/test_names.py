"""Which file a name means: paths and `file:` URLs, however an editor or a person writes them."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reprieve.core.errors import InvalidRequest
from reprieve.transports.local.home import Home
from reprieve.transports.local.names import canonical_database, canonical_store, local_path
from reprieve.transports.local.registered import RegisteredDatabases
from reprieve.transports.local.stores import open_store

CANONICAL = [canonical_database, canonical_store]
NAMES = ["my notes.db", "Grüße.db", "100%25.db", "a+b&c.db", "日本 語.db", "per%20cent.db"]
if os.name == "posix":
    NAMES.append("#1?.db")

names = st.text(st.characters(exclude_characters="/\\:\0", exclude_categories=["Cs"]), min_size=1).filter(
    lambda name: name not in (".", "..")
)


@pytest.mark.parametrize("canonical", CANONICAL)
@pytest.mark.parametrize("name", NAMES)
def test_a_url_is_the_path_that_it_was_made_of(
    canonical: Callable[[str], str], tmp_path: Path, name: str
) -> None:
    url = (tmp_path / name).as_uri()
    spellings = [url, *(url.replace("file://", other) for other in ("FILE://", "file://localhost", "File:"))]

    assert {os.path.realpath(tmp_path / name)} == set(map(canonical, spellings))


@given(names)
def test_any_name_comes_back_from_its_url(name: str) -> None:
    path = Path(os.path.abspath(os.sep)) / name

    assert path == Path(local_path(path.as_uri()))
    assert name == local_path(name)


def test_a_path_is_not_decoded_and_a_url_may_be_relative(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    here = os.path.realpath(tmp_path)

    assert os.path.join(here, "my%20notes.db") == canonical_database("my%20notes.db")
    assert os.path.join(here, "my notes.db") == canonical_database("file:my%20notes.db")


@pytest.mark.needs("posix")
@pytest.mark.parametrize("canonical", CANONICAL)
@pytest.mark.parametrize(
    "url", ["file://server/a.db", "file://", "file:", "file:///a.db?mode=ro", "file:a#b"]
)
def test_what_names_no_file_of_this_machine_is_refused(canonical: Callable[[str], str], url: str) -> None:
    with pytest.raises(InvalidRequest, match=r"write|nothing after a `\?`"):
        canonical(url)


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("file:///C:/Users/a%20b.db", "C:/Users/a b.db"),
        ("file:///c%3A/Users/a.db", "c:/Users/a.db"),
        ("file://C:/Users/a.db", "C:/Users/a.db"),
        ("file:/C:/a.db", "C:/a.db"),
        ("file:C:/a.db", "C:/a.db"),
        ("FILE://localhost/C:/a.db", "C:/a.db"),
        ("file://server/share/a.db", "//server/share/a.db"),
    ],
)
def test_drives_and_servers_of_windows(monkeypatch: pytest.MonkeyPatch, url: str, path: str) -> None:
    monkeypatch.setattr(sys, "platform", "win32")

    assert path == local_path(url)


def test_a_store_has_one_name_by_path_and_by_url(tmp_path: Path) -> None:
    folder = Path(os.path.realpath(tmp_path)) / "my store"

    assert str(folder) == canonical_store(folder.as_uri()) == open_store(folder.as_uri()).url
    assert "s3://bucket/folder" == canonical_store("s3://bucket/folder")


@pytest.mark.needs("linux")
@pytest.mark.parametrize("canonical", CANONICAL)
def test_a_name_that_is_not_text_is_refused_at_once_and_shown(
    canonical: Callable[[str], str], tmp_path: Path
) -> None:
    name = os.fsdecode(b"caf\xe9.db")
    (tmp_path / name).touch()
    (tmp_path / "link.db").symlink_to(tmp_path / name)
    url = tmp_path.as_uri() + "/caf%E9.db"

    for target in (str(tmp_path / name), str(tmp_path / "link.db"), url):
        with pytest.raises(InvalidRequest, match=r"caf\\xe9\.db is not text") as refused:
            canonical(target)
        assert str(refused.value).isascii()


@pytest.mark.needs("linux")
def test_a_name_that_is_not_text_is_not_registered(tmp_path: Path) -> None:
    path = tmp_path / os.fsdecode(b"caf\xe9.db")
    path.touch()
    known = RegisteredDatabases(Home(tmp_path / "home", tmp_path / "home"))

    with pytest.raises(InvalidRequest, match="is not text"):
        known.register(str(path))

    assert () == known.all()


@pytest.mark.parametrize("name", ["a\0b", "file:a%00b", "\ud800"])
def test_what_no_file_can_be_called_is_refused(name: str) -> None:
    with pytest.raises(InvalidRequest):
        canonical_database(name)


@pytest.mark.needs("linux")
@pytest.mark.parametrize("canonical", CANONICAL)
def test_a_current_folder_that_is_gone(
    canonical: Callable[[str], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()

    with pytest.raises(InvalidRequest, match="current folder is gone"):
        canonical("a.db")
    assert str(tmp_path / "a.db") == canonical(str(tmp_path / "a.db"))
