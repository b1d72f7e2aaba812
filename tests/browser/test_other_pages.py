"""What a page of another origin can do to a service that asks nobody for a token: nothing.

The other page comes from a server of its own: on the same host, which browsers call the same site, and under
another name of it, which they call another site.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import pytest
from aiohttp import web
from playwright.async_api import Browser, Page

from tests.support.services import Service, serving

pytestmark = [pytest.mark.needs("chromium"), pytest.mark.asyncio(loop_scope="session")]

SLOW = "offline:?seed=7&backups=3&rate=2e6"

HOSTS = [pytest.param("127.0.0.1", id="same-site"), pytest.param("localhost", id="cross-site")]

FETCH = """
async ([url, options]) => {
  try {
    const answer = await fetch(url, options);
    return answer.type === "opaque" ? "opaque" : `${answer.status}: ${await answer.text()}`;
  } catch (error) {
    return error.name;
  }
}
"""

WEB_SOCKET = """
(url) => new Promise((end) => {
  const socket = new WebSocket(url, ["reprieve"]);
  socket.onopen = () => end("open");
  socket.onmessage = (event) => end(event.data);
  socket.onclose = () => end("closed");
})
"""

FRAME = """
(url) => new Promise((end) => {
  const frame = document.createElement("iframe");
  frame.onload = () => {
    try { end(frame.contentDocument ? "readable" : "sealed"); } catch { end("sealed"); }
  };
  frame.src = url;
  document.body.append(frame);
})
"""

LOAD = """
([name, url]) => new Promise((end) => {
  const element = document.createElement(name);
  element.onload = () => end("loaded");
  element.onerror = () => end("refused");
  if (name === "script") element.type = "module";
  element[name === "link" ? "href" : "src"] = url;
  if (name === "link") element.rel = "stylesheet";
  document.head.append(element);
})
"""

FORM = """
([url, type]) => {
  const form = document.createElement("form");
  form.method = "post";
  form.enctype = type;
  form.action = url;
  const field = document.createElement("input");
  field.name = '{"schema": null, "x": "';
  field.value = '"}';
  form.append(field);
  document.body.append(form);
  form.submit();
}
"""


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """One for all tests: what none of them can touch."""
    with serving(tmp_path_factory.mktemp("service"), SLOW) as service:
        yield service


@asynccontextmanager
async def another_page(browser: Browser, host: str) -> AsyncIterator[Page]:
    """A page of an origin that is not the service's."""
    app = web.Application()
    app.add_routes([web.get("/", _blank)])
    runner = web.AppRunner(app)
    await runner.setup()
    context = await browser.new_context()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        page = await context.new_page()
        await page.goto(f"http://{host}:{runner.addresses[0][1]}/")
        yield page
    finally:
        await context.close()
        await runner.cleanup()


async def _blank(request: web.Request) -> web.Response:
    return web.Response(text="<!doctype html><title>Another page</title>", content_type="text/html")


def url(service: Service, path: str) -> str:
    return f"http://127.0.0.1:{service.port}{path}"


def untouched(service: Service) -> None:
    """No job was begun, and no backup is missing."""
    assert {"backups": [], "restorations": []} == json.loads(
        service.ask("GET", "/backups/streamed/progress").body
    )
    assert 3 == len(json.loads(service.ask("GET", "/backups").body)["iterable"])


@pytest.mark.parametrize("host", HOSTS)
async def test_it_can_fetch_nothing_and_change_nothing(browser: Browser, service: Service, host: str) -> None:
    newest = json.loads(service.ask("GET", "/backups").body)["iterable"][-1]["id"]
    async with another_page(browser, host) as page:
        for path in ("/backups", f"/backup/{newest}", "/", "/page/main.js", "/v1/jobs"):
            assert "TypeError" == await page.evaluate(FETCH, [url(service, path), {}]), path
        for path in ("/backups/create", f"/backup/{newest}/restore", f"/backups/{newest}/delete"):
            for options in (
                {"method": "POST"},
                {"method": "POST", "body": "{}", "headers": {"Content-Type": "application/json"}},
                {"method": "POST", "body": "{}", "headers": {"Authorization": f"Bearer {service.token}"}},
            ):
                assert "TypeError" == await page.evaluate(FETCH, [url(service, path), options]), path
            unseen = {"method": "POST", "body": "{}", "mode": "no-cors"}
            assert await page.evaluate(FETCH, [url(service, path), unseen]) in ("opaque", "TypeError")
        untouched(service)


@pytest.mark.parametrize("host", HOSTS)
async def test_it_can_open_no_web_socket(browser: Browser, service: Service, host: str) -> None:
    async with another_page(browser, host) as page:
        for path in ("/backups/create/streamed/websocket", "/backups/streamed/progress"):
            at = url(service, path).replace("http:", "ws:")
            assert "closed" == await page.evaluate(WEB_SOCKET, at)
        untouched(service)


@pytest.mark.parametrize("host", HOSTS)
async def test_it_can_post_no_form(browser: Browser, service: Service, host: str) -> None:
    for form in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data"):
        async with another_page(browser, host) as page:
            async with page.expect_navigation() as answered:
                await page.evaluate(FORM, [url(service, "/backups/create"), form])

            answer = await answered.value
            assert answer is not None
            assert (form, 403) == (form, answer.status)
    untouched(service)


@pytest.mark.parametrize("host", HOSTS)
async def test_it_can_frame_and_load_nothing(browser: Browser, service: Service, host: str) -> None:
    async with another_page(browser, host) as page:
        assert "sealed" == await page.evaluate(FRAME, url(service, "/"))
        assert [0, 0] == [await frame.locator("#back-up").count() for frame in page.frames]
        assert "refused" == await page.evaluate(LOAD, ["script", url(service, "/page/main.js")])
        assert "refused" == await page.evaluate(LOAD, ["link", url(service, "/page/page.css")])
        started_by_a_get = url(service, "/backups/create/streamed/websocket")
        assert "refused" == await page.evaluate(LOAD, ["img", started_by_a_get])
        assert "sealed" == await page.evaluate(FRAME, started_by_a_get)
        untouched(service)
