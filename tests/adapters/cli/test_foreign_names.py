"""Names that came from elsewhere, in every list and sentence: visible, and in one line."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from reprieve.adapters.visible import visible

from .conftest import Reprieve, content, write

pytestmark = pytest.mark.needs("posix")

HOSTILE = "x\x1b]0;title\x07\x1b[31m\nRestored \u202egnp\x9b2J.db"


def test_a_hostile_name_is_shown_visibly_and_forges_no_line(reprieve: Reprieve, tmp_path: Path) -> None:
    path = tmp_path / HOSTILE
    write(tmp_path / "plain.db", "CREATE TABLE t (x)", "INSERT INTO t VALUES ('first')")
    os.rename(tmp_path / "plain.db", path)
    database = str(path)

    ran = [
        reprieve("backup", database),
        reprieve("restore", "latest", database, "--yes"),
        reprieve("revert", database),
        reprieve("revert", database, "--list"),
        reprieve("list"),
        reprieve("show", "latest"),
        reprieve("jobs"),
        reprieve("databases"),
        reprieve("register", database),
        reprieve("backup", database + "\x1b[2K"),
    ]
    listed = reprieve("list", "--json")

    assert [0] * 9 + [3] == [one.code for one in ran]
    for text in (one.out + one.err for one in (*ran, listed)):
        assert "" == "".join(sorted({raw for raw in text if raw in "\x1b\x07\x9b\u202e"}))
        assert not any(line.startswith("Restored \\u202e") for line in text.splitlines())
    assert all(visible(HOSTILE) in ran[place].out for place in (0, 1, 2, 7, 8))
    assert database == listed.result["backups"][0]["database"]
    assert ["first"] == content(path)


def test_a_stray_file_in_the_store_is_warned_of_visibly(reprieve: Reprieve, database: Path) -> None:
    reprieve("backup", "snippets.db")
    (reprieve.folder / "store" / "backups" / "evil\x1b[2K_20261122T143005123Z").write_text("x")

    listed = reprieve("list")

    assert (0, False) == (listed.code, "\x1b" in listed.out + listed.err)


@pytest.mark.needs("linux")
def test_a_name_that_is_not_text_is_refused_at_once(reprieve: Reprieve, tmp_path: Path) -> None:
    write(tmp_path / "plain.db", "CREATE TABLE t (x)")
    name = os.fsdecode(b"caf\xe9.db")
    os.rename(tmp_path / "plain.db", tmp_path / name)

    for words in (("backup", name), ("register", name), ("restore", "latest", name, "--yes"), ("list", name)):
        ran = reprieve(*words, "--json")
        (line,) = ran.out.splitlines()
        assert (2, "invalidParams") == (ran.code, json.loads(line)["error"]["kind"])
        assert r"caf\xe9.db is not text" in json.loads(line)["error"]["message"]
    assert not (tmp_path / "store").exists()


def test_a_url_with_an_escape_in_it_is_the_file_that_it_means(reprieve: Reprieve, tmp_path: Path) -> None:
    path = tmp_path / "my notes.db"
    write(path, "CREATE TABLE t (x)", "INSERT INTO t VALUES ('first')")
    backup = reprieve("backup", path.as_uri(), "--json").result["backup"]
    write(path, "DELETE FROM t")

    restored = reprieve(
        "restore", backup["id"], path.as_uri().replace("file://", "FILE://localhost"), "--yes"
    )

    assert (0, str(path), ["first"]) == (restored.code, backup["database"], content(path))
    assert not (tmp_path / "my%20notes.db").exists()


@pytest.mark.needs("linux")
def test_a_passphrase_that_is_not_utf_8_is_refused(reprieve: Reprieve, tmp_path: Path) -> None:
    write(tmp_path / "notes.db", "CREATE TABLE t (x)")
    foreign = os.fsdecode(b"twelve chars\xff")

    made = reprieve("backup", "notes.db", REPRIEVE_PASSPHRASE=foreign)
    backed_up = reprieve("backup", "notes.db", REPRIEVE_PASSPHRASE="")
    added = reprieve("key", "add-passphrase", REPRIEVE_NEW_PASSPHRASE=foreign)

    assert [2, 0, 2] == [made.code, backed_up.code, added.code]
    for ran in (made, added):
        assert "The passphrase is not text (UTF-8)" in ran.err
        assert "Traceback" not in ran.err and "unexpected" not in ran.err
