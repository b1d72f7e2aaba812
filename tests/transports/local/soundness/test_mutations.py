"""Files with something changed in them: none that is damaged passes, and none that is sound is refused.

Held against two oracles: SQLite's integrity_check of the same file, by a program that has every word of its
schema, and a walk over its pages that was written for this test.
"""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import apsw
import pytest

from reprieve.core.errors import BadSource
from reprieve.transports.local.snapshot.take import take
from reprieve.transports.local.soundness import find_damage
from reprieve.transports.local.soundness.sentences import UNREADABLE_SCHEMA
from tests.transports.local.snapshot.live import MemorySink

from .foreign import supply_words
from .mutations import SHAPES, mutated, sound_file, with_other_content
from .page_walk import find_faults, number

ROUNDS = 25
MANY_ROUNDS = 250


@pytest.fixture(params=SHAPES)
def sound(request: pytest.FixtureRequest, tmp_path: Path) -> bytes:
    return sound_file(tmp_path, request.param)


def check(data: bytes) -> tuple[str, ...]:
    size = 65536 if number(data, 16, 2) == 1 else number(data, 16, 2)
    size = size if size in {512 << power for power in range(8)} else 4096
    return find_damage(lambda offset, amount: data[offset : offset + amount], size, len(data) // size)


def integrity_check(path: Path) -> list[str]:
    """What SQLite says to a program that has all words."""
    try:
        with closing(apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)) as connection:
            supply_words(connection)
            return [str(row) for (row,) in connection.execute("PRAGMA integrity_check")]
    except apsw.Error as error:
        return [f"*** {error}"]


def back_up(path: Path) -> bool:
    """Whether a forced backup of it has no mark."""
    try:
        return not take(path, MemorySink(), cancelled=lambda: False, force=True).problems
    except BadSource:
        return False


def judge(data: bytes, path: Path) -> tuple[bool, str]:
    """Whether a mutated file is damaged; and where the rule, on either way to it, differs from an oracle."""
    path.write_bytes(data)
    problems, faults, found = check(data), find_faults(data), integrity_check(path)
    unreadable = bool(problems) and problems[0].startswith(UNREADABLE_SCHEMA)
    agrees = (
        (bool(problems) == bool(faults) or unreadable)
        and (bool(problems) or not found[0].startswith("*** in database"))
        and (not problems or found != ["ok"] or bool(faults))
        and (not problems) == back_up(path)
    )
    return bool(problems), "" if agrees else f"{problems} / {faults} / {found[:3]} / {back_up(path)}"


def judge_mutations(sound: bytes, folder: Path, rounds: int) -> int:
    """How many of `rounds` files are damaged."""
    judged = [judge(mutated(sound, seed), folder / "mutated.db") for seed in range(rounds)]

    assert {} == {seed: differs for seed, (_damaged, differs) in enumerate(judged) if differs}
    return sum(damaged for damaged, _differs in judged)


def test_a_sound_file_is_sound(sound: bytes, tmp_path: Path) -> None:
    path = tmp_path / "sound.db"
    path.write_bytes(sound)

    assert () == check(sound)
    assert [] == find_faults(sound)
    assert ["ok"] == integrity_check(path)
    assert back_up(path)


def test_no_damaged_file_passes_and_no_sound_one_is_refused(sound: bytes, tmp_path: Path) -> None:
    assert 0 < judge_mutations(sound, tmp_path, ROUNDS) < ROUNDS


@pytest.mark.soak
def test_no_damaged_file_of_many_passes(sound: bytes, tmp_path: Path) -> None:
    assert 0 < judge_mutations(sound, tmp_path, MANY_ROUNDS) < MANY_ROUNDS


def test_what_a_cell_holds_is_its_programs_business(sound: bytes) -> None:
    for seed in range(ROUNDS):
        assert () == check(with_other_content(sound, seed)), seed
