"""JSON documents kept whole, every version of each.

A version is one sealed object whose name counts up; of racing writers one gets a number and the other the
next. One that cannot be read hides no other: lists go without it, with a warning. Must not know backups.
"""

from __future__ import annotations

import json
import logging
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime

import attrs

from ....core.errors import Conflict, InvalidRequest, NotFound, RepositoryCorrupt, StorageError
from ....core.job import AssetVersion
from ..stores import Store
from ..stores.junk import pass_over
from .vault import Kind, Vault

PREFIX = "assets/"
MAX_SIZE = 128 << 20
"""Bytes that a document takes at most, sealed: more are neither kept nor read."""

_VERSION = re.compile(r"assets/[0-9a-f]{32}/[0-9]{8}")
_log = logging.getLogger(__name__)


class Assets:
    """The documents in one repository. Safe in threads and processes."""

    def __init__(self, store: Store, vault: Vault) -> None:
        self._store = store
        self._vault = vault

    def keep(self, documents: Sequence[Mapping[str, object]]) -> tuple[AssetVersion, ...]:
        """Keep each document as its next version. Raises InvalidRequest, and keeps none, if one is not JSON
        with an `id` that is a string."""
        texts = [(_id_of(document), document, _as_json(document)) for document in documents]
        return tuple(self._keep(asset_id, document, text) for asset_id, document, text in texts)

    def newest(self) -> tuple[AssetVersion, ...]:
        """The newest version of every document, by id."""
        found = (next(self._readable(reversed(names)), None) for names in self._documents())
        return tuple(sorted((asset for asset in found if asset), key=lambda asset: asset.id))

    def document(self, asset_id: str, version: int | None = None) -> dict[str, object]:
        """One document, whole: its newest version, or the one named. Raises NotFound."""
        versions = self._versions(asset_id)
        wanted = versions[-1] if version is None else self._name(asset_id, version)
        if wanted not in versions:
            raise NotFound(
                f"There is no version {version} of asset {asset_id}. Its newest is {_number(versions[-1])}."
            )
        return self._read(wanted)[1]

    def history(self, asset_id: str) -> tuple[AssetVersion, ...]:
        """Every version of one document, oldest first. Raises NotFound."""
        return tuple(self._readable(self._versions(asset_id)))

    def verify(self) -> int:
        """Read all versions of all documents; gives how many. Raises RepositoryCorrupt for a damaged one."""
        return sum(1 for names in self._documents() for name in names if self._read(name))

    def _readable(self, names: Iterable[str]) -> Iterator[AssetVersion]:
        for name in names:
            try:
                yield self._read(name)[0]
            except StorageError as error:
                _log.warning("The kept document %s is left out: %s", name, error)

    def _documents(self) -> list[list[str]]:
        """The names of each document's versions, oldest first."""
        documents: dict[str, list[str]] = defaultdict(list)
        for name in self._listed(PREFIX):
            documents[name.rpartition("/")[0]].append(name)
        return list(documents.values())

    def _keep(self, asset_id: str, document: Mapping[str, object], text: str) -> AssetVersion:
        names = self._names(asset_id)
        version = _number(names[-1]) if names else 0
        name = document.get("name")
        while True:
            version += 1
            asset = AssetVersion(
                asset_id,
                version,
                datetime.now(UTC),
                len(text.encode()),
                name if isinstance(name, str) else None,
            )
            said = attrs.asdict(asset) | {"created": asset.created.isoformat(), "document": text}
            try:
                self._store.put(self._name(asset_id, version), self._sealed(asset, said))
            except Conflict:
                continue
            return asset

    def _sealed(self, asset: AssetVersion, said: Mapping[str, object]) -> bytes:
        sealed = self._vault.seal(Kind.ASSET, self._name(asset.id, asset.version), json.dumps(said).encode())
        if len(sealed) > MAX_SIZE:
            raise InvalidRequest(
                f"The document {asset.id!r} takes {len(sealed)} bytes of at most {MAX_SIZE}. It was not kept."
            )
        return sealed

    def _read(self, name: str) -> tuple[AssetVersion, dict[str, object]]:
        payload = self._vault.open(Kind.ASSET, name, self._store.get(name, MAX_SIZE))
        try:
            said = json.loads(payload)
            document = json.loads(said.pop("document"))
            return AssetVersion(**said | {"created": datetime.fromisoformat(said["created"])}), document
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise RepositoryCorrupt(
                f"The kept document {name} makes no sense to this version. Update reprieve."
            ) from error

    def _versions(self, asset_id: str) -> list[str]:
        names = self._names(asset_id)
        if not names:
            raise NotFound(
                f"There is no asset {asset_id} in this repository. List the assets to see which there are."
            )
        return names

    def _names(self, asset_id: str) -> list[str]:
        return self._listed(f"{PREFIX}{self._vault.blind(asset_id)}/")

    def _listed(self, prefix: str) -> list[str]:
        """The names of documents' versions, sorted; whatever else lies there is passed over."""
        names = []
        for stored in self._store.objects(prefix):
            if _VERSION.fullmatch(stored.name):
                names.append(stored.name)
            else:
                pass_over(self._store.url, stored.name)
        return sorted(names)

    def _name(self, asset_id: str, version: int) -> str:
        return f"{PREFIX}{self._vault.blind(asset_id)}/{version:08}"


def _number(name: str) -> int:
    """Which version has this name."""
    return int(name.rpartition("/")[2])


def _id_of(document: Mapping[str, object]) -> str:
    asset_id = document.get("id") if isinstance(document, Mapping) else None
    if not isinstance(asset_id, str) or not asset_id:
        raise InvalidRequest("A document to be kept needs an `id` that is a string. Nothing was kept.")
    return asset_id


def _as_json(document: Mapping[str, object]) -> str:
    try:
        text = json.dumps(dict(document), allow_nan=False)
        if json.loads(text) == document:
            return text
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidRequest(
            f"The document {document['id']!r} is not JSON: {error}. Nothing was kept."
        ) from error
    raise InvalidRequest(
        f"The document {document['id']!r} would not come back from JSON as it is: use strings as keys, "
        "and lists. Nothing was kept."
    )
