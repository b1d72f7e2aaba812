"""A repository in a temporary folder, images to put into it, and a child process that makes backups.

Frames and packs are made small, so that a few pages fill several of each.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import attrs
import pytest

from reprieve.core.job import Backup
from reprieve.transports.local.home import Home
from reprieve.transports.local.image import Image
from reprieve.transports.local.repository.opening import open_or_create_repository
from reprieve.transports.local.repository.reader import BackupReader
from reprieve.transports.local.repository.records import BackupRecord
from reprieve.transports.local.repository.repository import Repository
from reprieve.transports.local.stores import open_store

PAGE_STORE = "reprieve.transports.local.repository.page_store"


@attrs.frozen
class Ground:
    """Where a test's repository lies, and what tests do with it again and again."""

    root: Path

    @property
    def store(self) -> Path:
        return self.root / "store"

    @property
    def home(self) -> Home:
        return Home(self.root / "home", self.root / "home")

    def open(self) -> Repository:
        return open_or_create_repository(open_store(self.store), self.home, version="1.0")

    def back_up(
        self,
        repository: Repository,
        content: bytes,
        page_size: int = 512,
        *,
        database: str = "library",
        parent: BackupRecord | None = None,
    ) -> Backup:
        """A backup of `content`, compared with `parent` or else with the latest."""
        parent = parent or repository.latest(database)
        with repository.writer(parent, database) as writer:
            writer.begin(page_size, len(content) // page_size)
            writer.write(1, content)
            return writer.finish(image_of(content, page_size))

    def content(self, repository: Repository, backup_id: str) -> bytes:
        """What a backup restores to."""
        return content_of(repository.reader(backup_id))

    def objects(self) -> set[str]:
        """The names of all files in the store."""
        return {str(path.relative_to(self.store)) for path in self.store.rglob("*") if path.is_file()}

    def left_over(self) -> set[str]:
        """Temporary files."""
        return {name for name in self.objects() if name.startswith("uploads")}


def image_of(content: bytes, page_size: int, problems: tuple[str, ...] | None = ()) -> Image:
    return Image(
        page_size, len(content) // page_size, "UTF-8", "wal", "A", problems=problems, fingerprint={"salt": 7}
    )


def content_of(reader: BackupReader) -> bytes:
    content = bytearray(reader.size)
    written = 0
    for offset, data in reader.spans():
        content[offset : offset + len(data)] = data
        written += len(data)

    assert reader.size == written
    return bytes(content)


def pages(*names: object, page_size: int = 512) -> bytes:
    """An image that has one page for each name; the same name gives the same page."""
    return b"".join((f"page {name} " * page_size).encode()[:page_size] for name in names)


@pytest.fixture(autouse=True, scope="session")
def small_frames_and_packs() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(f"{PAGE_STORE}.FRAME_SIZE", 4 * 512)
        patch.setattr(f"{PAGE_STORE}.PACK_SIZE", 10 * 512)
        yield


@pytest.fixture
def ground(tmp_path: Path) -> Ground:
    return Ground(tmp_path)


@pytest.fixture
def repository(ground: Ground) -> Repository:
    return ground.open()


Child = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def child(ground: Ground) -> Iterator[Child]:
    """Starts `child.py` with these arguments on the ground's repository; it is killed when the test ends."""
    script = Path(__file__).with_name("child.py")
    children: list[subprocess.Popen[str]] = []

    def start(*arguments: object, failpoint: str = "") -> subprocess.Popen[str]:
        command = [sys.executable, str(script), str(ground.root), *map(str, arguments)]
        environment = os.environ | {"REPRIEVE_FAILPOINT": failpoint}
        process = subprocess.Popen(
            command,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        children.append(process)
        return process

    yield start
    for process in children:
        process.kill()
        process.communicate()
