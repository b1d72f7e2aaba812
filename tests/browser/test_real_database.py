"""The page on a real service over a real database, in which another program is writing all the time."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from playwright.async_api import expect

from tests.support.databases import OLD, make_database, writes_in
from tests.support.neighbours import Neighbours, neighbours

from .conftest import Serve, Visitor
from .visiting import Visit

pytestmark = [pytest.mark.needs("chromium"), pytest.mark.asyncio(loop_scope="session")]


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return make_database(tmp_path / "snippets.db", OLD, rows=1500)


@pytest.fixture
def crowd(database: Path) -> Iterator[Neighbours]:
    with neighbours(database) as crowd:
        yield crowd


async def backed_up(visit: Visit, count: int) -> None:
    """Back up, and wait until so many backups are there."""
    await visit.back_up.click()
    await expect(visit.rows).to_have_count(count)
    await expect(visit.jobs).to_have_count(0)


async def test_a_backup_is_made_restored_reverted_and_deleted(
    serve: Serve, visit: Visitor, database: Path, crowd: Neighbours
) -> None:
    async with visit(serve(database.name)) as seen:
        await expect(seen.page.get_by_role("heading", name="snippets.db")).to_be_visible()
        await expect(seen.page.get_by_text("There are no backups yet")).to_be_visible()

        await backed_up(seen, 1)
        held = set(crowd.acknowledged)
        await expect(seen.rows.first).to_contain_text("MiB")
        await expect(seen.notices).to_contain_text("the store grew by")

        mark(database)
        await seen.rows.first.get_by_role("button", name="Restore").click()
        await expect(seen.question).to_contain_text(str(database))
        await seen.answer("Replace it")
        await expect(seen.notices).to_contain_text("Restored: the database is as it was on")
        assert (False, set()) == (marked(database), held - writes_in(database))

        await seen.copies.first.get_by_role("button", name="Revert").click()
        await expect(seen.question).to_contain_text(
            "Everything that snippets.db holds now is replaced by what it held until"
        )
        await seen.answer("Put it back")
        await expect(seen.notices).to_contain_text("Reverted: the database holds again what it held before.")
        assert marked(database)

        await seen.rows.first.get_by_role("button", name="Delete").click()
        await seen.answer("Delete it")
        await expect(seen.rows).to_have_count(0)
        await expect(seen.page.get_by_text("There are no backups yet")).to_be_visible()
        await expect(seen.lately).to_have_count(3)


async def test_what_each_backup_added_is_told(
    serve: Serve, visit: Visitor, database: Path, crowd: Neighbours
) -> None:
    async with visit(serve(database.name)) as seen:
        await backed_up(seen, 1)
        crowd.write_more(50)
        await backed_up(seen, 2)

        added = [await seen.rows.nth(row).locator(".added").inner_text() for row in (0, 1)]
        chart = seen.page.get_by_role("img", name="Size and growth over time")
        await expect(chart).to_have_accessible_description(
            re.compile("^2 backups from .* A backup added between ")
        )
        assert "MiB" in added[1] and "MiB" not in added[0], added
        await seen.shot("real-database")


def mark(database: Path) -> None:
    """Write what no backup has."""
    with closing(sqlite3.connect(database, timeout=30)) as connection:
        connection.execute("CREATE TABLE marked (x)")


def marked(database: Path) -> bool:
    with closing(sqlite3.connect(database, timeout=30)) as connection:
        found = connection.execute("SELECT count(*) FROM sqlite_schema WHERE name = 'marked'").fetchone()
        return bool(found[0])
