"""The bridge over a real database that others read and write: restore, cancel, revert, plans, and every end.

A job is caught in the act where its worker stops itself (REPRIEVE_FAILPOINT, `…=stop`), and goes on when the
test says so.
"""

from __future__ import annotations

import os
import signal
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import attrs
import pytest

from reprieve.transports.local.os_lock import OsLock
from tests.support.bridges import DEADLINE, Bridge, Said, bridging
from tests.support.databases import OLD, content_of, copy_database, make_database, writes_in
from tests.support.leftovers import leftovers
from tests.support.neighbours import Neighbours, neighbours

pytestmark = pytest.mark.needs("posix")

SOON = 10.0
COPYING = "restore.a5.step=stop"
COMMITTED = "restore.a6.committed=stop"
STORING = "store.upload.opened:2=stop"


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_database(tmp_path_factory.mktemp("template") / "template.db", OLD, rows=300)


@attrs.frozen
class Scene:
    """A database in use, and the bridges that come and go."""

    folder: Path
    crowd: Neighbours

    @property
    def database(self) -> Path:
        return self.folder / "snippets.db"

    @contextmanager
    def bridge(self, failpoint: str = "") -> Iterator[Bridge]:
        """A bridge over the database; its workers stop there."""
        with bridging(self.folder, str(self.database), REPRIEVE_FAILPOINT=failpoint) as bridge:
            yield bridge

    def edit(self) -> str:
        """What the user does after a backup; the content is then this."""
        with closing(sqlite3.connect(self.database, timeout=60, isolation_level=None)) as database:
            database.execute("UPDATE content SET tag = 7")
        return content_of(self.database)

    def worker(self, job: str) -> int:
        """The worker of a job, once it has stopped itself."""
        lock = OsLock(self.folder / "home" / "workers" / f"{job}.lock")
        deadline = time.monotonic() + DEADLINE
        while (pid := lock.pid()) is None or not _stopped(pid):
            assert time.monotonic() < deadline
            time.sleep(0.01)
        return pid

    def whole(self, content: str) -> None:
        """The database holds this, it is in use as before, and nothing lies about."""
        self.crowd.write_more()
        self.crowd.stop()
        assert content == content_of(self.database)
        assert [] == leftovers(self.folder / "home", self.database)

    def untouched(self, content: str) -> None:
        """As above, and no write is lost that the writer was promised."""
        self.whole(content)
        assert set() == self.crowd.acknowledged - writes_in(self.database)


