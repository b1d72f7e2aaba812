"""The worker as a process: it lives no longer than its parent, and only events come out of its pipe."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Callable

import pytest

from tests.faults.people import is_gone, until
from tests.faults.scene import Scene
from tests.support.databases import content_of

SceneOf = Callable[[str], Scene]
ENDS_WITHIN = 2.0


@pytest.mark.parametrize("point", ["restore.a1.received", "restore.a5.step:2", "restore.a6.committed"])
def test_it_ends_with_its_parent(scene: Scene, point: str) -> None:
    """At work, or while it waits for an answer."""
    person = scene.person()
    person.ask("aim", f"{point}=stop")
    job = person.ask("restore", scene.backups[scene.other])
    worker = scene.stopped_worker_of(job)
    person.kill()

    os.kill(worker, signal.SIGCONT)

    until("the worker gone", lambda: is_gone(worker), ENDS_WITHIN)


def test_ctrl_c_is_the_parents_to_hear(scene: Scene) -> None:
    person = scene.person()
    person.ask("aim", "restore.a5.step=stop")
    job = person.ask("restore", scene.backups[scene.other])
    worker = scene.stopped_worker_of(job)

    assert os.getpgid(worker) not in (os.getpgid(person.process.pid), 0)  # so a terminal sends it none
    os.kill(worker, signal.SIGINT)
    os.kill(worker, signal.SIGCONT)

    assert "completed" == person.ask("settled", job)["outcome"]
    assert scene.contents[scene.other] == content_of(scene.database)


@pytest.mark.needs("linux")  # only there does the system tell another process's limits
def test_its_resources_are_limited(scene_of: SceneOf) -> None:
    scene = scene_of("wal")
    person = scene.person()
    person.ask("aim", "repository.packs.stored=stop")
    worker = scene.stopped_worker_of(person.ask("create"))

    limits = [resource.prlimit(worker, what)[0] for what in (resource.RLIMIT_CORE, resource.RLIMIT_AS)]

    assert [0, 4 << 30] == limits


CHATTERBOX = """
import os, sys
from reprieve.core.job import Progress
from reprieve.core.messages import Progressed
from reprieve.transports.local.worker.channel import Channel
channel = Channel()
print("a stray print", channel.task(), flush=True)
os.system("echo a stray child")
os.write(1, b"a stray library\\n")
assert not sys.stdin.read()
channel.tell(Progressed(Progress("phase", 1, 2)))
"""


def test_a_stray_print_does_not_hurt_the_channel() -> None:
    """It goes to stderr, with whatever else is said; nor can anybody read the parent's answers away."""
    with subprocess.Popen(
        [sys.executable, "-c", CHATTERBOX],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        bufsize=0,
    ) as worker:
        assert worker.stdin and worker.stdout and worker.stderr
        worker.stdin.write(b'{"task": 1}\n')
        told, strays = worker.stdout.read(), worker.stderr.read()

    assert "progressed" == json.loads(told)["event"]
    assert [b"a stray child", b"a stray library", b"a stray print {'task': 1}"] == sorted(strays.splitlines())


def test_what_a_killed_worker_left_is_cleared_up_by_the_next_library(scene: Scene) -> None:
    """It died after its job was recorded as done; its parent died with it. Nothing else is touched."""
    person = scene.person()
    person.ask("outcome", person.ask("restore", scene.backups[scene.other]))
    person.ask("aim", "restore.a6.settled=stop")
    job = person.ask("restore", scene.backups[scene.holds])
    worker = scene.stopped_worker_of(job)
    person.kill()
    os.kill(worker, signal.SIGKILL)
    until("the worker gone", lambda: is_gone(worker))
    left = scene.leftovers()
    copies = sorted(scene.home.undo.iterdir())

    other = scene.person()
    other.opened.result()

    assert [f"stage/{job}.db", f"workers/{job}.lock"] == left
    assert [] == scene.leftovers()
    assert copies == sorted(scene.home.undo.iterdir())
    assert scene.contents[scene.holds] == content_of(scene.database)


def test_what_an_unsettled_job_needs_stays(scene: Scene) -> None:
    """Another library is opened while a restoration is under way."""
    person = scene.person()
    person.ask("aim", "restore.a4.noted=stop")
    job = person.ask("restore", scene.backups[scene.other])
    worker = scene.stopped_worker_of(job)
    before = scene.leftovers()

    scene.person().opened.result()

    assert before == scene.leftovers()
    os.kill(worker, signal.SIGCONT)
    assert "completed" == person.ask("settled", job)["outcome"]
