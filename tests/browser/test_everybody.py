"""The page for everybody: by keyboard alone, heard instead of seen, in the dark, large, and on a phone."""

from __future__ import annotations

import pytest
from axe_playwright_python.async_playwright import Axe  # type: ignore[import-untyped]
from playwright.async_api import Page, expect

from .conftest import Serve, Visitor
from .visiting import PHONE, WIDE, Visit

pytestmark = [pytest.mark.needs("chromium"), pytest.mark.asyncio(loop_scope="session")]

SLOW = "offline:?seed=7&backups=20&rate=2e6"
LONG = (
    "/home/ada/" + "a-folder-with-a-long-name/" * 6 + "a-database-with-" + "a-very-" * 12 + "long-name.sqlite"
)

THEMES = [
    pytest.param({"color_scheme": "light", "viewport": WIDE}, id="light"),
    pytest.param({"color_scheme": "dark", "viewport": WIDE}, id="dark"),
    pytest.param({"color_scheme": "light", "viewport": PHONE}, id="phone"),
    pytest.param({"color_scheme": "dark", "viewport": PHONE, "reduced_motion": "reduce"}, id="phone-dark"),
]


async def judge_access(page: Page) -> None:
    """What axe finds wrong, contrast included: nothing."""
    found = await Axe().run(page)
    assert 0 == found.violations_count, found.generate_report()


async def judge_width(page: Page) -> None:
    """Nothing reaches beyond the page's width."""
    width, room = await page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    assert width <= room


@pytest.mark.parametrize("looks", THEMES)
async def test_all_of_it_is_accessible(
    serve: Serve, visit: Visitor, looks: dict[str, object], request: pytest.FixtureRequest
) -> None:
    name = request.node.callspec.id
    async with visit(serve(f"{SLOW}&cancel_delay=60"), **looks) as seen:
        await seen.stands("Live")
        await seen.back_up.click()
        await expect(seen.jobs).to_have_count(1)
        await judge_access(seen.page)
        await judge_width(seen.page)
        await seen.shot(f"{name}-running")

        await seen.jobs.get_by_role("button", name="Cancel").click()
        await expect(seen.jobs).to_contain_text("Cancelling")
        await judge_access(seen.page)

        await seen.rows.first.get_by_role("button", name="Restore").click()
        await expect(seen.question).to_be_visible()
        await judge_access(seen.page)
        await judge_width(seen.page)
        await seen.shot(f"{name}-question")


async def test_without_a_service_it_is_accessible(serve: Serve, visit: Visitor) -> None:
    service = serve(SLOW)
    async with visit(service, color_scheme="dark") as seen:
        seen.expected = ("ERR_CONNECTION_REFUSED", "ERR_CONNECTION_RESET", "ERR_EMPTY_RESPONSE")
        await seen.stands("Live")
        service.stop()
        await seen.stands("No answer")
        await judge_access(seen.page)


async def test_long_names_have_room_on_a_phone(serve: Serve, visit: Visitor) -> None:
    async with visit(serve(f"{SLOW}&database={LONG}"), viewport=PHONE) as seen:
        await expect(seen.page.get_by_role("heading", level=1)).to_have_text(LONG.rpartition("/")[2])
        await judge_width(seen.page)

        await seen.rows.first.get_by_role("button", name="Restore").click()
        await expect(seen.question).to_contain_text(LONG)
        box = await seen.question.bounding_box()
        assert box is not None
        assert box["x"] >= 0 and box["x"] + box["width"] <= PHONE["width"]
        await seen.shot("phone-long-names")


async def test_the_structure_is_heard(serve: Serve, visit: Visitor) -> None:
    async with visit(serve(SLOW)) as seen:
        await seen.stands("Live")
        await expect(seen.page.locator("body")).to_match_aria_snapshot("""
          - banner:
            - heading "offline" [level=1]
            - button "Back up now"
          - main:
            - region "At a glance":
              - figure:
                - img "Size and growth over time"
            - region "Backups 20":
              - table "Backups, newest first":
                - rowgroup:
                  - row:
                    - columnheader "Made"
                    - columnheader "Size"
                    - columnheader "Added"
                    - columnheader "Device"
                - rowgroup:
                  - row:
                    - rowheader
                    - cell
                    - cell
                    - cell
                    - cell:
                      - button /Restore… \\d+-\\d+-\\d+/
                      - button /Delete… \\d+-\\d+-\\d+/
          - contentinfo
        """)


async def test_progress_is_said_at_quarters(serve: Serve, visit: Visitor) -> None:
    async with visit(serve("offline:?seed=7&backups=1&rate=16e6")) as seen:
        await seen.stands("Live")
        await seen.page.evaluate("""() => {
          window.said = [];
          const status = document.getElementById("said");
          new MutationObserver(() => said.push(status.textContent)).observe(status, { childList: true });
        }""")

        await seen.back_up.click()
        await expect(seen.rows).to_have_count(2)
        await expect(seen.jobs).to_have_count(0)

        *quarters, end = await seen.page.evaluate("said")
        assert end.startswith("Backed up 61.0 MiB; the store grew by ")
        assert 0 < len(quarters) <= 3
        possible = [f"Backing up: {percent} percent" for percent in (25, 50, 75)]
        assert [quarter for quarter in possible if quarter in quarters] == quarters


async def test_by_keyboard_alone(serve: Serve, visit: Visitor) -> None:
    async with visit(serve(SLOW)) as seen:
        await seen.stands("Live")
        press = seen.page.keyboard.press

        await press("Tab")
        await expect(seen.page.get_by_role("link", name="Skip to the backups")).to_be_focused()
        await press("Enter")
        await press("Tab")
        restore = seen.rows.first.get_by_role("button", name="Restore")
        await expect(restore).to_be_focused()

        await press("Enter")
        await expect(seen.question.get_by_role("button", name="Leave it as it is")).to_be_focused()
        await press("Escape")
        await expect(seen.question).to_be_hidden()
        await expect(restore).to_be_focused()
        await expect(seen.jobs).to_have_count(0)

        await press("Enter")
        await press("Tab")
        await expect(seen.question.get_by_role("button", name="Replace it")).to_be_focused()
        await press("Enter")
        await expect(seen.jobs).to_contain_text("Restoring")
        await expect(restore).to_be_focused()

        await seen.jobs.get_by_role("button", name="Cancel").focus()
        await press("Space")
        await expect(seen.notices).to_contain_text("The restoration was cancelled")
        await expect(seen.back_up).to_be_focused()


async def test_the_focus_stays_near_what_was_deleted(serve: Serve, visit: Visitor) -> None:
    async with visit(serve(SLOW)) as seen:
        await seen.rows.nth(2).get_by_role("button", name="Delete").focus()
        await seen.page.keyboard.press("Enter")
        await seen.page.keyboard.press("Tab")
        await seen.page.keyboard.press("Enter")

        await expect(seen.page.locator("#backups-count")).to_have_text("19")
        await expect(seen.page.get_by_role("heading", name="Backups")).to_be_focused()


async def test_the_focus_is_visible(serve: Serve, visit: Visitor) -> None:
    async with visit(serve(SLOW)) as seen:
        await seen.stands("Live")
        outlines = await outlines_of_what_tab_reaches(seen, 6)
        assert ["solid"] * 6 == outlines


async def outlines_of_what_tab_reaches(seen: Visit, steps: int) -> list[str]:
    outlines = []
    for _ in range(steps):
        await seen.page.keyboard.press("Tab")
        outlines.append(await seen.page.evaluate("getComputedStyle(document.activeElement).outlineStyle"))
    return outlines
