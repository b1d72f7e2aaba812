"""An unfinished key holds the whole key: it goes, unless somebody is writing it at this moment."""

from __future__ import annotations

from pathlib import Path

import pytest

from reprieve.transports.local import failpoints
from reprieve.transports.local.home import Home
from reprieve.transports.local.keys import clear_unfinished_keys, keep_key, read_key

REPOSITORY = "ab" * 16
KEY = bytes(range(32))


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path, tmp_path)


def test_what_a_dead_process_left_goes(home: Home) -> None:
    keep_key(home, REPOSITORY, KEY)
    (home.keys / f"{REPOSITORY}.key.0123456789abcdef.part").write_text(KEY.hex())
    clear_unfinished_keys(home)

    assert [f"{REPOSITORY}.key"] == [path.name for path in home.keys.iterdir()]
    assert KEY == read_key(home, REPOSITORY)


@pytest.mark.parametrize("point", ["key.written", "key.synced"])
def test_what_is_being_written_stays(home: Home, point: str) -> None:
    def reached(name: str) -> None:
        if name == point:
            clear_unfinished_keys(home)

    failpoints.install(reached)
    try:
        keep_key(home, REPOSITORY, KEY)
    finally:
        failpoints.install(None)

    assert KEY == read_key(home, REPOSITORY)
