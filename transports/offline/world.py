"""The simulated world: what exists apart from any process. Databases, backups, undo copies, documents.

It outlives the transport that works on it, so a test can drop one transport, as a crash would, and
settle with the next. A database's content is an opaque token. Nothing here waits, draws at
random by itself, or knows how a job is told.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime, timedelta

import attrs

from ...core.errors import InvalidRequest, NotFound
from ...core.job import AssetVersion, Backup, Job, JobKind, UndoCopy
from .draws import stream, token
from .scenario import Scenario

VERSION = "0.0.1"
_MILLISECOND = timedelta(milliseconds=1)


@attrs.frozen
class _Published:
    """A Backup, and the content that it holds."""

    backup: Backup
    content: str


@attrs.frozen
class _Kept:
    """An undo copy, and the content that it holds."""

    copy: UndoCopy
    content: str


@attrs.define
class Work:
    """What the world knows of one job: its place among all jobs, and how far it really got.

    `backup` is the Backup being made or restored; `undo` the copy left behind; `committed` says that
    the world was changed.
    """

    ordinal: int
    attempts: int = 0
    backup: Backup | None = None
    undo: UndoCopy | None = None
    committed: bool = False


class OfflineWorld:
    """Databases, catalogue, undo copies, documents; and what every job did to them."""

    def __init__(self, scenario: Scenario, beginning: datetime) -> None:
        self._seed = scenario.seed
        self._newest = beginning - timedelta(days=36500)
        self._contents: dict[str, str] = {}
        self._backups: defaultdict[str, dict[str, _Published]] = defaultdict(dict)
        self._hidden: defaultdict[str, dict[str, _Published]] = defaultdict(dict)
        self._undo: defaultdict[str, dict[str, _Kept]] = defaultdict(dict)
        self._assets: dict[str, list[tuple[AssetVersion, str]]] = {}
        self._works: dict[str, Work] = {}
        self._edits = 0
        for number, earlier in enumerate(sorted(scenario.backups, key=lambda one: -one.days)):
            backup = self.provisional(scenario.database, beginning - timedelta(days=earlier.days))
            self._publish(backup, earlier.bytes, token(self._seed, "earlier", number))

    # -- databases --------------------------------------------------------------------------

    def content(self, database: str) -> str:
        """What `database` holds, as a token: equal tokens are equal contents."""
        return self._contents.setdefault(database, token(self._seed, "content", database))

    def edit(self, database: str) -> str:
        """Somebody writes to `database`; its new content."""
        self._edits += 1
        self._contents[database] = token(self._seed, "edit", database, self._edits)
        return self._contents[database]

    # -- jobs -------------------------------------------------------------------------------

    def work(self, job: Job) -> Work:
        """What is known of `job`; the first question about it gives it its place."""
        return self._works.setdefault(job.id, Work(len(self._works)))

    def provisional(self, database: str, at: datetime) -> Backup:
        """A Backup that is about to be made. Its time is its own: no two have the same millisecond."""
        created = self._unique(at)
        stamp = _stamp(created)
        return Backup(f"{VERSION}_{stamp}", VERSION, stamp, created, 0, database, "offline", "UNKNOWN")

    def source(self, job: Job) -> Backup | None:
        """The Backup that a restoration puts back, hidden or not (none for a revert). Raises NotFound."""
        if job.undo_id is not None:
            self._kept(job.undo_id, job.database)
            return None
        return self._restorable(job).backup

    def commit(self, job: Job, size: int, at: datetime) -> Work:
        """The one moment at which a job changes the world; a second time changes nothing more."""
        work = self.work(job)
        if not work.committed:
            if job.kind is JobKind.CREATION:
                assert work.backup is not None
                work.backup = self._publish(work.backup, size, self.content(job.database))
            else:
                work.undo = self._replace(job, size, at)
            work.committed = True
        return work

    def undo(self, job: Job) -> None:
        """Take back what a restoration committed; its undo copy goes with it."""
        work = self.work(job)
        if work.committed and work.undo is not None:
            self._contents[job.database] = self._undo[job.database].pop(work.undo.id).content
            work.undo, work.committed = None, False

    # -- the catalogue ----------------------------------------------------------------------

    def backups(self, database: str) -> tuple[Backup, ...]:
        """Every backup of `database` that is published and not hidden, oldest first."""
        found = (published.backup for published in self._backups[database].values())
        return tuple(sorted(found, key=lambda backup: backup.created))

    def backup(self, backup_id: str, database: str) -> Backup:
        """One of them. Raises NotFound."""
        return self._published(backup_id, database).backup

    def delete(self, backup_id: str, database: str) -> None:
        """Hide one. Raises NotFound."""
        published = self._published(backup_id, database)
        self._hidden[database][backup_id] = published
        del self._backups[database][backup_id]

    # -- undo copies ------------------------------------------------------------------------

    def undo_copies(self, database: str) -> tuple[UndoCopy, ...]:
        """What `database` can be reverted to, newest first."""
        found = (kept.copy for kept in self._undo[database].values())
        return tuple(sorted(found, key=lambda copy: copy.created, reverse=True))

    def forget_undo(self, undo_id: str, database: str) -> None:
        """Drop one for good. Raises NotFound."""
        del self._undo[database][self._kept(undo_id, database).copy.id]

    # -- documents --------------------------------------------------------------------------

    def keep_assets(
        self, documents: tuple[Mapping[str, object], ...], at: datetime
    ) -> tuple[AssetVersion, ...]:
        """Keep each document as its next version; all of them or none. Raises InvalidRequest."""
        texts = [(_asset_id(document), _json(document)) for document in documents]
        return tuple(self._keep(asset_id, text, at) for asset_id, text in texts)

    def assets(self) -> tuple[AssetVersion, ...]:
        """The newest version of every document, by id."""
        return tuple(self._assets[asset_id][-1][0] for asset_id in sorted(self._assets))

    def asset(self, asset_id: str, version: int | None) -> dict[str, object]:
        """One document, whole. Raises NotFound."""
        versions = self._versions(asset_id)
        if version is None:
            version = len(versions)
        if not 1 <= version <= len(versions):
            raise NotFound(
                f"The document '{asset_id}' has no version {version}; it has 1 to {len(versions)}."
            )
        document: dict[str, object] = json.loads(versions[version - 1][1])
        return document

    def asset_history(self, asset_id: str) -> tuple[AssetVersion, ...]:
        """Every version of one document, oldest first. Raises NotFound."""
        return tuple(version for version, _ in self._versions(asset_id))

    # -- inside -----------------------------------------------------------------------------

    def _unique(self, at: datetime) -> datetime:
        whole = at.replace(microsecond=at.microsecond // 1000 * 1000)
        self._newest = max(whole, self._newest + _MILLISECOND)
        return self._newest

    def _publish(self, backup: Backup, size: int, content: str) -> Backup:
        published = self._backups[backup.database]
        share = stream(self._seed, "added", backup.id).uniform(0.01, 0.1) if published else 0.4
        backup = attrs.evolve(backup, bytes=size, added=int(size * share))
        published[backup.id] = _Published(backup, content)
        return backup

    def _replace(self, job: Job, size: int, at: datetime) -> UndoCopy:
        if job.undo_id is not None:
            content = self._kept(job.undo_id, job.database).content
            reason = f"a revert to {job.undo_id}"
        else:
            published = self._restorable(job)
            content, reason = published.content, f"a restoration of {published.backup.id}"
        created = self._unique(at)
        copy = UndoCopy(f"undo_{_stamp(created)}", job.database, created, size, reason, job.id)
        self._undo[job.database][copy.id] = _Kept(copy, self.content(job.database))
        self._contents[job.database] = content
        return copy

    def _published(self, backup_id: str, database: str) -> _Published:
        published = self._backups[database].get(backup_id)
        if published is None:
            raise NotFound(
                f"There is no backup '{backup_id}' of {database}; list the backups to see which exist."
            )
        return published

    def _restorable(self, job: Job) -> _Published:
        """What a restoration was asked for: it may have been hidden since. Raises NotFound."""
        backup_id = job.backup_id or ""
        return self._hidden[job.database].get(backup_id) or self._published(backup_id, job.database)

    def _kept(self, undo_id: str, database: str) -> _Kept:
        kept = self._undo[database].get(undo_id)
        if kept is None:
            raise NotFound(f"There is no undo copy '{undo_id}' of {database}; list them to see which exist.")
        return kept

    def _keep(self, asset_id: str, text: str, at: datetime) -> AssetVersion:
        versions = self._assets.setdefault(asset_id, [])
        name = json.loads(text).get("name")
        version = AssetVersion(
            asset_id, len(versions) + 1, at, len(text.encode()), name if isinstance(name, str) else None
        )
        versions.append((version, text))
        return version

    def _versions(self, asset_id: str) -> list[tuple[AssetVersion, str]]:
        if asset_id not in self._assets:
            raise NotFound(f"There is no document '{asset_id}'; list the assets to see which are kept.")
        return self._assets[asset_id]


def _stamp(moment: datetime) -> str:
    return f"{moment:%Y%m%dT%H%M%S}{moment.microsecond // 1000:03d}Z"


def _asset_id(document: Mapping[str, object]) -> str:
    asset_id = document.get("id")
    if not isinstance(asset_id, str) or not asset_id:
        raise InvalidRequest("A document to keep needs an 'id' that is a text; nothing was kept.")
    return asset_id


def _json(document: Mapping[str, object]) -> str:
    try:
        return json.dumps(document)  # in ASCII: half a character, too, has a size
    except (TypeError, ValueError) as error:
        raise InvalidRequest(
            f"The document '{document['id']}' is not JSON ({error}); nothing was kept."
        ) from error
