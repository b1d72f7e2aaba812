"""Making and opening a repository: format, features, keys, passphrases, recovery codes."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest
from blake3 import blake3
from hypothesis import given
from hypothesis import strategies as st

from reprieve.core.errors import (
    Conflict,
    InvalidRequest,
    KeyRequired,
    NotFound,
    RepositoryCorrupt,
    StorageError,
    UpdateRequired,
)
from reprieve.transports.local import keys
from reprieve.transports.local.home import Home
from reprieve.transports.local.known_stores import KnownStores
from reprieve.transports.local.repository import config
from reprieve.transports.local.repository.config import Config
from reprieve.transports.local.repository.opening import (
    create_repository,
    open_or_create_repository,
    open_repository,
)
from reprieve.transports.local.repository.repository import Repository
from reprieve.transports.local.stores import Store, open_store

from .conftest import Ground, pages


def opened(ground: Ground, phrase: str | None = None) -> Repository:
    return open_repository(
        open_store(ground.store),
        ground.home,
        version="1.0",
        passphrase=None if phrase is None else lambda: phrase,
    )


def rewrite_config(ground: Ground, **changes: object) -> None:
    """Change the config, and make its checksum right again."""
    path = ground.store / "config"
    said = json.loads(path.read_text()) | changes
    del said["blake3"]
    said["blake3"] = blake3(json.dumps(said, sort_keys=True).encode()).hexdigest()
    path.write_text(json.dumps(said, indent=2, sort_keys=True) + "\n")


@pytest.fixture(autouse=True)
def no_passphrase(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(keys.PASSPHRASE_VARIABLE, raising=False)


def test_a_missing_repository_is_not_found_and_nothing_is_made(ground: Ground) -> None:
    with pytest.raises(NotFound, match="no repository"):
        opened(ground)

    assert not ground.store.exists()


def test_a_second_repository_in_a_store_is_a_conflict(ground: Ground, repository: Repository) -> None:
    with pytest.raises(Conflict, match="already"):
        create_repository(open_store(ground.store), ground.home, version="1.0")

    assert [f"{repository.id}.key"] == [path.name for path in ground.home.keys.iterdir()]


@pytest.mark.parametrize(
    ("home", "store"),
    [
        ("up/home", "up"),  # a folder above the home
        ("up/home", "up/home/keys"),
        ("up/home", "up/home"),
        ("up/home", "up/home/store"),
        ("link/home", "up"),  # the same places, by other names
        ("up/home", "link/home/store"),
        ("up/home", "link"),
    ],
)
def test_a_key_and_its_store_lie_apart_by_their_real_places(tmp_path: Path, home: str, store: str) -> None:
    (tmp_path / "up").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "up")
    folder = Home(tmp_path / home, tmp_path / home)

    with pytest.raises(InvalidRequest, match="would lie in"):
        create_repository(open_store(tmp_path / store), folder, version="1.0")

    assert [] == [path for path in (tmp_path / "up").rglob("*") if path.is_file()]


@pytest.mark.parametrize(
    ("home", "store"),
    [("home", "store"), ("home", "home-store"), ("a/home", "a/store"), ("store-home", "store")],
)
def test_a_store_beside_the_home_is_fine(tmp_path: Path, home: str, store: str) -> None:
    folder = Home(tmp_path / home, tmp_path / home)

    made = create_repository(open_store(tmp_path / store), folder, version="1.0")

    assert made.master == keys.read_key(folder, made.id)


def test_a_recovery_code_brings_no_key_into_its_store(ground: Ground, repository: Repository) -> None:
    inside = Home(ground.store / "home", ground.store / "home")

    with pytest.raises(InvalidRequest, match="in the store itself"):
        keys.import_code(
            open_store(ground.store), inside, repository.config, keys.recovery_code(repository.master)
        )

    assert not (ground.store / "home").exists()


def test_an_unknown_feature_needs_an_update(ground: Ground, repository: Repository) -> None:
    rewrite_config(ground, features=["aes-256-gcm", "blake3-pages", "telepathy", "zstd-frames"])
    with pytest.raises(UpdateRequired, match="needs telepathy"):
        opened(ground)


def test_a_newer_format_needs_an_update(ground: Ground, repository: Repository) -> None:
    rewrite_config(ground, format=2, shape="unknown")
    with pytest.raises(UpdateRequired, match="needs format 2"):
        opened(ground)


@pytest.mark.parametrize(
    "changes", [{"id": "xyz"}, {"id": 7}, {"keyCheck": "00"}, {"what": "?"}, {"features": 1}]
)
def test_a_config_that_makes_no_sense(
    ground: Ground, repository: Repository, changes: dict[str, object]
) -> None:
    rewrite_config(ground, **changes)
    with pytest.raises(RepositoryCorrupt, match="config"):
        opened(ground)


def test_the_key_file_is_the_users_alone(ground: Ground, repository: Repository) -> None:
    path = ground.home.keys / f"{repository.id}.key"

    assert 0o600 == stat.S_IMODE(path.stat().st_mode)

    path.chmod(0o644)
    with pytest.raises(StorageError, match="chmod 600"):
        opened(ground)


def test_a_key_file_that_holds_no_key(ground: Ground, repository: Repository) -> None:
    (ground.home.keys / f"{repository.id}.key").write_text("hello")
    with pytest.raises(StorageError, match="holds no key"):
        opened(ground)


def test_the_key_file_of_another_repository(ground: Ground, repository: Repository) -> None:
    (ground.home.keys / f"{repository.id}.key").write_text("00" * 32)
    with pytest.raises(KeyRequired, match="not that of repository"):
        opened(ground)


def test_without_any_key(ground: Ground, repository: Repository) -> None:
    keys.forget_key(ground.home, repository.id)
    for phrase in (None, ""):
        with pytest.raises(KeyRequired, match="REPRIEVE_PASSPHRASE"):
            opened(ground, phrase)


def test_each_of_several_passphrases_opens_it(
    ground: Ground, repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    backup = ground.back_up(repository, pages(1))
    for phrase in ("correct horse", "zażółć gęślą jaźń"):
        repository.add_passphrase(phrase)
    keys.forget_key(ground.home, repository.id)

    assert backup == opened(ground, "zażółć gęślą jaźń").backup(backup.id)
    with pytest.raises(KeyRequired, match="opens no key"):
        opened(ground, "wrong")
    monkeypatch.setenv(keys.PASSPHRASE_VARIABLE, "correct horse")
    assert backup == opened(ground, "wrong").backup(backup.id)


def test_a_key_file_wins_over_a_passphrase(ground: Ground, repository: Repository) -> None:
    def never() -> str:
        raise AssertionError("The passphrase was asked for.")

    again = open_repository(open_store(ground.store), ground.home, version="1.0", passphrase=never)

    assert repository.id == again.id


@pytest.mark.parametrize("phrase", ["", " ", " " * 20])
def test_an_empty_passphrase_is_refused(repository: Repository, phrase: str) -> None:
    with pytest.raises(InvalidRequest, match="empty passphrase"):
        repository.add_passphrase(phrase, allow_weak=True)


def test_a_new_passphrase_has_ten_characters_unless_a_weak_one_is_allowed(
    ground: Ground, repository: Repository
) -> None:
    with pytest.raises(InvalidRequest, match="9 characters"):
        repository.add_passphrase("123456789")
    repository.add_passphrase(" 1234567 8")
    repository.add_passphrase("short", allow_weak=True)
    keys.forget_key(ground.home, repository.id)

    assert repository.master == opened(ground, " 1234567 8").master == opened(ground, "short").master


def test_a_new_repository_is_not_made_with_a_weak_passphrase(ground: Ground) -> None:
    def make(*, allow_weak: bool) -> Repository:
        return open_or_create_repository(
            open_store(ground.store),
            ground.home,
            version="1.0",
            passphrase=lambda: "xy",
            allow_weak=allow_weak,
        )

    with pytest.raises(InvalidRequest, match="2 characters"):
        make(allow_weak=False)
    assert not ground.store.exists()
    made = make(allow_weak=True)
    keys.forget_key(ground.home, made.id)

    assert made.master == opened(ground, "xy").master


def test_blanks_count_and_one_that_was_stored_without_them_opens_too(
    ground: Ground, repository: Repository
) -> None:
    repository.add_passphrase(" correct horse ")
    repository.add_passphrase("battery staple")  # what an earlier version made of ' battery staple'
    keys.forget_key(ground.home, repository.id)

    assert repository.master == opened(ground, " correct horse ").master
    assert repository.master == opened(ground, " battery staple ").master
    with pytest.raises(KeyRequired, match="opens no key"):
        opened(ground, "correct horse")


def test_a_guess_costs_what_is_usual_today_and_a_cheaper_key_opens_on(
    ground: Ground, repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(config, "SCRYPT_N", 1 << 15)  # as earlier versions did
    repository.add_passphrase("an earlier one")
    monkeypatch.undo()
    monkeypatch.delenv(keys.PASSPHRASE_VARIABLE, raising=False)
    repository.add_passphrase("one of today")
    keys.forget_key(ground.home, repository.id)

    costs = [json.loads(path.read_text()) for path in (ground.store / "keys").iterdir()]

    assert {(1 << 15, 8, 1), (1 << 17, 8, 1)} == {(cost["n"], cost["r"], cost["p"]) for cost in costs}
    assert repository.master == opened(ground, "an earlier one").master
    assert repository.master == opened(ground, "one of today").master


def test_a_recovery_code_brings_the_key_back(ground: Ground, repository: Repository) -> None:
    code = keys.recovery_code(repository.master)

    assert keys.code_pending(ground.home, repository.id)
    keys.remember_code_shown(ground.home, repository.id)
    assert not keys.code_pending(ground.home, repository.id)

    keys.forget_key(ground.home, repository.id)
    keys.import_code(open_store(ground.store), ground.home, repository.config, code.lower().replace("-", " "))

    assert repository.id == opened(ground).id
    assert not keys.code_pending(ground.home, repository.id)


def test_a_code_of_another_repository_writes_nothing(
    ground: Ground, repository: Repository, tmp_path: Path
) -> None:
    other = Ground(tmp_path / "other").open()
    keys.forget_key(ground.home, repository.id)
    with pytest.raises(KeyRequired, match="not that of repository"):
        keys.import_code(
            open_store(ground.store), ground.home, repository.config, keys.recovery_code(other.master)
        )

    assert [] == list(ground.home.keys.iterdir())


@given(st.binary(min_size=32, max_size=32), st.integers(0, 55), st.sampled_from(keys.ALPHABET))
def test_a_code_reads_back_and_one_wrong_letter_is_told(master: bytes, at: int, letter: str) -> None:
    code = keys.recovery_code(master)

    assert master == keys.decode_code(code)
    assert master == keys.decode_code(code.replace("0", "o").replace("1", "l"))

    place = at // 4 * 5 + at % 4
    wrong = code[:place] + letter + code[place + 1 :]
    if wrong != code:
        with pytest.raises(InvalidRequest, match="mistyped"):
            keys.decode_code(wrong)


@pytest.mark.parametrize("code", ["", "ABCD", "!" * 56, "A" * 57])
def test_what_is_no_code_is_refused(code: str) -> None:
    with pytest.raises(InvalidRequest, match="mistyped"):
        keys.decode_code(code)


def test_backups_without_their_config_are_refused_and_nothing_is_made(
    ground: Ground, repository: Repository
) -> None:
    ground.back_up(repository, pages(1))
    config = (ground.store / "config").read_bytes()
    (ground.store / "config").unlink()
    before = ground.objects()
    for call in (opened, Ground.open):
        with pytest.raises(RepositoryCorrupt, match="`config` is missing"):
            call(ground)

    assert before == ground.objects()
    assert [f"{repository.id}.key"] == [path.name for path in ground.home.keys.iterdir()]

    (ground.store / "config").write_bytes(config)
    assert 1 == len(opened(ground).backups())


@pytest.mark.parametrize("foreign", ["notes.txt", "photos/one.jpg"])
def test_no_repository_is_made_among_other_files(ground: Ground, foreign: str) -> None:
    path = ground.store / foreign
    path.parent.mkdir(parents=True)
    path.write_text("mine")
    with pytest.raises(InvalidRequest, match="Name an empty or a new folder"):
        ground.open()

    assert {foreign} == ground.objects()
    assert [] == list(ground.home.keys.iterdir())


def test_a_repository_is_made_in_a_new_disk(ground: Ground) -> None:
    (ground.store / "lost+found").mkdir(parents=True)
    (ground.store / ".DS_Store").write_bytes(b"")

    assert () == ground.open().backups()


def test_a_store_that_is_suddenly_empty_is_not_made_anew(ground: Ground, repository: Repository) -> None:
    for empty in (False, True):
        for path in sorted(ground.store.rglob("*"), reverse=True):
            path.rmdir() if path.is_dir() else path.unlink()
        if empty:
            ground.store.rmdir()
        for call in (opened, Ground.open):
            with pytest.raises(StorageError, match="is not there"):
                call(ground)

    assert [f"{repository.id}.key"] == [path.name for path in ground.home.keys.iterdir()]

    made = open_or_create_repository(open_store(ground.store), ground.home, version="1.0", new_store=True)

    assert repository.id != made.id
    assert made.id == ground.open().id


def test_another_repository_in_its_place_is_fine(
    ground: Ground, repository: Repository, tmp_path: Path
) -> None:
    other = Ground(tmp_path / "other").open()
    keys.keep_key(ground.home, other.id, other.master)
    ground.store.rename(tmp_path / "aside")
    (tmp_path / "other" / "store").rename(ground.store)

    assert other.id == opened(ground).id
    assert other.id == KnownStores(ground.home).repository_in(str(ground.store))
    assert 0o600 == stat.S_IMODE(ground.home.stores.stat().st_mode)


def test_a_list_of_stores_that_makes_no_sense_is_told(ground: Ground, repository: Repository) -> None:
    ground.home.stores.write_text("[]")
    with pytest.raises(StorageError, match="Remove it"):
        opened(ground)


def test_whoever_loses_the_race_to_make_it_leaves_no_wrapped_key(
    ground: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lose(self: Config, store: Store) -> None:
        raise Conflict("Another process was first.")

    monkeypatch.setattr(Config, "write", lose)
    with pytest.raises(Conflict):
        create_repository(open_store(ground.store), ground.home, version="1.0", passphrase="open sesame")

    assert set() == ground.objects()
    assert [] == list(ground.home.keys.iterdir())
