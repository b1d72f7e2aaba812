"""The list of Backups: publishing, finding and hiding them.

What has a record exists; what has a hidden marker beside it is not shown. A record never changes, so one that
was read is kept in memory, and every listing asks the store again which there are. Must not know pages.
"""

from __future__ import annotations

import logging
import platform
import re
import sys
from datetime import UTC, datetime, timedelta

import attrs

from ....core.errors import Conflict, NotFound, StorageError
from ....core.job import Backup
from ..failpoints import reach
from ..stores import Store
from ..stores.junk import pass_over
from .records import HIDDEN, MAX_SIZE, PREFIX, BackupRecord, moment_of, stamp, timestamp_of
from .vault import Kind, Vault

PLATFORMS = {"darwin": "MACOS", "win32": "WINDOWS", "linux": "LINUX"}

_log = logging.getLogger(__name__)

_IDENTIFIER = re.compile(r"[A-Za-z0-9.+-]+_[0-9]{8}T[0-9]{9}Z")


class Catalog:
    """The Backups in one repository. Safe to use from several threads."""

    def __init__(self, store: Store, vault: Vault) -> None:
        self._store = store
        self._vault = vault
        self._read: dict[str, BackupRecord] = {}

    def records(self, database: str | None = None) -> tuple[BackupRecord, ...]:
        """Every Backup that is not hidden, of one database or of all, oldest first.

        One whose record is damaged is left out, with a warning: it must not keep people from the others.
        """
        records = (self._readable(name) for name in self._names())
        return tuple(record for record in records if record and database in (None, record.backup.database))

    def every_record(self) -> tuple[BackupRecord, ...]:
        """The same of all databases, with none left out. Raises RepositoryCorrupt for a damaged one."""
        return tuple(self._record(name) for name in self._names())

    def record(self, backup_id: str, *, hidden: bool = False) -> BackupRecord:
        """One of them; with `hidden`, also one that is not shown. Raises NotFound."""
        name = PREFIX + backup_id
        if not _IDENTIFIER.fullmatch(backup_id) or (not hidden and self._is_there(HIDDEN + backup_id)):
            raise _unknown(backup_id)
        try:
            self._store.size(name)
            return self._record(name)
        except NotFound as error:
            raise _unknown(backup_id) from error

    def latest(self, database: str) -> BackupRecord | None:
        """The newest Backup of a database that is not hidden; a damaged record is left out as in a list."""
        for name in reversed(self._names()):
            record = self._readable(name)
            if record and record.backup.database == database:
                return record
        return None

    def new_backup(self, database: str, version: str) -> Backup:
        """A provisional Backup of this moment, under an id that sorts after every other in the repository.

        `created` is the clock as it is, even where that is behind.
        """
        now = datetime.now(UTC)
        timestamp = stamp(self._next_moment(now))
        return Backup(
            id=f"{version}_{timestamp}",
            version=version,
            timestamp=timestamp,
            created=now.replace(microsecond=now.microsecond // 1000 * 1000),
            bytes=0,
            database=database,
            device_name=platform.node(),
            platform=PLATFORMS.get(sys.platform, "UNKNOWN"),
        )

    def publish(self, record: BackupRecord) -> Backup:
        """Make a Backup exist; under the next free id if another process took this one meanwhile."""
        while True:
            reach("repository.record.sealing")
            try:
                self._store.put(record.name, self._vault.seal(Kind.RECORD, record.name, record.encode()))
            except Conflict:
                record = self._renamed(record)
                continue
            reach("repository.record.stored")
            self._read[record.name] = record
            return record.backup

    def hide(self, backup_id: str) -> Backup:
        """Show a Backup no longer; nothing that it needs is removed. Raises NotFound."""
        record = self.record(backup_id)
        name = HIDDEN + backup_id
        self._store.put(name, self._vault.seal(Kind.HIDDEN, name, stamp(datetime.now(UTC)).encode()))
        return record.backup

    def _next_moment(self, now: datetime) -> datetime:
        """Now, or one millisecond after the newest Backup: a hybrid logical clock.

        So ids sort in the order in which Backups were made, however the system's clock was set meanwhile.
        Raises StorageError where the calendar has no later moment.
        """
        newest = self._newest_from(stamp(now))
        if newest is None:
            return now
        try:
            return newest + timedelta(milliseconds=1)
        except OverflowError as error:
            raise StorageError(
                f"The newest backup in the store {self._store.url} carries the last moment of the calendar, "
                f"{stamp(newest)}, and no other can come after it. Back up to a new store."
            ) from error

    def _newest_from(self, timestamp: str) -> datetime | None:
        """The moment in the newest id, if that is not before `timestamp`; deleted Backups count too.

        What is not sealed by this repository is passed over, or any stray file could set the clock.
        """
        names = (stored.name for prefix in (PREFIX, HIDDEN) for stored in self._store.objects(prefix))
        ahead = [name for name in names if timestamp_of(name) >= timestamp and _is_id(name)]
        for name in sorted(ahead, key=timestamp_of, reverse=True):
            moment = moment_of(timestamp_of(name))
            if moment is not None and self._is_ours(name):
                return moment
        return None

    def _is_ours(self, name: str) -> bool:
        if name.startswith(PREFIX):
            return self._readable(name) is not None
        try:
            self._vault.open(Kind.HIDDEN, name, self._store.get(name, MAX_SIZE))
        except (StorageError, NotFound):
            return False
        return True

    def _renamed(self, record: BackupRecord) -> BackupRecord:
        fresh = self.new_backup(record.backup.database, record.backup.version)
        backup = attrs.evolve(record.backup, id=fresh.id, timestamp=fresh.timestamp)
        return attrs.evolve(record, backup=backup)

    def _names(self) -> list[str]:
        # Records first: one that is published and hidden between the two listings stays hidden.
        names = [stored.name for stored in self._store.objects(PREFIX) if self._is_record(stored.name)]
        hidden = {stored.name.removeprefix(HIDDEN) for stored in self._store.objects(HIDDEN)}
        shown = (name for name in names if name.removeprefix(PREFIX) not in hidden)
        return sorted(shown, key=lambda name: (timestamp_of(name), name))

    def _is_record(self, name: str) -> bool:
        """Whether that is a record by its name: whatever else lies there is passed over."""
        if _IDENTIFIER.fullmatch(name.removeprefix(PREFIX)):
            return True
        pass_over(self._store.url, name)
        return False

    def _readable(self, name: str) -> BackupRecord | None:
        """A record; None, with a warning, if it is damaged or cannot be read: it hides no other."""
        try:
            return self._record(name)
        except StorageError as error:
            _log.warning("The record %s is left out: %s", name, error)
            return None

    def _record(self, name: str) -> BackupRecord:
        record = self._read.get(name)
        if record is None:
            sealed = self._store.get(name, MAX_SIZE)
            record = self._read[name] = BackupRecord.decode(self._vault.open(Kind.RECORD, name, sealed))
        return record

    def _is_there(self, name: str) -> bool:
        try:
            self._store.size(name)
        except NotFound:
            return False
        return True


def _is_id(name: str) -> bool:
    return _IDENTIFIER.fullmatch(name.partition("/")[2]) is not None


def _unknown(backup_id: str) -> NotFound:
    return NotFound(
        f"There is no backup {backup_id} in this repository. List the backups to see which there are."
    )
