"""What the SDK tests share: databases to copy."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.databases import OLD, make_database

CATCHABLE = 8000
"""Rows, and so 64 MB: a first backup takes a second or more, a cancel through an SDK some hundredths."""


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database that is backed up at once."""
    return make_database(tmp_path_factory.mktemp("small") / "template.db", OLD, rows=50)


@pytest.fixture(scope="session")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database large enough to be caught in the act."""
    return make_database(tmp_path_factory.mktemp("large") / "template.db", OLD, rows=CATCHABLE)
