"""Databases to restore into and from, made once for each test process, and fresh worlds of them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import attrs
import pytest

from reprieve.transports.local.home import Home
from tests.support.databases import NEW, OLD, content_of, copy_database, make_database
from tests.transports.local.restore.world import World


@attrs.define
class Templates:
    """Databases of 8 MiB in each mode, and what is in them."""

    folder: Path
    contents: dict[int, str] = attrs.field(factory=dict)

    def database(self, tag: int, mode: str) -> Path:
        path = self.folder / f"{tag}-{mode}.db"
        if not path.exists():
            make_database(path, tag, mode=mode)
        if tag not in self.contents:
            self.contents[tag] = content_of(path)
        return path


@pytest.fixture(scope="session")
def templates(tmp_path_factory: pytest.TempPathFactory) -> Templates:
    return Templates(tmp_path_factory.mktemp("templates"))


@pytest.fixture
def world_of(templates: Templates, tmp_path: Path) -> Callable[[str], World]:
    """A fresh world whose target is in this journal mode."""

    def make(mode: str) -> World:
        (tmp_path / "databases").mkdir()
        target = copy_database(templates.database(OLD, mode), tmp_path / "databases" / "snippets.db")
        return World(tmp_path, target, templates.database(NEW, "delete"))

    return make


@pytest.fixture(params=["wal", "delete"])
def world(request: pytest.FixtureRequest, world_of: Callable[[str], World]) -> World:
    """A fresh world, once for each journal mode."""
    return world_of(request.param)


@pytest.fixture
def contents(templates: Templates) -> dict[int, str]:
    """What `content_of` gives for the old and the new content."""
    templates.database(OLD, "wal")
    templates.database(NEW, "delete")
    return templates.contents


@pytest.fixture
def world_of_wal(world_of: Callable[[str], World]) -> World:
    """A fresh world whose target is in WAL mode."""
    return world_of("wal")


@pytest.fixture
def world_of_delete(world_of: Callable[[str], World]) -> World:
    """A fresh world whose target is in rollback-journal mode."""
    return world_of("delete")


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home", tmp_path / "home")


@pytest.fixture
def image(tmp_path: Path) -> Path:
    return make_database(tmp_path / "image.db", NEW, mode="delete", rows=20)


@pytest.fixture
def target(tmp_path: Path) -> Path:
    (tmp_path / "databases").mkdir()
    return tmp_path / "databases" / "target.db"
