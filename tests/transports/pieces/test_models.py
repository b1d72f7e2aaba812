"""The API's documents: strict in what is sent, whatever the values, and lenient in what is read.

What the client libraries that cannot run here send (Kotlin, Dart, C#), and what their decoders accept, is
tried on the models.
"""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reprieve.core.errors import InvalidRequest, NotFound
from reprieve.core.job import Backup, Job, JobKind
from reprieve.core.lifecycle import JobState, Outcome
from reprieve.transports.pieces import models
from reprieve.transports.pieces.conversion import read, to_json, to_members
from reprieve.transports.pieces.models import Platform, Schema, Semantic, Status
from reprieve.transports.pieces.translation import backup_model, backup_of, progress_model, status_model

from .doubles import backup_called

# -- every value of every model -----------------------------------------------------------------------

moments = st.datetimes(
    min_value=datetime(1970, 1, 1), max_value=datetime(9999, 12, 30), timezones=st.just(UTC)
).map(lambda at: at.replace(microsecond=at.microsecond // 1000 * 1000))
percentages = st.floats(0, 100)
whole = st.integers(0, 2**53)
maybe_text = st.none() | st.text()
schemas = st.none() | st.builds(Schema, migration=st.integers(0, 2**31 - 1))
timestamps = st.builds(models.GroupedTimestamp, moments, maybe_text)
backups = st.builds(
    models.Backup,
    id=st.text(),
    version=st.text(),
    timestamp=st.text(),
    bytes=whole,
    created=timestamps,
    device_name=st.text(),
    platform=st.sampled_from(Platform),
    schema=schemas,
)
statuses = st.sampled_from(Status)
progress = st.builds(models.BackupStreamedProgress, st.none() | backups, statuses, percentages)
documents = st.builds(
    lambda document, id: {**document, "id": id},
    st.dictionaries(
        st.text(), st.recursive(st.none() | st.booleans() | whole | st.text(), st.lists, max_leaves=5)
    ),
    st.text(min_size=1),
)
EVERY = st.one_of(
    backups,
    timestamps,
    progress,
    st.builds(models.Backups, st.lists(backups, max_size=3).map(tuple), st.none()),
    st.builds(models.BackupStatus, backups, statuses, statuses, percentages),
    st.builds(
        models.BackupsStreamedProgress,
        st.lists(progress, max_size=2).map(tuple),
        st.lists(progress, max_size=2).map(tuple),
    ),
    st.builds(models.SeededBackup, schemas),
    st.builds(models.Assets, st.lists(documents, max_size=2).map(tuple)),
)


@given(EVERY)
def test_every_document_comes_back_as_it_was_sent(model: attrs.AttrsInstance) -> None:
    assert model == read(json.loads(to_json(model)), type(model))


@given(EVERY)
def test_every_document_is_one_line_without_nulls_of_ours(model: attrs.AttrsInstance) -> None:
    sent = to_json(model)

    assert "\n" not in sent
    if not isinstance(model, models.Assets):
        assert None not in _values(json.loads(sent))


@given(backups)
def test_a_backup_has_each_required_field_in_exactly_its_type(backup: models.Backup) -> None:
    """Kotlin and Dart refuse a missing field, a null or another type; C# a number that is text."""
    sent = json.loads(to_json(backup))

    for name in ("id", "version", "timestamp", "device_name"):
        assert type(sent[name]) is str
    assert type(sent["bytes"]) is int
    assert sent["platform"] in {"MACOS", "LINUX", "WINDOWS", "WEB", "ANDROID", "IOS", "FUCHSIA", "UNKNOWN"}
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", sent["created"]["value"])
    if "schema" in sent:
        assert type(sent["schema"]["migration"]) is int
        assert "MAJOR_0_MINOR_0_PATCH_1" == sent["schema"]["semantic"]


@given(statuses, percentages, backups)
def test_a_status_says_itself_twice(status: Status, percentage: float, backup: models.Backup) -> None:
    """The API's document wants `status`, the client libraries read `value`."""
    sent = to_members(models.BackupStatus(backup, status, status, percentage))

    assert sent["value"] == sent["status"]
    assert sent["value"] in {
        *("INITIALIZED", "IN-PROGRESS", "COMPLETED", "FAILED"),
        *("CANCELED", "RESET", "UNKNOWN"),
    }
    assert isinstance(sent["percentage"], float)


# -- what clients send ----------------------------------------------------------------------------------

READ = read(
    {**backup_called("1_x", size=1234), "created": {"value": "2026-11-22T14:30:05.123Z"}}, models.Backup
)


@pytest.mark.parametrize("size", [1234, 1234.0, "1234", "1234.0", " 1234 "])
def test_a_size_is_read_as_each_library_writes_it(size: object) -> None:
    """C# writes 1234.0, Kotlin "1234"."""
    assert READ == read({**backup_called("1_x"), "bytes": size}, models.Backup)


@pytest.mark.parametrize(
    "moment",
    [
        "2026-11-22T14:30:05.123Z",
        "2026-11-22T14:30:05.123000+00:00",
        "2026-11-22T14:30:05.123000",
        "2026-11-22T16:30:05.123+02:00",
        "2026-11-22T14:30:05.123000Z",
    ],
)
def test_a_moment_is_read_as_each_library_writes_it(moment: str) -> None:
    """Python writes an offset and microseconds, C# no offset at all."""
    assert READ == read({**backup_called("1_x", 1234), "created": {"value": moment}}, models.Backup)


def test_explicit_nulls_and_unknown_fields_are_nothing() -> None:
    """Dart writes a null for each field that is not set; newer services send what is not known here."""
    sent = {**backup_called("1_x", 1234), "schema": None, "added_later": {"deep": [1]}}
    sent["created"] = {"value": sent["created"]["value"], "readable": None, "more": 1}

    assert READ == read(sent, models.Backup)


def test_values_that_are_not_known_here_are_unknown() -> None:
    sent = {"backup": {**backup_called("1_x", 1234), "platform": "AMIGA"}, "status": "PAUSED"}

    told = read(sent, models.BackupStreamedProgress)

    assert (Status.UNKNOWN, Platform.UNKNOWN) == (told.status, told.backup and told.backup.platform)


@pytest.mark.parametrize(
    ("model", "sent"),
    [
        (models.SeededBackup, {}),
        (models.SeededBackup, {"schema": None}),
        (models.BackupsStreamedProgress, {}),
        (models.BackupsStreamedProgress, {"backups": None, "restorations": []}),
        (models.BackupStreamedProgress, {"percentage": None}),
    ],
)
def test_what_is_optional_may_be_missing(model: type[attrs.AttrsInstance], sent: object) -> None:
    assert model() == read(sent, model)


@pytest.mark.parametrize("missing", [name for name in backup_called("1_x") if name != "schema"])
@pytest.mark.parametrize("null", [False, True])
def test_what_is_required_may_not(missing: str, null: bool) -> None:
    sent = backup_called("1_x")
    del sent[missing]

    with pytest.raises(InvalidRequest, match=missing):
        read({**sent, missing: None} if null else sent, models.Backup)


@pytest.mark.parametrize(
    "wrong",
    [
        {"bytes": "many"},
        {"bytes": True},
        {"bytes": 1.5},
        {"bytes": "NaN"},
        {"bytes": float("inf")},
        {"bytes": []},
        {"id": 7},
        {"version": {}},
        {"created": "2026-11-22"},
        {"created": {"value": "yesterday"}},
        {"created": {"value": 1700000000}},
        {"created": {}},
        {"schema": {"migration": "x"}},
    ],
)
def test_another_type_is_refused(wrong: dict[str, Any]) -> None:
    (name,) = wrong
    with pytest.raises(InvalidRequest, match=name):
        read({**backup_called("1_x"), **wrong}, models.Backup)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(list(backup_called("1_x"))), inner),
        max_leaves=20,
    ),
    st.sampled_from([models.Backup, models.Backups, models.BackupStatus, models.BackupStreamedProgress]),
)
def test_whatever_is_read_is_a_model_or_a_clear_refusal(
    value: object, model: type[attrs.AttrsInstance]
) -> None:
    try:
        read(value, model)
    except InvalidRequest as error:
        assert model.__name__ in str(error)


