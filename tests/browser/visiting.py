"""A browser on a service's page, as a person has it: what they see, and what their browser told others.

Every visit ends with what holds for all of them: nothing was asked of anybody but the service, the token was
in no address that was sent, and the browser's console has no complaint that the test did not expect.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

import attrs
from playwright.async_api import Browser, ConsoleMessage, Locator, Page, Playwright, expect

from tests.support.services import Service

CHROMIUMS = ("chromium", "chromium-browser", "google-chrome")
DEADLINE = 30_000.0
"""Milliseconds that a browser waits for anything."""

SHOTS = "REPRIEVE_SHOTS"
"""Names the folder that screenshots are written to; without it none are."""

WIDE = {"width": 1120, "height": 900}
PHONE = {"width": 360, "height": 740}

expect.set_options(timeout=DEADLINE)


def chromium() -> str | None:
    """The system's browser, if it has one."""
    return next(filter(None, map(shutil.which, CHROMIUMS)), None)


async def launch(playwright: Playwright) -> Browser:
    """The system's browser, without a window; root may have no sandbox."""
    root = hasattr(os, "geteuid") and os.geteuid() == 0
    return await playwright.chromium.launch(
        executable_path=chromium(), args=["--no-sandbox"] if root else [], timeout=DEADLINE
    )


@attrs.define
class Visit:
    """One page in one browser. `expected` are parts of complaints that the test provokes."""

    page: Page
    token: str
    asked: list[str] = attrs.field(factory=list)
    complaints: list[str] = attrs.field(factory=list)
    expected: tuple[str, ...] = ()

    @property
    def back_up(self) -> Locator:
        return self.page.get_by_role("button", name="Back up now")

    @property
    def rows(self) -> Locator:
        """The rows of the table of backups, newest first."""
        return self.page.locator("#backups-rows").get_by_role("row")

    @property
    def jobs(self) -> Locator:
        """The jobs that run."""
        return self.page.get_by_role("region", name="Running").get_by_role("listitem")

    @property
    def copies(self) -> Locator:
        """What restorations replaced."""
        return self.page.get_by_role("region", name="What restorations replaced").get_by_role("listitem")

    @property
    def lately(self) -> Locator:
        """How jobs ended, newest first."""
        return self.page.get_by_role("region", name="Lately").get_by_role("listitem")

    @property
    def question(self) -> Locator:
        return self.page.get_by_role("dialog")

    @property
    def notices(self) -> Locator:
        return self.page.locator("#notices")

    async def stands(self, stands: str) -> None:
        """Wait until the page says so of its service."""
        await expect(self.page.locator("#link-says")).to_have_text(stands)

    async def answer(self, word: str) -> None:
        await self.question.get_by_role("button", name=word).click()

    async def shot(self, name: str) -> None:
        """A screenshot for people who look, if they asked for some."""
        if folder := os.environ.get(SHOTS):
            await self.page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)

    def judge(self, origin: str) -> None:
        """What holds for every visit."""
        unexpected = [one for one in self.complaints if not any(part in one for part in self.expected)]
        assert [] == unexpected
        ours = {origin, f"ws{origin.removeprefix('http')}"}
        assert [] == [url for url in self.asked if _origin(url) not in ours]
        assert [] == [url for url in self.asked if self.token in url]


@asynccontextmanager
async def visiting(
    browser: Browser, service: Service, *, fragment: str | None = None, **options: object
) -> AsyncIterator[Visit]:
    """A person who opens the link that the service prints, or its address with another fragment."""
    context = await browser.new_context(**{"viewport": WIDE, **options})  # type: ignore[arg-type]
    context.set_default_timeout(DEADLINE)
    page = await context.new_page()
    visit = Visit(page, service.token)
    page.on("request", lambda request: visit.asked.append(request.url))
    page.on("websocket", lambda socket: visit.asked.append(socket.url))
    page.on("console", lambda message: _heard(visit, message))
    page.on("pageerror", lambda error: visit.complaints.append(str(error)))
    origin = service.ready["address"].rstrip("/")
    try:
        await page.goto(f"{origin}/{f'#token={service.token}' if fragment is None else fragment}")
        yield visit
        visit.judge(origin)
    finally:
        await context.close()


def _heard(visit: Visit, message: ConsoleMessage) -> None:
    if message.type in ("error", "warning"):
        visit.complaints.append(message.text)


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
