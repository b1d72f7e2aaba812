"""A real VS Code with the packed extension in it, in a browser, and a person who uses it by what they see.

The server is code-server's copy of VS Code's own; the extension is installed from its .vsix, as people do it.
Knows how VS Code is started and what its parts are called; nothing of what is tried.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import attrs
from playwright.sync_api import Locator, Page, Playwright, expect

from .vscode_tools import CODE, node, pack

DEADLINE = 60_000.0
"""Milliseconds that VS Code has for anything."""

SHOTS = "REPRIEVE_SHOTS"
"""Names the folder that screenshots are written to; without it none are."""

SIZE = {"width": 1100, "height": 700}
QUIET = {
    "workbench.startupEditor": "none",
    "workbench.colorTheme": "Default Light Modern",
    "workbench.tips.enabled": False,
    # A view that takes the focus late would close the palette that was opened after it.
    "workbench.quickOpen.closeOnFocusLost": False,
    "chat.disableAIFeatures": True,
    "extensions.autoCheckUpdates": False,
    "remote.autoForwardPorts": False,
}
# Without --enable-smoke-test-driver: with it VS Code shows no notifications.
_FLAGS = (
    *("--host", "127.0.0.1", "--port", "0", "--without-connection-token", "--accept-server-license-terms"),
    *("--telemetry-level", "off", "--disable-workspace-trust"),
)


@attrs.frozen
class Window:
    """One window, by its parts."""

    page: Page

    def command(self, title: str) -> None:
        """Choose it in the command palette."""
        palette = self.page.locator(".quick-input-widget")
        expect(palette).to_be_hidden()
        self.page.keyboard.press("F1")
        palette.get_by_role("textbox").fill(f">{title}")
        palette.locator(".quick-input-list .monaco-list-row").filter(has_text=title).first.click()

    @property
    def picks(self) -> Locator:
        """What the open list offers."""
        return self.page.locator(".quick-input-widget .quick-input-list .monaco-list-row")

    @property
    def question(self) -> Locator:
        return self.page.locator(".monaco-dialog-box")

    def answer(self, word: str) -> None:
        """Another question may come at once: that this one is gone is seen by its button."""
        button = self.question.get_by_role("button", name=word, exact=True)
        button.click()
        expect(button).to_be_hidden()

    def notification(self, text: str | re.Pattern[str]) -> Locator:
        return self.page.locator(".notification-toast").filter(has_text=text)

    def view(self, name: str) -> Locator:
        return self.page.locator(".pane", has=self.page.get_by_text(name, exact=True))

    def rows(self, view: str) -> Locator:
        """What a view lists."""
        return self.view(view).locator(".monaco-list-row")

    @property
    def status(self) -> Locator:
        return self.page.locator('[id="reprieve.reprieve-vscode.reprieve.status"]')

    def shot(self, name: str) -> None:
        """A screenshot for people who look, if they asked for some."""
        if folder := os.environ.get(SHOTS):
            self.page.screenshot(path=Path(folder) / f"{name}.png")


@contextmanager
def served(folder: Path, settings: dict[str, object], environment: dict[str, str]) -> Iterator[str]:
    """The address of a VS Code that has the packed extension and these settings; it ends with the block."""
    data = folder / "vscode"
    (machine := data / "data" / "Machine").mkdir(parents=True)
    (machine / "settings.json").write_text(json.dumps({**QUIET, **settings}), "utf-8")
    pack(folder / "packed.vsix")
    server = (str(node()), str(CODE / "out" / "server-main.js"), "--server-data-dir", str(data))
    install = (*server, "--install-extension", str(folder / "packed.vsix"), "--accept-server-license-terms")
    subprocess.run(install, check=True, timeout=120, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("REPRIEVE_")}
    process = subprocess.Popen(
        (*server, *_FLAGS),
        env={**inherited, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        yield f"http://127.0.0.1:{_port(process)}/"
    finally:
        process.terminate()
        process.wait(60)


def _port(process: subprocess.Popen[str]) -> int:
    assert process.stdout
    said = []
    for line in process.stdout:
        if found := re.search(r"Extension host agent listening on (\d+)", line):
            # It goes on talking: somebody must listen, or it would wait for that.
            threading.Thread(target=process.stdout.read, daemon=True).start()
            return int(found[1])
        said.append(line)
    raise AssertionError("".join(said))


@contextmanager
def opened(playwright: Playwright, address: str) -> Iterator[Window]:
    """A window in a browser, once the extension has been started."""
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))))
    root = sys.platform == "linux" and os.geteuid() == 0
    browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"] if root else [])
    try:
        page = browser.new_page(viewport={"width": SIZE["width"], "height": SIZE["height"]})
        page.set_default_timeout(DEADLINE)
        expect.set_options(timeout=DEADLINE)
        page.goto(address)
        window = Window(page)
        expect(window.status).to_be_visible()
        yield window
    finally:
        browser.close()
