"""What the SDK tests share: databases to copy."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.sdks.scene import make_catchable, make_small


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database that is backed up at once."""
    return make_small(tmp_path_factory.mktemp("small") / "template.db")


@pytest.fixture(scope="session")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database large enough to be caught in the act."""
    return make_catchable(tmp_path_factory.mktemp("large") / "template.db")
