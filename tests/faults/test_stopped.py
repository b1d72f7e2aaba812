"""Processes that are stopped (SIGSTOP) and go on after another one has taken their job over.

Nothing that they do afterwards counts: not in the journal, not in the database, not in the store.
"""

from __future__ import annotations

import os
import signal
import sqlite3
from collections.abc import Callable
from contextlib import closing

import pytest

from tests.faults.people import Refused, is_gone, is_stopped, kill, until
from tests.faults.scene import Scene
from tests.support.databases import content_of

LEASE = 1.0
ENDED = ("done", "failed")

SceneOf = Callable[[str], Scene]


def fences(scene: Scene, job: str) -> list[int]:
    """The fence under which each line of the journal was written."""
    with closing(sqlite3.connect(scene.home.journal)) as journal:
        rows = journal.execute("SELECT fence FROM event WHERE job = ? ORDER BY seq", (job,))
        return [fence for (fence,) in rows]


@pytest.mark.parametrize("point", ["restore.a3.locked", "restore.a5.step:2", "restore.a6.committed"])
def test_a_stopped_worker_is_ended_by_whoever_takes_its_job_over(scene: Scene, point: str) -> None:
    """Its parent is gone. It could still commit, so nothing is decided while it lives."""
    person = scene.person()
    person.ask("aim", f"{point}=stop")
    job = person.ask("restore", scene.backups[scene.other])
    worker = scene.stopped_worker_of(job)
    person.kill()

    other = scene.person()
    found = other.ask("settled", job)

    assert is_gone(worker)
    committed = point == "restore.a6.committed"
    assert ("done" if committed else "failed") == found["state"]
    assert scene.contents[scene.other if committed else scene.holds] == content_of(scene.database)
    assert 0 == other.leave()


@pytest.mark.parametrize("point", ["restore.a5.step:2", "restore.a6.committed"])
@pytest.mark.parametrize("goes_on", [True, False], ids=["worker goes on", "worker stopped too"])
def test_a_stopped_parent_loses_its_job_and_publishes_nothing(
    scene: Scene, point: str, goes_on: bool
) -> None:
    """It is stopped past its lease, while its worker goes on (and waits for an answer), or is stopped too."""
    owner = scene.person(lease=LEASE)
    owner.ask("aim", f"{point}=stop")
    job = owner.ask("restore", scene.backups[scene.other])
    waiting = owner.start("outcome", job)
    worker = scene.stopped_worker_of(job)
    # Between two transactions of the journal: one who is stopped in one keeps all others out of it.
    owner.ask("aim", "journal.commit.after=stop")
    until("the owner stopped", lambda: is_stopped(owner.process.pid))
    if goes_on:
        os.kill(worker, signal.SIGCONT)

    other = scene.person(lease=LEASE)
    found = until(
        "settled", lambda: next((one for one in other.ask("list_jobs") if one["state"] in ENDED), None)
    )
    before = fences(scene, job)
    content = content_of(scene.database)
    owner.go_on()

    told = outcome_of(waiting.result)
    assert is_gone(worker) or until("the worker gone", lambda: is_gone(worker))
    assert found == owner.ask("settled", job)
    assert ("completed" == found["outcome"]) == (told is None)
    assert content == content_of(scene.database)
    assert scene.contents[scene.other if told is None else scene.holds] == content
    assert before == fences(scene, job) == sorted(before)
    assert len(set(before)) == 2
    assert [0, 0] == [owner.leave(), other.leave()]


def outcome_of(wait: Callable[[], object]) -> str | None:
    """None if what was waited for came; else the kind of the error."""
    try:
        wait()
    except Refused as error:
        return error.kind
    return None


def test_an_interrupted_restoration_is_never_run_again_by_itself(scene_of: SceneOf) -> None:
    """Not even by a process that lives long: a day of edits may lie in between."""
    scene = scene_of("wal")
    person = scene.person()
    person.ask("aim", "restore.a1.checked=stop")
    job = person.ask("restore", scene.backups[scene.other], detach=True)
    worker = scene.stopped_worker_of(job)
    person.kill()
    kill(worker)

    service = scene.person(long_lived=True)
    found = service.ask("settled", job)

    assert ("failed", "interrupted", 1) == (found["state"], found["error"], found["attempt"])
    assert [found] == service.ask("list_jobs")
    assert scene.contents[scene.holds] == content_of(scene.database)


@pytest.mark.parametrize("long_lived", [True, False])
def test_a_detached_creation_is_resumed_only_by_who_lives_long(scene_of: SceneOf, long_lived: bool) -> None:
    scene = scene_of("wal")
    person = scene.person()
    person.ask("aim", "repository.packs.stored=stop")
    job = person.ask("create", detach=True)
    worker = scene.stopped_worker_of(job)
    person.kill()
    kill(worker)

    found = scene.person(long_lived=long_lived).ask("settled", job)

    assert (2, "completed") == (found["attempt"], found["outcome"]) if long_lived else True
    assert long_lived or ("failed", "interrupted") == (found["state"], found["error"])
    scene.repository()
