"""The package for Emacs, in the Emacs that is installed: its own cases, each in an editor of its own."""

from __future__ import annotations

import pytest

from .scene import HERE, Scene, names_in

FILE = HERE / "emacs" / "cases.el"
CASES = names_in(FILE, r"^\(ert-deftest (\S+)")


@pytest.mark.needs("emacs")
@pytest.mark.parametrize("case", CASES)
def test_it(scene: Scene, case: str) -> None:
    run = f"(ert-run-tests-batch-and-exit '(member {case}))"

    scene.run("emacs", "-Q", "--batch", "-l", str(FILE), "--eval", run)
