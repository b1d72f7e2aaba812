"""The home's folders: private, durable, and a sentence where they cannot be made."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from reprieve.core.errors import InvalidRequest
from reprieve.transports.local.home import Home, default_store, expanded
from reprieve.transports.local.registered import RegisteredDatabases

FOLDERS = ("keys", "databases", "stores", "journal", "owners", "workers", "stages", "undo")


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_home_that_is_a_file_is_named(tmp_path: Path, folder: str) -> None:
    (tmp_path / "file").write_text("in the way")
    for root in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(InvalidRequest, match="REPRIEVE_HOME") as refused:
            getattr(Home(root, root), folder)

        assert str(root) in str(refused.value)


@pytest.mark.needs("pty")
def test_what_is_made_is_private_and_what_was_there_is_left_alone(tmp_path: Path) -> None:
    there = tmp_path / "there"
    there.mkdir()
    there.chmod(0o755)
    (tmp_path / "a.db").write_bytes(b"")
    before = os.umask(0)
    try:
        home = Home(there / "config" / "reprieve", there / "data" / "reprieve")
        made = [getattr(home, name) for name in FOLDERS]
        RegisteredDatabases(home).register(str(tmp_path / "a.db"))
    finally:
        os.umask(before)

    assert 8 == len(made)
    assert 0o755 == mode(there)
    assert {0o700} == {mode(path) for path in there.rglob("*") if path.is_dir()}
    assert {0o600} == {mode(path) for path in there.rglob("*") if path.is_file()}
    assert home.databases.exists()


def test_a_work_folder_is_made_private_or_must_be(tmp_path: Path) -> None:
    made, public, file = tmp_path / "made", tmp_path / "public", tmp_path / "file"
    public.mkdir(mode=0o755)
    file.touch()

    assert made == Home(tmp_path, tmp_path, made).stages
    assert 0o700 == mode(made)
    with pytest.raises(InvalidRequest, match="not private"):
        _ = Home(tmp_path, tmp_path, public).stages
    with pytest.raises(InvalidRequest, match="cannot be used"):
        _ = Home(tmp_path, tmp_path, file).stages
    assert tmp_path / "stage" == Home(tmp_path, tmp_path).stages


@pytest.fixture
def no_home(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither HOME nor an entry of this user in the list of users, as in many containers."""
    for variable in ("REPRIEVE_HOME", "REPRIEVE_STORE", "XDG_DATA_HOME", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr(os.path, "expanduser", lambda path: path)


@pytest.mark.needs("linux")
def test_without_a_home_folder_nothing_is_made_in_the_current_one(
    no_home: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for find in (Home.find, default_store, lambda: expanded("~/a.db")):
        with pytest.raises(InvalidRequest, match="set HOME"):
            find()

    assert [] == list(tmp_path.iterdir())


def test_a_home_of_its_own_needs_no_home_folder(
    no_home: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REPRIEVE_HOME", str(tmp_path))
    monkeypatch.setenv("REPRIEVE_STORE", "store")

    assert (Home(tmp_path, tmp_path), "store", "~a/b") == (Home.find(), default_store(), expanded("~a/b"))


@pytest.mark.needs("linux")
def test_a_home_in_a_folder_that_is_gone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    monkeypatch.setenv("REPRIEVE_HOME", "home")

    with pytest.raises(InvalidRequest, match="current folder is gone"):
        Home.find()
