"""Which store is meant: the given one, that of the registered database, or the default, in this order."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import platformdirs
import pytest

from reprieve import InvalidRequest
from reprieve.transports.local.home import STORE_VARIABLE, Home, default_store
from reprieve.transports.local.names import holds_secret
from reprieve.transports.local.opening import open_local
from reprieve.transports.local.registered import RegisteredDatabases
from reprieve.transports.local.stores import open_store


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


SECRETS = (
    "s3://AKIA:CANARY@bucket/x",
    "s3://AKIA:CAN/ARY@bucket",  # a secret may have a slash
    "s3:https://CANARY@host/x",
    "sftp://CANARY@host",
    "https://host/x?token=CANARY",
    "rest://host/#CANARY",
    "file://me:CANARY@localhost/x",
    "FILE:///x?CANARY",
)


@pytest.mark.parametrize("store", SECRETS)
def test_a_store_with_a_secret_in_its_url_is_refused_wherever_it_comes_in(
    store: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = Home(tmp_path / "home", tmp_path / "home")
    database = tmp_path / "a.db"
    database.touch()
    monkeypatch.setenv(STORE_VARIABLE, store)
    ways: list[Callable[[], object]] = [
        lambda: open_local(str(database), store=store, home=home),
        lambda: open_local(str(database), home=home),  # by the environment
        lambda: RegisteredDatabases(home).register(str(database), store),
        lambda: open_store(store),
    ]

    for way in ways:
        with pytest.raises(InvalidRequest, match="no password") as refused:
            way()
        assert "CANARY" not in str(refused.value)

    assert not any("CANARY" in path.read_text() for path in tmp_path.rglob("*.json"))


@pytest.mark.parametrize("store", ["file:///tmp/me@home/x", "s3://bucket/path", "/tmp/a?b#c@d"])
def test_what_holds_no_secret_is_a_store(store: str) -> None:
    assert not holds_secret(store)


def test_a_secret_in_an_earlier_list_is_neither_shown_nor_used(tmp_path: Path) -> None:
    home = Home(tmp_path / "home", tmp_path / "home")
    database = tmp_path / "a.db"
    database.touch()
    RegisteredDatabases(home).register(str(database), str(tmp_path / "store"))
    listed = json.loads(home.databases.read_text())
    listed["databases"][0]["store"] = SECRETS[0]
    home.databases.write_text(json.dumps(listed))

    assert "s3://***@***" == RegisteredDatabases(home).all()[0].store
    with pytest.raises(InvalidRequest, match="no password"):
        open_local(str(database), home=home)
    RegisteredDatabases(home).register(str(database), str(tmp_path / "store"))
    assert "CANARY" not in home.databases.read_text()


def test_a_new_default_store_lies_beside_a_folder_that_holds_the_configuration_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(STORE_VARIABLE, raising=False)
    monkeypatch.setattr(platformdirs, "user_data_path", lambda *_, **__: tmp_path / "reprieve")
    monkeypatch.setattr(platformdirs, "user_config_path", lambda *_, **__: tmp_path / "reprieve")

    assert str(tmp_path / "reprieve-store") == default_store()
    (tmp_path / "reprieve" / "store").mkdir(parents=True)  # as earlier versions made it
    assert str(tmp_path / "reprieve" / "store") == default_store()