def _stopped(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text("ascii").rpartition(")")[2].split()[0] == "T"
    except OSError:
        return False


@pytest.fixture
def scene(tmp_path: Path, template: Path) -> Iterator[Scene]:
    with neighbours(copy_database(template, tmp_path / "snippets.db")) as crowd:
        yield Scene(tmp_path, crowd)


def _restoring(bridge: Bridge, backup: Said) -> tuple[int, str]:
    """A restoration that is asked for: the request, and the job once it runs."""
    bridge.call("jobs/subscribe")
    asked = bridge.ask("backup/restore", {"backup": backup["id"], "confirm": True, "workDoneToken": "t"})
    return asked, bridge.told("jobs/didChange", job={"state": "running"})["job"]["id"]


def test_back_up_restore_revert(scene: Scene) -> None:
    original = content_of(scene.database)
    with scene.bridge() as bridge:
        backup = bridge.call("backups/create", {"workDoneToken": "t"})
        edited = scene.edit()

        assert [backup] == bridge.call("backups/list")["items"]
        assert backup == bridge.call("backup/snapshot", {"backup": backup["id"]})
        assert backup == bridge.call("backup/restore", {"backup": backup["id"], "confirm": True})
        restored = content_of(scene.database)
        (copy,) = bridge.call("database/undoCopies")["items"]
        reverted = bridge.call("database/revert", {"confirm": True})
        jobs = bridge.call("jobs/list")["items"]
        assert 0 == bridge.leave()

    assert (original, scene.database) == (restored, Path(backup["database"]))
    assert ("restoration", "completed", copy["id"]) == tuple(
        reverted[of] for of in ("kind", "outcome", "undo")
    )
    assert [reverted["id"], copy["job"]] == [job["id"] for job in jobs[:2]]
    scene.whole(edited)


@pytest.mark.needs("linux")
@pytest.mark.parametrize("kind", ["restore", "revert"])
@pytest.mark.parametrize("by", ["request", "token", "job"])
def test_c01_cancelled_in_the_middle_the_content_is_back(scene: Scene, by: str, kind: str) -> None:
    with scene.bridge() as bridge:
        backup = bridge.call("backups/create")
        content = scene.edit()
        if kind == "revert":
            bridge.call("backup/restore", {"backup": backup["id"], "confirm": True})
            content = content_of(scene.database)
        bridge.leave()
    with scene.bridge(COPYING) as bridge:
        if kind == "restore":
            asked, job = _restoring(bridge, backup)
        else:
            bridge.call("jobs/subscribe")
            asked = bridge.ask("database/revert", {"confirm": True, "workDoneToken": "t"})
            job = bridge.told("jobs/didChange", job={"state": "running"})["job"]["id"]
        worker = scene.worker(job)

        if by == "request":
            bridge.notify("$/cancelRequest", {"id": asked})
        elif by == "token":
            bridge.notify("window/workDoneProgress/cancel", {"token": "t"})
        else:
            bridge.ask("jobs/cancel", {"job": job})
        bridge.told("jobs/didChange", job={"state": "cancelling"})
        assert [] == bridge.answers(asked)
        os.kill(worker, signal.SIGCONT)
        answer = bridge.answer(asked)

        assert (-32800, job) == (answer["error"]["code"], answer["error"]["data"]["job"])
        assert "cancelled" == bridge.told("jobs/didChange", job={"state": "done"})["job"]["outcome"]
        assert 0 == bridge.leave()
    (scene.untouched if kind == "restore" else scene.whole)(content)


@pytest.mark.needs("linux")
def test_c05_past_the_commit_a_cancel_is_too_late(scene: Scene) -> None:
    with scene.bridge("restore.a6.settled=stop") as bridge:
        original = content_of(scene.database)
        backup = bridge.call("backups/create")
        scene.edit()
        asked, job = _restoring(bridge, backup)
        worker = scene.worker(job)

        cancel = bridge.ask("jobs/cancel", {"job": job})
        os.kill(worker, signal.SIGCONT)

        assert backup == bridge.answer(asked)["result"]
        assert (False, "completed") == (
            bridge.answer(cancel)["result"]["accepted"],
            bridge.answer(cancel)["result"]["job"]["outcome"],
        )
        assert 0 == bridge.leave()
    scene.whole(original)


@pytest.mark.needs("linux")
@pytest.mark.parametrize("end", ["stdin closed", "SIGTERM", "exit"])
def test_l06_and_l09_in_the_middle_of_a_restoration_the_content_is_back(scene: Scene, end: str) -> None:
    with scene.bridge(COPYING) as bridge:
        backup = bridge.call("backups/create")
        edited = scene.edit()
        asked, job = _restoring(bridge, backup)
        worker = scene.worker(job)

        if end == "stdin closed":
            bridge.close()
        elif end == "SIGTERM":
            bridge.process.terminate()
        else:
            bridge.notify("exit")
        bridge.told("jobs/didChange", job={"state": "cancelling"})
        os.kill(worker, signal.SIGCONT)

        assert (1 if end == "exit" else 0) == bridge.ended(SOON)
        assert -32800 == bridge.answer(asked)["error"]["code"]
        assert "cancelled" == bridge.told("jobs/didChange", job={"state": "done"})["job"]["outcome"]
    scene.untouched(edited)


@pytest.mark.needs("linux")
@pytest.mark.parametrize(
    ("failpoint", "state"), [(COPYING, "failed"), (COMMITTED, "done")], ids=["before the commit", "after it"]
)
def test_a_bridge_killed_in_the_middle_of_a_restoration_and_the_next_settles_it(
    scene: Scene, failpoint: str, state: str
) -> None:
    original = content_of(scene.database)
    if state == "done":  # whoever writes between the commit and the kill makes it ambiguous, and is told so
        scene.crowd.stop()
    with scene.bridge(failpoint) as bridge:
        backup = bridge.call("backups/create")
        edited = scene.edit()
        _, job = _restoring(bridge, backup)
        seq = bridge.everything("jobs/didChange")[-1]["seq"]
        worker = scene.worker(job)
        bridge.process.kill()
        os.kill(worker, signal.SIGKILL)
    with scene.bridge() as bridge:
        said = bridge.call("jobs/subscribe", {"since": seq})
        settled = bridge.told("jobs/didChange", job={"id": job, "state": state})["job"]

        assert settled == bridge.call("jobs/get", {"job": job})
        assert (False, seq) == (said["afresh"], said["seq"])
        assert ("interrupted" if state == "failed" else None) == settled.get("error", {}).get("kind")
        assert 0 == bridge.leave()
    if state == "failed":
        scene.untouched(edited)
    else:
        assert original == content_of(scene.database)


@pytest.mark.needs("linux")
@pytest.mark.parametrize("end", ["killed", "stdin closed", "shut down"])
def test_a_detached_creation_is_taken_up_by_the_next_bridge(scene: Scene, end: str) -> None:
    with scene.bridge(STORING) as bridge:
        job = bridge.call("backups/create", {"detach": True, "idempotencyKey": "k"})["job"]["id"]
        scene.worker(job)
        if end == "killed":
            bridge.process.kill()
        elif end == "stdin closed":
            bridge.close()
        else:
            bridge.call("shutdown")
            bridge.notify("exit")
        bridge.ended(SOON)
    with scene.bridge() as bridge:
        said = bridge.call("jobs/subscribe")
        if job in [one["id"] for one in said["snapshot"]]:
            bridge.told("jobs/didChange", job={"id": job, "state": "done"})
        done = bridge.call("jobs/get", {"job": job})
        again = bridge.call("backups/create", {"idempotencyKey": "k"})

        assert ("done", "completed", 2) == (done["state"], done["outcome"], done["attempt"])
        assert [done["backup"]] == [backup["id"] for backup in bridge.call("backups/list")["items"]]
        assert done["backup"] == again["id"]
        assert 0 == bridge.leave()


@pytest.mark.parametrize("params", [{}, {"confirm": False}, {"planToken": "nothing"}], ids=str)
def test_r01_unconfirmed_nothing_is_changed(scene: Scene, params: Said) -> None:
    with scene.bridge() as bridge:
        backup = bridge.call("backups/create")
        edited = scene.edit()

        refused = bridge.refused("backup/restore", {"backup": backup["id"], **params})
        bridge.refused("backups/delete", {"backup": backup["id"]})

        assert refused["code"] == (1412 if "planToken" in params else 1428)
        assert [backup] == bridge.call("backups/list")["items"]
        assert 1 == len(bridge.call("jobs/list")["items"])
        assert 0 == bridge.leave()
    scene.untouched(edited)


def test_r02_a_plan_is_stale_when_somebody_has_written(scene: Scene) -> None:
    scene.crowd.stop()
    with scene.bridge() as bridge:
        backup = bridge.call("backups/create")
        stale = bridge.call("backup/restorePlan", {"backup": backup["id"]})
        edited = scene.edit()

        refused = bridge.refused("backup/restore", {"backup": backup["id"], "planToken": stale["planToken"]})
        unchanged = content_of(scene.database)
        fresh = bridge.call("backup/restorePlan", {"backup": backup["id"]})
        restored = bridge.call("backup/restore", {"backup": backup["id"], "planToken": fresh["planToken"]})

        assert (1412, edited, backup) == (refused["code"], unchanged, restored)
        assert str(scene.database) == fresh["database"]
        assert scene.database.name in fresh["message"]
        assert 0 == bridge.leave()


def test_two_bridges_hear_of_each_others_jobs(scene: Scene) -> None:
    with scene.bridge() as one, scene.bridge() as other:
        one.call("jobs/subscribe")
        other.call("jobs/subscribe")

        backup = one.call("backups/create")
        other.told("jobs/didChange", job={"state": "done"})

        assert one.everything("jobs/didChange") == other.everything("jobs/didChange")
        assert [backup] == other.call("backups/list")["items"]
        assert (0, 0) == (one.leave(), other.leave())


def test_s02_a_change_has_the_same_number_in_every_bridge(scene: Scene) -> None:
    with scene.bridge() as bridge:
        bridge.call("jobs/subscribe")
        bridge.call("backups/create")
        scene.edit()
        bridge.call("backups/create")
        told = bridge.everything("jobs/didChange")
        assert 0 == bridge.leave()
    with scene.bridge() as bridge:
        said = bridge.call("jobs/subscribe", {"since": told[1]["seq"]})
        bridge.told("jobs/didChange", seq=told[-1]["seq"])

        assert (False, []) == (said["afresh"], said["snapshot"])
        assert told[2:] == bridge.everything("jobs/didChange")


def test_what_is_no_name_for_anything_is_not_found(scene: Scene) -> None:
    with scene.bridge() as bridge:
        bridge.call("backups/create")
        for name in ("", "nothing", "\ud800", "a\x00b", "../" * 9, "é" * 10_000):
            for method, params in (
                ("backup/snapshot", {"backup": name}),
                ("backup/restorePlan", {"backup": name}),
                ("backup/restore", {"backup": name, "confirm": True}),
                ("backups/delete", {"backup": name, "confirm": True}),
                ("backup/creationStatus", {"backup": name}),
                ("backup/restorationCancel", {"backup": name}),
                ("jobs/get", {"job": name}),
                ("jobs/cancel", {"job": name}),
                ("database/forgetUndo", {"undo": name, "confirm": True}),
                ("database/revert", {"undo": name, "confirm": True}),
                ("assets/get", {"id": name}),
                ("assets/get", {"id": name, "version": 10**30}),
                ("assets/history", {"id": name}),
            ):
                error = bridge.refused(method, params)
                assert error["code"] in (1404, -32602), (method, params, error)
        document = {"id": "notes", "half": "\ud800", "none": "\x00"}
        bridge.call("backup/asset", {"asset": document})
        assert document == bridge.call("assets/get", {"id": "notes"})
        kept = bridge.call("backups/create", {"idempotencyKey": "é \x00"})
        assert kept["id"] == bridge.call("backups/create", {"idempotencyKey": "é \x00"})["id"]


def test_no_error_has_a_path_that_was_not_named(scene: Scene) -> None:
    with scene.bridge() as bridge:
        backup = bridge.call("backups/create")["id"]
        os.rename(scene.folder / "store", scene.folder / "elsewhere")
        errors = [
            bridge.refused(method, {"backup": backup, "confirm": True} if "/restore" in method else None)
            for method in (
                "backups/list",
                "backups/create",
                "backup/restore",
                "database/revert",
                "assets/list",
            )
        ]

    assert all(str(scene.folder) not in str(error["data"]) for error in errors), errors
    assert all("Traceback" not in str(error) for error in errors)


def test_4_is_a_repository_whose_key_is_missing(scene: Scene) -> None:
    with scene.bridge() as bridge:
        bridge.call("backups/create")
        assert 0 == bridge.leave()
    for key in (scene.folder / "home").rglob("*.key"):
        key.unlink()
    (scene.folder / "bridge.log").unlink()

    with scene.bridge() as bridge:
        assert 4 == bridge.ended()
        said = bridge.told("window/logMessage")

    assert (1, True) == (said["type"], "key" in said["message"])
    assert [f"reprieve: {said['message']}"] == bridge.log().splitlines()


def test_a_database_that_is_gone_is_brought_back(scene: Scene) -> None:
    content = content_of(scene.database)
    with scene.bridge() as bridge:
        backup = bridge.call("backups/create")
        assert 0 == bridge.leave()
    scene.crowd.stop()
    for path in scene.folder.glob("snippets.db*"):
        path.unlink()

    with scene.bridge() as bridge:
        plan = bridge.call("backup/restorePlan", {"backup": backup["id"]})
        bridge.call("backup/restore", {"backup": backup["id"], "planToken": plan["planToken"]})
        assert 0 == bridge.leave()

    assert "bytes" not in plan
    assert content == content_of(scene.database)
