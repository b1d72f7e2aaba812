"""Every command on a real database, each in a process of its own."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path

import pytest

from reprieve.transports.local.snapshot.fingerprint import RACY_NANOSECONDS

from .conftest import DEADLINE, Reprieve, content, write


def test_a_backup_is_made_listed_and_shown(reprieve: Reprieve, database: Path) -> None:
    made = reprieve("backup", "snippets.db", "--json")
    backup = made.result["backup"]

    assert 0 == made.code
    assert "completed" == made.result["job"]["outcome"]
    assert [backup] == reprieve("list", "--json").result["backups"]
    assert [backup] == reprieve("list", "snippets.db", "--json").result["backups"]
    assert backup == reprieve("show", "latest", "--json").result["backup"]
    assert backup == reprieve("show", backup["timestamp"][:10], "--json").result["backup"]
    assert str(database) == backup["database"]


def test_progress_and_result_have_one_shape_for_backup_and_restore(
    reprieve: Reprieve, database: Path
) -> None:
    made = reprieve("backup", "snippets.db", "--json")
    restored = reprieve("restore", "latest", "snippets.db", "--yes", "--json")

    for ran, kind in ((made, "creation"), (restored, "restoration")):
        jobs = [line["job"] for line in ran.lines[:-1]]
        assert ["job"] * len(jobs) == [line["type"] for line in ran.lines[:-1]]
        assert {kind} == {job["kind"] for job in jobs}
        assert "" == ran.err
        percentages = [job["percentage"] for job in jobs]
        assert sorted(percentages) == percentages
        assert {"type", "job", "backup"} <= ran.result.keys()
        assert jobs[-1] == ran.result["job"]
        members = {"id", "kind", "backup", "state", "outcome", "phase", "done", "total", "unit"}
        assert members | {"percentage", "cancellable", "attempt", "startedAt", "endedAt"} <= jobs[-1].keys()


def test_an_unchanged_database_costs_nothing(reprieve: Reprieve, database: Path) -> None:
    deadline = time.monotonic() + DEADLINE
    while (age := time.time_ns() - database.stat().st_ctime_ns) <= RACY_NANOSECONDS:
        assert time.monotonic() < deadline, f"Somebody writes to it: it is {age} ns old."
        time.sleep(0.05)  # a file is trusted from a certain age on, whatever else happens
    reprieve("backup", "snippets.db")

    again = reprieve("backup", "snippets.db")

    assert 0 == again.code
    assert "nothing had changed" in again.out


def test_a_restoration_puts_the_backup_back_and_can_be_reverted(reprieve: Reprieve, database: Path) -> None:
    reprieve("backup", "snippets.db")
    write(database, "INSERT INTO t VALUES ('second')")

    restored = reprieve("restore", "latest", "snippets.db", "--yes", "--json")
    after_restore = content(database)
    copies = reprieve("revert", "snippets.db", "--list", "--json").result["undoCopies"]
    reverted = reprieve("revert", "snippets.db", "--json")

    assert ["first"] == after_restore
    assert [restored.result["undo"]] == copies
    assert (0, ["first", "second"]) == (reverted.code, content(database))


def test_a_copy_can_be_forgotten(reprieve: Reprieve, database: Path) -> None:
    reprieve("backup", "snippets.db")
    restored = reprieve("restore", "latest", "snippets.db", "--yes", "--json")

    unasked = reprieve("revert", "snippets.db", "--forget", restored.result["undo"]["id"])
    forgotten = reprieve("revert", "snippets.db", "--forget", restored.result["undo"]["id"], "--yes")

    assert (2, 0) == (unasked.code, forgotten.code)
    assert [] == reprieve("revert", "snippets.db", "--list", "--json").result["undoCopies"]
    assert 3 == reprieve("revert", "snippets.db").code


def test_a_copy_that_does_not_exist_is_not_asked_about(reprieve: Reprieve, database: Path) -> None:
    unknown = reprieve("revert", "snippets.db", "--forget", "nosuch")

    assert 3 == unknown.code
    assert "--list" in unknown.err


def test_a_restoration_onto_a_path_that_does_not_exist_makes_the_file(
    reprieve: Reprieve, database: Path
) -> None:
    backup = reprieve("backup", "snippets.db", "--json").result["backup"]["id"]

    made = reprieve("restore", backup, "copy.db")

    assert 0 == made.code
    assert ["first"] == content(reprieve.folder / "copy.db")


def test_the_latest_for_a_path_without_backups_says_how_to_name_one(
    reprieve: Reprieve, database: Path
) -> None:
    reprieve("backup", "snippets.db")

    refused = reprieve("restore", "latest", "copy.db")

    assert 3 == refused.code
    assert "`latest` is the latest of that same path" in refused.err
    assert "`reprieve list`" in refused.err
    assert not (reprieve.folder / "copy.db").exists()


def test_nobody_is_asked_where_there_is_no_terminal(reprieve: Reprieve, database: Path) -> None:
    reprieve("backup", "snippets.db")
    write(database, "INSERT INTO t VALUES ('second')")

    refused = reprieve("restore", "latest", "snippets.db")
    in_json = reprieve("restore", "latest", "snippets.db", "--json")

    assert (2, 2) == (refused.code, in_json.code)
    assert "--yes" in refused.err
    assert "invalidParams" == in_json.lines[-1]["error"]["kind"]
    assert ["first", "second"] == content(database)


def test_a_deleted_backup_is_gone_from_the_list(reprieve: Reprieve, database: Path) -> None:
    backup = reprieve("backup", "snippets.db", "--json").result["backup"]["id"]

    unasked = reprieve("delete", "latest")
    deleted = reprieve("delete", backup, "--yes")

    assert (2, 0) == (unasked.code, deleted.code)
    assert [] == reprieve("list", "--json").result["backups"]
    assert 3 == reprieve("show", backup).code


def test_backing_up_registers_a_database_with_its_store(reprieve: Reprieve, database: Path) -> None:
    reprieve("backup", "snippets.db", "--store", "elsewhere")

    listed = reprieve("databases", "--json").result["databases"]

    assert [(str(database), str(reprieve.folder / "elsewhere"), "there")] == [
        (known["database"], known["store"], known["state"]) for known in listed
    ]
    assert 1 == len(reprieve("list", "snippets.db", "--json").result["backups"])
    assert 0 == len(reprieve("list", "--json").result["backups"])


def test_a_store_that_is_named_once_does_not_move_a_registered_database(
    reprieve: Reprieve, database: Path
) -> None:
    reprieve("backup", "snippets.db")

    once = reprieve("backup", "snippets.db", "--store", "elsewhere")

    assert str(reprieve.folder / "elsewhere") in once.out
    assert [str(reprieve.folder / "store")] == [
        known["store"] for known in reprieve("databases", "--json").result["databases"]
    ]
    assert 1 == len(reprieve("list", "snippets.db", "--json").result["backups"])


def test_registering_again_moves_it_and_says_from_where(reprieve: Reprieve, database: Path) -> None:
    first = reprieve("register", "snippets.db")

    moved = reprieve("register", "snippets.db", "--store", "elsewhere")

    assert "until now" not in first.out
    assert f"go to {reprieve.folder / 'elsewhere'} (until now {reprieve.folder / 'store'})." in moved.out


@pytest.mark.parametrize("words", [("backup", "snippets.db"), ("register", "snippets.db"), ("list",)])
def test_an_empty_store_is_a_mistake(reprieve: Reprieve, database: Path, words: tuple[str, ...]) -> None:
    """`--store "$STORE"` of a script that has not set it."""
    refused = reprieve(*words, "--store", "")

    assert 2 == refused.code
    assert "empty name" in refused.err
    assert [] == reprieve("databases", "--json").result["databases"]


def test_what_cannot_be_backed_up_is_not_registered(reprieve: Reprieve) -> None:
    (reprieve.folder / "words.txt").write_text("no database, but long enough to be looked at " * 20)

    failed = reprieve("backup", "words.txt")

    assert 1 == failed.code
    assert [] == reprieve("databases", "--json").result["databases"]


def test_register_and_unregister(reprieve: Reprieve, database: Path) -> None:
    registered = reprieve("register", "snippets.db")
    unregistered = reprieve("unregister", "snippets.db")

    assert (0, 0) == (registered.code, unregistered.code)
    assert 3 == reprieve("unregister", "snippets.db").code
    assert 3 == reprieve("register", "missing.db").code


def test_jobs_are_known_to_every_process(reprieve: Reprieve, database: Path) -> None:
    job = reprieve("backup", "snippets.db", "--json").result["job"]

    assert [job] == reprieve("jobs", "--json").result["jobs"]
    assert [] == reprieve("jobs", "--running", "--json").result["jobs"]
    assert job == reprieve("status", job["id"][:8], "--json").result["job"]
    assert 3 == reprieve("status", "zzz").code
    assert 0 == reprieve("watch", job["id"]).code
    assert 4 == reprieve("cancel", job["id"]).code


def test_the_same_key_gives_the_same_job(reprieve: Reprieve, database: Path) -> None:
    first = reprieve("backup", "snippets.db", "--key", "nightly", "--json").result
    again = reprieve("backup", "snippets.db", "--key", "nightly", "--json").result

    assert first["job"] == again["job"]


def test_documents_are_kept_whole_by_version(reprieve: Reprieve) -> None:
    for text in ("one", "two"):
        (reprieve.folder / "s.json").write_text(json.dumps({"id": "s", "name": "S", "x": {"y": [1.5, text]}}))
        assert 0 == reprieve("assets", "keep", "s.json").code

    newest = json.loads(reprieve("assets", "get", "s").out)
    first = reprieve("assets", "get", "s", "--version", "1", "--json").result["asset"]
    versions = reprieve("assets", "history", "s", "--json").result["assets"]

    assert {"id": "s", "name": "S", "x": {"y": [1.5, "two"]}} == newest
    assert {"id": "s", "name": "S", "x": {"y": [1.5, "one"]}} == first
    assert [1, 2] == [version["version"] for version in versions]
    assert [2] == [version["version"] for version in reprieve("assets", "list", "--json").result["assets"]]
    assert 3 == reprieve("assets", "get", "other").code


def test_documents_come_from_standard_input_too(reprieve: Reprieve) -> None:
    kept = reprieve("assets", "keep", "-", "--json", typed='[{"id": "a"}, {"id": "b"}]')
    bad = reprieve("assets", "keep", "-", typed="[")

    assert ["a", "b"] == [version["id"] for version in kept.result["assets"]]
    assert 2 == bad.code
    assert "Standard input is not JSON" in bad.err


def test_a_bad_document_keeps_none(reprieve: Reprieve) -> None:
    (reprieve.folder / "good.json").write_text('{"id": "good"}')
    (reprieve.folder / "bad.json").write_text('{"id": 5}')

    refused = reprieve("assets", "keep", "good.json", "bad.json")

    assert 2 == refused.code
    assert [] == reprieve("assets", "list", "--json").result["assets"]


def test_the_recovery_code_brings_the_key_to_another_machine(reprieve: Reprieve, database: Path) -> None:
    made = reprieve("backup", "snippets.db", "--json").result
    code = reprieve("key", "show", "--json").result["recoveryCode"]
    elsewhere = {"REPRIEVE_HOME": str(reprieve.folder / "other machine")}

    locked = reprieve("list", **elsewhere)
    mistyped = reprieve("key", "import", REPRIEVE_RECOVERY_CODE=code[:-1], **elsewhere)
    imported = reprieve("key", "import", REPRIEVE_RECOVERY_CODE=code, **elsewhere)

    assert made["recoveryCodePending"] is True
    assert "recoveryCodePending" not in reprieve("backup", "snippets.db", "--json").result
    assert (5, 2, 0) == (locked.code, mistyped.code, imported.code)
    assert 2 == len(reprieve("list", "--json", **elsewhere).result["backups"])
    assert code not in locked.out + locked.err + mistyped.err + imported.out + imported.err


def test_a_passphrase_opens_the_store_too(reprieve: Reprieve, database: Path) -> None:
    reprieve("backup", "snippets.db")
    elsewhere = {"REPRIEVE_HOME": str(reprieve.folder / "other machine")}

    added = reprieve("key", "add-passphrase", REPRIEVE_NEW_PASSPHRASE="open sesame")
    wrong = reprieve("list", REPRIEVE_PASSPHRASE="open barley", **elsewhere)
    right = reprieve("list", "--json", REPRIEVE_PASSPHRASE="open sesame", **elsewhere)

    assert (0, 5, 0) == (added.code, wrong.code, right.code)
    assert 1 == len(right.result["backups"])


def test_a_passphrase_given_to_the_first_backup_opens_the_store(reprieve: Reprieve, database: Path) -> None:
    given = {"REPRIEVE_PASSPHRASE": "open sesame"}
    reprieve("backup", "snippets.db", **given)
    elsewhere = {"REPRIEVE_HOME": str(reprieve.folder / "other machine")}

    assert 1 == len(reprieve("list", "--json", **given, **elsewhere).result["backups"])


def test_a_short_passphrase_is_taken_only_where_that_is_allowed(reprieve: Reprieve, database: Path) -> None:
    short = {"REPRIEVE_PASSPHRASE": "xy", "REPRIEVE_NEW_PASSPHRASE": "yz"}
    refused = reprieve("backup", "snippets.db", **short)
    backed_up = reprieve("backup", "snippets.db", "--allow-weak", **short)
    kept = reprieve("key", "add-passphrase", **short)
    added = reprieve("key", "add-passphrase", "--allow-weak", **short)

    assert (2, 0, 2, 0) == (refused.code, backed_up.code, kept.code, added.code)
    assert "2 characters" in refused.err
    assert "soon guessed" in backed_up.err
    assert "soon guessed" in added.err


def test_the_passphrase_at_hand_is_added(reprieve: Reprieve, database: Path) -> None:
    reprieve("backup", "snippets.db")
    given = {"REPRIEVE_PASSPHRASE": "open sesame"}
    elsewhere = {"REPRIEVE_HOME": str(reprieve.folder / "other machine")}

    assert 0 == reprieve("key", "add-passphrase", **given).code
    assert 1 == len(reprieve("list", "--json", **given, **elsewhere).result["backups"])


def test_a_store_that_is_gone_is_not_made_anew_by_itself(reprieve: Reprieve, database: Path) -> None:
    reprieve("backup", "snippets.db")
    (reprieve.folder / "store").rename(reprieve.folder / "unmounted")
    refused = [reprieve("backup", "snippets.db"), reprieve("list"), reprieve("list", "snippets.db")]

    assert [1, 1, 1] == [ran.code for ran in refused]
    assert all("is not there" in ran.err and "--new-store" in ran.err for ran in refused)
    assert not (reprieve.folder / "store").exists()

    assert 0 == reprieve("backup", "snippets.db", "--new-store").code
    assert 1 == len(reprieve("list", "--json").result["backups"])


def test_a_scenario_is_played(reprieve: Reprieve) -> None:
    played = reprieve("offline", "clock=virtual", "fail_at=0.4", "fail=temporary", "--restore", "--json")
    failed = reprieve("offline", "clock=virtual", "fail_at=0.4", "fail=storageFull", "--json")
    unknown = reprieve("offline", "nonsense=1")

    assert 0 == played.code
    assert 2 == max(line["job"]["attempt"] for line in played.lines)
    assert (7, "storageFull") == (failed.code, failed.lines[-1]["error"]["kind"])
    assert 2 == unknown.code
    assert "fail_at" in unknown.err


def test_a_target_with_a_scheme_works_like_a_path(reprieve: Reprieve) -> None:
    listed = reprieve("list", "offline:?backups=3", "--json")
    made = reprieve("backup", "offline:?seed=7", "--json")

    assert 3 == len(listed.result["backups"])
    assert "completed" == made.result["job"]["outcome"]


def test_without_a_terminal_progress_is_few_plain_lines_on_stderr(reprieve: Reprieve) -> None:
    played = reprieve("offline", "clock=virtual", "ticks=1000")
    said = played.err.splitlines()

    assert "Backing up offline: completed" == said[-1]
    assert len(said) <= 12
    assert "\x1b" not in played.out + played.err


def test_why_an_attempt_ended_is_said_once(reprieve: Reprieve) -> None:
    played = reprieve("offline", "clock=virtual", "fail_at=0.2", "fail=temporary", "times=2")

    assert 0 == played.code
    assert ["(attempt 2", "(attempt 3"] == re.findall(r"\(attempt \d", played.err)
    assert 2 == played.err.count("after: ")
