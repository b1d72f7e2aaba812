"""The repository's `config` and its wrapped keys: what is read before any key is at hand.

Plain JSON, so that a program without the key can say which repository this is and whether it can read it.
Knows the format's version and features; must not know key files.
"""

from __future__ import annotations

import json
import logging
import secrets
from typing import TYPE_CHECKING

import attrs
from blake3 import blake3

from ....core.errors import (
    InvalidRequest,
    KeyRequired,
    NotFound,
    RepositoryCorrupt,
    StorageError,
    UpdateRequired,
)
from ..stores import Store
from .kdf_budget import MAX_MEMORY, Budget, TooCostly
from .vault import KEY_SIZE, key_check

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

NAME = "config"
KEYS = "keys/"
DATA = ("backups/", "packs/", "manifests/", "assets/")
"""What only a repository that was made has. A wrapped key alone is what an interrupted creation left."""

MAX_SIZE = 1 << 16
"""Bytes that the config, or a wrapped key, is read of."""

FORMAT = 1
FEATURES = frozenset({"aes-256-gcm", "blake3-pages", "zstd-frames"})
SCRYPT_N, SCRYPT_R, SCRYPT_P = 1 << 17, 8, 1
"""What a guess costs a thief of the store: 128 MiB for 0.4 s. Each wrapped key says its own cost."""

LEAST_PASSPHRASE = 10
"""Characters of a new passphrase. One that exists opens its repository, however short."""

_log = logging.getLogger(__name__)
_known_unsound: set[tuple[str, str]] = set()
"""Stores and names of the keys that this process has warned of."""


@attrs.frozen
class Config:
    """What a repository says of itself. `features` are mandatory: a reader must know all of them."""

    id: str
    key_check: str
    format: int = FORMAT
    features: frozenset[str] = FEATURES

    @classmethod
    def new(cls, repository_id: str, master: bytes) -> Config:
        """The config of a new repository with this key."""
        return cls(repository_id, key_check(master, repository_id))

    @classmethod
    def read(cls, store: Store) -> Config | None:
        """The config in a store; None where there is no repository yet.

        Raises UpdateRequired for a newer format, RepositoryCorrupt for anything that makes no sense: also
        where there are backups, and the config alone is gone.
        """
        data = _get(store)
        if data is None and _holds_data(store):
            data = _get(store)  # Another process may have made the repository between the two looks.
            if data is None:
                raise RepositoryCorrupt(
                    f"The store {store.url} holds backups, but its file `{NAME}` is missing. Put it back, or "
                    "name another store."
                )
        if data is None:
            return None
        try:
            return cls._parsed(_decode(data), store.url)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise RepositoryCorrupt(
                f"The config of the repository in {store.url} makes no sense. Put back its file `{NAME}`."
            ) from error

    @classmethod
    def _parsed(cls, said: dict[str, object], url: str) -> Config:
        if said["what"] != "reprieve repository":
            raise ValueError(said["what"])
        features = said["features"]
        if not isinstance(features, list) or not isinstance(said["format"], int):
            raise ValueError(features)
        unknown = sorted(map(str, set(features) - FEATURES))
        if said["format"] != FORMAT or unknown:
            needs = ", ".join(unknown) or f"format {said['format']}"
            raise UpdateRequired(
                f"The repository in {url} needs {needs}, which this version does not know. Update reprieve."
            )
        repository_id, check = said["id"], said["keyCheck"]
        if not isinstance(repository_id, str) or not isinstance(check, str):
            raise ValueError(repository_id)
        if len(bytes.fromhex(repository_id)) != 16 or len(bytes.fromhex(check)) != 16:
            raise ValueError(repository_id)
        return cls(repository_id, check, FORMAT, frozenset(map(str, features)))

    def write(self, store: Store) -> None:
        """Make the repository exist. Raises Conflict if somebody else did meanwhile."""
        said = {
            "what": "reprieve repository",
            "format": self.format,
            "features": sorted(self.features),
            "id": self.id,
            "keyCheck": self.key_check,
        }
        store.put(NAME, _encode(said))


def _get(store: Store) -> bytes | None:
    try:
        return store.get(NAME, MAX_SIZE)
    except NotFound:
        return None


def _holds_data(store: Store) -> bool:
    return any(True for prefix in DATA for _ in store.objects(prefix))


def require_strong(passphrase: str, *, allow_weak: bool = False) -> None:
    """Raise InvalidRequest for a new passphrase that is soon guessed; blanks count as all characters do."""
    _require_text(passphrase)
    if not passphrase.strip():
        raise InvalidRequest("An empty passphrase protects nothing. Choose a longer one.")
    if len(passphrase) < LEAST_PASSPHRASE and not allow_weak:
        raise InvalidRequest(
            f"A passphrase of {len(passphrase)} characters is soon guessed by a thief of the store; a new "
            f"one has at least {LEAST_PASSPHRASE}. Take a few words; or, if it has to be, --allow-weak (in "
            "Python, allow_weak=True)."
        )


