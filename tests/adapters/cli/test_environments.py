"""The command line in environments as they come: a sentence and an exit code, never a bug's report.

No home folder, no entry in the list of users, a current folder that is gone, homes and stores that cannot be
made, closed streams: a few combinations in each run, 200 in soak.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from .conftest import COMMAND, DEADLINE, Ran, write

pytestmark = pytest.mark.needs("linux")

Run = Callable[[dict[str, Any]], Ran]

CODES = {0, 1, 2, 3, 4, 5, 7}
"""Whatever a command may end with, but for a newer version's store."""


@pytest.fixture(scope="module")
def run() -> Iterator[Run]:
    """Runs a command line in an environment."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.support.odd_environment"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin and process.stdout

    def ask(request: dict[str, Any]) -> Ran:
        assert process.stdin and process.stdout
        process.stdin.write(json.dumps(request) + "\n")
        process.stdin.flush()
        answer = json.loads(process.stdout.readline())
        return Ran(answer["code"], answer["out"], answer["err"])

    with process:
        yield ask
        process.stdin.close()


@pytest.fixture
def scene(tmp_path: Path) -> Path:
    """A folder with a database, a file, and a home in which something is in the way of everything."""
    write(tmp_path / "a.db", "CREATE TABLE t (x)", "INSERT INTO t VALUES ('first')")
    (tmp_path / "file").write_text("in the way")
    for name in ("journal.db", "databases.json", "stores.json", "days.json"):
        (tmp_path / "folders" / name).mkdir(parents=True)
    (tmp_path / "files").mkdir()
    for name in ("keys", "owners", "workers", "stage", "undo"):
        (tmp_path / "files" / name).write_text("in the way")
    return tmp_path


def request(scene: Path, *words: str, **changes: Any) -> dict[str, Any]:
    """A command in a good environment, but for the changes; an environment's None is a variable not set."""
    good = {
        "PATH": os.environ["PATH"],
        "HOME": str(scene / "home"),
        "REPRIEVE_HOME": str(scene / "own"),
        "REPRIEVE_STORE": str(scene / "store"),
        "TMPDIR": str(scene),
    }
    environment = {**good, **changes.pop("environment", {})}
    known = {name: value for name, value in environment.items() if value is not None}
    plain = {"words": words, "folder": str(scene), "known_user": True, "closed": []}
    return {**plain, "environment": known, **changes}


def is_a_sentence(ran: Ran) -> bool:
    """Whether a command did what it should, or gave a reason in one sentence."""
    text = ran.out + ran.err
    no_bug = "nexpected" not in text and "Traceback" not in text and "Error:" not in text
    return no_bug and ran.code in CODES


def commands(scene: Path) -> list[tuple[str, ...]]:
    database = str(scene / "a.db")
    return [
        ("backup", "a.db"),
        ("backup", database),
        ("backup", (scene / "a.db").as_uri()),
        ("restore", "latest", database, "--yes"),
        ("restore", "0.1.0_20261122T143005123Z", "~/b.db"),
        ("revert", database, "--list"),
        ("list",),
        ("list", database),
        ("show", "latest"),
        ("jobs",),
        ("status", "5"),
        ("databases",),
        ("register", "a.db"),
        ("unregister", database),
        ("key", "show"),
        ("assets", "list"),
        ("assets", "keep", "a.json"),
        ("--version",),
        ("backup", os.fsdecode(b"caf\xe9.db")),
        ("show", os.fsdecode(b"\xff")),
        ("nonsense\x1b[31m",),
    ]


