"""What the tests of the bridge share: one that runs for all who leave it as it was, and each its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.support.bridges import Bridge, bridging

ROOT = Path(__file__).parents[3]
QUICK = "offline:?size=1000&rate=1000&speed=50"
"""A job takes 20 ms."""

Start = Callable[..., Bridge]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts a bridge in the test's folder: a target or other words, and what `bridging` takes."""
    with ExitStack() as stack:
        yield lambda *words, **more: stack.enter_context(bridging(tmp_path, *words, **more))


@pytest.fixture(scope="module")
def bridge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bridge]:
    """A bridge that several tests use, one after the other."""
    with bridging(tmp_path_factory.mktemp("shared"), QUICK) as shared:
        yield shared
