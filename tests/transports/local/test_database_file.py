"""What is refused before SQLite may open a file, each with its own sentence."""

from __future__ import annotations

import os
import random
import socket
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reprieve.core.errors import BadSource, BadTarget, NotFound
from reprieve.transports.local import database_header, file_systems
from reprieve.transports.local.database_file import Content, examine
from reprieve.transports.local.database_header import Header


def make_database(path: Path, *settings: str) -> Path:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for setting in settings:
            connection.execute(f"PRAGMA {setting}")
        connection.execute("CREATE TABLE note(body TEXT)")
    return path


def refusal(path: Path, expected: type[Exception], *, as_source: bool = True) -> str:
    with pytest.raises(expected) as caught:
        examine(path, as_source=as_source)
    return str(caught.value)


@contextmanager
def as_somebody_else() -> Iterator[None]:
    """Root may read everything: take another user's rights where this process has root's."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.mark.parametrize("page_size", [512, 1024, 4096, 65536])
@pytest.mark.parametrize("encoding", ["UTF-8", "UTF-16le", "UTF-16be"])
def test_a_database_is_told_as_it_is(tmp_path: Path, page_size: int, encoding: str) -> None:
    path = make_database(
        tmp_path / "a.db", f"page_size={page_size}", f"encoding='{encoding}'", "journal_mode=WAL"
    )

    found = examine(path, as_source=True)

    expected = Header(
        page_size=page_size,
        page_count=found.size // page_size,
        encoding=encoding,
        wal=True,
        change_counter=found.header.change_counter if found.header else -1,
        schema_cookie=1,
        auto_vacuum=False,
        counts_pages=True,
    )
    status = path.stat()
    assert expected == found.header
    assert Content.DATABASE == found.content
    assert (status.st_dev, status.st_ino, status.st_size) == (found.device, found.inode, found.size)


def test_a_link_is_resolved_once(tmp_path: Path) -> None:
    path = make_database(tmp_path / "a.db")
    link = tmp_path / "link.db"
    link.symlink_to(path)

    assert path.resolve() == examine(link, as_source=True).path


def test_a_missing_file_is_not_found(tmp_path: Path) -> None:
    assert "There is no file" in refusal(tmp_path / "none.db", NotFound)


def test_a_link_to_nothing_is_not_found(tmp_path: Path) -> None:
    link = tmp_path / "link.db"
    link.symlink_to(tmp_path / "none.db")

    assert "There is no file" in refusal(link, NotFound)


def test_a_loop_of_links_is_refused(tmp_path: Path) -> None:
    link = tmp_path / "link.db"
    link.symlink_to(link)

    assert "cannot be followed" in refusal(link, BadSource)


def test_a_name_that_sqlite_cannot_take_is_refused(tmp_path: Path) -> None:
    path = tmp_path / os.fsdecode(b"\xff.db")
    make_database(tmp_path / "a.db").rename(path)

    assert "not valid UTF-8" in refusal(path, BadSource)


def test_a_folder_is_refused(tmp_path: Path) -> None:
    assert "is a folder" in refusal(tmp_path, BadSource)
    assert "is a folder" in refusal(tmp_path, BadTarget, as_source=False)


def test_a_pipe_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.db")

    assert "a pipe" in refusal(tmp_path / "pipe.db", BadSource)


def test_a_socket_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # the address of a unix socket is short
    with closing(socket.socket(socket.AF_UNIX)) as listening:
        listening.bind("s.db")

        assert "a socket" in refusal(tmp_path / "s.db", BadSource)


def test_a_hard_linked_file_is_refused(tmp_path: Path) -> None:
    path = make_database(tmp_path / "a.db")
    os.link(path, tmp_path / "b.db")

    assert "2 hard links" in refusal(path, BadSource)
    assert "2 hard links" in refusal(path, BadTarget, as_source=False)


def test_a_file_without_permission_is_refused(tmp_path: Path) -> None:
    path = make_database(tmp_path / "a.db")
    path.chmod(0)

    with as_somebody_else():
        message = refusal(path, BadSource)

    assert "may not be read" in message


def test_a_target_that_cannot_be_written_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = make_database(tmp_path / "a.db")
    monkeypatch.setattr(os, "access", lambda _path, mode: mode != os.W_OK)

    assert "may not be written" in refusal(path, BadTarget, as_source=False)
    assert Content.DATABASE == examine(path, as_source=True).content


def test_an_empty_file_is_no_source_but_a_target(tmp_path: Path) -> None:
    path = tmp_path / "empty.db"
    path.touch()

    assert "is empty" in refusal(path, BadSource)
    assert Content.EMPTY == examine(path, as_source=False).content


@pytest.mark.parametrize("size", [512, 4096, 100_000])
def test_an_encrypted_file_is_called_that(tmp_path: Path, size: int) -> None:
    path = tmp_path / "secret.db"
    path.write_bytes(random.Random(size).randbytes(size))

    assert "is encrypted" in refusal(path, BadSource)
    assert Content.ENCRYPTED == examine(path, as_source=False).content


@pytest.mark.parametrize(
    "content", [b"x", b"Dear diary, " * 1000, b"\0" * 8192, b"SQLite format 3\0", b"SQLite format 3\0" * 100]
)
def test_another_file_is_not_a_database(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "other.db"
    path.write_bytes(content)

    assert "is not an SQLite database" in refusal(path, BadSource)
    assert Content.FOREIGN == examine(path, as_source=False).content


def test_a_network_file_system_is_refused_unless_forced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = make_database(tmp_path / "a.db")
    monkeypatch.setattr(file_systems, "network_kind", lambda _path: "nfs4")

    assert "(nfs4)" in refusal(path, BadSource)
    assert Content.DATABASE == examine(path, as_source=True, force=True).content


MOUNTS = b"""\
/dev/sda1 / ext4 rw 0 0
server:/home /home nfs4 rw 0 0
/dev/sdb1 /home/me/local\\040disk ext4 rw 0 0
host:/x /mnt/x fuse.sshfs rw 0 0
/dev/sdc1 /over ext4 rw 0 0
//nas/over /over cifs rw 0 0
"""


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/a.db", None),
        ("/homestead/a.db", None),
        ("/home/me/a.db", "nfs4"),
        ("/home/me/local disk/a.db", None),
        ("/mnt/x/a.db", "fuse.sshfs"),
        ("/over/a.db", "cifs"),
    ],
)
def test_the_mount_that_holds_a_path_tells_its_kind(path: str, kind: str | None) -> None:
    assert kind == file_systems._linux(Path(path), MOUNTS)


def test_this_machines_own_files_are_local(tmp_path: Path) -> None:
    assert file_systems.network_kind(tmp_path) is None


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_after_the_magic_are_a_header_or_none(rest: bytes) -> None:
    header = database_header.parse(database_header.MAGIC + rest)

    assert header is None or header.page_size in {512 << n for n in range(8)}
