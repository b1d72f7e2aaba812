"""Scenes for the faults: made once for each test process and journal mode, and copied for each test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.faults.scene import Scene, copy_scene, make_scene


@pytest.fixture(scope="session")
def templates(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Scene]:
    made: dict[str, Scene] = {}

    def template(mode: str) -> Scene:
        if mode not in made:
            made[mode] = make_scene(tmp_path_factory.mktemp("scene") / mode, mode)
        return made[mode]

    return template


@pytest.fixture
def scene_of(templates: Callable[[str], Scene], tmp_path: Path) -> Iterator[Callable[[str], Scene]]:
    """A fresh scene whose database is in this journal mode; no person survives the test."""
    made: list[Scene] = []

    def make(mode: str) -> Scene:
        made.append(copy_scene(templates(mode), tmp_path))
        return made[-1]

    yield make
    for scene in made:
        for person in scene.people:
            person.kill()


@pytest.fixture(params=["wal", "delete"])
def scene(request: pytest.FixtureRequest, scene_of: Callable[[str], Scene]) -> Scene:
    """A fresh scene, once for each journal mode."""
    return scene_of(request.param)
