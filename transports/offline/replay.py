"""ReplayTransport: a recording that is played again, with its events at the same offsets.

The n-th creation gets what the n-th recorded creation told, and a call what the same call answered; an
error that was recorded is raised again. A cancel is the one thing that can go otherwise: a job that was not
cancelled in the recording follows the scenario's rules for cancels.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Mapping
from typing import Any

from ...core.errors import RemoteProtocolError
from ...core.job import AssetVersion, Backup, Job, UndoCopy
from ...core.messages import Cancelled
from ...core.operations import Operation
from ...core.ports import Events
from ..clock import AlarmClock
from ..recording import Answer, Recording, Stream, arguments_of, subject_of
from .cancellation import NEVER, Cancellation
from .parameters import problem
from .scenario import Scenario


class ReplayTransport:
    """What another transport told and answered, again. `scenario` says how cancels go."""

    def __init__(self, recording: Recording, scenario: Scenario, clock: AlarmClock) -> None:
        self._recording = recording
        self._scenario = scenario
        self._clock = clock
        self._streams: defaultdict[tuple[str, str], deque[Stream]] = defaultdict(deque)
        self._answers: defaultdict[tuple[str, str], deque[Answer]] = defaultdict(deque)
        self._playing: dict[str, _Playing] = {}
        for stream in recording.streams:
            self._streams[stream.call, stream.subject].append(stream)
        for answer in recording.answers:
            self._answers[answer.call, answer.arguments].append(answer)

    @property
    def operations(self) -> frozenset[Operation]:
        """Those that were there when it was recorded."""
        return self._recording.operations

    @property
    def database(self) -> str:
        """The one that was recorded."""
        return self._recording.database

    async def open(self) -> None:
        """As it went then."""
        if self._answers["open", arguments_of()]:
            await self._answer("open")

    async def close(self) -> None:
        """Nothing to let go of."""

    def carry_out(self, job: Job) -> Events:
        """The next recorded job of this kind. Raises RemoteProtocolError when there is none left."""
        return self._play("carry_out", job)

    def recover(self, job: Job) -> Events:
        """The next recorded recovery of this kind. Raises RemoteProtocolError when there is none left."""
        return self._play("recover", job)

    async def abort(self, job: Job) -> None:
        """As the scenario says."""
        scenario = self._scenario
        if scenario.refuse_cancel is not None:
            raise problem(scenario.refuse_cancel, "The replayed service refused to cancel.").error()
        playing = self._playing.get(job.id)
        if playing and (playing.was_cancelled or not scenario.complete_despite_cancel):
            playing.cancel(scenario.cancel_delay)

    async def backups(self) -> tuple[Backup, ...]:
        """As recorded."""
        answer: tuple[Backup, ...] = await self._answer("backups")
        return answer

    async def other_backups(self) -> int:
        """Not recorded."""
        return 0

    async def backup(self, backup_id: str) -> Backup:
        """As recorded."""
        answer: Backup = await self._answer("backup", backup_id)
        return answer

    async def delete(self, backup_id: str) -> None:
        """As recorded."""
        await self._answer("delete", backup_id)

    async def undo_copies(self) -> tuple[UndoCopy, ...]:
        """As recorded."""
        answer: tuple[UndoCopy, ...] = await self._answer("undo_copies")
        return answer

    async def forget_undo(self, undo_id: str) -> None:
        """As recorded."""
        await self._answer("forget_undo", undo_id)

    async def keep_assets(self, documents: tuple[Mapping[str, object], ...]) -> tuple[AssetVersion, ...]:
        """As recorded."""
        answer: tuple[AssetVersion, ...] = await self._answer("keep_assets", documents)
        return answer

    async def assets(self) -> tuple[AssetVersion, ...]:
        """As recorded."""
        answer: tuple[AssetVersion, ...] = await self._answer("assets")
        return answer

    async def asset(self, asset_id: str, version: int | None = None) -> dict[str, object]:
        """As recorded."""
        answer: dict[str, object] = await self._answer("asset", asset_id, version)
        return answer

    async def asset_history(self, asset_id: str) -> tuple[AssetVersion, ...]:
        """As recorded."""
        answer: tuple[AssetVersion, ...] = await self._answer("asset_history", asset_id)
        return answer

    async def _answer(self, call: str, *arguments: object) -> Any:
        """What the same call answered then; once there are no more answers, the last one again."""
        answers = self._answers[call, arguments_of(*arguments)]
        if not answers:
            raise RemoteProtocolError(
                f"The recording has no answer to {call}{arguments_of(*arguments)}; record that call too."
            )
        answer = answers[0] if len(answers) == 1 else answers.popleft()
        if answer.took:
            await self._clock.sleep(answer.took)
        if answer.error is not None:
            raise answer.error.error()
        return answer.result

    async def _play(self, call: str, job: Job) -> Events:
        playing = self._playing[job.id] = _Playing(self._next(call, subject_of(job)), self._clock)
        taken: bool | None = None
        for told in playing.stream.told:
            if await playing.until(told.at):
                yield Cancelled()
                return
            if isinstance(told.event, Cancelled):
                await playing.cancelled()  # told only if somebody cancels this time too
            taken = yield told.event
            if taken:
                return
        if taken is False:
            playing.cancel(self._scenario.cancel_delay)
            await playing.cancelled()
            yield Cancelled()
        elif playing.stream.error is not None:
            if await playing.until(playing.stream.lasted):
                yield Cancelled()
            else:
                raise playing.stream.error.error()

    def _next(self, call: str, subject: str) -> Stream:
        streams = self._streams[call, subject]
        if not streams:
            raise RemoteProtocolError(f"The recording has no further {subject} ({call}); record one more.")
        return streams.popleft()


class _Playing:
    """One recorded stream that is being played, from now on."""

    def __init__(self, stream: Stream, clock: AlarmClock) -> None:
        self.stream = stream
        self._clock = clock
        self._began = clock.monotonic()
        self._cancellation = Cancellation(clock)
        self._was_cancelled_at = next(
            (told.at for told in stream.told if isinstance(told.event, Cancelled)), None
        )

    @property
    def was_cancelled(self) -> bool:
        """Whether it was cancelled when it was recorded."""
        return self._was_cancelled_at is not None

    def cancel(self, delay: float) -> None:
        """Cancel it: when it was cancelled then, if it was; otherwise in `delay` seconds."""
        if self._was_cancelled_at is not None:
            delay = max(0.0, self._left(self._was_cancelled_at))
        self._cancellation.ask(delay)

    async def until(self, at: float) -> bool:
        """Wait for `at` seconds after the beginning; True if a cancel is to be acknowledged first."""
        return await self._cancellation.wait(self._left(at))

    async def cancelled(self) -> None:
        """Wait until a cancel is to be acknowledged."""
        await self._cancellation.wait(NEVER)

    def _left(self, at: float) -> float:
        return self._began + at - self._clock.monotonic()
