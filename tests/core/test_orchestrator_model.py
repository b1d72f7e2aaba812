"""Orchestrators under Hypothesis, against a small model: two processes on one journal, crashes and restarts.

The model knows only what the table and the rules of turns say: which jobs there are, what may be true of
each, and what each step may make of it. The transports do what the rules tell them, one event at a time.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

import attrs
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, multiple, rule

from reprieve.core.errors import (
    Conflict,
    IllegalTransition,
    Problem,
    StorageError,
    TooLate,
)
from reprieve.core.job import Job, JobKind, Progress
from reprieve.core.lifecycle import OUTCOMES, JobState, Outcome
from reprieve.core.messages import Cancelled, Completed, Event, Failed, Interrupted, Noted, Progressed
from reprieve.core.ports import Events
from reprieve.core.reducer import reduce
from reprieve.core.request import Request
from reprieve.core.retry import RetryPolicy
from tests.core.doubles import JumpingClock, Process, ScriptedTransport, World, a_backup

DATABASES = ("a", "b")
TEMPORARY = Problem("worker", "The worker died.", temporary=True)
EVENTS: tuple[Event, ...] = (
    Progressed(Progress("copy", 3, 4)),
    Noted("step", {"seen": 1}),
    Completed(a_backup()),
    Completed(a_backup(), revocable=True),
    Cancelled(),
    Failed(Problem("storageFull", "There is no room left.")),
    Interrupted(TEMPORARY),
    Interrupted(Problem("worker", "The worker died.")),
)


class OnCommand:
    """What the transports of one job wait for: the next event that a rule gives."""

    def __init__(self) -> None:
        self.events: dict[str, asyncio.Queue[Event]] = {}

    async def script(self, transport: ScriptedTransport, job: Job) -> Events:
        queue = self.events[job.id] = asyncio.Queue()
        try:
            taken = None
            while not taken:
                taken = yield await queue.get()
        finally:
            if self.events.get(job.id) is queue:
                del self.events[job.id]


@attrs.frozen
class Modelled:
    """What the model knows of a job: what it was asked for as."""

    kind: JobKind
    database: str
    key: str | None


class TwoProcesses(RuleBasedStateMachine):
    """Rules ask, cancel, let transports tell, crash, restart, let writes fail; invariants hold after each."""

    jobs = Bundle("jobs")

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.world = World()
        self.clock = JumpingClock(quiet_rounds=60)
        self.at_work = OnCommand()
        self.model: dict[str, Modelled] = {}
        self.processes = [self.run(self.started()), self.run(self.started())]

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self.loop.run_until_complete(asyncio.wait_for(work, 60))

    async def started(self) -> Process:
        transport = ScriptedTransport(self.at_work.script)
        process = Process(
            transport, self.world, self.clock, shared=True, retry=RetryPolicy(3, first=0.05, longest=0.05)
        )
        await process.orchestrator.open()
        return process

    async def settle_down(self) -> None:
        """Let everybody do what they will without another event: half a second of their time."""
        await self.clock.sleep(0.5)

    # -- rules -------------------------------------------------------------------------------

    @rule(
        target=jobs,
        which=st.integers(0, 1),
        kind=st.sampled_from(JobKind),
        database=st.sampled_from(DATABASES),
        key=st.sampled_from([None, None, "k1", "k2"]),
    )
    def ask(self, which: int, kind: JobKind, database: str, key: str | None) -> Any:
        process = self.processes[which]
        transport = ScriptedTransport(self.at_work.script, database=database, log=self.world.log)
        request = Request(kind, backup_id="b1" if kind is JobKind.RESTORATION else None, idempotency_key=key)
        found = {job_id for job_id, one in self.model.items() if key is not None and one.key == key}
        restores = any(
            one.kind is kind is JobKind.RESTORATION
            and one.database == database
            and not self.world.kept[job_id].job.final
            for job_id, one in self.model.items()
        )
        try:
            job = self.run(process.orchestrator.submit(request, transport))
        except Conflict:
            same = [self.model[job_id] for job_id in found]
            assert restores or [one for one in same if (one.kind, one.database) != (kind, database)]
            return multiple()
        assert not found or {job.id} == found
        assert found or not restores
        self.model[job.id] = self.model.get(job.id, Modelled(kind, database, key))
        self.run(self.settle_down())
        return job.id

    @rule(which=st.integers(0, 1), job_id=jobs)
    def cancel(self, which: int, job_id: str) -> None:
        before = self.world.kept[job_id].job
        try:
            self.run(self.processes[which].orchestrator.ask_cancel(job_id))
        except TooLate:
            assert Outcome.COMPLETED == before.outcome
        except IllegalTransition:
            assert JobState.FAILED == before.state
        else:
            self.run(self.settle_down())
            after = self.world.kept[job_id].job
            assert JobState.CANCELLING == after.state or Outcome.CANCELLED == after.outcome

    @rule(job_id=jobs, event=st.sampled_from(EVENTS))
    def tell(self, job_id: str, event: Event) -> None:
        """A transport tells something, which may make no sense; the job takes it, or fails for it."""
        if job_id not in self.at_work.events:
            return
        before = self.world.kept[job_id].job
        self.at_work.events[job_id].put_nowait(event)
        self.run(self.settle_down())
        after = self.world.kept[job_id].job
        if (before.state, event.trigger) not in OUTCOMES:
            assert after.error is not None
            assert (JobState.FAILED, "remoteProtocol") == (after.state, after.error.kind)
        elif isinstance(event, Completed) and event.revocable:
            declined = before.state is JobState.CANCELLING
            assert ("cancelling" if declined else "done") == after.state
        elif isinstance(event, Interrupted) and before.state is JobState.CANCELLING:
            assert Outcome.CANCELLED == after.outcome
        elif isinstance(event, Interrupted):
            again = event.problem.temporary and before.attempt < 3
            assert (again, again) == (after.state is JobState.RUNNING, after.attempt > before.attempt)
        else:
            assert reduce(before, event)[0].state == after.state

    @rule(which=st.integers(0, 1))
    def crash_and_restart(self, which: int) -> None:
        """What the dead process owned is settled by the other, or by its successor, and not begun again."""
        process = self.processes[which]
        owned = [
            job_id
            for job_id, kept in self.world.kept.items()
            if kept.claim.owner == process.journal.owner and not kept.job.final
        ]
        before = {job_id: self.world.kept[job_id].job for job_id in owned}
        begun = sum(what[0] == "carry_out" and what[1] in owned for what in self.world.log)
        self.run(process.crash())
        self.processes[which] = self.run(self.started())
        for job_id in owned:
            job = self.world.kept[job_id].job
            cancelled = before[job_id].state is JobState.CANCELLING or self.world.kept[job_id].cancel_asked
            assert (JobState.DONE if cancelled else JobState.FAILED) == job.state
        assert begun == sum(what[0] == "carry_out" and what[1] in owned for what in self.world.log)
        self.run(self.settle_down())

    @rule(which=st.integers(0, 1))
    def close_and_reopen(self, which: int) -> None:
        process = self.processes[which]
        owner = process.journal.owner
        owned = [job_id for job_id, kept in self.world.kept.items() if kept.claim.owner == owner]

        async def close() -> None:
            closing = asyncio.create_task(process.orchestrator.close())
            while not closing.done():
                await self.clock.sleep(0.1)
                for job_id in owned:
                    if job_id in self.at_work.events:
                        self.at_work.events[job_id].put_nowait(Cancelled())
            await closing

        self.run(close())
        assert all(self.world.kept[job_id].job.final for job_id in owned)
        self.processes[which] = self.run(self.started())
        self.run(self.settle_down())

    @rule(
        which=st.integers(0, 1),
        job_id=jobs,
        deed=st.sampled_from(["ask", "cancel", "tell"]),
        event=st.sampled_from(EVENTS),
        nth=st.integers(1, 4),
        lost=st.booleans(),
    )
    def meet_trouble(self, which: int, job_id: str, deed: str, event: Event, nth: int, lost: bool) -> None:
        """A write fails, before it was made or after; a few seconds later all is settled."""
        process = self.processes[which]
        at = process.journal.writes + nth
        setattr(process.journal, "lose_at" if lost else "fail_at", range(at, at + 1))
        one = self.model[job_id]
        try:
            if deed == "ask":
                transport = ScriptedTransport(self.at_work.script, database=one.database, log=self.world.log)
                request = Request(one.kind, backup_id="b1" if one.kind is JobKind.RESTORATION else None)
                self.run(process.orchestrator.submit(request, transport))
            elif deed == "cancel":
                self.run(process.orchestrator.ask_cancel(job_id))
            elif job_id in self.at_work.events:
                self.at_work.events[job_id].put_nowait(event)
        except (Conflict, IllegalTransition, StorageError, TooLate):
            pass
        self.run(self.clock.sleep(4.0))
        process.journal.lose_at = process.journal.fail_at = range(0)
        for new in self.world.kept.keys() - self.model.keys():
            self.model[new] = Modelled(self.world.kept[new].job.kind, one.database, None)

    # -- what always holds -------------------------------------------------------------------

    @invariant()
    def one_active_job_on_a_database(self) -> None:
        active = [
            kept.job for kept in self.world.kept.values() if kept.job.state in ("running", "cancelling")
        ]
        assert len({job.database for job in active}) == len(active)

    @invariant()
    def nobody_idles_on_a_free_database(self) -> None:
        """A job that waits has one before it that is not settled."""
        for database in DATABASES:
            unsettled = [
                kept.job
                for kept in self.world.kept.values()
                if kept.job.database == database and not kept.job.final
            ]
            assert not unsettled or any(job.state is not JobState.IDLE for job in unsettled)

    @invariant()
    def every_unsettled_job_has_a_process_that_speaks_for_it(self) -> None:
        for job_id, kept in self.world.kept.items():
            owners = [one for one in self.processes if one.journal.owner == kept.claim.owner]
            assert kept.job.final or [True] == [job_id in one.orchestrator._runs for one in owners]

    @invariant()
    def the_journal_is_a_fold_of_its_messages(self) -> None:
        jobs: dict[str, Job] = {}
        for line in self.world.lines:
            if line.message is None:
                assert line.job.id not in jobs
                jobs[line.job.id] = line.job
            else:
                folded, _ = reduce(jobs[line.job.id], line.message)
                seen = attrs.evolve(folded, progress=line.job.progress, percentage=line.job.percentage)
                assert line.job == seen
                assert folded.percentage <= line.job.percentage
                jobs[line.job.id] = line.job

    def teardown(self) -> None:
        for process in self.processes:
            self.run(process.crash())
        self.run(self.clock.stop())
        left = asyncio.all_tasks(self.loop)
        self.loop.close()
        assert not left, left


TestTwoProcesses = TwoProcesses.TestCase
TestTwoProcesses.settings = settings(max_examples=15, stateful_step_count=25, deadline=None)
