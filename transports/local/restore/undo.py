"""Undo copies, made of what a restoration replaces and read to put it back.

Where they are kept and how they are found is undo_catalogue.py's matter.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import attrs

from ....core.job import UndoCopy
from .. import database_header
from ..files import descriptor_of, read_at, written
from ..home import Home
from ..undo_catalogue import REDO, data_path, enter, is_exact
from .copying import SPAN
from .port import Source
from .target import Target


@attrs.frozen
class CopyName:
    """What an undo copy is to be called: its id, the job that makes it, and what replaces its content."""

    id: str
    job: str
    reason: str


def undo_name(job_id: str, reason: str) -> CopyName:
    """The copy of what a job replaces."""
    return CopyName(job_id, job_id, reason)


def redo_name(job_id: str) -> CopyName:
    """The copy of what the undoing of a job replaces."""
    return CopyName(f"{job_id}{REDO}", job_id, "a cancelled restoration")


def keep(
    home: Home, name: CopyName, target: Target, fill: Callable[[int], None], *, exact: bool = False
) -> UndoCopy:
    """Make a copy durable and enter it: `fill` writes the content through a descriptor.

    `exact`: it is every byte of the file, and comes back as that.
    """
    path = data_path(home, name.id)
    with written(path, "undo") as descriptor:
        fill(descriptor)
        size = os.fstat(descriptor).st_size
    copy = UndoCopy(name.id, str(target.path), datetime.now(UTC), size, name.reason, name.job)
    enter(home, copy, target.identity, exact=exact)
    return copy


def undo_source(home: Home, copy: UndoCopy) -> Source:
    """The copy as something to restore. It was never checked."""
    path = data_path(home, copy.id)
    with descriptor_of(path) as descriptor:
        header = database_header.read(descriptor)
    exact = header is None or is_exact(home, copy.id) or path.stat().st_size % header.page_size != 0
    return Source(
        header.page_size if header is not None and not exact else 0,
        path.stat().st_size,
        _spans(path),
        check=False,
        exact=exact,
    )


def _spans(path: Path) -> Iterator[tuple[int, bytes]]:
    with descriptor_of(path) as descriptor:
        offset = 0
        while data := read_at(descriptor, SPAN, offset):
            yield offset, data
            offset += len(data)
