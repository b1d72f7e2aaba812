"""Jobs caught in the act and cancelled, on a database that is large enough for it.

As in walk.py, all of it is asserted, and what came is returned: operations 10 and 12 of a client's column.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from typing import Any

from tests.sdks.scene import Backup, Scene
from tests.sdks.talking import Call, Talk
from tests.sdks.walk import Column


def cancel_running_jobs(talk: Talk, other: Talk, here: Scene) -> Column:
    """Of each kind one that the client started itself, and one that another started; the original is back.

    What was cancelled before is not in progress, and a second cancel says so.
    """
    column = {"10": "204", "12": "204"}
    for starter in (talk, other):
        job = starter.start(f"create_{starter.client.stream}")
        backup = in_the_act(job)["id"]
        assert talk.returned("cancel_creation", backup=backup) is None
        assert ("CANCELED", 1000) == ended(job)
        assert "CANCELED" == talk.returned("creation_status", backup=backup)["value"]
        column["10, cancelled before"] = refused(talk, "cancel_creation", backup)
        assert 404 == talk.raised("backup", backup=backup)["status"]
    assert [] == talk.returned("backups")["iterable"] == here.catalogue()
    backup = talk.returned("create")["id"]
    edit(here)
    content = here.content()
    for starter in (talk, other):
        job = starter.start(f"restore_{starter.client.stream}", backup=backup)
        in_the_act(job)
        assert talk.returned("cancel_restoration", backup=backup) is None
        assert ("CANCELED", 1000) == ended(job)
        assert "CANCELED" == talk.returned("restoration_status", backup=backup)["value"]
        column["12, cancelled before"] = refused(talk, "cancel_restoration", backup)
    here.untouched(content)
    return column


def refused(talk: Talk, call: str, backup: str) -> str:
    """How a cancel is refused that finds nothing in progress."""
    raised = talk.raised(call, backup=backup)
    assert (500, True) == (raised["status"], "was cancelled before" in raised["body"]), raised
    return f"500 {raised['raised']}"


def in_the_act(job: Call) -> Backup:
    """The Backup of a job, once the job is seen at work."""
    while (frame := job.frame())["status"] != "IN-PROGRESS" or not frame["backup"]:
        pass
    backup: Backup = frame["backup"]
    return backup


def under_way(everything: Call, kind: str) -> Backup:
    """The Backup of the only one of the `backups` or `restorations` at work, which 16 tells to everybody."""
    job = _shown(everything, kind, lambda job: job["status"] == "IN-PROGRESS" and bool(job["backup"]))
    backup: Backup = job["backup"]
    return backup


def completed(everything: Call, kind: str, backup: str) -> Any:
    """What 16 shows at the end of the job of that Backup."""
    return _shown(
        everything, kind, lambda job: job["status"] == "COMPLETED" and job["backup"]["id"] == backup
    )


def _shown(everything: Call, kind: str, wanted: Callable[[Any], bool]) -> Any:
    while True:
        for job in everything.frame()[kind]:
            if wanted(job):
                return job


def ended(job: Call) -> tuple[str, int]:
    """How a streamed job ended: its last frame's status, and how the stream was closed."""
    closed = job.returned()["closed"]
    return job.frames[-1]["status"], closed


def edit(here: Scene) -> None:
    """What the user has done since the backup."""
    with closing(sqlite3.connect(here.database, timeout=60, isolation_level=None)) as database:
        database.execute("UPDATE content SET tag = 7")
