"""Jobs caught in the act and cancelled: by the client that started them, and by another one."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.sdks.clients import PYTHON_5, another, every_client
from tests.sdks.environments import TYPESCRIPT_CLIENT, Client
from tests.sdks.scene import Scene, scene
from tests.sdks.talking import Call, Talk

needs_two = pytest.mark.needs("sdks")


@every_client
@needs_two
def test_a_running_creation_is_cancelled(client: Client, tmp_path: Path, large: Path) -> None:
    with scene(tmp_path, large) as here, Talk(client, here.address) as talk:
        content = here.content()
        with Talk(another(client), here.address) as other:
            for starter in (talk, other):
                job = starter.start(f"create_{starter.client.stream}")
                backup = in_the_act(job)
                assert talk.returned("cancel_creation", backup=backup["id"]) is None
                assert ("CANCELED", 1000) == ended(job)
                assert "CANCELED" == talk.returned("creation_status", backup=backup["id"])["value"]
                assert 404 == talk.raised("backup", backup=backup["id"])["status"]
        assert [] == talk.returned("backups")["iterable"] == here.catalogue()
        here.untouched(content)


@every_client
@needs_two
def test_a_running_restoration_is_cancelled(client: Client, tmp_path: Path, large: Path) -> None:
    with scene(tmp_path, large) as here, Talk(client, here.address) as talk:
        backup = talk.returned("create")["id"]
        edit(here)
        content = here.content()
        with Talk(another(client), here.address) as other:
            for starter in (talk, other):
                job = starter.start(f"restore_{starter.client.stream}", backup=backup)
                in_the_act(job)
                assert talk.returned("cancel_restoration", backup=backup) is None
                assert ("CANCELED", 1000) == ended(job)
                assert "CANCELED" == talk.returned("restoration_status", backup=backup)["value"]
        here.untouched(content)


@pytest.mark.parametrize("client", [PYTHON_5, TYPESCRIPT_CLIENT], ids=lambda client: client.name)
@pytest.mark.needs("sdks", "node sdk")
def test_a_blocking_call_can_be_cancelled_by_the_program_that_waits_in_it(
    client: Client, tmp_path: Path, large: Path
) -> None:
    with scene(tmp_path, large) as here, Talk(client, here.address) as talk:
        everything = talk.start("progress_socket")
        everything.frame()
        waiting = talk.start("create")
        backup = the_one_under_way(everything)
        assert talk.returned("cancel_creation", backup=backup["id"]) is None
        end = waiting.raised()

        # An answer whose headers had to go out before the end can only be broken off, and then has no status.
        assert end["status"] is None or "was cancelled" in end["body"], end
        assert [] == talk.returned("backups")["iterable"]


def in_the_act(job: Call) -> dict[str, Any]:
    """The Backup of a job, once the job is seen at work."""
    while (frame := job.frame())["status"] != "IN-PROGRESS" or not frame["backup"]:
        pass
    backup: dict[str, Any] = frame["backup"]
    return backup


def ended(job: Call) -> tuple[str, int]:
    """How a streamed job ended: its last frame's status, and how the stream was closed."""
    closed = job.returned()["closed"]
    return job.frames[-1]["status"], closed


def the_one_under_way(everything: Call) -> dict[str, Any]:
    """The provisional Backup of the only creation, which 16 tells to everybody."""
    while not ((creations := everything.frame()["backups"]) and creations[0]["backup"]):
        pass
    backup: dict[str, Any] = creations[0]["backup"]
    return backup


def edit(here: Scene) -> None:
    """What the user has done since the backup."""
    with closing(sqlite3.connect(here.database, timeout=60, isolation_level=None)) as database:
        database.execute("UPDATE content SET tag = 7")
