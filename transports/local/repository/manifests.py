"""Manifests in the store: written once, and read by a record that names them with size and hash.

Must not know what a manifest says.
"""

from __future__ import annotations

import secrets

from blake3 import blake3

from ....core.errors import NotFound, RepositoryCorrupt
from ..stores import Store
from .damage import ADVICE, MissingObject, marking
from .manifest import PREFIX, Manifest
from .records import ManifestRef
from .vault import Kind, Vault


def store_manifest(store: Store, vault: Vault, manifest: Manifest) -> ManifestRef:
    """Write a manifest, durably."""
    name = PREFIX + secrets.token_hex(16)
    sealed = vault.seal(Kind.MANIFEST, name, manifest.encode())
    store.put(name, sealed)
    return ManifestRef(name, len(sealed), blake3(sealed).hexdigest())


def load_manifest(store: Store, vault: Vault, ref: ManifestRef) -> Manifest:
    """The manifest that a record names. One that is not whole is marked, and RepositoryCorrupt raised."""
    with marking(store, ref.name):
        return _loaded(store, vault, ref)


def _loaded(store: Store, vault: Vault, ref: ManifestRef) -> Manifest:
    try:
        sealed = store.get(ref.name, ref.size)
    except NotFound as error:
        raise _missing(ref) from error
    if len(sealed) != ref.size or blake3(sealed).hexdigest() != ref.digest:
        raise _damaged(ref)
    return Manifest.decode(vault.open(Kind.MANIFEST, ref.name, sealed))


def check_manifest_is_there(store: Store, ref: ManifestRef) -> None:
    """Raise RepositoryCorrupt if the manifest is gone or cut short; it is not read."""
    try:
        size = store.size(ref.name)
    except NotFound as error:
        raise _missing(ref) from error
    if size != ref.size:
        raise _damaged(ref)


def _damaged(ref: ManifestRef) -> RepositoryCorrupt:
    return RepositoryCorrupt(f"{ref.name} in the repository is damaged. {ADVICE}")


def _missing(ref: ManifestRef) -> RepositoryCorrupt:
    return MissingObject(f"{ref.name} in the repository is missing. {ADVICE}")
