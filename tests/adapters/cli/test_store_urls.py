"""A store's URL with a secret in it is refused by every command, and neither printed nor kept."""

from __future__ import annotations

from pathlib import Path

import pytest

from .conftest import Reprieve

SECRET = "s3://AKIA:CANARYsecret@bucket/x"

WAYS = [
    ("register", "snippets.db", "--store", SECRET),
    ("backup", "snippets.db", "--store", SECRET),
    ("restore", "latest", "snippets.db", "--yes", "--store", SECRET),
    ("revert", "snippets.db", "--list", "--store", SECRET),
    ("list", "--store", SECRET),
    ("list", "snippets.db", "--store", SECRET, "--json"),
    ("show", "latest", "--store", SECRET),
    ("delete", "latest", "--yes", "--store", SECRET),
    ("key", "show", "--store", SECRET),
    ("key", "import", "--store", SECRET),
    ("assets", "list", "--store", SECRET),
    ("serve", "snippets.db", "--port", "0", "--store", SECRET),
    ("serve", "snippets.db", "--install-unit", "--store", SECRET),
]


def _traces(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file() and b"CANARY" in path.read_bytes()]


@pytest.mark.parametrize("words", WAYS, ids=" ".join)
def test_an_option(reprieve: Reprieve, database: Path, words: tuple[str, ...]) -> None:
    refused = reprieve(*words)

    assert 2 == refused.code
    assert "no password" in refused.out + refused.err.replace("\n", " ")
    assert "CANARY" not in refused.out + refused.err
    assert [] == _traces(reprieve.folder)


@pytest.mark.parametrize("words", [("backup", "snippets.db"), ("list",), ("register", "snippets.db")])
def test_the_environment(reprieve: Reprieve, database: Path, words: tuple[str, ...]) -> None:
    refused = reprieve(*words, REPRIEVE_STORE=SECRET)

    assert 2 == refused.code
    assert "CANARY" not in refused.out + refused.err
    assert [] == _traces(reprieve.folder)


def test_a_bridge(reprieve: Reprieve, database: Path) -> None:
    body = (
        '{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersions":["1"],'
        f'"initializationOptions":{{"target":"snippets.db","store":"{SECRET}"}}}}}}'
    )
    frame = f"Content-Length: {len(body)}\r\n\r\n{body}"

    refused = [reprieve("bridge", "--stdio", "snippets.db", "--store", SECRET, typed=frame)]
    refused.append(reprieve("bridge", "--stdio", typed=frame))

    assert [4, 4] == [ran.code for ran in refused]
    assert all("no password" in ran.err for ran in refused)
    assert not any("CANARY" in ran.out + ran.err for ran in refused)
    assert [] == _traces(reprieve.folder)
