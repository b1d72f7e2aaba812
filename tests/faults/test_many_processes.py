"""Several processes at once on one database: one job at a time, and everybody sees and cancels everything."""

from __future__ import annotations

import os
import signal
import sqlite3
from contextlib import closing

import pytest

from tests.faults.people import Person, Refused, until
from tests.faults.scene import Scene
from tests.support.databases import content_of


@pytest.fixture
def alice(scene: Scene) -> Person:
    return entered(scene)


@pytest.fixture
def bob(scene: Scene) -> Person:
    return entered(scene)


def entered(scene: Scene) -> Person:
    person = scene.person()
    person.opened.result()
    return person


def state_of(person: Person, job: str) -> str:
    found: str = next(one["state"] for one in person.ask("list_jobs") if one["id"] == job)
    return found


def test_one_job_at_a_time_on_a_database(scene: Scene, alice: Person, bob: Person) -> None:
    alice.ask("aim", "store.upload.opened=stop")
    first = alice.ask("create")
    worker = scene.stopped_worker_of(first)

    second = bob.ask("create")
    states = [state_of(bob, job) for job in (first, second)]
    os.kill(worker, signal.SIGCONT)

    assert ["running", "idle"] == states
    assert ["completed", "completed"] == [bob.ask("settled", job)["outcome"] for job in (first, second)]
    assert 2 == len(alice.ask("backups"))


def test_a_second_restoration_is_a_conflict(scene: Scene, alice: Person, bob: Person) -> None:
    alice.ask("aim", "restore.a5.step=stop")
    job = alice.ask("restore", scene.backups[scene.other])
    worker = scene.stopped_worker_of(job)

    with pytest.raises(Refused) as refused:
        bob.ask("restore", scene.backups[scene.holds])
    os.kill(worker, signal.SIGCONT)

    assert "conflict" == refused.value.kind
    assert "completed" == bob.ask("settled", job)["outcome"]
    assert scene.contents[scene.other] == content_of(scene.database)


@pytest.mark.parametrize("point", ["restore.a1.received", "restore.a5.step:2", "restore.a6.committed"])
def test_a_cancel_from_another_process(scene: Scene, alice: Person, bob: Person, point: str) -> None:
    """Also of what is committed but not yet recorded: it is undone."""
    alice.ask("aim", f"{point}=stop")
    job = alice.ask("restore", scene.backups[scene.other])
    worker = scene.stopped_worker_of(job)
    waiting = alice.start("outcome", job)

    cancelling = bob.start("cancel", job)
    until("being cancelled", lambda: state_of(bob, job) == "cancelling")
    os.kill(worker, signal.SIGCONT)

    assert "cancelled" == cancelling.result()["outcome"]
    with pytest.raises(Refused, match="cancelled"):
        waiting.result()
    assert scene.contents[scene.holds] == content_of(scene.database)
    until("everything cleared up", lambda: not scene.leftovers())


def test_another_process_sees_every_state_once_and_progress(scene: Scene, alice: Person, bob: Person) -> None:
    alice.ask("aim", "restore.a5.step:2=stop")
    job = alice.ask("restore", scene.backups[scene.other])
    worker = scene.stopped_worker_of(job)
    watching = bob.start("seen", job)
    progress = until("progress", lambda: bob.ask("percentage", job))
    os.kill(worker, signal.SIGCONT)

    seen = watching.result()

    states = [state for state, _ in seen]
    percentages = [percentage for _, percentage in seen]
    assert ["running", "done"] == sorted(set(states), key=states.index)
    assert 1 == states.count("done")
    assert sorted(percentages) == percentages
    assert 0 < progress < 100 == percentages[-1]


def test_one_idempotency_key_is_one_job_for_all(scene: Scene, alice: Person, bob: Person) -> None:
    asked = [person.start("create", idempotency_key="the same") for person in (alice, bob)]

    first, second = (one.result() for one in asked)

    assert first == second
    assert "completed" == bob.ask("settled", first)["outcome"]
    assert 1 == len(alice.ask("backups"))


def test_eight_processes_with_three_jobs_each(scene: Scene) -> None:
    """All of them get their turn, one after the other."""
    people = [scene.person() for _ in range(8)]
    asked = [person.start("create") for person in people for _ in range(3)]

    jobs = [one.result() for one in asked]
    outcomes = {people[0].ask("settled", job)["outcome"] for job in jobs}

    assert {"completed"} == outcomes
    assert 24 == len(set(jobs)) == len(people[0].ask("backups"))
    assert not overlapping(scene)
    assert [0] * 8 == [person.leave() for person in people]
    scene.repository()
    scene.judge_secrets()


def overlapping(scene: Scene) -> list[str]:
    """Jobs that started while another one was under way."""
    with closing(sqlite3.connect(scene.home.journal)) as journal:
        lines = journal.execute("SELECT job, state FROM event ORDER BY seq").fetchall()
    found, active = [], None
    for job, state in lines:
        if state == "running" and active not in (None, job):
            found.append(job)
        if state == "running":
            active = job
        elif job == active and state in ("done", "failed"):
            active = None
    return found
