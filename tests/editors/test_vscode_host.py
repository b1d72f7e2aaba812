"""The packed extension in a real VS Code, used as a person does, on a database that others write to."""

from __future__ import annotations

import os
import re
import signal
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

import pytest
from playwright.sync_api import expect, sync_playwright

from tests.support.databases import OLD, content_of, make_database, writes_in
from tests.support.neighbours import neighbours

from .vscode_host import Window, opened, served

pytestmark = pytest.mark.needs("vscode host", "chromium", "posix")


def test_what_a_person_does(tmp_path: Path) -> None:
    """Back up (and the bridge dies), restore and cancel that, restore, revert: what is said, and so."""
    database = make_database(tmp_path / "snippets.db", OLD, rows=12_000)
    backed_up = content_of(database)
    bridge = Bridges(tmp_path)
    environment = {
        "REPRIEVE_HOME": str(tmp_path / "home"),
        "REPRIEVE_STORE": str(tmp_path / "store"),
        "REPRIEVE_BRIDGE": str(bridge.program),
    }

    with (
        served(tmp_path, {"reprieve.database": str(database)}, environment) as address,
        sync_playwright() as playwright,
        opened(playwright, address) as window,
    ):
        back_up_while_the_bridge_dies(window, bridge)
        edited = edit(database)
        with neighbours(database) as others:
            cancel_a_restoration(window)
            assert edited == content_of(database)
            restore(window)
            assert backed_up == content_of(database)
            revert(window)
            assert edited == content_of(database)
            others.write_more()
            others.stop()
        assert max(others.acknowledged) in writes_in(database)
        look_at_the_views(window)


def back_up_while_the_bridge_dies(window: Window, bridge: Bridges) -> None:
    expect(window.status).to_contain_text("No backup")
    window.command("Reprieve: Show Backups")
    expect(window.view("Backups")).to_contain_text("There is no backup yet.")
    window.command("Reprieve: Back Up Now")
    expect(window.notification("Backing up snippets.db")).to_be_visible()
    window.shot("backing-up")
    bridge.kill()
    expect(window.notification("Backed up snippets.db: 9")).to_be_visible()
    assert 2 == len(bridge.pids())
    expect(window.status).to_contain_text("just now")


def cancel_a_restoration(window: Window) -> None:
    """The database is written to all the time, so the question comes twice."""
    begin_to_restore(window)
    restoring = window.notification(re.compile(r"Restoring snippets\.db: \w+ [1-9]\d? %"))
    expect(restoring).to_be_visible()
    window.shot("restoring")
    restoring.get_by_role("button", name="Cancel").click()
    said = "The restoration was cancelled; everything is as it was before."
    expect(window.notification(said)).to_be_visible()
    expect(window.notification("Restoring")).to_be_hidden()
    window.shot("cancelled")


def restore(window: Window) -> None:
    begin_to_restore(window)
    expect(window.notification("Restored snippets.db, as it was on")).to_be_visible()
    window.shot("restored")


def begin_to_restore(window: Window) -> None:
    window.command("Notifications: Clear All Notifications")
    window.command("Reprieve: Restore…")
    window.picks.first.click()
    expect(window.question).to_contain_text("is replaced by its backup of")
    window.shot("question")
    window.answer("Restore")
    expect(window.question).to_contain_text("It has changed since you were asked")
    window.answer("Restore Anyway")


def revert(window: Window) -> None:
    """By the button of the message that the restoration ended with."""
    window.notification("Restored snippets.db").get_by_role("button", name="Revert…").click()
    window.picks.first.click()
    expect(window.question).to_contain_text("by what it held until")
    window.shot("question-of-a-revert")
    window.answer("Revert")
    expect(window.notification("Reverted snippets.db")).to_be_visible()


def look_at_the_views(window: Window) -> None:
    expect(window.rows("Backups")).to_have_count(1)
    expect(window.rows("Jobs")).to_have_count(4)
    window.shot("views")


def edit(database: Path) -> str:
    """Change what it holds; its content from then on."""
    with closing(sqlite3.connect(database, timeout=30)) as connection, connection:
        connection.execute("UPDATE content SET tag = tag + 1")
    return content_of(database)


class Bridges:
    """A program that is the bridge, and notes its process ids on the way."""

    def __init__(self, folder: Path) -> None:
        self.program = folder / "noting-reprieve"
        self._noted = folder / "pids"
        real = Path(sys.executable).with_name("reprieve")
        self.program.write_text(f'#!/bin/sh\necho $$ >> "{self._noted}"\nexec "{real}" "$@"\n', "utf-8")
        self.program.chmod(0o755)

    def pids(self) -> list[int]:
        return [int(line) for line in self._noted.read_text("utf-8").split()]

    def kill(self) -> None:
        os.kill(self.pids()[-1], signal.SIGKILL)
