"""The scene in which an editor's plugin is tried."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from .scene import Scene, in_use


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    """A database that others have open, and an editor's surroundings."""
    with in_use(tmp_path) as scene:
        yield scene
