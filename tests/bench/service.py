"""What the service costs: requests beside a bare aiohttp handler's, the fan-out of progress, backup by HTTP.

All of real processes (`reprieve serve` over a real database, a server that does nothing but answer), on the
loopback, ended by their pids.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median

import aiohttp

from .library import main as make_library
from .processes import COMPILE_EACH_TIME, run
from .requests import Load, load

ROUNDS = 5
SECONDS = 2.0
WATCHERS = 1000
REPRIEVE = str(Path(sys.executable).with_name("reprieve"))

Values = Mapping[str, float]


@contextmanager
def served(words: Sequence[str], environment: Mapping[str, str]) -> Iterator[str]:
    """The address of a server in a process of its own, which tells it in its first line."""
    process = subprocess.Popen(
        words, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    try:
        assert process.stdout is not None
        yield json.loads(process.stdout.readline())["address"]
    finally:
        process.terminate()
        process.wait(60)


def service(folder: str, size: str) -> Values:
    """All of it, in a folder; the database of the backup over HTTP has `size` MiB."""
    root = Path(folder, "service")
    root.mkdir()
    inherited = {name: value for name, value in os.environ.items() if name != COMPILE_EACH_TIME}
    environment = inherited | {"REPRIEVE_HOME": str(root / "home")}
    return {
        **_requests(root, environment),
        **_fan_out(root, environment),
        **_over_http(root, environment, int(size)),
    }


def _serve(database: str, store: Path) -> tuple[str, ...]:
    return (REPRIEVE, "serve", database, "--store", str(store), "--port", "0")


def _requests(root: Path, environment: Mapping[str, str]) -> Values:
    database, store = root / "small.db", root / "small store"
    make_library("make", str(database), "8")
    backup = json.loads(
        run(
            (REPRIEVE, "backup", str(database), "--store", str(store), "--json"),
            environment=environment,
            folder=root,
        ).said.splitlines()[-1]
    )["backup"]["id"]
    paths = {"GET /backup/{id}": f"/backup/{backup}", "a status": f"/backup/{backup}/creation/status"}
    figures: dict[str, float] = {}
    with served(_serve(str(database), store), environment) as ours:
        for title, path in paths.items():
            said = asyncio.run(_text(ours + path))
            bare_server = (sys.executable, "-m", "tests.bench.bare_server", said)
            with served(bare_server, environment) as bare:
                figures |= _beside(title, *asyncio.run(_interleaved(ours, bare, path)))
    return figures


async def _text(address: str) -> str:
    async with aiohttp.ClientSession() as session, session.get(address) as answer:
        answer.raise_for_status()
        return await answer.text()


async def _interleaved(ours: str, bare: str, path: str) -> tuple[list[Load], list[Load]]:
    ours_bore, bare_bore = [], []
    for _ in range(ROUNDS):
        bare_bore.append(await load(bare, path, SECONDS))
        ours_bore.append(await load(ours, path, SECONDS))
    return ours_bore, bare_bore


def _beside(title: str, ours: list[Load], bare: list[Load]) -> Values:
    per_second, of_bare = median(one.per_second for one in ours), median(one.per_second for one in bare)
    p99, p99_of_bare = median(one.p99 for one in ours), median(one.p99 for one in bare)
    return {
        f"{title}, requests a second": per_second,
        f"{title}, of a bare aiohttp handler's (aim: ≥ 0.6)": per_second / of_bare,
        f"{title}, p99, ms": p99 * 1e3,
        f"{title}, p99, of a bare aiohttp handler's": p99 / p99_of_bare,
    }


# -- the fan-out ------------------------------------------------------------------------------


def _fan_out(root: Path, environment: Mapping[str, str]) -> Values:
    target = "offline:?clock=real&size=1000&rate=200&ticks=50"
    command = (REPRIEVE, "serve", target, "--port", "0")
    with served(command, environment) as address:
        return asyncio.run(_watched(address))


async def _watched(address: str) -> Values:
    """A job watched by many: how much later the last of them knows its end than the first."""
    ends: list[float] = []
    frames = 0
    ready = asyncio.Semaphore(0)

    async def watch(session: aiohttp.ClientSession) -> None:
        nonlocal frames
        async with session.ws_connect(f"{address}/backups/streamed/progress") as socket:
            ready.release()
            async for frame in socket:
                frames += 1
                if '"COMPLETED"' in frame.data:
                    ends.append(time.perf_counter())
                    return

    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector) as session:
        watchers = [asyncio.create_task(watch(session)) for _ in range(WATCHERS)]
        for _ in range(WATCHERS):
            await ready.acquire()
        began = time.perf_counter()
        async with session.post(f"{address}/backups/create", json={}) as answer:
            answer.raise_for_status()
        await asyncio.gather(*watchers)
    return {
        f"{WATCHERS} watchers, the last knows the end after the first, ms": (max(ends) - min(ends)) * 1e3,
        f"{WATCHERS} watchers, frames a second": frames / (max(ends) - began),
    }


# -- a backup over HTTP -------------------------------------------------------------------------


def _over_http(root: Path, environment: Mapping[str, str], size: int) -> Values:
    """First backups of one database into new stores: by the engine, and by a service that has the engine."""
    database = root / "library.db"
    make_library("make", str(database), str(size))
    alone, over_http = [], []
    for number in range(3):
        direct = (REPRIEVE, "backup", str(database), "--store", str(root / f"direct {number}"))
        alone.append(run(direct, environment=environment, folder=root).seconds)
        with served(_serve(str(database), root / f"served {number}"), environment) as address:
            over_http.append(run((REPRIEVE, "backup", address), environment=environment, folder=root).seconds)
    return {
        f"a first backup of {size} MiB by the engine, s": median(alone),
        "the same over HTTP, of the engine's (aim: ≤ 1.05)": median(over_http) / median(alone),
    }
