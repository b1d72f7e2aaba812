"""Recording and replay: what one transport told is told again, at the same offsets, errors included."""

import json
from pathlib import Path

import pytest

from reprieve.core.errors import (
    InvalidRequest,
    NotFound,
    RemoteProtocolError,
    ReprieveError,
    StorageFull,
    Unreachable,
)
from reprieve.core.job import Job, JobKind
from reprieve.core.lifecycle import Outcome
from reprieve.core.messages import Cancelled, Completed, Event, Failed
from reprieve.transports.contract import Setting, Trial
from reprieve.transports.offline.replay import ReplayTransport
from reprieve.transports.offline.scenario import Scenario
from reprieve.transports.offline.transport import OfflineTransport
from reprieve.transports.offline.virtual_time import VirtualClock
from reprieve.transports.recording import Recording, RecordingTransport

SCENARIO = Scenario(seed=5, ticks=4, latency=0.5, jitter=0.25, backups=Scenario.of({"backups": 2}).backups)


def recorder(path: Path, scenario: Scenario = SCENARIO) -> tuple[Trial, RecordingTransport]:
    clock = VirtualClock()
    transport = RecordingTransport(OfflineTransport(scenario, clock), clock, path)
    return Trial(Setting(lambda: transport, clock), transport), transport


def replayer(path: Path, scenario: Scenario | None = None) -> Trial:
    clock = VirtualClock()
    transport = ReplayTransport(Recording.load(path), scenario or Scenario(), clock)
    return Trial(Setting(lambda: transport, clock), transport)


async def timed(it: Trial, job: Job) -> list[tuple[float, Event]]:
    """What is told, and when, counted from the first question."""
    began = it.setting.clock.monotonic()
    return [
        (round(it.setting.clock.monotonic() - began, 9), event) async for event in it.transport.carry_out(job)
    ]


async def test_events_come_again_at_the_same_offsets(tmp_path: Path) -> None:
    path = tmp_path / "recording.json"
    it, transport = recorder(path)
    await transport.open()
    (old, _) = await transport.backups()
    jobs = [it.job(), it.job(JobKind.RESTORATION, backup_id=old.id), it.job()]
    recorded = [await timed(it, job) for job in jobs]
    await transport.close()

    again = replayer(path)

    assert recorded == [await timed(again, job) for job in jobs]


async def test_calls_answer_as_they_did_and_take_as_long(tmp_path: Path) -> None:
    path = tmp_path / "recording.json"
    _, transport = recorder(path)
    await transport.open()
    backups = await transport.backups()
    kept = await transport.keep_assets(({"id": "a", "parts": [1, None]},))
    document = await transport.asset("a")
    await transport.delete(backups[0].id)
    fewer = await transport.backups()
    with pytest.raises(NotFound, match="no backup"):
        await transport.backup(backups[0].id)
    await transport.close()

    again = replayer(path)
    await again.transport.open()

    assert backups == await again.transport.backups()
    assert kept == await again.transport.keep_assets(({"id": "a", "parts": [1, None]},))
    assert document == await again.transport.asset("a")
    await again.transport.delete(backups[0].id)
    assert fewer == await again.transport.backups()
    assert fewer == await again.transport.backups()
    with pytest.raises(NotFound, match="no backup"):
        await again.transport.backup(backups[0].id)
    assert again.setting.clock.monotonic() > 8 * SCENARIO.latency


@pytest.mark.parametrize(
    ("scenario", "error"),
    [(Scenario(refuse="temporary"), Unreachable), (Scenario(refuse="storageFull"), StorageFull)],
)
async def test_an_error_is_raised_again(
    tmp_path: Path, scenario: Scenario, error: type[ReprieveError]
) -> None:
    path = tmp_path / "recording.json"
    it, transport = recorder(path, scenario)
    with pytest.raises(error) as recorded:
        await timed(it, it.job())
    await transport.close()

    again = replayer(path)
    with pytest.raises(error) as replayed:
        await timed(again, again.job())

    assert str(recorded.value) == str(replayed.value)
    assert recorded.value.temporary == replayed.value.temporary


