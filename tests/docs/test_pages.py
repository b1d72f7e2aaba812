"""Every command and every script of the documentation is run, and prints what its page shows."""

import re
import subprocess
from configparser import ConfigParser
from pathlib import Path

import pytest

from reprieve.adapters.cli.commands import whole_parser

from .pages import ROOT, Page, every_page
from .playing import NOT_RUN, Player, commands_of

PLAYED = {"console", "python"}
SHOWN = {"ini", "crontab", "powershell"}
"""Files of other systems' schedulers: what they say of reprieve is parsed, and nothing is run."""
OTHER = {
    "",
    "text",
    "mermaid",
    "toml",
    "json",
    "javascript",
    "py",
    "ts",
    "kotlin",
    "dart",
    "lua",
    "elisp",
    "nginx",
}
"""Not run: `py` are signatures; the others are run if they have a name and a command uses it. Examples for
other environments, `py` and `ts`, are run by tests/sdks; `lua` and `elisp` in their editors by tests/editors;
`nginx` by tests/adapters/server; `kotlin` and `dart` nowhere, as their page says."""

NEEDS = {"$ curl": "curl", "$ node": "node"}
"""What a command on a page needs."""

PLAYABLE = [
    pytest.param(
        page, marks=[pytest.mark.needs(part) for command, part in NEEDS.items() if command in page.text]
    )
    for page in every_page()
    if any(block.language in PLAYED for block in page.blocks)
]


@pytest.mark.needs("pty", "bash")
@pytest.mark.parametrize("page", PLAYABLE, ids=lambda page: page.name)
def test_a_page_does_what_it_says(page: Page, tmp_path: Path) -> None:
    Player(tmp_path).play(page)


@pytest.mark.parametrize("page", every_page(), ids=lambda page: page.name)
def test_each_block_is_of_a_known_language(page: Page) -> None:
    languages = {block.language for block in page.blocks}

    assert set() == languages - PLAYED - SHOWN - OTHER


@pytest.mark.parametrize("page", every_page(), ids=lambda page: page.name)
def test_no_command_hides_in_a_block_that_is_not_run(page: Page) -> None:
    hidden = [
        line
        for block in page.blocks
        if block.language in OTHER and not block.name
        for line in block.text.splitlines()
        if line.startswith("$ ")
    ]

    assert [] == hidden


@pytest.mark.parametrize("page", every_page(), ids=lambda page: page.name)
def test_each_file_on_a_page_is_used_by_a_command_after_it(page: Page) -> None:
    blocks = page.blocks
    unused = [
        block.name
        for at, block in enumerate(blocks)
        if block.name and block.name != "meanwhile"
        if not any(block.name in later.text for later in blocks[at + 1 :])
    ]

    assert [] == unused


@pytest.mark.parametrize("page", every_page(), ids=lambda page: page.name)
def test_what_schedulers_are_told_is_understood(page: Page) -> None:
    for block in page.blocks:
        if block.language in SHOWN:
            for asked in re.findall(r"(?:^|[ '\"/])reprieve ([a-z][^'\"\n>]*)", block.text):
                whole_parser().parse_args(asked.split())
        if block.language == "ini":
            unit = ConfigParser(interpolation=None, strict=False)
            unit.read_string(block.text)
            assert unit.sections()


def test_what_is_not_run_is_on_some_page_and_exists() -> None:
    shown = {
        command.line
        for page in every_page()
        for block in page.blocks
        if block.language == "console"
        for command in commands_of(block)
    }

    assert set() == set(NOT_RUN) - shown
    for command in NOT_RUN:
        if command.startswith("make "):
            tried = subprocess.run([*command.split(), "-n"], cwd=ROOT, capture_output=True, text=True)
            assert 0 == tried.returncode, tried.stderr
