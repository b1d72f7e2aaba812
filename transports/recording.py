"""Record what a transport tells and answers, into a JSON file that `offline:?replay=FILE` plays again.

RecordingTransport wraps any transport and changes nothing of it. Recording is the file as a value. It knows
the port and the core's records (core/journal.py), no transport, and not how a recording is played.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Mapping
from contextlib import aclosing
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import attrs

from ..core.errors import InvalidRequest, Problem, ReprieveError, StorageError
from ..core.job import AssetVersion, Backup, Job, UndoCopy
from ..core.journal import message_of, name_of, to_record
from ..core.messages import Cancel, Event, Start
from ..core.operations import Operation
from ..core.ports import Clock, Events, Transport

if TYPE_CHECKING:
    from cattrs.preconf.json import JsonConverter

FORMAT, VERSION = "reprieve recording", 1

T = TypeVar("T")


@attrs.frozen
class Told:
    """One event, and how many seconds after its stream began it was told."""

    at: float
    event: Event


@attrs.define
class Stream:
    """What was told of one job: `call` is `carry_out` or `recover`; `subject` what the job was to do.

    `error` is what was raised out of it, `lasted` the seconds from its beginning to its end.
    """

    call: str
    subject: str
    told: list[Told] = attrs.field(factory=list)
    error: Problem | None = None
    lasted: float = 0.0


@attrs.frozen
class Answer:
    """One call, its arguments as JSON, the seconds that it took, and its result or its error."""

    call: str
    arguments: str
    took: float
    result: Any = None
    error: Problem | None = None


@attrs.define
class Recording:
    """Everything that a transport told and answered, in order."""

    database: str
    operations: frozenset[Operation]
    streams: list[Stream] = attrs.field(factory=list)
    answers: list[Answer] = attrs.field(factory=list)

    def save(self, path: str | Path) -> None:
        """Write it into a file. Raises StorageError."""
        content = {"format": FORMAT, "version": VERSION, **_converter().unstructure(self)}
        try:
            Path(path).write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", "utf-8")
        except OSError as error:
            raise StorageError(
                f"The recording {path} cannot be written: {error.strerror}. Choose another file for it."
            ) from error

    @classmethod
    def load(cls, path: str | Path) -> Recording:
        """Read it from a file. Raises InvalidRequest for a file that is none."""
        try:
            content = json.loads(Path(path).read_text("utf-8"))
        except OSError as error:
            raise InvalidRequest(f"The recording {path} cannot be read: {error.strerror}.") from error
        except ValueError as error:
            raise InvalidRequest(f"The recording {path} is not JSON: {error}.") from error
        if not isinstance(content, dict) or content.get("format") != FORMAT:
            raise InvalidRequest(f"{path} is not a recording; make one with RecordingTransport.")
        if content.get("version") != VERSION:
            raise InvalidRequest(
                f"The recording {path} has version {content.get('version')!r}; this program reads {VERSION}. "
                "Record it again."
            )
        return _structured(path, content)


def subject_of(job: Job) -> str:
    """What a job is to do, in one word: creation, restoration or revert."""
    return "revert" if job.reverts else job.kind.value


def arguments_of(*arguments: object) -> str:
    """The arguments of a call, so that two calls can be compared."""
    return json.dumps(arguments, ensure_ascii=False, sort_keys=True)


RESULTS: dict[str, Any] = {
    "open": None,
    "backups": tuple[Backup, ...],
    "backup": Backup,
    "delete": None,
    "undo_copies": tuple[UndoCopy, ...],
    "forget_undo": None,
    "keep_assets": tuple[AssetVersion, ...],
    "assets": tuple[AssetVersion, ...],
    "asset": dict[str, Any],
    "asset_history": tuple[AssetVersion, ...],
}
"""What each call that is recorded gives."""


class RecordingTransport:
    """Any transport, with everything that it tells and answers written to `path` when it is closed."""

    def __init__(self, transport: Transport, clock: Clock, path: str | Path) -> None:
        self._transport = transport
        self._clock = clock
        self._path = path
        self.recording = Recording(transport.database, transport.operations)

    @property
    def operations(self) -> frozenset[Operation]:
        """Those of the transport that is recorded."""
        return self._transport.operations

    @property
    def database(self) -> str:
        """That of the transport that is recorded."""
        return self._transport.database

    async def open(self) -> None:
        """Open what is recorded. A file that cannot be written is met now, before anything is done."""
        self.recording.save(self._path)
        await self._answer("open", self._transport.open())

    async def close(self) -> None:
        """Close what is recorded, and write the recording."""
        try:
            await self._transport.close()
        finally:
            self.recording.save(self._path)

    def carry_out(self, job: Job) -> Events:
        """Recorded, event by event."""
        return self._tell(Stream("carry_out", subject_of(job)), self._transport.carry_out(job))

    def recover(self, job: Job) -> Events:
        """Recorded, event by event."""
        return self._tell(Stream("recover", subject_of(job)), self._transport.recover(job))

    async def abort(self, job: Job) -> None:
        """Not recorded: what comes of it is told by the job's stream."""
        await self._transport.abort(job)

    async def backups(self) -> tuple[Backup, ...]:
        """Recorded."""
        return await self._answer("backups", self._transport.backups())

    async def backup(self, backup_id: str) -> Backup:
        """Recorded."""
        return await self._answer("backup", self._transport.backup(backup_id), backup_id)

    async def other_backups(self) -> int:
        """Not recorded: nothing is decided by it."""
        return await self._transport.other_backups()

    async def delete(self, backup_id: str) -> None:
        """Recorded."""
        await self._answer("delete", self._transport.delete(backup_id), backup_id)

    async def undo_copies(self) -> tuple[UndoCopy, ...]:
        """Recorded."""
        return await self._answer("undo_copies", self._transport.undo_copies())

    async def forget_undo(self, undo_id: str) -> None:
        """Recorded."""
        await self._answer("forget_undo", self._transport.forget_undo(undo_id), undo_id)

    async def keep_assets(self, documents: tuple[Mapping[str, object], ...]) -> tuple[AssetVersion, ...]:
        """Recorded."""
        return await self._answer("keep_assets", self._transport.keep_assets(documents), documents)

    async def assets(self) -> tuple[AssetVersion, ...]:
        """Recorded."""
        return await self._answer("assets", self._transport.assets())

    async def asset(self, asset_id: str, version: int | None = None) -> dict[str, object]:
        """Recorded."""
        return await self._answer("asset", self._transport.asset(asset_id, version), asset_id, version)

    async def asset_history(self, asset_id: str) -> tuple[AssetVersion, ...]:
        """Recorded."""
        return await self._answer("asset_history", self._transport.asset_history(asset_id), asset_id)

    async def _answer(self, call: str, answering: Awaitable[T], *arguments: object) -> T:
        began = self._clock.monotonic()
        result: T | None = None
        problem: Problem | None = None
        try:
            result = await answering
            return result
        except ReprieveError as error:
            problem = Problem.of(error)
            raise
        finally:
            took = self._clock.monotonic() - began
            self.recording.answers.append(Answer(call, arguments_of(*arguments), took, result, problem))

    async def _tell(self, stream: Stream, events: Events) -> Events:
        self.recording.streams.append(stream)
        began = self._clock.monotonic()
        answer: bool | None = None
        try:
            async with aclosing(events):
                while True:
                    event = await events.asend(answer)
                    stream.told.append(Told(self._clock.monotonic() - began, event))
                    answer = yield event
        except StopAsyncIteration:
            return
        except ReprieveError as error:
            stream.error = Problem.of(error)
            raise
        finally:
            stream.lasted = self._clock.monotonic() - began


