"""docs/cli.md is what the parser says today."""

from pathlib import Path

from reprieve.adapters.cli.reference import reference
from reprieve.core.errors import ExitCode

PAGE = Path(__file__).parents[3] / "docs" / "cli.md"


def test_the_page_in_docs_is_the_program_of_today() -> None:
    assert reference() == PAGE.read_text("utf-8")


def test_every_exit_code_has_its_row() -> None:
    assert all(f"| {code.value} |" in reference() for code in ExitCode)
