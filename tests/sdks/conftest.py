"""What the SDK tests share: databases to copy."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.sdks.scene import CATCHABLE, SMALL
from tests.support.databases import OLD, make_database


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database that is backed up at once."""
    return make_database(tmp_path_factory.mktemp("small") / "template.db", OLD, **SMALL)


@pytest.fixture(scope="session")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database large enough to be caught in the act."""
    return make_database(tmp_path_factory.mktemp("large") / "template.db", OLD, **CATCHABLE)
