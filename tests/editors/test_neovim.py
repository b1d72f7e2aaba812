"""The plugin for Neovim, in the Neovim that is installed: its own cases, each in an editor of its own."""

from __future__ import annotations

import pytest

from .scene import HERE, Scene, names_in

FOLDER = HERE / "neovim"
CASES = names_in(FOLDER / "cases.lua", r'^cases\["(.+)"\]')


@pytest.mark.needs("neovim")
@pytest.mark.parametrize("case", CASES)
def test_it(scene: Scene, case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRIED_CASE", case)

    scene.run("nvim", "--headless", "-u", "NONE", "-i", "NONE", "-c", f"luafile {FOLDER / 'run.lua'}")
