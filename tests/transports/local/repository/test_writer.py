"""What a backup stores, what it does not store twice, and what it leaves when it does not end."""

from __future__ import annotations

import threading

import pytest

from reprieve.core.errors import InvalidRequest
from reprieve.transports.local.repository.opening import open_or_plan_repository
from reprieve.transports.local.repository.repository import Repository
from reprieve.transports.local.stores import open_store

from .conftest import Child, Ground, content_of, image_of, pages


def test_a_second_backup_stores_only_what_changed(ground: Ground, repository: Repository) -> None:
    first = ground.back_up(repository, pages(*range(100)))
    before = ground.objects()
    second = ground.back_up(repository, pages(*range(50), "new", *range(51, 100)))
    packs = {name for name in ground.objects() - before if name.startswith("packs/")}

    assert 1 == len(packs)
    assert first.added is not None and second.added is not None
    assert first.added > 2 * second.added
    assert pages(*range(100)) == ground.content(repository, first.id)
    assert pages(*range(50), "new", *range(51, 100)) == ground.content(repository, second.id)


def test_added_is_what_the_packs_and_the_manifest_take(ground: Ground, repository: Repository) -> None:
    backup = ground.back_up(repository, pages(*range(30)))
    sizes = [(ground.store / name).stat().st_size for name in ground.objects() if name[0] in "pm"]

    assert sum(sizes) == backup.added


def test_pages_that_moved_are_not_stored_again(ground: Ground, repository: Repository) -> None:
    ground.back_up(repository, pages(*range(40)))
    before = ground.objects()
    moved = ground.back_up(repository, pages(*reversed(range(40))))

    assert not {name for name in ground.objects() - before if name.startswith("packs/")}
    assert pages(*reversed(range(40))) == ground.content(repository, moved.id)


def test_another_database_shares_pages(ground: Ground, repository: Repository) -> None:
    ground.back_up(repository, pages(*range(40)))
    before = ground.objects()
    other = ground.back_up(repository, pages(*range(20)), database="copy")

    assert not {name for name in ground.objects() - before if name.startswith("packs/")}
    assert pages(*range(20)) == ground.content(repository, other.id)


def test_a_page_that_comes_twice_is_stored_once(ground: Ground, repository: Repository) -> None:
    once = ground.back_up(repository, pages("a"))
    many = ground.back_up(repository, pages("b", *["c"] * 200))

    assert pages("b", *["c"] * 200) == ground.content(repository, many.id)
    assert once.added is not None and many.added is not None
    assert many.added < once.added + 2 * 512


def test_what_an_interrupted_backup_stored_serves_the_next(
    ground: Ground, repository: Repository, child: Child
) -> None:
    content = pages(*range(45))
    (ground.root / "db").write_bytes(content)
    killed = child("backup", ground.root / "db", failpoint="repository.packs.stored")
    killed.communicate("go\n", timeout=60)
    before = {name for name in ground.objects() if name.startswith("packs/")}
    backup = ground.back_up(repository, content)

    assert before
    assert before == {name for name in ground.objects() if name.startswith("packs/")}
    assert content == ground.content(repository, backup.id)


def test_leaving_without_finish_makes_no_backup_and_leaves_no_temporary_file(
    ground: Ground, repository: Repository
) -> None:
    with repository.writer(None, "library") as writer:
        writer.begin(512, 30)
        writer.write(1, pages(*range(27)))

    with pytest.raises(ZeroDivisionError), repository.writer(None, "library") as writer:
        writer.begin(512, 30)
        writer.write(1, pages(*range(100, 127)))
        raise ZeroDivisionError

    assert () == repository.backups()
    assert set() == ground.left_over()


def test_the_allotted_backup_is_the_one_that_is_made(ground: Ground, repository: Repository) -> None:
    with repository.writer(None, "library") as writer:
        allotted = writer.allot()
        writer.begin(512, 3)
        writer.write(1, pages(1, 2, 3))
        backup = writer.finish(image_of(pages(1, 2, 3), 512))

    assert (allotted.id, allotted.created) == (backup.id, backup.created)
    assert backup == repository.backup(allotted.id)


def test_two_backups_allotted_the_same_id_both_exist(ground: Ground, repository: Repository) -> None:
    with repository.writer(None, "library") as one, repository.writer(None, "library") as other:
        object.__setattr__(other, "_backup", one.allot())
        for writer in (one, other):
            writer.begin(512, 1)
            writer.write(1, pages(1))
        ids = {writer.finish(image_of(pages(1), 512)).id for writer in (one, other)}

    assert ids == {backup.id for backup in repository.backups()}
    assert 2 == len(ids)


