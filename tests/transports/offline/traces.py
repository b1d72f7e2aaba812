"""Offline transports on trial, and everything that their jobs tell, as text.

Run as a script with a scenario's URL it prints a trace, so that a run in another process can be compared.
"""

import asyncio
import sys
from typing import Any

import attrs

import reprieve
from reprieve.core.errors import ReprieveError
from reprieve.core.job import JobKind
from reprieve.transports.contract import Setting, Trial
from reprieve.transports.offline.scenario import Scenario
from reprieve.transports.offline.transport import OfflineTransport
from reprieve.transports.offline.virtual_time import VirtualClock
from reprieve.transports.offline.world import OfflineWorld


def trial(scenario: Scenario) -> Trial:
    clock = VirtualClock()
    world = OfflineWorld(scenario, clock.now())
    return Trial(
        Setting(
            lambda: OfflineTransport(scenario, clock, world),
            clock,
            lambda: world.content(scenario.database),
            lambda: world.edit(scenario.database),
        ),
        OfflineTransport(scenario, clock, world),
    )


def trace(scenario: Scenario, jobs: int = 4) -> list[str]:
    """Everything that several jobs at once tell, with the moments, as text."""
    it, log = trial(scenario), list[str]()

    async def follow(number: int) -> None:
        kind, known = JobKind.CREATION, dict[str, Any]()
        if number % 2 and (backups := await it.transport.backups()):
            kind, known = JobKind.RESTORATION, {"backup_id": backups[0].id}
        job = attrs.evolve(it.job(kind, **known), id=str(number))
        try:
            async for event in it.transport.carry_out(job):
                log.append(f"{number} {it.setting.clock.now()} {event}")
        except ReprieveError as error:
            log.append(f"{number} {it.setting.clock.now()} {error!r}")

    async def main() -> None:
        await asyncio.gather(*(follow(number) for number in range(jobs)))

    asyncio.run(main())
    return log


def library_trace(scenario: Scenario) -> list[str]:
    """The life of a whole library on the Python API: everything that its observers see, and its results."""
    log: list[str] = []

    async def watch(job: reprieve.RunningJob[Any]) -> None:
        async for update in job:
            log.append(str(update))

    async def finish(job: reprieve.RunningJob[Any]) -> None:
        await watch(job)
        log.append(str(await job.settled()))

    async def main() -> None:
        async with reprieve.connect("offline:", scenario=scenario) as library:
            created = [await library.create_backup() for _ in range(3)]
            await asyncio.gather(*map(finish, created))
            for backup in (await library.backups())[:2]:
                restored = await library.restore(backup.id)
                watching = asyncio.create_task(watch(restored))
                await restored.cancel() if len(log) % 2 else await restored.settled()
                await watching
            for copy in await library.undo_copies():
                await finish(await library.revert(copy.id))
            log.extend(map(str, await library.backups()))
            log.extend(map(str, await library.undo_copies()))

    asyncio.run(main())
    return log


if __name__ == "__main__":
    played = Scenario.from_url(sys.argv[1])
    print(*trace(played), *library_trace(played), sep="\n")
