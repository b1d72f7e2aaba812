"""docs/repository-format.md is enough to read a backup: this reader knows that page and nothing of ours."""

from __future__ import annotations

import hashlib
import json
import struct
from pathlib import Path

import zstandard
from blake3 import blake3
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from reprieve.transports.local.keys import recovery_code
from reprieve.transports.local.repository.repository import Repository

from .conftest import Ground, pages


class Stranger:
    """Reads a repository in a folder with its master key, as the page says."""

    def __init__(self, store: Path, master: bytes) -> None:
        config = json.loads((store / "config").read_text())
        self.store, self.master, self.id = store, master, bytes.fromhex(config["id"])

        assert (1, "reprieve repository") == (config["format"], config["what"])
        assert config["keyCheck"] == blake3(b"key check" + self.id, key=master).digest(16).hex()

    def part(self, name: str, data: bytes, number: int, letter: bytes, sealed: bytes) -> bytes:
        kind, salt = data[8:9], data[16:48]
        key = blake3(b"object" + kind + salt + self.id, key=self.master).digest()
        binding = letter + kind + self.id + name.encode()
        return AESGCM(key).decrypt(number.to_bytes(12, "big"), sealed, binding)

    def whole(self, name: str) -> bytes:
        data = (self.store / name).read_bytes()
        return self.part(name, data, 0, b"W", data[48:])

    def pack(self, identifier: bytes, digest: bytes, page_size: int) -> list[bytes]:
        name = f"packs/{identifier.hex()}"
        data = (self.store / name).read_bytes()
        length, count = struct.unpack("<II", data[-8:])
        table = self.part(name, data, count, b"C", data[-8 - length : -8])
        ids = table[8 + 40 * count :]

        assert digest == blake3(table).digest()
        assert (page_size, count) == struct.unpack("<II", table[:8])

        found: list[bytes] = []
        offset = 48
        for number in range(count):
            stored, page_count, frame_digest = struct.unpack_from("<II32s", table, 8 + 40 * number)
            raw = zstandard.decompress(self.part(name, data, number, b"F", data[offset : offset + stored]))
            offset += stored
            found += [raw[at : at + page_size] for at in range(0, len(raw), page_size)]

            assert (page_count * page_size, frame_digest) == (len(raw), blake3(raw).digest())

        page_key = blake3(b"page ids" + self.id, key=self.master).digest()

        assert ids == b"".join(blake3(page, key=page_key).digest(16) for page in found)
        return found

    def backup(self, backup_id: str) -> bytes:
        record = json.loads(self.whole(f"backups/{backup_id}"))
        ref = record["manifest"]
        sealed = (self.store / ref["name"]).read_bytes()

        assert (ref["size"], ref["digest"]) == (len(sealed), blake3(sealed).hexdigest())

        body = zstandard.decompress(self.whole(ref["name"]))
        page_size, page_count, packs, runs = struct.unpack_from("<IIII", body)
        rows = [struct.unpack_from("<16sQ32s", body, 16 + 56 * number) for number in range(packs)]
        stored = [self.pack(identifier, digest, page_size) for identifier, _, digest in rows]
        columns = [struct.unpack_from(f"<{runs}I", body, 16 + 56 * packs + 4 * runs * n) for n in range(3)]
        image = [
            page for count, pack, first in zip(*columns, strict=True) for page in stored[pack][first:][:count]
        ]

        assert page_count == len(image)
        return b"".join(image)


def test_a_stranger_can_read_a_backup(ground: Ground, repository: Repository) -> None:
    contents = [pages(*range(40)), pages(*range(10), "new", *range(5, 30)), b""]
    made = [ground.back_up(repository, content) for content in contents]
    stranger = Stranger(ground.store, repository.master)

    assert contents == [stranger.backup(backup.id) for backup in made]


def test_a_stranger_can_read_a_document(ground: Ground, repository: Repository) -> None:
    repository.keep_assets([{"id": "größe", "number": 1e300}, {"id": "größe", "number": 2}])
    stranger = Stranger(ground.store, repository.master)
    names = blake3(b"names" + stranger.id, key=stranger.master).digest()
    blind = blake3("größe".encode(), key=names).digest(16).hex()
    said = json.loads(stranger.whole(f"assets/{blind}/00000001"))

    assert {"id": "größe", "number": 1e300} == json.loads(said["document"])


def test_a_stranger_can_open_the_recovery_code_and_the_wrapped_key(
    repository: Repository, ground: Ground
) -> None:
    repository.add_passphrase("correct horse")
    said = json.loads(next((ground.store / "keys").iterdir()).read_text())
    salt, nonce, wrapped = (bytes.fromhex(said[part]) for part in ("salt", "nonce", "wrapped"))
    key = hashlib.scrypt(
        b"correct horse", salt=salt, n=said["n"], r=said["r"], p=said["p"], maxmem=1 << 28, dklen=32
    )
    digits = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
    number = 0
    for digit in recovery_code(repository.master).replace("-", ""):
        number = number * 32 + digits.index(digit)
    binding = b"reprieve key" + bytes.fromhex(repository.id)

    assert repository.master == AESGCM(key).decrypt(nonce, wrapped, binding)
    assert repository.master == number.to_bytes(35, "big")[:32]
