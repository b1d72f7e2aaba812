"""One job at a service: lost connections, cancels, streams that are closed, processes that die."""

from __future__ import annotations

import asyncio
import gc
from contextlib import aclosing
from datetime import UTC, datetime

import attrs
import pytest
from aiohttp import web

from reprieve.core.errors import OutcomeUnknown, TimedOut, TransportError
from reprieve.core.job import Backup, Job, JobKind
from reprieve.core.lifecycle import JobState, Outcome
from reprieve.core.messages import Cancel, Interrupted, Progressed
from reprieve.core.reducer import reduce
from reprieve.transports.contract import Trial
from reprieve.transports.pieces.following import Pursuit

from .conftest import Tried
from .doubles import Double, backup_called

TELLS = ("socket", "lines", "heartbeat")


async def begun(it: Trial, job: Job) -> Job:
    """The job as the journal has it once the service has begun with it; nobody listens to it any more."""
    async with aclosing(it.transport.carry_out(job)) as events:
        while job.step != "begun":
            job, _ = reduce(job, await anext(events))
        return job


# -- lost connections ----------------------------------------------------------------------------


@pytest.mark.parametrize("way", TELLS)
async def test_a_connection_that_is_lost_in_the_middle_is_made_good_by_looking(
    way: str, tried: Tried
) -> None:
    double = Double(ways=(way,), cut=2)
    async with double.serving() as address, tried(address) as it:
        job, _ = await it.follow(it.job())

        assert Outcome.COMPLETED == job.outcome
        assert 1 == len(double.began)
        assert 100.0 == job.percentage


@pytest.mark.parametrize("kind", list(JobKind))
@pytest.mark.parametrize("way", ["socket", "lines"])
async def test_an_answer_that_is_lost_is_not_asked_for_again(way: str, kind: JobKind, tried: Tried) -> None:
    double = Double(ways=(way,), cut=0)
    double.published["1_x"] = backup_called("1_x")
    async with double.serving() as address, tried(address) as it:
        with pytest.raises(OutcomeUnknown, match="not known; look"):
            await it.follow(it.job(kind, backup_id="1_x" if kind is JobKind.RESTORATION else None))

        assert 1 == len(double.began)


async def test_a_service_that_is_away_for_a_moment_is_waited_for(tried: Tried) -> None:
    double = Double(cut=1, hold=True)
    absences = 0

    async def away(request: web.Request) -> web.StreamResponse:
        nonlocal absences
        absences += 1
        if absences == 3:
            del double.instead["creation/status"]
            double.go.set()
        return web.Response(status=503)

    double.instead["creation/status"] = away
    async with double.serving() as address, tried(address) as it:
        job, _ = await it.follow(it.job())

        assert (Outcome.COMPLETED, 3, 1) == (job.outcome, absences, len(double.began))


async def test_a_service_that_stays_away_leaves_the_outcome_unknown(tried: Tried) -> None:
    double = Double(cut=1, hold=True)

    async def away(request: web.Request) -> web.StreamResponse:
        return web.Response(status=503)

    double.instead["creation/status"] = away
    async with double.serving() as address, tried(address, away_timeout=2.0) as it:
        with pytest.raises(OutcomeUnknown):
            await it.follow(it.job())


async def test_a_service_that_forgot_the_job_leaves_the_outcome_unknown(tried: Tried) -> None:
    double = Double(cut=1)

    async def forgot(request: web.Request) -> web.StreamResponse:
        return web.Response(status=404)

    double.instead["creation/status"] = forgot
    async with double.serving() as address, tried(address) as it:
        with pytest.raises(OutcomeUnknown, match="does not know of it"):
            await it.follow(it.job())


async def test_a_service_that_takes_nothing_on_is_asked_again_later(tried: Tried) -> None:
    double = Double()

    async def busy(request: web.Request) -> web.StreamResponse:
        return web.Response(status=503, text="Come back later.")

    double.instead["create/streamed"] = double.instead["create/streamed/websocket"] = busy
    async with double.serving() as address, tried(address) as it:
        job, told = await it.follow(it.job())
        double.instead.clear()
        again = attrs.evolve(job, state=JobState.RUNNING)
        again, _ = await it.follow(again)

        assert isinstance(told[-1], Interrupted)
        assert (True, "Come back later.") == (
            told[-1].problem.temporary,
            told[-1].problem.message.partition("says: ")[2],
        )
        assert Outcome.COMPLETED == again.outcome


