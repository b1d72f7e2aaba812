"""One browser for all tests of a process, and services that they open in it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, ExitStack
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, async_playwright

from tests.support.services import Service, serving

from .visiting import Visit, launch, visiting

Visitor = Callable[..., AbstractAsyncContextManager[Visit]]
Serve = Callable[..., Service]


@pytest_asyncio.fixture(loop_scope="session", scope="session")
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        launched = await launch(playwright)
        yield launched
        await launched.close()


@pytest.fixture
def visit(browser: Browser) -> Visitor:
    """Opens a service's page: `async with visit(service) as visit`."""

    def make(service: Service, **options: Any) -> AbstractAsyncContextManager[Visit]:
        return visiting(browser, service, **options)

    return make


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    """Starts services in the test's folder: `serve("offline:?seed=7")`."""
    with ExitStack() as stack:

        def make(*words: str) -> Service:
            return stack.enter_context(serving(tmp_path, *words))

        yield make
