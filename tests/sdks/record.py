"""What each client saw, as docs/pieces.md has it; `python -m tests.sdks.record` writes it down.

The record is docs/clients.json: docs/generate.py makes the table of it, and test_operations.py holds it to
what is seen.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from pathlib import Path

from tests.sdks.catching import cancel_running_jobs
from tests.sdks.clients import another
from tests.sdks.environments import CLIENTS, Client
from tests.sdks.scene import Scene, make_catchable, make_small, scene
from tests.sdks.talking import Talk
from tests.sdks.walk import Column, Walk

RECORD = Path(__file__).parents[2] / "docs" / "clients.json"


def recorded() -> dict[str, Column]:
    """By client, what came in which situation."""
    columns: dict[str, Column] = json.loads(RECORD.read_text("utf-8"))
    return columns


def record() -> None:
    """Every client must be here (`make sdks`)."""
    with tempfile.TemporaryDirectory() as folder:
        columns = {client.name: _column(client, Path(folder)) for client in CLIENTS}
    RECORD.write_text(json.dumps(columns, indent=2) + "\n", "utf-8")


def _column(client: Client, folder: Path) -> Column:
    return {
        **_seen(client, folder, make_small, lambda talk, other, here: Walk(talk, here).all()),
        **_seen(client, folder, make_catchable, cancel_running_jobs),
    }


def _seen(
    client: Client, folder: Path, make: Callable[[Path], Path], see: Callable[[Talk, Talk, Scene], Column]
) -> Column:
    own = Path(tempfile.mkdtemp(dir=folder))
    template = make(own / "template.db")
    with scene(own, template) as here, Talk(client, here.address) as talk:
        with Talk(another(client), here.address) as other:
            return see(talk, other, here)


if __name__ == "__main__":
    record()
