"""Several owners on one journal do whatever they like; a small model says what must come of it."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Coroutine
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import attrs
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, invariant, multiple, rule

from reprieve.core.errors import Conflict, IllegalTransition, OwnershipLost, Problem
from reprieve.core.job import Job, JobKind
from reprieve.core.journal import replay
from reprieve.core.lifecycle import JobState
from reprieve.core.messages import Cancel, Cancelled, Completed, Failed, Interrupted, Message, Noted, Start
from reprieve.core.ports import Claim, Entry
from reprieve.core.reducer import reduce
from reprieve.transports.local.home import Home
from reprieve.transports.local.journal import SqliteJournal

T = TypeVar("T")
NOW = datetime(2026, 11, 22, 14, 30, tzinfo=UTC)
PROBLEM = Problem("timedOut", "It took too long.", True)

MESSAGES: tuple[Message, ...] = (
    Start(NOW),
    Noted("step", {"n": 1}, at=NOW),
    Interrupted(PROBLEM, 1.0, NOW),
    Cancel(NOW),
    Cancelled(NOW),
    Completed(at=NOW),
    Failed(PROBLEM, NOW),
)


@attrs.define
class Kept:
    """What the model knows of one job."""

    job: Job
    claim: Claim
    owner: SqliteJournal
    active: bool = False
    cancel_asked: bool = False
    told: list[Message] = attrs.Factory(list)


class Journals(RuleBasedStateMachine):
    """Owners come and go; claims, good ones and stale ones, are used by whoever has them."""

    owners = Bundle("owners")
    claims = Bundle("claims")
    names = Bundle("names")

    def __init__(self) -> None:
        super().__init__()
        self._folder = tempfile.TemporaryDirectory()
        self._runner = asyncio.Runner()
        self._alive: list[SqliteJournal] = []
        self._kept: dict[str, Kept] = {}
        self._fence = 0

    def teardown(self) -> None:
        for journal in self._alive:
            self._do(journal.close())
        self._runner.close()
        self._folder.cleanup()

    @initialize(target=owners)
    def first_owner(self) -> SqliteJournal:
        return self._open()

    @rule(target=owners)
    def another_owner(self) -> SqliteJournal:
        return self._open()

    @rule(owner=consumes(owners))
    def an_owner_ends(self, owner: SqliteJournal) -> None:
        self._do(owner.close())
        self._alive.remove(owner)

    @rule(
        targets=(claims, names),
        owner=owners,
        kind=st.sampled_from(JobKind),
        database=st.sampled_from(["/one", "/two"]),
        key=st.none() | st.sampled_from(["k1", "k2"]),
    )
    def create(self, owner: SqliteJournal, kind: JobKind, database: str, key: str | None) -> Any:
        wanted = Job(f"j{len(self._kept)}", kind, database, NOW, idempotency_key=key)
        same = [kept for kept in self._kept.values() if key and kept.job.idempotency_key == key]
        if same:
            assert self._do(owner.create(wanted)) == (same[0].job, None)
            return multiple()
        rivals = [kept for kept in self._unsettled(database) if kept.job.kind is JobKind.RESTORATION]
        if rivals and kind is JobKind.RESTORATION:
            self._refused(owner.create(wanted), Conflict)
            return multiple()
        job, claim = self._do(owner.create(wanted))
        assert job == wanted and claim is not None and claim.fence > self._fence
        self._fence = claim.fence
        self._kept[job.id] = Kept(job, claim, owner)
        return claim

    @rule(owner=owners, claim=claims)
    def activate(self, owner: SqliteJournal, claim: Claim) -> None:
        kept = self._kept_of(claim)
        if kept.claim != claim:
            self._refused(owner.activate(claim), OwnershipLost)
            return
        before = [other for other in self._unsettled(kept.job.database) if other is not kept]
        must_wait = any(other.active or (self._first(other, kept) and self._lives(other)) for other in before)
        expected = kept.active or (not kept.job.final and not must_wait)
        assert self._do(owner.activate(claim)) == expected
        kept.active = expected

    @rule(owner=owners, claim=claims, message=st.sampled_from(MESSAGES))
    def tell(self, owner: SqliteJournal, claim: Claim, message: Message) -> None:
        kept = self._kept_of(claim)
        try:
            job, _ = reduce(kept.job, message)
        except IllegalTransition:
            return
        telling = owner.append(claim, (Entry(job, message),))
        works = job.state in (JobState.RUNNING, JobState.CANCELLING)
        if kept.claim != claim:
            self._refused(telling, OwnershipLost)
        elif works and any(other.active for other in self._unsettled(job.database) if other is not kept):
            self._refused(telling, Conflict)
        else:
            self._do(telling)
            kept.job = job
            kept.told.append(message)
            kept.active = not job.final and (kept.active or works)

    @rule(owner=owners, name=names)
    def ask_cancel(self, owner: SqliteJournal, name: Claim) -> None:
        kept = self._kept_of(name)
        assert self._do(owner.ask_cancel(kept.job.id)) == (not kept.job.final)
        kept.cancel_asked |= not kept.job.final

    @rule(target=claims, owner=owners, name=names)
    def claim(self, owner: SqliteJournal, name: Claim) -> Any:
        kept = self._kept_of(name)
        takeover = self._do(owner.claim(kept.job.id))
        if kept.job.final or (self._lives(kept) and kept.owner is not owner):
            assert takeover is None
            return multiple()
        assert takeover is not None and takeover.claim.fence > self._fence
        assert (takeover.job, takeover.cancel_asked) == (kept.job, kept.cancel_asked)
        self._fence = takeover.claim.fence
        kept.claim, kept.owner = takeover.claim, owner
        return takeover.claim

    @invariant()
    def everybody_sees_what_the_model_says(self) -> None:
        jobs = tuple(kept.job for kept in reversed(self._kept.values()))
        abandoned = tuple(
            kept.job for kept in self._kept.values() if not (kept.job.final or self._lives(kept))
        )
        for owner in self._alive:
            assert self._do(owner.jobs()) == jobs
            assert self._do(owner.abandoned()) == abandoned
            assert self._do(owner.asked_cancels()) == tuple(
                kept.job.id
                for kept in self._kept.values()
                if kept.owner is owner and kept.cancel_asked and not kept.job.final
            )

    @invariant()
    def one_job_is_active_on_a_database(self) -> None:
        for database in ("/one", "/two"):
            assert sum(kept.active for kept in self._unsettled(database)) <= 1

    @invariant()
    def the_lines_add_up_to_the_jobs(self) -> None:
        for owner in self._alive[:1]:
            for kept in self._kept.values():
                lines = self._do(owner.entries(job_id=kept.job.id))
                assert replay(lines) == kept.job
                assert [line.message for line in lines[1:]] == kept.told

    def _open(self) -> SqliteJournal:
        folder = Path(self._folder.name)
        journal = SqliteJournal(Home(folder, folder), heartbeat=60)
        self._do(journal.open())
        self._alive.append(journal)
        return journal

    def _do(self, work: Coroutine[Any, Any, T]) -> T:
        return self._runner.run(work)

    def _refused(self, work: Coroutine[Any, Any, Any], error: type[Exception]) -> None:
        try:
            self._do(work)
        except error:
            return
        raise AssertionError(f"This should have raised {error.__name__}.")

    def _kept_of(self, claim: Claim) -> Kept:
        return self._kept[claim.job_id]

    def _lives(self, kept: Kept) -> bool:
        return kept.owner in self._alive

    def _unsettled(self, database: str) -> list[Kept]:
        return [kept for kept in self._kept.values() if kept.job.database == database and not kept.job.final]

    def _first(self, one: Kept, other: Kept) -> bool:
        order = list(self._kept)
        return order.index(one.job.id) < order.index(other.job.id)


TestJournals = Journals.TestCase
TestJournals.settings = settings(max_examples=25, stateful_step_count=25, deadline=None)
