"""Sealing and opening objects: AES-256-GCM under a key of each object's own.

The format is in docs/repository-format.md. Knows the master key; must not know what it seals.
"""

from __future__ import annotations

import secrets
import struct
from enum import Enum

import attrs
from blake3 import blake3

from ....core.errors import KeyRequired, RepositoryCorrupt
from .damage import ADVICE

MAGIC = b"reprieve"
SALT_SIZE = 32
HEADER = struct.Struct(f"<8sc7x{SALT_SIZE}s")
TAG_SIZE = 16
KEY_SIZE = 32

WHOLE = b"W"
FRAME = b"F"
CONTENTS = b"C"


class Kind(Enum):
    """What an object is. A part of its key, so that none can stand in for one of another kind."""

    PACK = b"P"
    MANIFEST = b"M"
    RECORD = b"B"
    HIDDEN = b"H"
    ASSET = b"A"


def new_master_key() -> bytes:
    """Thirty-two random bytes."""
    return secrets.token_bytes(KEY_SIZE)


def key_check(master: bytes, repository_id: str) -> str:
    """What the repository's config holds so that a key can be told to be the right one."""
    return blake3(b"key check" + bytes.fromhex(repository_id), key=master).hexdigest(length=16)


class Sealer:
    """Seals and opens the parts of one object. Each part's number is its nonce: never use one twice."""

    def __init__(self, key: bytes, header: bytes, binding: bytes) -> None:
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # late: costs 30 ms

        self.header = header
        self._cipher = AESGCM(key)
        self._binding = binding

    def seal(self, number: int, part: bytes, data: bytes) -> bytes:
        """`data` encrypted, with its tag of TAG_SIZE bytes behind it."""
        return self._cipher.encrypt(number.to_bytes(12, "big"), data, part + self._binding)

    def open(self, number: int, part: bytes, sealed: bytes) -> bytes:
        """What was sealed. Raises RepositoryCorrupt if it is not exactly that."""
        from cryptography.exceptions import InvalidTag

        try:
            return self._cipher.decrypt(number.to_bytes(12, "big"), sealed, part + self._binding)
        except (InvalidTag, ValueError) as error:
            name = self._binding[17:].decode()
            raise RepositoryCorrupt(
                f"Part {number} of {name} in the repository is not what was stored. {ADVICE}"
            ) from error


@attrs.frozen
class Vault:
    """What can seal and open every object of one repository."""

    repository_id: str
    master: bytes = attrs.field(repr=False)

    @property
    def page_key(self) -> bytes:
        """The key of the pages' ids, so that nobody can tell from an id what a page holds."""
        return self._derived(b"page ids")

    def blind(self, name: str) -> str:
        """A name that tells nothing of `name`, the same for the same one."""
        return blake3(name.encode("utf-8", "surrogatepass"), key=self._derived(b"names")).hexdigest(length=16)

    def new_object(self, kind: Kind, name: str) -> Sealer:
        """A sealer for a new object. Its header comes first in the object."""
        return self._sealer(kind, name, secrets.token_bytes(SALT_SIZE))

    def stored_object(self, kind: Kind, name: str, header: bytes) -> Sealer:
        """The opener of a stored object, from the first HEADER.size bytes of it."""
        if len(header) == HEADER.size:
            magic, letter, salt = HEADER.unpack(header)
            if magic == MAGIC and letter == kind.value and HEADER.pack(magic, letter, salt) == header:
                return self._sealer(kind, name, salt)
        raise RepositoryCorrupt(f"{name} in the repository does not begin as it was stored. {ADVICE}")

    def seal(self, kind: Kind, name: str, payload: bytes) -> bytes:
        """A whole small object."""
        sealer = self.new_object(kind, name)
        return sealer.header + sealer.seal(0, WHOLE, payload)

    def open(self, kind: Kind, name: str, data: bytes) -> bytes:
        """What a whole small object holds."""
        return self.stored_object(kind, name, data[: HEADER.size]).open(0, WHOLE, data[HEADER.size :])

    def check(self, expected: str) -> None:
        """Raise KeyRequired unless this is the key of the repository whose config says `expected`."""
        if not secrets.compare_digest(key_check(self.master, self.repository_id), expected):
            raise KeyRequired(
                f"The key at hand is not that of repository {self.repository_id}. Give its "
                "recovery code to `reprieve key import`."
            )

    def _derived(self, purpose: bytes) -> bytes:
        return blake3(purpose + bytes.fromhex(self.repository_id), key=self.master).digest()

    def _sealer(self, kind: Kind, name: str, salt: bytes) -> Sealer:
        key = self._derived(b"object" + kind.value + salt)
        binding = kind.value + bytes.fromhex(self.repository_id) + name.encode()
        return Sealer(key, HEADER.pack(MAGIC, kind.value, salt), binding)