def odd_values(scene: Path) -> dict[str, list[Any]]:
    """What a variable may be set to; None: not at all."""
    paths = [None, "", "relative", "~", "~/x", "/nowhere/at/all", str(scene / "file"), "/dev/null/x"]
    refused = ["/sys/kernel/x", "/proc/x", str(scene / ("x" * 300)), os.fsdecode(b"/tmp/caf\xe9")]
    return {
        "HOME": [*paths, "/proc"],
        "REPRIEVE_HOME": [*paths, *refused, str(scene / "files"), str(scene / "folders")],
        "REPRIEVE_STORE": [
            *paths,
            *refused,
            (scene / "my store").as_uri(),
            "s3://x",
            "file://host/x",
            "file:",
        ],
        "XDG_DATA_HOME": [None, "", "relative", "/dev/null/x", str(scene / "data")],
        "XDG_CONFIG_HOME": [None, "", "relative", "/dev/null/x", str(scene / "config")],
        "TMPDIR": [None, "", "/nowhere", "/dev/null"],
        "COLUMNS": [None, "x", "0", "-1", "1"],
        "TERM": [None, "", "dumb"],
    }


def tried(run: Run, scene: Path, seed: int) -> tuple[dict[str, Any], Ran]:
    chance = random.Random(seed)
    odd = odd_values(scene)
    changed = chance.sample(sorted(odd), chance.randint(1, 4))
    words = chance.choice(commands(scene))
    wanted = request(
        scene,
        *words,
        *(["--json"] if chance.random() < 0.3 and words[0] != "--version" else []),
        environment={name: chance.choice(odd[name]) for name in changed},
        folder=chance.choice([str(scene), str(scene), "/", None]),
        known_user=chance.random() < 0.5,
        closed=chance.choice([[], [], [], [0], [1], [2], [0, 1, 2]]),
    )
    return wanted, run(wanted)


@pytest.mark.parametrize("seed", range(24))
def test_any_environment(run: Run, scene: Path, seed: int) -> None:
    wanted, ran = tried(run, scene, seed)

    assert is_a_sentence(ran), (wanted, ran)


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(1000, 1200))
def test_any_of_two_hundred_environments(run: Run, scene: Path, seed: int) -> None:
    wanted, ran = tried(run, scene, seed)

    assert is_a_sentence(ran), (wanted, ran)


NO_HOME = {"HOME": None, "REPRIEVE_HOME": None, "REPRIEVE_STORE": None}


@pytest.mark.parametrize(
    "changes",
    [
        {"environment": NO_HOME, "known_user": False},
        {"environment": {**NO_HOME, "HOME": "relative"}, "known_user": False},
        {"environment": {"REPRIEVE_HOME": "/sys/kernel/x"}},
        {"environment": {"REPRIEVE_HOME": "/dev/null/x"}},
        {"environment": {"REPRIEVE_HOME": "files"}},
        {"environment": {"REPRIEVE_HOME": "folders"}},
        {"environment": {"HOME": None, "REPRIEVE_HOME": "~/x"}, "known_user": False},
        {"folder": None},
    ],
    ids=["no home", "a relative home", "not permitted", "below a file", "files", "folders", "tilde", "gone"],
)
def test_what_is_wrong_with_the_environment_is_exit_code_2(
    run: Run, scene: Path, changes: dict[str, Any]
) -> None:
    before = sorted(path.name for path in scene.iterdir())

    ran = run(request(scene, "backup", "a.db", **changes))

    assert (2, "") == (ran.code, ran.out)
    assert ran.err.startswith("reprieve: ")
    assert before == sorted(path.name for path in scene.iterdir())


def test_a_command_that_needs_no_home_does_without(run: Run, scene: Path) -> None:
    ran = run(
        request(scene, "backup", "offline:?seed=1&clock=virtual", environment=NO_HOME, known_user=False)
    )

    assert (0, "") == (ran.code, ran.out.partition("Backed up")[0]), ran


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-16"])
def test_a_terminal_of_another_encoding_gets_every_sentence(scene: Path, encoding: str) -> None:
    environment = request(scene)["environment"] | {"PYTHONIOENCODING": encoding}
    name = "日本\udce9.db"
    for words in (("backup", name), ("list", name, "--json")):
        ran = subprocess.run(
            [*COMMAND, *words], cwd=scene, env=environment, capture_output=True, timeout=DEADLINE
        )
        text = (ran.stdout + ran.stderr).decode(encoding)

        assert (2, True) == (ran.returncode, "not text" in text), text
