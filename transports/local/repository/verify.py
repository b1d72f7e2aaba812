"""Reading everything that Backups and documents need, and checking each byte of it.

Each pack is read once, whichever backups share it, frame by frame.
"""

from __future__ import annotations

from collections.abc import Iterable

import attrs
from blake3 import blake3

from ....core.errors import RepositoryCorrupt
from ..stores import Store
from .damage import ADVICE, marking
from .frames import decompress
from .manifests import load_manifest
from .packs import ID_SIZE, Contents, Frame, PackReader, PackRef
from .pipeline import ordered
from .reader import checked_contents
from .records import BackupRecord
from .vault import Vault


@attrs.frozen
class Verified:
    """What was read and found whole: how many backups, packs and documents, and the packs' bytes."""

    backups: int
    packs: int
    bytes: int
    documents: int


@attrs.define
class _Need:
    """What the backups need of one pack."""

    ref: PackRef
    page_size: int
    pages: int


def verify_backups(store: Store, vault: Vault, records: Iterable[BackupRecord]) -> Verified:
    """Check all that these Backups need. Raises RepositoryCorrupt, which names what is damaged."""
    needs: dict[bytes, _Need] = {}
    backups = 0
    for record in records:
        _collect(store, vault, record, needs)
        backups += 1
    for need in needs.values():
        with marking(store, need.ref.name):
            _verify_pack(store, vault, need)
    return Verified(backups, len(needs), sum(need.ref.size for need in needs.values()), 0)


def _collect(store: Store, vault: Vault, record: BackupRecord, needs: dict[bytes, _Need]) -> None:
    manifest = load_manifest(store, vault, record.manifest)
    if (manifest.page_size, manifest.page_count) != (record.image.page_size, record.image.page_count):
        raise RepositoryCorrupt(f"Backup {record.backup.id} and its manifest disagree. {ADVICE}")
    for ref in manifest.packs:
        need = needs.setdefault(ref.identifier, _Need(ref, manifest.page_size, 0))
        if need.ref != ref or need.page_size != manifest.page_size:
            raise RepositoryCorrupt(f"Two manifests disagree about {ref.name}. {ADVICE}")
    for count, place, first in manifest.runs():
        need = needs[manifest.packs[place].identifier]
        need.pages = max(need.pages, first + count)


def _verify_pack(store: Store, vault: Vault, need: _Need) -> None:
    pack = PackReader(store, vault, need.ref.identifier, need.ref.size)
    contents = checked_contents(pack, need.ref.digest, need.page_size)
    if store.size(pack.name) != need.ref.size:
        raise RepositoryCorrupt(f"{pack.name} is longer than it was stored. {ADVICE}")
    if contents.pages < need.pages:
        raise RepositoryCorrupt(f"A manifest names pages that {pack.name} does not hold. {ADVICE}")

    def raw(frame: Frame) -> tuple[Frame, memoryview]:
        size = frame.pages * contents.page_size
        return frame, decompress(pack.compressed(frame), size, frame.digest)

    for frame, pages in ordered(raw, contents.frames):
        _verify_ids(vault, pack, contents, frame, pages)


def _verify_ids(vault: Vault, pack: PackReader, contents: Contents, frame: Frame, pages: memoryview) -> None:
    size = contents.page_size
    hasher = blake3(key=vault.page_key)
    for number in range(frame.pages):
        hasher.reset()
        hasher.update(pages[number * size : (number + 1) * size])
        at = (frame.first + number) * ID_SIZE
        if hasher.digest(ID_SIZE) != contents.ids[at : at + ID_SIZE]:
            raise RepositoryCorrupt(f"A page in {pack.name} is not the one it is named for. {ADVICE}")