def test_progress_counts_the_bytes_of_this_try(repository: Repository) -> None:
    with repository.writer(None, "library") as writer:
        writer.begin(512, 4)
        writer.write(1, pages(1, 2))
        first = writer.done
        writer.begin(512, 4)
        writer.write(1, pages(1))

        assert (1024, 512) == (first, writer.done)


def test_a_damaged_source_is_marked(repository: Repository) -> None:
    with repository.writer(None, "library") as writer:
        writer.begin(512, 1)
        writer.write(1, pages(1))
        stored = content_of(writer.reader())
        backup = writer.finish(image_of(pages(1), 512, problems=None), problems=["row 3 missing from index"])

    assert pages(1) == stored
    assert backup.source_damaged
    assert ("row 3 missing from index",) == repository.record(backup.id).image.problems


def test_pages_that_never_came_make_no_backup(repository: Repository) -> None:
    with repository.writer(None, "library") as writer:
        writer.begin(512, 3)
        writer.write(2, pages(2))
        with pytest.raises(InvalidRequest, match="2 pages of the image never came"):
            writer.finish(image_of(pages(1, 2, 3), 512))

    assert () == repository.backups()


@pytest.mark.parametrize(
    "page_size, count", [(0, 1), (513, 1), (256, 1), (131072, 1), (512, -1), (512, 1 << 32)]
)
def test_an_impossible_shape_is_refused(repository: Repository, page_size: int, count: int) -> None:
    with repository.writer(None, "library") as writer, pytest.raises(InvalidRequest, match="No database has"):
        writer.begin(page_size, count)


@pytest.mark.parametrize("first, size", [(0, 512), (3, 512), (1, 511), (2, 1024)])
def test_pages_outside_the_image_are_refused(repository: Repository, first: int, size: int) -> None:
    with repository.writer(None, "library") as writer:
        writer.begin(512, 2)
        with pytest.raises(InvalidRequest, match="do not fit"):
            writer.write(first, bytes(size))


def test_an_image_that_is_not_the_one_written_is_refused(repository: Repository) -> None:
    with repository.writer(None, "library") as writer:
        writer.begin(512, 1)
        writer.write(1, pages(1))
        with pytest.raises(InvalidRequest, match="not the one"):
            writer.finish(image_of(pages(1, 2), 512))


def test_a_parent_whose_packs_are_gone_is_stored_again(ground: Ground, repository: Repository) -> None:
    content = pages(*range(20))
    ground.back_up(repository, content)
    for name in ground.objects():
        if name.startswith("packs/"):
            (ground.store / name).unlink()
    healed = ground.back_up(repository, content)

    assert content == ground.content(repository, healed.id)
    assert 1 == repository.verify(healed.id).backups


def test_a_source_that_is_refused_leaves_no_repository(ground: Ground) -> None:
    """However much of it was read before it was found damaged."""
    with planned(ground).writer(None, "library", sound=lambda: False) as writer:
        writer.begin(512, 100)
        writer.write(1, pages(*range(100)))
        while_it_was_read = ground.objects()

    assert all(name.startswith("uploads/") for name in while_it_was_read)
    assert not ground.store.exists()
    assert [] == list(ground.home.keys.iterdir())


def test_a_folder_that_was_there_stays(ground: Ground) -> None:
    ground.store.mkdir()
    with planned(ground).writer(None, "library", sound=lambda: False) as writer:
        writer.begin(512, 100)
        writer.write(1, pages(*range(100)))

    assert [] == list(ground.store.iterdir())


def test_a_repository_is_made_once_its_source_is_found_sound(ground: Ground) -> None:
    content, known = pages(*range(100)), threading.Event()
    repository = planned(ground)
    with repository.writer(None, "library", known.is_set) as writer:
        writer.begin(512, 100)
        writer.write(1, content[: 50 * 512])
        before = (ground.store / "config").exists()
        known.set()
        writer.write(51, content[50 * 512 :])
        after = (ground.store / "config").exists()
        backup = writer.finish(image_of(content, 512))

    assert (False, True) == (before, after)
    assert content == ground.content(ground.open(), backup.id)


def test_a_repository_that_exists_takes_packs_before_the_check_is_over(
    ground: Ground, repository: Repository
) -> None:
    """So that what an interrupted backup has stored serves the next one."""
    with repository.writer(None, "library", sound=lambda: False) as writer:
        writer.begin(512, 100)
        writer.write(1, pages(*range(100)))

    assert [name for name in ground.objects() if name.startswith("packs/")]


def planned(ground: Ground) -> Repository:
    return open_or_plan_repository(open_store(ground.store), ground.home, version="1.0")
