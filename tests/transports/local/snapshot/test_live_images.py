"""Images of databases under foreign writers, checkpoints and VACUUM: none may be torn.

Each image is held against SQLite's integrity_check, the writer's invariant (the digest of all rows, moved in
the same transaction) and what the writer told of that version. The controls take one precaution away each,
and the same judgement must then see torn images.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import apsw
import pytest

from reprieve.core.errors import Conflict
from reprieve.transports.local.snapshot import source
from reprieve.transports.local.snapshot.rollback_mode import Locked, Sent
from reprieve.transports.local.snapshot.take import Method, take
from reprieve.transports.local.snapshot.wal_mode import Snapshot
from reprieve.transports.local.snapshot.wal_overlay import Overlay

from . import writer
from .live import InterleavedSink, Live, MemorySink

SIZE = 5 << 20
ROUNDS = int(os.environ.get("ROUNDS", "200"))
CONTROL_ROUNDS = 60


def loop(
    tmp_path: Path, journal: str, page_size: int, auto_vacuum: int, method: Method | None, rounds: int
) -> None:
    with live_database(tmp_path, journal, page_size, auto_vacuum) as live:
        for number in range(rounds):
            wrong = one_image(live, tmp_path, InterleavedSink(live, every=1 + number % 3), method)
            assert [] == wrong, f"round {number}"


def live_database(folder: Path, journal: str, page_size: int = 4096, auto_vacuum: int = 0) -> Live:
    path = folder / "live.db"
    writer.create(path, journal=journal, page_size=page_size, auto_vacuum=auto_vacuum, size=SIZE)
    return Live(path, seed=page_size + auto_vacuum)


def one_image(live: Live, folder: Path, sink: MemorySink, method: Method | None = None) -> list[str]:
    """What is wrong with one image of the database."""
    since = live.done
    image = take(
        live.path,
        sink,
        cancelled=lambda: False,
        deadline=60,
        method=method,
        copy=lambda: folder / "copy.db",
    )
    return list(image.problems or ()) + live.judge(image, bytes(sink.data), folder, since)


CASES = [
    ("WAL", 512, 0, None),
    ("WAL", 1024, 2, None),
    ("WAL", 4096, 0, None),
    ("WAL", 4096, 1, None),
    ("WAL", 65536, 0, None),
    ("DELETE", 512, 2, None),
    ("DELETE", 4096, 0, None),
    ("DELETE", 4096, 1, None),
    ("PERSIST", 16384, 0, None),
    ("TRUNCATE", 65536, 1, None),
    ("WAL", 4096, 1, Method.BACKUP),
    ("WAL", 512, 0, Method.COPY),
    ("DELETE", 1024, 1, Method.BACKUP),
    ("DELETE", 4096, 0, Method.COPY),
]


@pytest.mark.parametrize(("journal", "page_size", "auto_vacuum", "method"), CASES)
def test_no_image_of_a_live_database_is_torn(
    tmp_path: Path, journal: str, page_size: int, auto_vacuum: int, method: Method | None
) -> None:
    loop(tmp_path, journal, page_size, auto_vacuum, method, rounds=8)


@pytest.mark.soak
@pytest.mark.timeout(0)
@pytest.mark.parametrize(("journal", "page_size", "auto_vacuum", "method"), CASES)
def test_no_image_of_many_is_torn(
    tmp_path: Path, journal: str, page_size: int, auto_vacuum: int, method: Method | None
) -> None:
    loop(tmp_path, journal, page_size, auto_vacuum, method, rounds=ROUNDS)


# -- the controls: what the loop sees when a precaution is missing ----------------------------------------


def without_lock(patch: pytest.MonkeyPatch) -> None:
    begin = source.begin

    def begin_and_let_go(connection: apsw.Connection) -> None:
        begin(connection)
        source.rollback(connection)

    patch.setattr(source, "begin", begin_and_let_go)
    without_verification(patch)


def without_overlay(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Overlay, "lay_over", lambda _overlay, _span, data: data)


def without_verification(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Snapshot, "verify", lambda _snapshot: None)
    patch.setattr(Locked, "verify", lambda _locked: None)


def without_catching_up(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Sent, "send_changed", lambda _sent, _todo: [])


class ClosingSink(InterleavedSink):
    """Opens and closes a file of the database in the middle of reading it."""

    suffix = ""

    def pause(self) -> None:
        os.close(os.open(f"{self._live.path}{self.suffix}", os.O_RDONLY))
        super().pause()


class ShmClosingSink(ClosingSink):
    suffix = "-shm"


@pytest.mark.parametrize(
    ("journal", "sabotage", "sink"),
    [
        ("WAL", without_lock, InterleavedSink),
        ("DELETE", without_lock, InterleavedSink),
        ("WAL", without_overlay, InterleavedSink),
        ("WAL", without_verification, ShmClosingSink),
        ("DELETE", without_verification, ClosingSink),
        ("DELETE", without_catching_up, InterleavedSink),
    ],
)
def test_the_loop_sees_what_a_missing_precaution_does(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    journal: str,
    sabotage: Callable[[pytest.MonkeyPatch], None],
    sink: Callable[[Live], InterleavedSink],
) -> None:
    sabotage(monkeypatch)

    with live_database(tmp_path, journal) as live:
        rounds = (sabotaged_image(live, tmp_path, sink(live)) for _ in range(CONTROL_ROUNDS))
        seen = next((wrong for wrong in rounds if wrong), [])

    assert [] != seen


def sabotaged_image(live: Live, folder: Path, sink: MemorySink) -> list[str]:
    since = live.done
    try:
        image = take(live.path, sink, cancelled=lambda: False, deadline=60, check="none", method=Method.PAGES)
    except Conflict:
        return []  # the overlay noticed by itself; it is the judgement that is on trial
    return live.judge(image, bytes(sink.data), folder, since)