async def test_an_attempt_that_takes_too_long_is_given_up_and_stopped(tried: Tried) -> None:
    double = Double(hold=True)
    async with double.serving() as address, tried(address, total_timeout=3.0) as it:
        with pytest.raises(TimedOut):
            await it.follow(it.job())

        assert ["CANCELED"] == [job.status for job in double.began]


@pytest.mark.parametrize("answers", [True, False])
async def test_what_takes_too_long_to_be_named_is_stopped_once_it_is_or_else_unknown(
    answers: bool, tried: Tried, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reprieve.transports.pieces.following.STOP_WITHIN", 5.0 if answers else 0.1)
    double = Double(hold=True)

    async def late(request: web.Request) -> web.StreamResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.receive()
        if answers:
            await asyncio.sleep(0.5)  # longer than the attempt may take
            await socket.send_str(double.begin("creation", None).told())
        await socket.receive()
        return socket

    double.instead["create/streamed/websocket"] = late
    async with double.serving() as address, tried(address, total_timeout=0.2) as it:
        with pytest.raises(TimedOut if answers else OutcomeUnknown):
            await it.follow(it.job())

        assert ["CANCELED"] * answers == [job.status for job in double.began]


# -- how it ends ---------------------------------------------------------------------------------


@pytest.mark.parametrize("way", TELLS)
async def test_a_failure_is_a_failure(way: str, tried: Tried) -> None:
    double = Double(ways=(way,), ends="FAILED")
    async with double.serving() as address, tried(address) as it:
        job, _ = await it.follow(it.job())

        assert (JobState.FAILED, TransportError.kind) == (job.state, job.error and job.error.kind)


async def test_the_sentence_of_a_failure_is_passed_on(tried: Tried) -> None:
    double = Double(ways=("blocking",), ends="FAILED")
    async with double.serving() as address, tried(address) as it:
        with pytest.raises(TransportError, match=r"says: The creation is FAILED\.$"):
            await it.follow(it.job())


async def test_a_web_socket_may_say_why_where_it_closes(tried: Tried) -> None:
    double = Double(ends="FAILED", reason="The disk is full.")
    async with double.serving() as address, tried(address) as it:
        job, _ = await it.follow(it.job())

        assert job.error is not None
        assert (TransportError.kind, f"{address} says: The disk is full.") == (
            job.error.kind,
            job.error.message,
        )


async def test_what_somebody_else_cancelled_has_failed_here(tried: Tried) -> None:
    double = Double(ends="CANCELED")
    async with double.serving() as address, tried(address) as it:
        job, _ = await it.follow(it.job())

        assert (JobState.FAILED, "cancelled") == (job.state, job.error and job.error.kind)


# -- cancels -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("cancel_at", [0, 1, 2, 3])
@pytest.mark.parametrize("kind", list(JobKind))
@pytest.mark.parametrize("way", TELLS)
async def test_a_cancel_reaches_the_service(way: str, kind: JobKind, cancel_at: int, tried: Tried) -> None:
    """Also one that comes before the service has named what there is to cancel."""
    double = Double(ways=(way,), hold=True)
    double.published["1_x"] = backup_called("1_x")
    async with double.serving() as address, tried(address) as it:
        asked = it.job(kind, backup_id="1_x" if kind is JobKind.RESTORATION else None)
        job, _ = await it.follow(asked, cancel_at=cancel_at)

        assert Outcome.CANCELLED == job.outcome
        assert ["CANCELED"] * len(double.began) == [job.status for job in double.began]


async def test_a_cancel_of_a_restoration_that_answers_only_at_its_end(tried: Tried) -> None:
    double = Double(ways=("blocking",), hold=True)
    double.published["1_x"] = backup_called("1_x")
    async with double.serving() as address, tried(address) as it:
        job, _ = await it.follow(it.job(JobKind.RESTORATION, backup_id="1_x"), cancel_at=2)

        assert Outcome.CANCELLED == job.outcome


async def test_a_cancel_that_comes_too_late_is_no_error(tried: Tried) -> None:
    double = Double(hold=True)

    async def too_late(request: web.Request) -> web.StreamResponse:
        double.go.set()
        return web.Response(status=500, text="It is too late to cancel.")

    double.instead["creation/cancel"] = too_late
    async with double.serving() as address, tried(address) as it:
        job, _ = await it.follow(it.job(), cancel_at=2)

        assert Outcome.COMPLETED == job.outcome


async def test_a_cancel_that_was_answered_is_not_given_again(tried: Tried) -> None:
    double = Double(hold=True)

    async def too_late(request: web.Request) -> web.StreamResponse:
        double.go.set()  # there are steps to come
        return web.Response(status=500, text="It is too late to cancel.")

    double.instead["creation/cancel"] = too_late
    async with double.serving() as address, tried(address) as it:
        job, told = await it.follow(it.job(), cancel_at=2)

        assert Outcome.COMPLETED == job.outcome
        assert 1 == sum("cancel" in asked for asked in double.heard)
        assert 2 < sum(isinstance(event, Progressed) for event in told)


async def test_nothing_is_kept_of_a_job_that_is_over(tried: Tried) -> None:
    async with Double().serving() as address, tried(address) as it:
        for _ in range(3):
            await it.follow(it.job())
        gc.collect()

        assert [] == [one for one in gc.get_objects() if type(one) is Pursuit]


async def test_a_cancel_that_is_not_answered_is_given_again(tried: Tried) -> None:
    double = Double(hold=True)

    async def unheard(request: web.Request) -> web.StreamResponse:
        del double.instead["creation/cancel"]
        assert request.transport is not None
        request.transport.abort()
        raise ConnectionResetError

    double.instead["creation/cancel"] = unheard
    async with double.serving() as address, tried(address) as it:
        job, _ = await it.follow(it.job(), cancel_at=2)

        assert (Outcome.CANCELLED, 1) == (job.outcome, double.began[0].cancels)


async def test_a_cancel_whose_first_answer_was_lost_finds_nothing_in_progress(tried: Tried) -> None:
    """It took effect, and the second one is a 500: how the job stands decides."""
    double = Double(hold=True)

    async def lost(request: web.Request) -> web.StreamResponse:
        del double.instead["creation/cancel"]
        await double.began[0].become("CANCELED", 30.0)
        assert request.transport is not None
        request.transport.abort()
        raise ConnectionResetError

    double.instead["creation/cancel"] = lost
    async with double.serving() as address, tried(address) as it:
        job, _ = await it.follow(it.job(), cancel_at=2)

        assert (Outcome.CANCELLED, 0) == (job.outcome, double.began[0].cancels)


@pytest.mark.parametrize("ends", ["CANCELED", "COMPLETED"])
@pytest.mark.parametrize("kind", list(JobKind))
@pytest.mark.parametrize("way", TELLS)
async def test_a_cancel_that_is_answered_before_its_end_is_followed_to_it(
    way: str, kind: JobKind, ends: str, tried: Tried
) -> None:
    """The status is IN-PROGRESS until all is undone, or proves too late."""
    double = Double(ways=(way,), hold=True, ends=ends)
    double.published["1_x"] = backup_called("1_x")

    async def answered_early(request: web.Request) -> web.StreamResponse:
        asyncio.get_running_loop().call_later(0.05, double.go.set)
        return web.Response(status=204)

    for path in ("creation/cancel", "restoration/cancel"):
        double.instead[path] = answered_early
    async with double.serving() as address, tried(address) as it:
        asked = it.job(kind, backup_id="1_x" if kind is JobKind.RESTORATION else None)
        job, _ = await it.follow(asked, cancel_at=2)

        expected = Outcome.CANCELLED if ends == "CANCELED" else Outcome.COMPLETED
        assert expected == job.outcome
        assert 1 == sum("cancel" in asked for asked in double.heard)


async def test_a_stream_that_is_closed_waits_for_a_cancel_that_was_answered_early(tried: Tried) -> None:
    double = Double(ways=("socket",), hold=True, ends="CANCELED")

    async def answered_early(request: web.Request) -> web.StreamResponse:
        asyncio.get_running_loop().call_later(0.05, double.go.set)
        return web.Response(status=204)

    double.instead["creation/cancel"] = answered_early
    async with double.serving() as address, tried(address) as it:
        await begun(it, it.job())

        assert ["CANCELED"] == [job.status for job in double.began]


async def test_a_cancel_that_is_refused_is_raised(tried: Tried) -> None:
    double = Double(hold=True)

    async def refused(request: web.Request) -> web.StreamResponse:
        return web.Response(status=403, text="Not you.")

    double.instead["creation/cancel"] = refused
    async with double.serving() as address, tried(address) as it:
        with pytest.raises(TransportError, match="Not you"):
            await it.follow(it.job(), cancel_at=2)


# -- closed streams and other processes ---------------------------------------------------------------


@pytest.mark.parametrize("way", TELLS)
async def test_a_stream_that_is_closed_stops_the_work(way: str, tried: Tried) -> None:
    double = Double(ways=(way,), hold=True)
    async with double.serving() as address, tried(address) as it:
        await begun(it, it.job())

        assert ["CANCELED"] == [job.status for job in double.began]


async def test_a_stream_that_is_closed_before_it_is_answered_stops_the_work_once_it_is(tried: Tried) -> None:
    double, asked, answers = Double(hold=True), asyncio.Event(), asyncio.Event()

    async def late(request: web.Request) -> web.StreamResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        asked.set()
        await answers.wait()
        await socket.send_str(double.begin("creation", None).told())
        await socket.receive()
        return socket

    double.instead["create/streamed/websocket"] = late
    async with double.serving() as address, tried(address) as it:
        events = it.transport.carry_out(it.job())
        await anext(events)
        listening = asyncio.ensure_future(anext(events))
        await asked.wait()
        listening.cancel()
        answers.set()
        await asyncio.wait((listening,))

        assert ["CANCELED"] == [job.status for job in double.began]


async def test_a_recovery_follows_what_goes_on_and_can_be_closed_without_harm(tried: Tried) -> None:
    double = Double(hold=True)
    async with double.serving() as address, tried(address) as it, tried(address) as other:
        job = it.job()
        events = it.transport.carry_out(job)
        while job.step != "begun":
            job, _ = reduce(job, await anext(events))
        recovery = other.transport.recover(job)
        await anext(recovery)
        await recovery.aclose()
        double.go.set()
        job, _ = await other.follow(job, other.transport.recover(job))

        assert (Outcome.COMPLETED, 0) == (job.outcome, double.began[0].cancels)
        await events.aclose()


async def test_a_recovery_cancels_what_was_to_be_cancelled(tried: Tried) -> None:
    double = Double(hold=True)
    async with double.serving() as address, tried(address) as it:
        left = double.begin("creation", None)
        job = _begun_with(it, left.backup["id"])
        job, _ = reduce(job, Cancel())

        job, _ = await it.follow(job, it.transport.recover(job))

        assert (Outcome.CANCELLED, "CANCELED") == (job.outcome, left.status)


@pytest.mark.parametrize(
    ("ends", "state"),
    [("COMPLETED", JobState.DONE), ("FAILED", JobState.FAILED), ("CANCELED", JobState.FAILED)],
)
async def test_a_recovery_tells_how_it_ended_meanwhile(ends: str, state: JobState, tried: Tried) -> None:
    double = Double(ends=ends)
    async with double.serving() as address, tried(address) as it:
        left = double.begin("creation", None)
        await left.ended()
        job = _begun_with(it, left.backup["id"])

        job, _ = await it.follow(job, it.transport.recover(job))

        assert state is job.state


@pytest.mark.parametrize("state", [JobState.RUNNING, JobState.CANCELLING])
async def test_what_was_asked_for_and_not_answered_is_unknown(state: JobState, tried: Tried) -> None:
    async with Double().serving() as address, tried(address) as it:
        job = attrs.evolve(it.job(), state=state, step="asked")

        job, _ = await it.follow(job, it.transport.recover(job))

        assert (JobState.FAILED, OutcomeUnknown.kind) == (job.state, job.error and job.error.kind)


async def test_another_attempt_goes_on_with_what_the_first_began(tried: Tried) -> None:
    """A detached creation, taken up by a process that lives long: it is not begun twice."""
    double = Double(hold=True)
    async with double.serving() as address, tried(address) as it:
        left = double.begin("creation", None)
        double.go.set()
        job = attrs.evolve(_begun_with(it, left.backup["id"]), attempt=2)

        job, _ = await it.follow(job)

        assert (Outcome.COMPLETED, left.backup["id"]) == (job.outcome, job.backup and job.backup.id)
        assert [left] == double.began


def _begun_with(it: Trial, backup_id: str) -> Job:
    """A job whose process died after the service had named its backup."""
    at = datetime(2026, 11, 22, tzinfo=UTC)
    backup = Backup(backup_id, "1", "x", at, 0, it.transport.database, "", "UNKNOWN")
    return attrs.evolve(it.job(), step="begun", backup=backup)
