"""One of each thing that the service takes and gives, for its description: made as the real ones are made."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import attrs

from reprieve.core import VERSION
from reprieve.core.job import AssetVersion, Backup, Job, JobKind, Progress, UndoCopy
from reprieve.core.lifecycle import JobState
from reprieve.core.operations import Operation
from reprieve.transports.pieces import models, translation
from reprieve.transports.pieces.conversion import to_members

from .. import wire
from . import discovery
from .v1 import shapes
from .v1.service import PROTOCOL

_AT = datetime(2026, 11, 22, 14, 30, 5, 123000, UTC)
_DATABASE = "/home/ada/snippets.db"
_INSTANCE = "6f1d8c9e-6d3b-4a57-9a8e-0c4f2b7a1e5d"

_BACKUP = Backup(
    id="0.1.0_20261122T143005123Z",
    version="0.1.0",
    timestamp="20261122T143005123Z",
    created=_AT,
    bytes=106_758_144,
    database=_DATABASE,
    device_name="ada-laptop",
    platform="LINUX",
    added=420_864,
)
_JOB = Job(
    id="b864031151a4f90c1ea9",
    kind=JobKind.CREATION,
    database=_DATABASE,
    created=_AT,
    state=JobState.RUNNING,
    progress=Progress("reading", 65_011_712, 106_758_144),
    percentage=60.9,
    backup=_BACKUP,
    started=_AT,
)
_COPY = UndoCopy("2d483cb39755081e027c", _DATABASE, _AT, 106_758_144, "a restoration", _JOB.id)
_VERSION = AssetVersion("a1b2", 2, _AT, 512, "fizzbuzz.py")
_DOCUMENT: models.Document = {"id": "a1b2", "name": "fizzbuzz.py"}
_APPLICATION = discovery.Application(
    _INSTANCE, "VS_CODE", "1.2.3", models.Platform.LINUX, onboarded=True, privacy="OPEN"
)

_MODELS: tuple[attrs.AttrsInstance, ...] = (
    translation.backup_model(_BACKUP),
    translation.catalogue_model((_BACKUP,)),
    translation.progress_model(_JOB),
    translation.status_model(_JOB),
    translation.in_progress_model((_JOB,)),
    models.SeededBackup(models.Schema()),
    models.Assets((_DOCUMENT,)),
    discovery.Connection({"name": "VS_CODE", "version": "1.2.3", "platform": "LINUX"}),
    discovery.Context(_INSTANCE, _APPLICATION, discovery.Health(discovery.SystemHealth(_INSTANCE, VERSION))),
    discovery.User(),
)
_SHAPES: tuple[Any, ...] = (
    wire.shaped(_BACKUP),
    wire.shaped(_JOB),
    shapes.Service(
        name="reprieve",
        version=VERSION,
        protocol=PROTOCOL,
        instance=_INSTANCE,
        database=_DATABASE,
        operations=tuple(sorted(Operation)),
    ),
    shapes.Backups((wire.shaped(_BACKUP),)),
    shapes.Jobs((wire.shaped(_JOB),)),
    shapes.UndoCopies((wire.shaped(_COPY),)),
    shapes.Assets((wire.shaped(_VERSION),)),
    shapes.Start(idempotency_key="nightly-2026-11-22"),
    shapes.StartRevert(undo=_COPY.id),
    shapes.Documents((_DOCUMENT,)),
)

EXAMPLES: dict[Any, object] = {
    **{type(model): to_members(model) for model in _MODELS},
    **{type(shape): wire.members(shape) for shape in _SHAPES},
    models.Document: _DOCUMENT,
    str: "ok",
}
"""For each type that a route takes or gives, what it looks like as JSON."""

PARAMETERS = {
    "backup": _BACKUP.id,
    "job": _JOB.id,
    "undo": _COPY.id,
    "asset": _VERSION.id,
}
"""For each parameter of a path."""