# -- the file ------------------------------------------------------------------------------------


def _structured(path: str | Path, content: dict[str, Any]) -> Recording:
    from cattrs import ClassValidationError, transform_error

    try:
        recording: Recording = _converter().structure(content, Recording)
    except (ClassValidationError, ReprieveError) as error:
        wrong = "; ".join(transform_error(error)) if isinstance(error, ClassValidationError) else str(error)
        raise InvalidRequest(f"The recording {path} makes no sense: {wrong}. Record it again.") from error
    return recording


@cache
def _converter() -> JsonConverter:
    from cattrs.preconf.json import make_converter  # late: costs 60 ms

    converter = make_converter(forbid_extra_keys=False)
    converter.register_unstructure_hook(Told, _told_record)
    converter.register_structure_hook(Told, lambda record, _: _told(record))
    converter.register_structure_hook(Answer, lambda record, _: _answer(converter, record))
    return converter


def _told_record(told: Told) -> dict[str, Any]:
    return {"at": told.at, "what": name_of(told.event), "event": to_record(told.event)}


def _told(record: Mapping[str, Any]) -> Told:
    event = message_of(record["what"], record["event"])
    if isinstance(event, Start | Cancel):
        raise ValueError(f"a transport does not tell '{record['what']}'")
    return Told(_seconds(record["at"]), event)


def _answer(converter: JsonConverter, record: Mapping[str, Any]) -> Answer:
    call = record["call"]
    if call not in RESULTS:
        raise ValueError(f"there is no call '{call}'")
    error = record["error"]
    problem = None if error is None else converter.structure(error, Problem)
    give = RESULTS[call] if problem is None else None
    result = None if give is None else converter.structure(record["result"], give)
    return Answer(call, str(record["arguments"]), _seconds(record["took"]), result, problem)


def _seconds(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not value >= 0:
        raise ValueError(f"{value!r} is not a number of seconds")
    return float(value)
