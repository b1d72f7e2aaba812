"""The catalogue of undo copies: what restorations replaced.

A copy is a plain database file `<id>.db` (with the WAL and the journal that lay beside a file of which every
byte was kept) and a small `<id>.json` that alone makes it exist. Files that cannot be read as an entry hide
no others. The order of copies, and how long they are kept, go by numbers in those entries and never by the
clock, which may have been wrong: `line` counts them in the order of the journal's restorations, `day` is a
day of use. Opens no database, so that the parent may read it; restore/undo.py makes the copies.
"""

from __future__ import annotations

import json
import logging
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import attrs

from ...core.errors import NotFound
from ...core.job import UndoCopy
from .active_days import ActiveDays
from .database_file import SIDE_FILES, beside
from .failpoints import reach
from .files import remove, sync_folder, write_at, written
from .home import Home

KEPT_DAYS = 7
"""Days on which this home ran, after the one of the copy, until one that is not among the last may go."""

KEPT_COPIES = 3
"""The last ones of each database, which stay until they are dropped by hand."""

log = logging.getLogger(__name__)

REDO = "-redo"
"""Ends the id of a copy of what the undoing of a job replaced."""


def data_path(home: Home, undo_id: str) -> Path:
    """Where the copy's database lies."""
    return home.undo / f"{undo_id}.db"


@attrs.frozen
class Entry:
    """A copy as the catalogue has it: its place among the others, and the day of use on which it was made.

    Both are 0 in what version 0.1 wrote: such a copy is older than any that has them.
    """

    copy: UndoCopy
    line: int
    day: int
    device: int
    inode: int
    exact: bool = False

    @property
    def order(self) -> tuple[int, datetime]:
        """What sorts entries, oldest first."""
        return self.line, self.copy.created


def enter(home: Home, copy: UndoCopy, identity: tuple[int, int], *, exact: bool = False) -> None:
    """Make a copy exist whose file is durable; `identity` is the device and inode of what it was made of.

    `exact` copies are every byte of a file that SQLite was not to read, with its WAL and journal beside them.
    Restorations of one database come one after the other, so that the next number is the journal's order.
    """
    line = 1 + max((entry.line for entry in _entries(home)), default=0)
    _write(home, Entry(copy, line, ActiveDays(home).number(), *identity, exact))


def renew(home: Home, undo_id: str) -> UndoCopy:
    """The copy with this id, from now on kept as if it had been made today: it is needed. Raises NotFound."""
    entry = _find(home, undo_id)
    day = ActiveDays(home).number()
    if entry.day != day:
        try:
            _write(home, attrs.evolve(entry, day=day))
        except OSError as error:  # it is there now, and goes at the earliest by another process's command
            log.info("The undo copy %s could not be renewed: %s", undo_id, error)
    return entry.copy


def _write(home: Home, entry: Entry) -> None:
    record = {**attrs.asdict(entry.copy), "created": entry.copy.created.isoformat()}
    record |= {name: getattr(entry, name) for name in ("device", "inode", "line", "day", "exact")}
    with written(_record_path(home, entry.copy.id), "undo.record") as descriptor:
        write_at(descriptor, json.dumps(record, indent=1).encode(), 0)


def _record_path(home: Home, undo_id: str) -> Path:
    return home.undo / f"{undo_id}.json"


def list_undo(home: Home, database: str | None = None) -> tuple[UndoCopy, ...]:
    """What `database` (canonical path; None: every database) can be reverted to, newest first."""
    found = [entry for entry in _entries(home) if database in (None, entry.copy.database)]
    return tuple(entry.copy for entry in sorted(found, key=lambda entry: entry.order, reverse=True))


def _entries(home: Home) -> Iterator[Entry]:
    for path in home.undo.glob("*.json"):
        entry = _read(home, path)
        if entry is not None:
            yield entry


def _read(home: Home, path: Path) -> Entry | None:
    try:
        record = json.loads(path.read_bytes())
        copy = UndoCopy(
            id=str(record["id"]),
            database=str(record["database"]),
            created=datetime.fromisoformat(record["created"]).astimezone(UTC),
            bytes=int(record["bytes"]),
            reason=str(record["reason"]),
            job=str(record["job"]),
        )
        line, day, device, inode = (int(record.get(name, 0)) for name in ("line", "day", "device", "inode"))
        entry = Entry(copy, line, day, device, inode, record.get("exact") is True)
    except (OSError, ValueError, KeyError, TypeError, OverflowError):
        return None
    whole = copy.id == path.stem and data_path(home, copy.id).is_file()
    return entry if whole else None


def find_undo(home: Home, undo_id: str, database: str | None = None) -> UndoCopy:
    """The copy with this id, of `database` if one is named. Raises NotFound."""
    return _find(home, undo_id, database).copy


def _find(home: Home, undo_id: str, database: str | None = None) -> Entry:
    for entry in _entries(home):
        if entry.copy.id == undo_id and database in (None, entry.copy.database):
            return entry
    of = f" of {database}" if database else ""
    raise NotFound(
        f"There is no undo copy {undo_id}{of}; `reprieve revert DATABASE --list` shows those that are kept."
    )


def is_exact(home: Home, undo_id: str) -> bool:
    """Whether the copy is to come back byte for byte."""
    try:
        return json.loads(_record_path(home, undo_id).read_bytes()).get("exact") is True
    except (FileNotFoundError, ValueError, AttributeError):
        return False


def forget_undo(home: Home, undo_id: str, database: str | None = None) -> None:
    """Drop a copy for good, of `database` if one is named. Raises NotFound."""
    drop(home, find_undo(home, undo_id, database).id)


def drop(home: Home, undo_id: str) -> None:
    """Remove whatever there is of a copy: the entry first, so that it never names what is gone."""
    remove(_record_path(home, undo_id))
    reach("undo.dropped")
    data = data_path(home, undo_id)
    for suffix in SIDE_FILES:
        remove(beside(data, suffix))
    remove(data)
    sync_folder(home.undo)


def drop_old(home: Home) -> None:
    """Drop the copies that are past their days, but for the last ones of each database, be it there or not.

    Any command may call this at any moment: what a job needs is among the last ones, or was renewed by it.
    What cannot be dropped now is found again by the next command.
    """
    of_database: dict[str, list[Entry]] = defaultdict(list)
    for entry in sorted(_entries(home), key=lambda entry: entry.order, reverse=True):
        of_database[entry.copy.database].append(entry)
    beyond = [entry for entries in of_database.values() for entry in entries[KEPT_COPIES:]]
    if not of_database:
        return
    today = ActiveDays(home).number()
    for entry in beyond:
        if today - entry.day > KEPT_DAYS:
            _drop_if_still_old(home, entry)


def _drop_if_still_old(home: Home, entry: Entry) -> None:
    try:
        if _read(home, _record_path(home, entry.copy.id)) == entry:  # a revert may have renewed it meanwhile
            drop(home, entry.copy.id)
    except OSError as error:
        log.warning("The old undo copy %s cannot be dropped: %s", entry.copy.id, error)
