"""The examples of docs/howto/connect-an-sdk.md run in the SDKs' own environments."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from tests.docs.pages import Page
from tests.sdks.clients import PYTHON_3, PYTHON_4, PYTHON_5
from tests.sdks.environments import FOLDER, TYPESCRIPT_CLIENT, Client
from tests.sdks.scene import scene

PAGE = Page("docs/howto/connect-an-sdk.md")
DEADLINE = 120
BACKUP = r"0\.1\.0_\d{8}T\d{9}Z"

SAID = re.compile(
    rf"made (?P<made>{BACKUP})\n"
    rf"(?P=made) \d+ bytes, made on \S+\n"
    rf"restored (?P=made)\n"
    rf"500 It is too late to cancel.*\n"
    rf"(\S+ [\d.]+\n)*COMPLETED 100(\.0)?\n"
)
"""What the two examples print: they do the same."""


@pytest.mark.needs("sdks")
@pytest.mark.parametrize("client", [PYTHON_3, PYTHON_4, PYTHON_5], ids=lambda client: client.name)
def test_the_python_example_runs(client: Client, tmp_path: Path, small: Path) -> None:
    assert SAID.fullmatch(output_of("py", "example.py", client.command[0], tmp_path, small))


@pytest.mark.needs("node sdk")
def test_the_typescript_example_runs(tmp_path: Path, small: Path) -> None:
    os.symlink(FOLDER / "typescript" / "node_modules", tmp_path / "node_modules")

    assert SAID.fullmatch(output_of("ts", "example.mts", TYPESCRIPT_CLIENT.command[0], tmp_path, small))


def output_of(language: str, name: str, command: str, folder: Path, template: Path) -> str:
    """What the page's one example in a language prints, run against a service on a free port."""
    (example,) = (block.text for block in PAGE.blocks if block.language == language)
    with scene(folder, template) as here:
        (folder / name).write_text(example.replace("39300", str(here.service.port)), "utf-8")
        ran = subprocess.run([command, name], cwd=folder, capture_output=True, text=True, timeout=DEADLINE)
    assert 0 == ran.returncode, ran.stderr
    return ran.stdout
