"""Jobs and messages as records (plain dicts that JSON can hold) and back; replay.

Knows every field of a Job and of a message; knows nothing of where records are kept. A journal's
lines, folded by the reducer that made them, give the job again.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from functools import partial
from typing import Any, TypeVar

import attrs

from .errors import Problem, StorageError
from .job import Backup, Job, JobKind, Progress, UndoCopy
from .lifecycle import JobState, Outcome
from .messages import (
    MESSAGES,
    Cancel,
    Cancelled,
    Completed,
    Failed,
    Interrupted,
    Message,
    Noted,
    Progressed,
    Start,
)
from .ports import Entry
from .reducer import reduce

Record = dict[str, Any]
Reader = Callable[[Any], Any]
_T = TypeVar("_T")

_HALVES = re.compile("[\ud800-\udfff]")


def to_record(value: Job | Message | Progress) -> Record:
    """What `value` says, with every field, in types that JSON knows; times as ISO 8601."""
    return {name: _plain(getattr(value, name)) for name in _FIELDS[type(value)]}


def job_of(record: Mapping[str, Any]) -> Job:
    """The job that `record` says. Raises StorageError if it says none."""
    return _build(Job, record)


def progress_of(record: Mapping[str, Any]) -> Progress:
    """The progress that `record` says. Raises StorageError if it says none."""
    return _build(Progress, record)


def message_of(what: str, record: Mapping[str, Any]) -> Message:
    """The message called `what` that `record` says. Raises StorageError if there is none."""
    if what not in MESSAGES:
        raise StorageError(
            f"The journal has a message '{what}', which this version does not know; update it."
        )
    return _build(MESSAGES[what], record)


def name_of(message: Message) -> str:
    """What the journal calls this message."""
    return _WHAT[type(message)]


def dumps(record: Record) -> str:
    """The record as the JSON text that is kept; half a character, which no file could hold, as its escape."""
    text = json.dumps(record, ensure_ascii=False, separators=(",", ":"))
    return text if text.isascii() else _HALVES.sub(lambda half: f"\\u{ord(half[0]):04x}", text)


def loads(text: str) -> Record:
    """The record that was kept as `text`. Raises StorageError if it is none."""
    try:
        record = json.loads(text)
    except (ValueError, TypeError, RecursionError) as error:
        raise StorageError(f"The journal has a line that is not JSON ({error}); it is damaged.") from error
    if not isinstance(record, dict):
        raise StorageError("The journal has a line that is no record; it is damaged.")
    return record


def replay(entries: Iterable[Entry]) -> Job:
    """The job that its entries, from the first on, add up to.

    Messages are folded by the reducer, as they were live. Progress is no message in the journal
    (only the newest counts); it is taken from the last entry. Raises StorageError if there is no first entry.
    """
    lines = iter(entries)
    first = next(lines, None)
    if first is None or first.message is not None:
        raise StorageError("A job's journal must begin with its first entry; this one does not.")
    job, last = first.job, first.job
    for entry in lines:
        if entry.message is None:
            raise StorageError(f"The journal of job {job.id} begins twice; it is damaged.")
        job, _ = reduce(job, entry.message)
        last = entry.job
    return attrs.evolve(job, progress=last.progress, percentage=last.percentage)


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if type(value) in _FIELDS:
        return {name: _plain(getattr(value, name)) for name in _FIELDS[type(value)]}
    return value


def _build(cls: type[_T], record: Mapping[str, Any]) -> _T:
    """A field that this version does not know is left out; one that is missing has its default."""
    readers = _READERS.get(cls, {})
    known = [name for name in _FIELDS[cls] if name in record]
    try:
        return cls(**{name: _read(readers.get(name), record[name]) for name in known})
    except (TypeError, ValueError, AttributeError) as error:
        raise StorageError(
            f"The journal has a {cls.__name__} that makes no sense ({error}); it is damaged."
        ) from error


def _read(reader: Reader | None, value: Any) -> Any:
    return value if reader is None or value is None else reader(value)


_FIELDS: dict[type, tuple[str, ...]] = {
    cls: tuple(field.name for field in attrs.fields(cls))
    for cls in (Job, Backup, UndoCopy, Progress, Problem, *MESSAGES.values())
}
_WHAT = {cls: name for name, cls in MESSAGES.items()}

_time = datetime.fromisoformat
_backup = partial(_build, Backup)
_undo = partial(_build, UndoCopy)
_progress = partial(_build, Progress)
_problem = partial(_build, Problem)

_READERS: dict[type, dict[str, Reader]] = {
    Job: {
        "kind": JobKind,
        "state": JobState,
        "outcome": Outcome,
        "created": _time,
        "started": _time,
        "ended": _time,
        "progress": _progress,
        "source": _backup,
        "former_ids": tuple,
        "backup": _backup,
        "undo": _undo,
        "error": _problem,
    },
    Backup: {"created": _time},
    UndoCopy: {"created": _time},
    Start: {"at": _time},
    Cancel: {"at": _time},
    Progressed: {"progress": _progress},
    Noted: {"at": _time, "backup": _backup, "undo": _undo},
    Completed: {"at": _time, "backup": _backup, "undo": _undo},
    Cancelled: {"at": _time},
    Failed: {"at": _time, "problem": _problem},
    Interrupted: {"at": _time, "problem": _problem},
}
