"""Records: whatever a job or a message says comes back from JSON; what is damaged is named as such."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reprieve.core.errors import IllegalTransition, InvalidRequest, Problem, StorageError
from reprieve.core.job import Backup, Job, JobKind, Progress, UndoCopy
from reprieve.core.journal import (
    dumps,
    job_of,
    loads,
    message_of,
    name_of,
    progress_of,
    replay,
    to_record,
)
from reprieve.core.lifecycle import JobState, Outcome
from reprieve.core.messages import (
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
from reprieve.core.ports import Entry
from reprieve.core.reducer import reduce
from reprieve.core.request import Request

NOW = datetime(2026, 11, 22, 14, 30, 5, 123456, UTC)

words = st.text(max_size=20)
times = st.datetimes(timezones=st.just(UTC))
sizes = st.integers(0, 2**62)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=5,
)
notes = st.dictionaries(words, json_values, max_size=3)
problems = st.builds(Problem, words, words, st.booleans())
progresses = st.builds(Progress, words, sizes, sizes, words)
backups = st.builds(
    Backup, words, words, words, times, sizes, words, words, words, st.none() | sizes, st.booleans()
)
undo_copies = st.builds(UndoCopy, words, words, times, sizes, words, words)
jobs = st.builds(
    Job,
    id=words,
    kind=st.sampled_from(JobKind),
    database=words,
    created=times,
    state=st.sampled_from(JobState),
    outcome=st.none() | st.sampled_from(Outcome),
    progress=progresses,
    percentage=st.floats(0, 100),
    attempt=st.integers(1, 9),
    backup_id=st.none() | words,
    undo_id=st.none() | words,
    source=st.none() | backups,
    backup=st.none() | backups,
    former_ids=st.lists(words, max_size=3).map(tuple),
    undo=st.none() | undo_copies,
    error=st.none() | problems,
    started=st.none() | times,
    ended=st.none() | times,
    detached=st.booleans(),
    idempotency_key=st.none() | words,
    options=notes,
    step=words,
    notes=notes,
)
messages: st.SearchStrategy[Message] = st.one_of(
    st.builds(Start, at=times),
    st.builds(Cancel, at=st.none() | times),
    st.builds(Progressed, progresses),
    st.builds(Noted, words, notes, st.none() | backups, st.none() | undo_copies, at=times),
    st.builds(Completed, st.none() | backups, st.none() | undo_copies, st.booleans(), at=times),
    st.builds(Cancelled, at=times),
    st.builds(Failed, problems, at=times),
    st.builds(Interrupted, problems, st.floats(0, 60), at=times),
)


@given(jobs)
def test_a_job_comes_back_from_its_record(job: Job) -> None:
    assert job_of(loads(dumps(to_record(job)))) == job


@given(messages)
def test_a_message_comes_back_from_its_record(message: Message) -> None:
    assert message_of(name_of(message), loads(dumps(to_record(message)))) == message


@given(progresses)
def test_progress_comes_back_from_its_record(progress: Progress) -> None:
    assert progress_of(loads(dumps(to_record(progress)))) == progress


def test_every_message_has_a_name() -> None:
    problem = Problem("internal", "It broke.")
    told: tuple[Message, ...] = (
        Start(),
        Cancel(),
        Progressed(Progress()),
        Noted("read"),
        Completed(),
        Cancelled(),
        Failed(problem),
        Interrupted(problem),
    )

    assert [name_of(message) for message in told] == list(MESSAGES)


def test_a_record_says_every_field() -> None:
    job = Job("a", JobKind.CREATION, "/db", NOW)

    assert list(to_record(job)) == [field.name for field in attrs.fields(Job)]


def test_a_field_of_a_newer_version_is_left_out_and_one_of_an_older_has_its_default() -> None:
    job = Job("a", JobKind.CREATION, "/db", NOW)
    record = to_record(job) | {"colour": "green"}
    del record["attempt"]

    assert job_of(record) == job


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "7"])
def test_a_line_that_is_no_record_is_damage(text: str) -> None:
    with pytest.raises(StorageError, match="damaged"):
        loads(text)


@pytest.mark.parametrize(
    "change", [{"kind": "party"}, {"created": "yesterday"}, {"state": 4}, {"progress": 7}, {"ended": 7}]
)
def test_a_job_that_makes_no_sense_is_damage(change: dict[str, object]) -> None:
    with pytest.raises(StorageError, match="damaged"):
        job_of(to_record(Job("a", JobKind.CREATION, "/db", NOW)) | change)


def test_a_record_without_what_it_must_have_is_damage() -> None:
    with pytest.raises(StorageError, match="damaged"):
        job_of({"id": "a"})


def test_an_unknown_message_is_named() -> None:
    with pytest.raises(StorageError, match="exploded"):
        message_of("exploded", {})


@given(st.lists(messages, max_size=20))
def test_replaying_a_journal_gives_the_job_as_it_was_live(told: list[Message]) -> None:
    """Whatever is told (what is illegal is refused), the journal without its progress gives the same job."""
    job = Job("a", JobKind.RESTORATION, "/db", NOW)
    entries = [Entry(job, None)]
    for message in told:
        try:
            job, _ = reduce(job, message)
        except IllegalTransition:
            continue
        if not isinstance(message, Progressed):
            entries.append(Entry(job, message))

    assert replay(entries) == entries[-1].job


def test_a_journal_without_its_beginning_is_refused() -> None:
    job = Job("a", JobKind.CREATION, "/db", NOW)

    with pytest.raises(StorageError, match="must begin"):
        replay([])
    with pytest.raises(StorageError, match="must begin"):
        replay([Entry(job, Start(NOW))])
    with pytest.raises(StorageError, match="begins twice"):
        replay([Entry(job, None), Entry(job, None)])


def test_times_keep_their_microseconds_and_their_zone() -> None:
    east = datetime(2026, 11, 22, 16, 30, 5, 1, timezone(timedelta(hours=2)))

    assert message_of("start", to_record(Start(east))) == Start(east)


@given(st.text(st.characters()))
def test_any_text_is_kept_and_comes_back(text: str) -> None:
    kept = dumps({"message": text})

    # Two halves side by side come back as the character that they are.
    assert units(text) == units(loads(kept)["message"])
    assert kept.encode()


def units(text: str) -> bytes:
    return text.encode("utf-16", "surrogatepass")


def test_a_key_of_half_a_character_is_refused() -> None:
    with pytest.raises(InvalidRequest, match="not text"):
        Request(JobKind.CREATION, idempotency_key="\udcff")
