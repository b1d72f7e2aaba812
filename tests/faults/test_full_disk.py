"""Full disks under the store, the home and the database, and a limit on the size of files.

Each time: a clear error, the original whole, the repository valid, and success once there is room.
"""

from __future__ import annotations

import os
import resource
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.faults.people import Person, Refused, until
from tests.faults.scene import Answer, Scene
from tests.support.databases import content_of

SceneOf = Callable[[str], Scene]
Disk = Callable[[Path, str], None]


@pytest.fixture
def small_disk() -> Iterator[Disk]:
    """Make a folder a file system of this size, with what the folder holds."""
    mounted: list[Path] = []

    def mount(folder: Path, size: str) -> None:
        before = folder.with_name(folder.name + "-before")
        folder.rename(before)
        folder.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "none", folder], check=True)
        mounted.append(folder)
        shutil.copytree(before, folder, dirs_exist_ok=True)

    yield mount
    for folder in mounted:
        subprocess.run(["umount", "--lazy", folder], check=True)


def make_room(folder: Path) -> None:
    subprocess.run(["mount", "-o", "remount,size=100m", folder], check=True)


def fill(folder: Path) -> Path:
    """Leave no room at all."""
    filler = folder / "filler"
    with filler.open("wb", buffering=0) as file:
        size = 1 << 20
        while size:
            try:
                file.write(bytes(size))
            except OSError:
                size //= 2
    return filler


def ended(person: Person, job: str) -> Answer:
    found: Answer = person.ask("settled", job)
    return found


def backup(person: Person) -> Answer:
    return ended(person, person.ask("create"))


def restoration(scene: Scene, person: Person) -> Answer:
    return ended(person, person.ask("restore", scene.backups[scene.other]))


def is_as_it_was(scene: Scene) -> bool:
    until("everything cleared up", lambda: not scene.leftovers())
    return scene.contents[scene.holds] == content_of(scene.database)


@pytest.mark.needs("tmpfs")
def test_the_store_is_full(scene: Scene, small_disk: Disk) -> None:
    scene.forget_store()
    scene.store.mkdir()
    small_disk(scene.store, "4m")
    person = scene.person()

    failed = backup(person)

    assert ("failed", "storageFull") == (failed["state"], failed["error"]), failed
    assert str(scene.store) in failed["message"]
    assert is_as_it_was(scene)
    assert [] == person.ask("backups")
    assert [] == list(scene.store.iterdir())  # not even its config had found room
    make_room(scene.store)
    assert "completed" == backup(person)["outcome"]
    assert 1 == scene.repository().backups


@pytest.mark.needs("tmpfs")
@pytest.mark.parametrize("size", ["4m", "12m"], ids=["no room for the stage", "no room for the undo copy"])
def test_the_home_is_full_in_a_restoration(scene: Scene, small_disk: Disk, size: str) -> None:
    small_disk(scene.home.data, size)
    person = scene.person()

    failed = restoration(scene, person)

    assert ("failed", "storageFull") == (failed["state"], failed["error"]), failed
    assert is_as_it_was(scene)
    assert [] == person.ask("undo_copies")
    make_room(scene.home.data)
    assert "completed" == restoration(scene, person)["outcome"]
    assert scene.contents[scene.other] == content_of(scene.database)


@pytest.mark.needs("tmpfs")
@pytest.mark.parametrize("size", ["9m", "14m"])
def test_the_disk_of_the_database_is_full_in_a_restoration(scene: Scene, small_disk: Disk, size: str) -> None:
    small_disk(scene.database.parent, size)
    person = scene.person()

    failed = restoration(scene, person)

    assert ("failed", "storageFull") == (failed["state"], failed["error"]), failed
    assert is_as_it_was(scene)
    make_room(scene.database.parent)
    assert "completed" == restoration(scene, person)["outcome"]
    assert scene.contents[scene.other] == content_of(scene.database)


@pytest.mark.needs("tmpfs")
def test_the_disk_of_the_journal_is_full(scene_of: SceneOf, small_disk: Disk) -> None:
    """Before a job and in the middle of one: whoever asked hears of it, and the job settles later."""
    scene = scene_of("wal")
    small_disk(scene.home.data, "4m")
    person = scene.person()
    person.opened.result()
    filler = fill(scene.home.data)
    with pytest.raises(Refused) as refused:
        person.ask("create")
    filler.unlink()
    person.ask("aim", "store.upload.opened=stop")
    job = person.ask("create")
    worker = scene.stopped_worker_of(job)
    waiting = person.start("outcome", job)

    filler = fill(scene.home.data)
    os.kill(worker, signal.SIGCONT)
    with pytest.raises(Refused) as heard:
        waiting.result()
    filler.unlink()

    assert ["storageFull", "storageFull"] == [refused.value.kind, heard.value.kind]
    person.ask("aim", None)
    until("every job settled", scene.all_settled)
    assert "completed" == backup(person)["outcome"]
    assert is_as_it_was(scene)
    scene.repository()
    scene.judge_secrets()


def limited() -> None:
    """No file of this process, nor of its workers, may grow beyond 3 MiB."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (3 << 20, 3 << 20))


@pytest.mark.parametrize("do", ["backup", "restoration"])
def test_files_may_not_grow(scene: Scene, do: str) -> None:
    if do == "backup":  # into a store that has nothing yet, or there would be little to write
        scene.forget_store()
    person = scene.person(preexec_fn=limited)

    failed = backup(person) if do == "backup" else restoration(scene, person)

    assert ("failed", "storageFull") == (failed["state"], failed["error"]), failed
    assert is_as_it_was(scene)
    scene.repository()
    free = scene.person()
    assert "completed" == (backup(free) if do == "backup" else restoration(scene, free))["outcome"]
    scene.judge_secrets()
