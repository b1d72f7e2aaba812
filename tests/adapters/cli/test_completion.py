"""The completion scripts: each shell can read its own, and they know every command."""

from __future__ import annotations

import subprocess

import pytest

from reprieve.adapters.cli.commands import whole_parser
from reprieve.adapters.cli.completion import SHELLS, script_for
from reprieve.adapters.cli.shape import shape_of


@pytest.mark.parametrize("shell", SHELLS)
def test_a_script_knows_every_command(shell: str) -> None:
    script = script_for(shell)

    for command in shape_of(whole_parser()).every():
        assert command.words[-1] in script


@pytest.mark.needs("bash")
@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        (("re",), {"restore", "revert", "register"}),
        (("key", ""), {"show", "add-passphrase", "import", "--help"}),
        (("revert", "--f"), {"--forget"}),
        (("completion", "z"), {"zsh"}),
        (("backup", "snip"), {"snippets one.db"}),
    ],
)
def test_bash_offers_what_can_follow(
    typed: tuple[str, ...], offered: set[str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("completion")
    (folder / "snippets one.db").touch()
    words = " ".join(f"'{word}'" for word in ("reprieve", *typed))
    asked = f'COMP_WORDS=({words}); COMP_CWORD={len(typed)}; _reprieve; printf "%s\\n" "${{COMPREPLY[@]}}"'
    script = f"{script_for('bash')}\n{asked}"
    ran = subprocess.run(["bash", "-c", script], cwd=folder, capture_output=True, text=True, timeout=60)

    assert "" == ran.stderr
    assert offered == {line for line in ran.stdout.splitlines() if line}


@pytest.mark.needs("bash")
def test_bash_can_read_its_script() -> None:
    ran = subprocess.run(["bash", "-n"], input=script_for("bash"), capture_output=True, text=True, timeout=60)

    assert (0, "") == (ran.returncode, ran.stderr)
