"""A full disk and other failing calls: a clear error, nothing published, success once there is room."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator

import pytest

from reprieve.core.errors import StorageError, StorageFull
from reprieve.transports.local import failpoints
from reprieve.transports.local.repository import FAILPOINTS
from reprieve.transports.local.repository.repository import Repository

from .conftest import Child, Ground, pages

CONTENT = pages(*range(45))

Fail = Callable[[str, int, int], list[int]]


@pytest.fixture
def fail() -> Iterator[Fail]:
    """Makes the Nth arrival at a failpoint raise OSError; gives a list that holds a number if it did."""

    def install(name: str, nth: int, code: int) -> list[int]:
        arrivals: list[int] = []
        raised: list[int] = []

        def reached(where: str) -> None:
            if where == name:
                arrivals.append(1)
                if len(arrivals) == nth:
                    raised.append(nth)
                    raise OSError(code, os.strerror(code))

        failpoints.install(reached)
        return raised

    yield install
    failpoints.install(None)


CALLS = [name for name in FAILPOINTS if name.startswith("store.") and name != "store.upload.durable"]


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO])
def test_every_call_that_fails(
    ground: Ground, repository: Repository, fail: Fail, name: str, code: int
) -> None:
    first = ground.back_up(repository, pages(1))
    expected = StorageFull if code == errno.ENOSPC else StorageError
    nth = 1
    while True:
        raised = fail(name, nth, code)
        try:
            made = ground.back_up(repository, CONTENT, parent=repository.record(first.id))
        except StorageError as error:
            failpoints.install(None)

            assert expected is type(error)
            assert [nth] == raised
            assert (first,) == repository.backups()
            assert set() == ground.left_over()
        else:
            break
        nth += 1

    assert [] == raised
    assert nth > 2
    failpoints.install(None)
    assert CONTENT == ground.content(repository, made.id)
    assert 2 == repository.verify().backups


def test_a_limit_on_the_size_of_files(ground: Ground, repository: Repository, child: Child) -> None:
    noise = os.urandom(512 * 60)
    (ground.root / "db").write_bytes(noise)
    limited = child("limited", 4096, ground.root / "db")
    _, said = limited.communicate("go\n", timeout=60)

    assert 3 == limited.returncode
    assert said.startswith("storageFull: Writing packs/")
    assert "Make room" in said
    assert () == repository.backups()
    assert set() == ground.left_over()
    assert noise == ground.content(repository, ground.back_up(repository, noise).id)


def test_a_store_that_may_not_be_written_to(ground: Ground, repository: Repository, fail: Fail) -> None:
    fail("store.upload.opened", 1, errno.EACCES)
    with pytest.raises(StorageError, match="Allow this user to read and write the folder"):
        ground.back_up(repository, CONTENT)
