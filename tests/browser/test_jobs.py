"""Jobs on the page: how far they are, cancelling them, and how they end, whoever began them."""

from __future__ import annotations

import json
import threading
from typing import Any

import pytest
from playwright.async_api import expect

from .conftest import Serve, Visitor
from .visiting import Visit

pytestmark = [pytest.mark.needs("chromium"), pytest.mark.asyncio(loop_scope="session")]

SLOW = "offline:?seed=7&backups=3&size=64000000&rate=2e6"
"""A job takes half a minute: it runs until it is cancelled."""

BRISK = "offline:?seed=7&backups=3&size=64000000&rate=32e6"
"""A job takes two seconds."""

SEEN = """
() => {
  window.seen = [];
  new MutationObserver(() => {
    const bar = document.querySelector("#jobs progress");
    if (bar && seen.at(-1) !== bar.value) seen.push(bar.value);
  }).observe(document.body, { subtree: true, childList: true, attributes: true });
}
"""
"""Keeps every value that the first job's bar has had."""


async def restore_newest(seen: Visit) -> None:
    await seen.rows.first.get_by_role("button", name="Restore").click()
    await seen.answer("Replace it")


async def test_the_bar_moves_and_never_back(serve: Serve, visit: Visitor) -> None:
    async with visit(serve(BRISK)) as seen:
        await seen.stands("Live")
        await seen.page.evaluate(SEEN)

        await seen.back_up.click()
        await expect(seen.rows).to_have_count(4)
        await expect(seen.jobs).to_have_count(0)

        values: list[float] = await seen.page.evaluate("seen")
        assert sorted(values) == values
        assert len(values) > 5, values
        assert any(20 < value < 80 for value in values), values


async def test_a_running_job_says_what_it_does(serve: Serve, visit: Visitor) -> None:
    async with visit(serve(SLOW)) as seen:
        await seen.back_up.click()

        await expect(seen.jobs).to_have_count(1)
        await expect(seen.jobs.get_by_role("progressbar", name="Backing up")).to_be_visible()
        await expect(seen.jobs).to_contain_text("of 61.0 MiB")
        await expect(seen.jobs).not_to_contain_text("started elsewhere")
        await seen.shot("running")


async def test_a_cancelled_restoration_leaves_all_as_it_was(serve: Serve, visit: Visitor) -> None:
    async with visit(serve(f"{SLOW}&cancel_delay=1")) as seen:
        await restore_newest(seen)
        await expect(seen.jobs).to_contain_text("Restoring the backup of")
        await seen.shot("restoring")

        await seen.jobs.get_by_role("button", name="Cancel").click()
        await expect(seen.jobs).to_contain_text("Cancelling, and putting everything back")
        await expect(seen.jobs.get_by_role("button", name="Cancel")).to_be_disabled()

        sentence = "The restoration was cancelled; everything is as it was before."
        await expect(seen.notices).to_contain_text(sentence)
        await expect(seen.page.get_by_role("status").filter(has_text=sentence)).to_be_attached()
        await expect(seen.lately.first).to_contain_text(sentence)
        await expect(seen.jobs).to_have_count(0)
        await expect(seen.copies).to_have_count(0)


async def test_a_cancel_that_comes_too_late_says_so(serve: Serve, visit: Visitor) -> None:
    async with visit(serve(f"{BRISK}&complete_despite_cancel=true")) as seen:
        seen.expected = ("Failed to load resource",)  # what the console says of any refusal
        await restore_newest(seen)

        await seen.jobs.get_by_role("button", name="Cancel").click()

        await expect(seen.notices.get_by_role("alert")).to_contain_text("too late")
        await expect(seen.lately.first).to_contain_text("Restored: the database is as it was on")
        await expect(seen.copies).to_have_count(1)


async def test_a_failure_says_why(serve: Serve, visit: Visitor) -> None:
    async with visit(serve(f"{BRISK}&fail_at=0.5&fail=storageFull&times=0")) as seen:
        await seen.back_up.click()

        alert = seen.notices.get_by_role("alert")
        await expect(alert).to_contain_text("The backup failed: The work failed, as its scenario says")
        await expect(seen.lately.first).to_contain_text("The backup failed")
        await expect(seen.rows).to_have_count(3)
        await seen.shot("failed")

        await alert.get_by_role("button", name="Dismiss").click()
        await expect(alert).to_have_count(0)


async def test_a_refusal_is_shown_as_the_service_says_it(serve: Serve, visit: Visitor) -> None:
    service = serve(SLOW)
    async with visit(service) as seen:
        seen.expected = ("Failed to load resource",)
        await expect(seen.rows).to_have_count(3)
        oldest = json.loads(service.ask("GET", "/backups").body)["iterable"][0]["id"]
        assert 204 == service.ask("POST", f"/backups/{oldest}/delete").status

        await seen.rows.last.get_by_role("button", name="Restore").click()
        await seen.answer("Replace it")

        await expect(seen.notices.get_by_role("alert")).to_contain_text(oldest)
        await seen.shot("refused")


async def test_a_job_of_somebody_else_is_shown_and_can_be_cancelled(serve: Serve, visit: Visitor) -> None:
    service = serve(SLOW)
    answers: list[Any] = []
    somebody = threading.Thread(target=lambda: answers.append(service.ask("POST", "/backups/create")))
    async with visit(service) as seen:
        await seen.stands("Live")
        somebody.start()

        await expect(seen.jobs).to_contain_text("started elsewhere")
        await seen.shot("elsewhere")
        await seen.jobs.get_by_role("button", name="Cancel").click()

        await expect(seen.notices).to_contain_text(
            "The backup was cancelled; everything is as it was before."
        )
        somebody.join()
        assert 1 == len(answers)


async def test_two_pages_see_the_same_job(serve: Serve, visit: Visitor) -> None:
    service = serve(SLOW)
    async with visit(service) as one, visit(service) as other:
        await other.stands("Live")
        await one.back_up.click()
        await expect(other.jobs).to_have_count(1)

        await other.jobs.get_by_role("button", name="Cancel").click()

        await expect(one.notices).to_contain_text("The backup was cancelled")
        await expect(one.jobs).to_have_count(0)


async def test_a_job_that_is_over_at_once_is_told(serve: Serve, visit: Visitor) -> None:
    async with visit(serve("offline:?seed=7&backups=1&rate=64e9")) as seen:
        await expect(seen.rows).to_have_count(1)
        await seen.back_up.click()
        await expect(seen.notices).to_contain_text("Backed up 61.0 MiB; the store grew by")
