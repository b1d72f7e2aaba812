"""Errors: what each class says by the exit code, and that people see a sentence and never a traceback."""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest

from reprieve.adapters.cli import main as package_main
from reprieve.adapters.cli.main import main
from reprieve.adapters.cli.running import exit_code
from reprieve.core.errors import BY_KIND, ExitCode, JobFailed, Problem, ReprieveError

from .conftest import Reprieve


@pytest.mark.parametrize("error", [kind("It happened.") for kind in BY_KIND.values()], ids=lambda e: e.kind)
def test_a_failed_job_ends_with_the_code_of_what_it_failed_of(error: ReprieveError) -> None:
    if isinstance(error, JobFailed):
        assert ExitCode.FAILED == exit_code(error)
    else:
        failed = JobFailed("The job failed.", Problem.of(error), "job")

        assert error.exit_code == exit_code(error) == exit_code(failed)


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        ("invalidParams", 2),
        ("badSource", 1),
        ("badTarget", 1),
        ("notFound", 3),
        ("conflict", 4),
        ("locked", 4),
        ("tooLate", 4),
        ("keyRequired", 5),
        ("authenticationRequired", 5),
        ("updateRequired", 6),
        ("storageFull", 7),
        ("repositoryCorrupt", 1),
        ("interrupted", 1),
        ("cancelled", 130),
    ],
)
def test_the_codes_are_those_of_the_documentation(kind: str, code: int) -> None:
    assert code == exit_code(BY_KIND[kind]("It happened."))


def test_each_bad_source_is_a_sentence(reprieve: Reprieve) -> None:
    (reprieve.folder / "folder").mkdir()
    (reprieve.folder / "empty.db").write_bytes(b"")
    (reprieve.folder / "words.txt").write_text("not a database at all, though rather long " * 30)

    for name in ("missing.db", "folder", "words.txt"):
        ran = reprieve("backup", name)

        assert ran.code in (1, 3)
        assert "reprieve: " in ran.err
        assert "Traceback" not in ran.err


def test_an_unexpected_error_is_a_sentence_and_a_file(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(self: object, words: list[str]) -> argparse.Namespace:
        raise ZeroDivisionError("oh")

    monkeypatch.setattr("reprieve.adapters.cli.parser.Parser.parse_args", broken)
    code = main(["list"])
    said = capsys.readouterr().err
    report = Path(said.split(" with ")[1].strip().rstrip("."))

    assert ExitCode.FAILED == code
    assert 1 == len(said.splitlines())
    assert "ZeroDivisionError: oh" in report.read_text("utf-8")
    report.unlink()

    monkeypatch.setenv("REPRIEVE_DEBUG", "1")
    assert ExitCode.FAILED == main(["list"])
    assert "Traceback" in capsys.readouterr().err


def test_the_script_and_the_module_are_the_same() -> None:
    assert package_main is main


def test_whoever_stops_reading_does_no_harm(reprieve: Reprieve) -> None:
    process = reprieve.start("completion", "bash")
    assert process.stdout and process.stderr
    process.stdout.close()

    assert process.wait(60) in (0, 1)
    assert "" == process.stderr.read()
    process.stderr.close()


def test_a_damaged_record_keeps_nobody_from_the_others(reprieve: Reprieve, database: Path) -> None:
    made = [reprieve("backup", str(database), "--force", "--json").result["backup"]["id"] for _ in range(2)]
    record = reprieve.folder / "store" / "backups" / made[1]
    record.write_bytes(record.read_bytes()[:-1])

    assert made[:1] == [backup["id"] for backup in reprieve("list", "--json").result["backups"]]
    assert 0 == reprieve("show", made[0]).code
    assert made[1] in reprieve("show", made[1]).err
    assert 0 == reprieve("backup", str(database)).code
    assert 0 == reprieve("restore", made[0], str(database), "--yes").code