def _require_text(passphrase: str) -> None:
    """Raise InvalidRequest for a passphrase from the environment whose bytes are no text."""
    try:
        passphrase.encode()
    except UnicodeEncodeError as error:
        raise InvalidRequest(
            "The passphrase is not text (UTF-8), so that it could not be typed elsewhere; give it in UTF-8."
        ) from error


def add_passphrase(
    store: Store, config: Config, master: bytes, passphrase: str, *, allow_weak: bool = False
) -> str:
    """Let this passphrase open the repository too; the others go on working. Gives the wrapped key's name.

    Raises InvalidRequest as `require_strong` does.
    """
    require_strong(passphrase, allow_weak=allow_weak)
    salt, nonce = secrets.token_bytes(16), secrets.token_bytes(12)
    cost = (SCRYPT_N, SCRYPT_R, SCRYPT_P)
    wrapped = _cipher(passphrase, salt, cost).encrypt(nonce, master, _binding(config))
    said = {
        "kdf": "scrypt",
        "n": SCRYPT_N,
        "r": SCRYPT_R,
        "p": SCRYPT_P,
        "salt": salt.hex(),
        "nonce": nonce.hex(),
        "wrapped": wrapped.hex(),
    }
    name = KEYS + secrets.token_hex(16)
    store.put(name, _encode(said))
    return name


def unwrap(store: Store, config: Config, passphrase: str) -> bytes:
    """The master key that this passphrase opens. Raises KeyRequired if it opens none.

    Blanks at its ends count; but earlier versions dropped those that were typed, so it is tried once without.
    """
    from cryptography.exceptions import InvalidTag

    _require_text(passphrase)
    keys, passed_over = _wrapped_keys(store)
    budget = Budget()
    for phrase in filter(None, dict.fromkeys((passphrase, passphrase.strip()))):
        for key in keys:
            try:
                budget.spend(key.name, *key.cost)
                return _cipher(phrase, key.salt, key.cost).decrypt(key.nonce, key.wrapped, _binding(config))
            except InvalidTag:
                continue
            except TooCostly as error:
                passed_over = f" {error}"
            except ValueError as error:  # a cost, or a length, that the ciphers do not know
                passed_over = f" {key.name} is no sound key ({error}), and was passed over."
    raise KeyRequired(
        f"The passphrase opens no key of the repository in {store.url}.{passed_over} Try another, or give "
        "the recovery code to `reprieve key import`."
    )


@attrs.frozen
class _WrappedKey:
    """The master key under one passphrase, and how costly that was made to guess."""

    name: str
    cost: tuple[int, int, int]
    salt: bytes
    nonce: bytes
    wrapped: bytes

    @classmethod
    def parse(cls, name: str, data: bytes) -> _WrappedKey:
        """Raises KeyError or ValueError for what is no sound key."""
        fields = _decode(data)
        cost = (int(str(fields["n"])), int(str(fields["r"])), int(str(fields["p"])))
        salt, nonce, wrapped = (bytes.fromhex(str(fields[part])) for part in ("salt", "nonce", "wrapped"))
        return cls(name, cost, salt, nonce, wrapped)


def _wrapped_keys(store: Store) -> tuple[list[_WrappedKey], str]:
    """Every sound key, and a sentence about one that was passed over, if one was."""
    keys, passed_over = [], ""
    for stored in sorted(store.objects(KEYS), key=lambda stored: stored.name):
        try:
            keys.append(_WrappedKey.parse(stored.name, store.get(stored.name, MAX_SIZE)))
        except (StorageError, KeyError, ValueError) as error:
            passed_over = f" {stored.name} is no sound key, and was passed over."
            if (store.url, stored.name) not in _known_unsound:
                _known_unsound.add((store.url, stored.name))
                _log.warning("%s in the store %s is no sound key: %s", stored.name, store.url, error)
    return keys, passed_over


def _encode(said: dict[str, object]) -> bytes:
    """JSON with a checksum of the rest, so that damage is told from a newer format or a wrong key."""
    plain = json.dumps(said, sort_keys=True).encode()
    return json.dumps(said | {"blake3": blake3(plain).hexdigest()}, indent=2, sort_keys=True).encode() + b"\n"


def _decode(data: bytes) -> dict[str, object]:
    said = json.loads(data)
    if not isinstance(said, dict) or "blake3" not in said:
        raise ValueError("no checksum")
    del said["blake3"]
    if _encode(said) != data:
        raise ValueError("wrong checksum")
    return said


def _cipher(passphrase: str, salt: bytes, cost: tuple[int, int, int]) -> AESGCM:
    import hashlib

    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    n, r, p = cost
    key = hashlib.scrypt(passphrase.encode(), salt=salt, n=n, r=r, p=p, maxmem=MAX_MEMORY, dklen=KEY_SIZE)
    return AESGCM(key)


def _binding(config: Config) -> bytes:
    return b"reprieve key" + bytes.fromhex(config.id)
