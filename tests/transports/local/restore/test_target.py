"""Files that cannot be restored into: each is told in a sentence of its own, and nothing is touched."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from reprieve.core.errors import BadTarget, NotFound
from reprieve.transports.local import file_systems
from reprieve.transports.local.home import Home
from reprieve.transports.local.restore import Ending, restore
from tests.support.databases import NEW, OLD, make_database, masked_pages
from tests.transports.local.restore.steps import MemorySteps
from tests.transports.local.restore.worker import source_of


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home", tmp_path / "home")


@pytest.fixture
def image(tmp_path: Path) -> Path:
    return make_database(tmp_path / "image.db", NEW, mode="delete", rows=3)


def folder(path: Path) -> None:
    path.mkdir()


def pipe(path: Path) -> None:
    os.mkfifo(path)


def second_name(path: Path) -> None:
    make_database(path, OLD, rows=3)
    os.link(path, path.with_name("other name.db"))


def link_to_nothing(path: Path) -> None:
    path.symlink_to("nowhere.db")


def remains(path: Path) -> None:
    path.with_name(path.name + "-wal").write_bytes(b"old")


UNFIT: dict[str, Callable[[Path], None]] = {
    "is a folder": folder,
    "a device, a pipe or a socket": pipe,
    "hard links": second_name,
    "link to": link_to_nothing,
    "-wal lies beside it": remains,
}


@pytest.mark.parametrize("sentence", UNFIT)
def test_an_unfit_target(tmp_path: Path, home: Home, image: Path, sentence: str) -> None:
    (tmp_path / "databases").mkdir()
    target = tmp_path / "databases" / "target.db"
    UNFIT[sentence](target)
    before = {path.name: path.lstat() for path in target.parent.iterdir()}
    steps = MemorySteps()

    with pytest.raises(BadTarget, match=sentence):
        restore(source_of(image), target, job_id="job", home=home, steps=steps)

    assert before == {path.name: path.lstat() for path in target.parent.iterdir()}
    assert [] == steps.noted


@pytest.mark.parametrize("exists", [True, False])
def test_a_network_file_system(
    tmp_path: Path, home: Home, image: Path, exists: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "target.db"
    if exists:
        make_database(target, OLD, rows=3)
    before = target.stat() if exists else None
    steps = MemorySteps()
    monkeypatch.setattr(file_systems, "network_kind", lambda path: "nfs4")

    with pytest.raises(BadTarget, match="nfs4"):
        restore(source_of(image), target, job_id="job", home=home, steps=steps)

    assert before == (target.stat() if exists else None)
    assert [] == steps.noted
    settled = restore(source_of(image), target, job_id="job", home=home, steps=steps, force=True)
    assert Ending.RESTORED is settled.ending


def test_a_missing_folder(tmp_path: Path, home: Home, image: Path) -> None:
    with pytest.raises(NotFound, match="does not exist"):
        restore(source_of(image), tmp_path / "no" / "target.db", job_id="job", home=home, steps=MemorySteps())


def test_a_link_is_followed_and_stays(tmp_path: Path, home: Home, image: Path) -> None:
    target = make_database(tmp_path / "target.db", OLD, rows=3)
    link = tmp_path / "link.db"
    link.symlink_to(target)

    settled = restore(source_of(image), link, job_id="job", home=home, steps=MemorySteps())

    assert settled.undo is not None
    assert str(target) == settled.undo.database
    assert link.is_symlink()
    assert masked_pages(image) == masked_pages(target)


@pytest.mark.parametrize("name", ["with space.db", "100%?mode=ro#.db", "naïve 数据.db", "file:x.db"])
def test_any_name(tmp_path: Path, home: Home, image: Path, name: str) -> None:
    target = make_database(tmp_path / name, OLD, rows=3)

    settled = restore(source_of(image), target, job_id="job", home=home, steps=MemorySteps())

    assert Ending.RESTORED is settled.ending
    assert masked_pages(image) == masked_pages(target)


def test_a_target_that_is_replaced_meanwhile(tmp_path: Path, home: Home, image: Path) -> None:
    target = make_database(tmp_path / "target.db", OLD, rows=3)
    other = make_database(tmp_path / "other.db", OLD, rows=5)
    expected = masked_pages(other)
    steps = MemorySteps()

    def replace() -> bool:
        if other.exists():
            other.replace(target)
        return False

    steps.cancel = replace

    with pytest.raises(BadTarget, match="replaced"):
        restore(source_of(image), target, job_id="job", home=home, steps=steps)

    assert expected == masked_pages(target)
