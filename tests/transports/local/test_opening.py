"""Which store is meant: the given one, that of the registered database, or the default, in this order."""

from __future__ import annotations

from pathlib import Path

import pytest

from reprieve import InvalidRequest
from reprieve.transports.local.home import STORE_VARIABLE, Home
from reprieve.transports.local.opening import open_local
from reprieve.transports.local.registered import RegisteredDatabases


def test_the_store_is_the_given_one_or_the_registered_one_or_the_default(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(STORE_VARIABLE, str(tmp_path / "default"))
    home = Home(tmp_path / "home", tmp_path / "home")
    known, new = tmp_path / "known.db", tmp_path / "new.db"
    known.touch()
    RegisteredDatabases(home).register(str(known), str(tmp_path / "registered"))

    def store(database: Path, given: str | None = None) -> object:
        return open_local(str(database), store=given, home=home).options["store"]

    assert str(tmp_path / "given") == store(known, str(tmp_path / "given"))
    assert str(tmp_path / "registered") == store(known)
    assert str(tmp_path / "default") == store(new)


def test_an_empty_store_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidRequest, match="empty name"):
        open_local(str(tmp_path / "a.db"), store="", home=Home(tmp_path, tmp_path))
