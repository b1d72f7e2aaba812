"""A library is used where it was opened: elsewhere the first call raises a sentence, and nothing waits."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Awaitable, Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from reprieve import InvalidRequest, Library, RunningJob, connect
from tests.support.bridges import environment
from tests.support.databases import OLD, make_database

DEADLINE = 60.0
OTHER_LOOP = "Another event loop has opened this library"


async def _first_change(library: Library) -> object:
    return await anext(aiter(library.watch()))


async def _first_line(library: Library) -> object:
    return await anext(aiter(library.history(0)))


CALLS: dict[str, Callable[[Library], Awaitable[object]]] = {
    "backups": lambda library: library.backups(),
    "backup": lambda library: library.backup("0.1.0_x"),
    "other_backups": lambda library: library.other_backups(),
    "create_backup": lambda library: library.create_backup(),
    "restore": lambda library: library.restore("0.1.0_x"),
    "delete": lambda library: library.delete("0.1.0_x"),
    "cancel_creation": lambda library: library.cancel_creation("0.1.0_x"),
    "creation_status": lambda library: library.creation_status("0.1.0_x"),
    "cancel_restoration": lambda library: library.cancel_restoration("0.1.0_x"),
    "restoration_status": lambda library: library.restoration_status("0.1.0_x"),
    "revert": lambda library: library.revert(),
    "undo_copies": lambda library: library.undo_copies(),
    "forget_undo": lambda library: library.forget_undo("x"),
    "jobs": lambda library: library.jobs(),
    "job": lambda library: library.job("x"),
    "follow": lambda library: library.follow("x"),
    "cancel": lambda library: library.cancel("x"),
    "watch": _first_change,
    "history": _first_line,
    "newest_change": lambda library: library.newest_change(),
    "finish": lambda library: library.finish(0),
    "backup_assets": lambda library: library.backup_assets(),
    "backup_asset": lambda library: library.backup_asset({"id": "a"}),
    "assets": lambda library: library.assets(),
    "asset": lambda library: library.asset("a"),
    "asset_history": lambda library: library.asset_history("a"),
    "leaving": lambda library: library.__aexit__(None, None, None),
}


async def _next(job: RunningJob[Any]) -> object:
    return await anext(aiter(job))


JOB_CALLS: dict[str, Callable[[RunningJob[Any]], Coroutine[Any, Any, object]]] = {
    "now": lambda job: job.now(),
    "settled": lambda job: job.settled(),
    "cancel": lambda job: job.cancel(),
    "outcome": lambda job: job.outcome(),
    "iterating": _next,
}


@pytest.fixture(params=["offline", "local"])
def target(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    if request.param == "offline":
        return "offline:"
    for name, value in environment(tmp_path).items():
        monkeypatch.setenv(name, value)
    return str(make_database(tmp_path / "notes.db", OLD, rows=3))


def _elsewhere(work: Coroutine[Any, Any, object]) -> str:
    """What it raises on a loop of its own, at once."""
    with pytest.raises(InvalidRequest) as raised:
        asyncio.run(asyncio.wait_for(work, DEADLINE))
    return str(raised.value)


def test_every_public_coroutine_of_a_library_is_among_the_calls() -> None:
    public = {name for name in vars(Library) if not name.startswith("_")} - {"database", "operations"}

    assert public | {"leaving"} == set(CALLS)


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS.keys())
def test_another_loop_is_told_at_the_first_call(call: Callable[[Library], Awaitable[object]]) -> None:
    async def called() -> object:
        return await call(library)

    library = connect("offline:")
    with asyncio.Runner() as first:
        first.run(library.__aenter__())

        assert OTHER_LOOP in _elsewhere(called())

        first.run(library.__aexit__(None, None, None))


@pytest.mark.parametrize("call", JOB_CALLS.values(), ids=JOB_CALLS.keys())
def test_a_job_is_of_the_loop_of_its_library(call: Callable[[RunningJob[Any]], Any]) -> None:
    library = connect("offline:")
    with asyncio.Runner() as first:
        first.run(library.__aenter__())
        job = first.run(library.create_backup())

        assert OTHER_LOOP in _elsewhere(call(job))

        assert 0 < first.run(job.outcome()).bytes
        first.run(library.__aexit__(None, None, None))


def test_with_any_transport_another_loop_is_told(target: str) -> None:
    async def made() -> object:
        return await library.create_backup()

    library = connect(target)
    with asyncio.Runner() as first:
        first.run(library.__aenter__())

        assert OTHER_LOOP in _elsewhere(made())

        first.run(library.__aexit__(None, None, None))


@pytest.mark.parametrize("was_closed", [False, True])
def test_another_loop_cannot_open_it_again(target: str, was_closed: bool) -> None:
    library = connect(target)
    with asyncio.Runner() as first:
        first.run(library.__aenter__())
        if was_closed:
            first.run(library.__aexit__(None, None, None))

        assert OTHER_LOOP in _elsewhere(library.__aenter__())

        if not was_closed:
            first.run(library.__aexit__(None, None, None))


def test_without_a_loop_of_asyncio_it_says_that_it_needs_one() -> None:
    """As under trio, whose loop runs the same coroutines and is none of asyncio's."""
    library = connect("offline:")

    with pytest.raises(InvalidRequest, match=r"^reprieve runs on asyncio, .*connect_blocking") as raised:
        library.__aenter__().send(None)

    assert raised.value.__suppress_context__


FORKS = """
import os, sys
import reprieve

def told(call):
    try:
        call()
    except reprieve.InvalidRequest as error:
        return str(error)

library = reprieve.connect_blocking(sys.argv[1])
with library:
    library.create_backup().result()
    job = library.create_backup()
    child = os.fork()
    if child == 0:
        print(told(library.backups), flush=True)
        print(told(library.create_backup), flush=True)
        print(told(job.result), flush=True)
        with reprieve.connect_blocking(sys.argv[1]) as own:
            print(len(own.backups()) >= 1, flush=True)
    else:
        os.waitpid(child, 0)
        job.result()
        print(library.create_backup().result().bytes > 0, flush=True)
print("left", flush=True)
"""


@pytest.mark.needs("posix")
def test_a_fork_cannot_use_what_its_parent_opened_and_does_it_no_harm(target: str, tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", FORKS, target], stdout=subprocess.PIPE, env=environment(tmp_path), text=True
    ) as process:
        told, _ = process.communicate(timeout=DEADLINE)

    *refused, own, left, parents, parent_left = told.splitlines()
    assert [f"Process {process.pid} has opened this library"] * 3 == [
        line.partition(",")[0] for line in refused
    ]
    assert ["True" if target != "offline:" else "False", "left", "True", "left"] == [
        own,
        left,
        parents,
        parent_left,
    ]
    assert 0 == process.returncode


FORKS_IN_LOOP = """
import asyncio, os
import reprieve

async def main():
    async with reprieve.connect("offline:") as library:
        child = os.fork()
        if child == 0:
            try:
                await library.create_backup()
            except reprieve.InvalidRequest as error:
                print(error, flush=True)
            os._exit(0)
        os.waitpid(child, 0)
        await (await library.create_backup())
        print("done", flush=True)

asyncio.run(main())
"""


@pytest.mark.needs("posix")
def test_nor_can_a_fork_within_the_loop() -> None:
    told = subprocess.run(
        [sys.executable, "-c", FORKS_IN_LOOP], stdout=subprocess.PIPE, timeout=DEADLINE, check=True, text=True
    ).stdout

    refused, done = told.splitlines()
    assert "cannot use it; open another library in the fork." in refused
    assert "done" == done
