"""A backup is hostile input even where its key is right: sizes are looked at before anything is allocated."""

from __future__ import annotations

import struct
from array import array

import pytest
import zstandard
from blake3 import blake3

from reprieve.core.errors import RepositoryCorrupt
from reprieve.transports.local.repository.frames import compress, decompress
from reprieve.transports.local.repository.manifest import Manifest
from reprieve.transports.local.repository.packs import PackRef


def test_a_frame_that_would_swell() -> None:
    bomb = zstandard.ZstdCompressor().compress(bytes(1 << 26))
    with pytest.raises(RepositoryCorrupt):
        decompress(bomb, 4096, blake3(bytes(4096)).digest())


def test_a_frame_that_does_not_say_its_size() -> None:
    compressor = zstandard.ZstdCompressor(write_content_size=False)
    with pytest.raises(RepositoryCorrupt):
        decompress(compressor.compress(bytes(4096)), 4096, blake3(bytes(4096)).digest())


def test_a_frame_with_another_hash() -> None:
    compressed, digest = compress(bytes(4096))

    assert bytes(4096) == decompress(compressed, 4096, digest)
    with pytest.raises(RepositoryCorrupt):
        decompress(compressed, 4096, bytes(32))


REF = PackRef(bytes(16), 1000, bytes(32))


def body(pages: int, packs: int, runs: list[tuple[int, int, int]], tail: bytes = b"") -> bytes:
    columns = b"".join(struct.pack(f"<{len(runs)}I", *column) for column in zip(*runs, strict=True))
    rows = struct.pack("<16sQ32s", REF.identifier, REF.size, REF.digest) * packs
    return zstandard.ZstdCompressor().compress(
        struct.pack("<IIII", 512, pages, packs, len(runs)) + rows + columns + tail
    )


def test_a_manifest_reads_back() -> None:
    manifest = Manifest.of(512, [REF, REF], array("Q", [5, 6, 7, 1 << 32, 3]))

    assert [(3, 0, 5), (1, 1, 0), (1, 0, 3)] == list(Manifest.decode(manifest.encode()).runs())
    assert [(2, 0, 5)] == list(Manifest.decode(body(2, 1, [(2, 0, 5)])).runs())


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"not zstd",
        zstandard.ZstdCompressor().compress(b""),
        zstandard.ZstdCompressor().compress(struct.pack("<IIII", 512, 1, 0xFFFFFFFF, 0xFFFFFFFF)),
        body(3, 1, [(2, 0, 5)]),
        body(2, 1, [(2, 1, 5)]),
        body(2, 1, [(2, 0, 5)], b"more"),
        body(0xFFFFFFFF, 1, [(0xFFFFFFFF, 0, 0xFFFFFFFF)] * 2),
        zstandard.ZstdCompressor(write_content_size=False).compress(bytes(64)),
    ],
)
def test_a_manifest_that_makes_no_sense(data: bytes) -> None:
    with pytest.raises(RepositoryCorrupt):
        Manifest.decode(data)