# -- ours and theirs ---------------------------------------------------------------------------------------

AT = datetime(2026, 11, 22, 14, 30, 5, 123000, UTC)
OURS = Backup("1_x", "1", "x", AT, 1234, "http://localhost", "double", "LINUX")


def test_a_backup_is_the_same_to_both_sides() -> None:
    assert OURS == backup_of(backup_model(OURS), "http://localhost")


def test_a_platform_that_the_api_does_not_know_is_unknown() -> None:
    assert Platform.UNKNOWN is backup_model(attrs.evolve(OURS, platform="BSD")).platform


def test_a_moment_is_sent_in_utc() -> None:
    there = AT.astimezone(timezone(timedelta(hours=5, minutes=30)))

    sent = to_members(backup_model(attrs.evolve(OURS, created=there)))

    assert {"value": "2026-11-22T14:30:05.123Z"} == sent["created"]


@pytest.mark.parametrize(
    ("state", "outcome", "status"),
    [
        (JobState.IDLE, None, Status.INITIALIZED),
        (JobState.RUNNING, None, Status.IN_PROGRESS),
        (JobState.CANCELLING, None, Status.IN_PROGRESS),
        (JobState.DONE, Outcome.COMPLETED, Status.COMPLETED),
        (JobState.DONE, Outcome.CANCELLED, Status.CANCELED),
        (JobState.FAILED, None, Status.FAILED),
    ],
)
def test_each_state_of_a_job_has_its_word(state: JobState, outcome: Outcome | None, status: Status) -> None:
    job = Job("j", JobKind.CREATION, "d", AT, state, outcome, backup=OURS)

    assert status is progress_model(job).status
    assert status is status_model(job).value is status_model(job).status


def test_a_creation_that_has_not_begun_has_no_status() -> None:
    job = Job("j", JobKind.CREATION, "d", AT)

    assert models.BackupStreamedProgress(None, Status.INITIALIZED) == progress_model(job)
    with pytest.raises(NotFound):
        status_model(job)


def _values(value: object) -> list[object]:
    if isinstance(value, dict):
        return [found for member in value.values() for found in _values(member)]
    if isinstance(value, list):
        return [found for member in value for found in _values(member)]
    return [value]


@pytest.mark.parametrize("said", ["MAJOR_0_MINOR_0_PATCH_1", "MAJOR_9_MINOR_0_PATCH_0", 7])
def test_the_version_of_a_schema_is_read_as_the_one_that_there_is(said: object) -> None:
    schema = read({"migration": 0, "semantic": said}, Schema)

    assert Semantic.MAJOR_0_MINOR_0_PATCH_1 is schema.semantic
