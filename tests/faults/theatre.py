"""A scene with a reader and a writer at work, somebody who asks for job after job, and their killers."""

from __future__ import annotations

import time

from reprieve.transports.local.os_lock import OsLock
from tests.faults.people import LOOKED_EVERY, Person, is_gone, kill, until
from tests.faults.scene import SETTLED_WITHIN, Answer, Scene
from tests.support.neighbours import Neighbours

Victims = tuple[str, ...]
WORKER: Victims = ("worker",)
PARENT: Victims = ("parent",)
BOTH: Victims = ("parent", "worker")
VICTIMS = (WORKER, PARENT, BOTH)


class Theatre:
    """`person` asks, `crowd` reads and writes; each round has an idempotency key, `key`."""

    def __init__(self, scene: Scene, crowd: Neighbours) -> None:
        self.scene, self.crowd = scene, crowd
        self.rounds = 0
        self.person = self.enter()

    @property
    def key(self) -> str:
        return f"round {self.rounds}"

    def enter(self) -> Person:
        """Somebody comes, and what was left behind is settled."""
        person = self.scene.person()
        person.opened.result()
        return person

    def next_round(self, failpoint: str | None) -> None:
        """Another key, and what is to happen in this round."""
        self.rounds += 1
        self.person.ask("aim", failpoint)

    def killed(self, victims: Victims, worker: int | None) -> None:
        """The victims are gone; if the parent is among them, somebody else comes."""
        if "parent" in victims:
            self.person.kill()
        else:
            self.person.ask("aim", None)
        if "worker" in victims and worker is not None:
            kill(worker)
            until("the worker gone", lambda: is_gone(worker))
        if "parent" in victims:
            self.person = self.enter()

    def killed_after(self, seconds: float, victims: Victims, job: str) -> None:
        """As `killed`, wherever the work is by then; nobody may be at work any more."""
        then = time.monotonic() + seconds
        while time.monotonic() < then and not self.scene.all_settled():
            time.sleep(LOOKED_EVERY)
        lock = OsLock(self.scene.home.workers / f"{job}.lock")
        self.killed(victims, lock.pid() if lock.held() else None)

    def found(self) -> str | None:
        """This round's job, if there is one; asked of somebody new, for the parent may be gone."""
        self.person.kill()
        self.person = self.enter()
        jobs = self.person.ask("list_jobs")
        return next((job["id"] for job in jobs if job["key"] == self.key), None)

    def end_of(self, job: str) -> Answer:
        """How the job ended, and O4."""
        found: Answer = self.person.ask("settled", job)
        until("every job settled", self.scene.all_settled, SETTLED_WITHIN)
        return found

    def left(self) -> None:
        """The last one leaves: O5 and O8."""
        assert 0 == self.person.leave()
        self.scene.repository()
        self.scene.judge_secrets()
