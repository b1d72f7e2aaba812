"""The repository: every operation on one store, once its key is at hand.

Ties the parts of this folder together. Knows no key files (opening.py does), no SQLite and no jobs.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import attrs

from ....core.errors import RepositoryCorrupt, StorageError
from ....core.job import AssetVersion, Backup
from ..stores import Store
from .assets import Assets
from .catalog import Catalog
from .config import Config, add_passphrase
from .damage import damaged_objects
from .manifests import check_manifest_is_there, load_manifest
from .records import BackupRecord
from .vault import Vault

# Imported late below: listing, or a backup of what is unchanged, needs no zstd and no threads.
if TYPE_CHECKING:
    from .reader import BackupReader
    from .shared_packs import Sharing
    from .verify import Verified
    from .writer import BackupWriter

_log = logging.getLogger(__name__)


@attrs.frozen
class Repository:
    """An opened repository. `version` is the program's own, which every Backup that it makes will carry.

    `plan`, if there is one, is how a repository comes to exist that does not yet.

    Safe to use from several threads, and beside other processes that use the same store.
    """

    store: Store
    config: Config
    master: bytes = attrs.field(repr=False)
    version: str
    plan: Callable[[], None] | None = attrs.field(default=None, repr=False, eq=False)
    _vault: Vault = attrs.field(init=False, repr=False)
    _catalog: Catalog = attrs.field(init=False, repr=False)
    _assets: Assets = attrs.field(init=False, repr=False)

    def __attrs_post_init__(self) -> None:
        vault = Vault(self.config.id, self.master)
        vault.check(self.config.key_check)
        object.__setattr__(self, "_vault", vault)
        object.__setattr__(self, "_catalog", Catalog(self.store, vault))
        object.__setattr__(self, "_assets", Assets(self.store, vault))

    def make(self) -> None:
        """Make a planned repository exist; nothing for one that does. Raises Conflict if another was made."""
        if self.plan is not None:
            self.plan()

    @property
    def id(self) -> str:
        """The repository's own random id, 32 hexadecimal digits."""
        return self.config.id

    def backups(self, database: str | None = None) -> tuple[Backup, ...]:
        """Every Backup that is not hidden and can be read, of one database or of all, oldest first."""
        return tuple(record.backup for record in self._catalog.records(database))

    def backup(self, backup_id: str) -> Backup:
        """One of them. Raises NotFound."""
        return self._catalog.record(backup_id).backup

    def record(self, backup_id: str) -> BackupRecord:
        """A Backup with what was learnt of its database. Raises NotFound."""
        return self._catalog.record(backup_id)

    def latest(self, database: str) -> BackupRecord | None:
        """The newest Backup of a database: the parent of the next one."""
        return self._catalog.latest(database)

    def delete(self, backup_id: str) -> Backup:
        """Hide a Backup; its data stays until a prune. Raises NotFound."""
        return self._catalog.hide(backup_id)

    def writer(
        self,
        parent: BackupRecord | None,
        database: str,
        sound: Callable[[], bool] = lambda: True,
        sharing: Sharing | None = None,
    ) -> BackupWriter:
        """A writer for the next Backup of `database`, compared with `parent`. Use it in a `with` block.

        As long as `sound` says no, a new repository is not made; see BackupWriter.
        """
        from .shared_packs import Sharing
        from .writer import BackupWriter

        return BackupWriter(
            self.store,
            self._vault,
            self._catalog,
            parent,
            database,
            self.version,
            self.plan,
            sound,
            sharing or Sharing(),
        )

    def find_damage(self, record: BackupRecord, sharing: Sharing | None = None) -> frozenset[str]:
        """The names of what a Backup needs and is damaged, as far as one that shares all of it has to look.

        It is marked. Raises StorageError for what could not be read just now.
        """
        from .shared_packs import SharedDamage, SharedPacks, Sharing

        if record.manifest.name in damaged_objects(self.store):
            return frozenset({record.manifest.name})
        try:
            packs = load_manifest(self.store, self._vault, record.manifest).packs
        except RepositoryCorrupt:
            return frozenset({record.manifest.name})
        shared = SharedPacks(self.store, self._vault, sharing or Sharing())
        try:
            shared.prove(packs)
        except SharedDamage as damage:
            return damage.names
        finally:
            shared.close()
        return frozenset()

    def backups_that_need(self, names: frozenset[str]) -> tuple[Backup, ...]:
        """The Backups, of any database, that cannot be restored without what has these names."""
        found: dict[str, bool] = {}
        records = self._catalog.records()
        for record in records:
            if record.manifest.name not in found:
                found[record.manifest.name] = self._needs(record, names)
        return tuple(record.backup for record in records if found[record.manifest.name])

    def _needs(self, record: BackupRecord, names: frozenset[str]) -> bool:
        if record.manifest.name in names:
            return True
        try:
            packs = load_manifest(self.store, self._vault, record.manifest).packs
        except StorageError as error:
            _log.warning("What backup %s needs cannot be found out: %s", record.backup.id, error)
            return False
        return not names.isdisjoint(pack.name for pack in packs)

    def republish(
        self,
        parent: BackupRecord,
        fingerprint: Mapping[str, object] | None = None,
        *,
        announce: Callable[[Backup], None] = lambda backup: None,
    ) -> Backup:
        """A new Backup of a database that has not changed since `parent`; it shares all of its data.

        `fingerprint`, if given, replaces that of the parent's image. `announce` is told of the Backup before
        it exists. Raises RepositoryCorrupt if the manifest that they would share is gone.
        """
        check_manifest_is_there(self.store, parent.manifest)
        fresh = self._catalog.new_backup(parent.backup.database, self.version)
        announce(fresh)
        image = parent.image if fingerprint is None else attrs.evolve(parent.image, fingerprint=fingerprint)
        backup = attrs.evolve(
            fresh, bytes=parent.backup.bytes, added=0, source_damaged=parent.backup.source_damaged
        )
        return self._catalog.publish(BackupRecord(backup, image, parent.manifest))

    def reader(self, backup_id: str, *, hidden: bool = False) -> BackupReader:
        """A reader of one Backup's pages; with `hidden`, also of a hidden one.

        Raises NotFound, or RepositoryCorrupt.
        """
        from .reader import BackupReader

        record = self._catalog.record(backup_id, hidden=hidden)
        manifest = load_manifest(self.store, self._vault, record.manifest)
        return BackupReader(self.store, self._vault, record.backup, manifest, record.image)

    def verify(self, backup_id: str | None = None) -> Verified:
        """Read and check everything that one Backup needs, or all Backups and documents do.

        Raises RepositoryCorrupt, which names the first thing found damaged.
        """
        from .verify import verify_backups

        catalog = Catalog(self.store, self._vault)  # A fresh one: it has nothing in memory.
        if backup_id is not None:
            return verify_backups(self.store, self._vault, [catalog.record(backup_id)])
        verified = verify_backups(self.store, self._vault, catalog.every_record())
        return attrs.evolve(verified, documents=self._assets.verify())

    def keep_assets(self, documents: Sequence[Mapping[str, object]]) -> tuple[AssetVersion, ...]:
        """Keep each document (it must have a string `id`) whole, as its next version."""
        return self._assets.keep(documents)

    def assets(self) -> tuple[AssetVersion, ...]:
        """The newest version of every document, by id."""
        return self._assets.newest()

    def asset(self, asset_id: str, version: int | None = None) -> dict[str, object]:
        """One document, whole: its newest version, or the one named. Raises NotFound."""
        return self._assets.document(asset_id, version)

    def asset_history(self, asset_id: str) -> tuple[AssetVersion, ...]:
        """Every version of one document, oldest first. Raises NotFound."""
        return self._assets.history(asset_id)

    def add_passphrase(self, passphrase: str, *, allow_weak: bool = False) -> None:
        """Let this passphrase open the repository, beside whatever opens it already.

        Raises InvalidRequest for one that is soon guessed, unless `allow_weak`.
        """
        add_passphrase(self.store, self.config, self.master, passphrase, allow_weak=allow_weak)
