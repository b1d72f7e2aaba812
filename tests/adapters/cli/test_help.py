"""Help: every page fits a screen of 24 lines by 80 columns and shows an example; nothing is left out."""

from __future__ import annotations

import pytest

from reprieve.adapters.cli.commands import FILES, HELP, parser_for, whole_parser
from reprieve.adapters.cli.shape import Shape, shape_of
from reprieve.core import VERSION
from reprieve.core.errors import ExitCode

from .conftest import Reprieve

PAGES = list(shape_of(whole_parser()).every())


@pytest.mark.parametrize("page", PAGES, ids=lambda page: " ".join(page.words))
def test_a_page_fits_a_screen_and_shows_an_example(page: Shape) -> None:
    lines = page.help.splitlines()

    assert len(lines) <= 24
    assert max(map(len, lines)) <= 80
    assert " ".join(page.words) in page.help.split("example")[1]


def test_the_first_page_names_every_command_and_exit_code() -> None:
    named = set(HELP.replace(",", " ").replace("|", " ").split())

    assert {page.words[-1] for page in PAGES[1:]} <= named
    assert {str(int(code)) for code in ExitCode} <= named


def test_the_files_of_the_commands_are_known() -> None:
    """Only the file of the command that is named is imported, so the table must name them all."""
    alone = [
        page
        for commands in FILES.values()
        for word in commands
        for page in shape_of(parser_for([word])).below
    ]

    assert {page.words for page in PAGES if len(page.words) == 2} == {page.words for page in alone}
    assert {word for commands in FILES.values() for word in commands} == {page.words[1] for page in alone}


def test_the_version_is_told(reprieve: Reprieve) -> None:
    ran = reprieve("--version")

    assert (0, f"reprieve {VERSION}\n") == (ran.code, ran.out)


@pytest.mark.parametrize("command", ["import", "add-passphrase"])
@pytest.mark.parametrize("typed", ["SECRET", "--code=SECRET"])
def test_a_secret_on_the_command_line_is_not_taken_and_not_repeated(
    reprieve: Reprieve, command: str, typed: str
) -> None:
    ran = reprieve("key", command, typed)

    assert (2, "") == (ran.code, ran.out)
    assert "SECRET" not in ran.err
    assert "is asked for, or read from REPRIEVE_" in ran.err


@pytest.mark.parametrize(
    "words", [(), ("bakcup",), ("backup",), ("jobs", "--limit", "none"), ("list", "--nonsense"), ("key",)]
)
def test_a_wrong_command_line_is_one_sentence(reprieve: Reprieve, words: tuple[str, ...]) -> None:
    ran = reprieve(*words)

    assert (2, "") == (ran.code, ran.out)
    assert 1 == len(ran.err.splitlines())
    assert ran.err.startswith("reprieve: ")


def test_a_mistyped_command_is_guessed(reprieve: Reprieve) -> None:
    assert "did you mean 'backup'?" in reprieve("bakcup").err