async def test_a_failure_is_told_again(tmp_path: Path) -> None:
    path = tmp_path / "recording.json"
    it, transport = recorder(path, Scenario(ticks=4, fail_at=0.5, fail="storageFull"))
    recorded = await timed(it, it.job())
    await transport.close()

    assert isinstance(recorded[-1][1], Failed)
    assert recorded == await timed(replayer(path), it.job())


async def test_a_cancel_follows_the_scenario(tmp_path: Path) -> None:
    path = tmp_path / "recording.json"
    it, transport = recorder(path)
    await timed(it, it.job())
    await timed(it, it.job())
    await transport.close()

    cancelled = replayer(path, Scenario(cancel_delay=0.1))
    ended, told = await cancelled.follow(cancelled.job(), cancel_at=2)
    deaf = replayer(path, Scenario(complete_despite_cancel=True))
    completed, _ = await deaf.follow(deaf.job(), cancel_at=2)

    assert (Outcome.CANCELLED, Cancelled()) == (ended.outcome, told[-1])
    assert Outcome.COMPLETED == completed.outcome


async def test_a_recorded_cancel_comes_again_only_if_somebody_cancels(tmp_path: Path) -> None:
    path = tmp_path / "recording.json"
    it, transport = recorder(path, Scenario(ticks=10, cancel_delay=1.5))
    _, recorded = await it.follow(it.job(), cancel_at=3)
    at = it.setting.clock.monotonic()
    await transport.close()

    again = replayer(path)
    ended, told = await again.follow(again.job(), cancel_at=3)

    assert Outcome.CANCELLED == ended.outcome
    assert recorded == told
    assert at == pytest.approx(again.setting.clock.monotonic())


async def test_an_offer_is_answered_anew(tmp_path: Path) -> None:
    path = tmp_path / "recording.json"
    it, transport = recorder(path)
    (old, _) = await transport.backups()
    job = it.job(JobKind.RESTORATION, backup_id=old.id)
    await it.follow(job)
    await transport.close()

    again = replayer(path)
    events = again.transport.carry_out(job)
    _, offer = await again.advance(job, events, to_the_end=True)

    assert isinstance(offer, Completed)
    assert Cancelled() == await events.asend(False)


async def test_what_was_not_recorded_is_said(tmp_path: Path) -> None:
    path = tmp_path / "recording.json"
    _, transport = recorder(path)
    await transport.close()
    it = replayer(path)

    with pytest.raises(RemoteProtocolError, match="no further creation"):
        await timed(it, it.job())
    with pytest.raises(RemoteProtocolError, match="no answer to backups"):
        await it.transport.backups()


def test_a_recording_comes_back_from_its_file(tmp_path: Path) -> None:
    recording = Recording("db", frozenset(), [], [])

    recording.save(tmp_path / "r.json")

    assert recording == Recording.load(tmp_path / "r.json")


GOOD = {"format": "reprieve recording", "version": 1, "database": "d", "operations": [], "answers": []}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "not JSON"),
        ("[]", "not a recording"),
        ('{"format": "another"}', "not a recording"),
        ({**GOOD, "version": 9}, "version 9"),
        ({**GOOD, "streams": [{"call": "carry_out"}]}, "makes no sense"),
        ({**GOOD, "streams": [], "operations": ["fly"]}, "makes no sense"),
        ({**GOOD, "streams": [], "answers": [{"call": "fly"}]}, "makes no sense"),
        (
            {
                **GOOD,
                "streams": [
                    {
                        "call": "carry_out",
                        "subject": "creation",
                        "told": [{"at": 0, "what": "start", "event": {}}],
                    }
                ],
            },
            "makes no sense",
        ),
        (
            {
                **GOOD,
                "streams": [
                    {
                        "call": "carry_out",
                        "subject": "creation",
                        "told": [{"at": -1, "what": "cancelled", "event": {}}],
                    }
                ],
            },
            "makes no sense",
        ),
    ],
)
def test_a_file_that_is_no_recording_is_refused(tmp_path: Path, content: object, said: str) -> None:
    path = tmp_path / "recording.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content))

    with pytest.raises(InvalidRequest, match=said):
        Recording.load(path)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidRequest, match="cannot be read"):
        Recording.load(tmp_path / "none.json")
