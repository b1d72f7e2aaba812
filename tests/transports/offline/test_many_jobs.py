"""Ten thousand simulated jobs, each on a database of its own, run to their ends in virtual time."""

import asyncio
import os

import attrs

from reprieve.core.job import Job, JobKind
from reprieve.core.lifecycle import Outcome
from reprieve.core.orchestrator import Orchestrator
from reprieve.core.ports import Transport
from reprieve.core.request import Request
from reprieve.transports.offline.draws import stream
from reprieve.transports.offline.memory_journal import MemoryJournal
from reprieve.transports.offline.scenario import Scenario
from reprieve.transports.offline.transport import OfflineTransport
from reprieve.transports.offline.virtual_time import VirtualClock
from reprieve.transports.offline.world import OfflineWorld

JOBS = int(os.environ.get("REPRIEVE_JOBS", "10000"))
AT_ONCE = 100
DURATION = 4
SCENARIO = Scenario(seed=1, ticks=100, size=DURATION * 1000, rate=1000)


async def abandoned(job: Job) -> Transport:
    raise AssertionError("Nobody has left a job behind.")


async def test_many_jobs_run_to_their_ends() -> None:
    clock = VirtualClock()
    world = OfflineWorld(SCENARIO, clock.now())
    orchestrator = Orchestrator(MemoryJournal(), clock, abandoned, limit=AT_ONCE, random=stream(1, "core"))
    await orchestrator.open()

    async def run(number: int) -> Job:
        scenario = attrs.evolve(SCENARIO, database=f"database {number}")
        job = await orchestrator.submit(Request(JobKind.CREATION), OfflineTransport(scenario, clock, world))
        return await orchestrator.wait(job.id)

    jobs = await asyncio.gather(*(run(number) for number in range(JOBS)))
    await orchestrator.close()

    assert {(Outcome.COMPLETED, 100.0, SCENARIO.size)} == {
        (job.outcome, job.percentage, job.progress.done) for job in jobs
    }
    assert JOBS == len({job.backup.id for job in jobs if job.backup})
    assert JOBS / AT_ONCE * DURATION <= clock.monotonic() + 1e-6
