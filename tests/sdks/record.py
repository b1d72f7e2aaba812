"""What each client saw, as docs/pieces.md has it: `python -m tests.sdks.record` lets them all walk again and writes it down.

The record is docs/clients.json; docs/generate.py makes the table of it, and test_operations.py holds it to what is seen.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from tests.sdks.environments import CLIENTS, Client
from tests.sdks.scene import scene
from tests.sdks.talking import Talk
from tests.sdks.walk import Column, Walk
from tests.support.databases import OLD, make_database

RECORD = Path(__file__).parents[2] / "docs" / "clients.json"


def recorded() -> dict[str, Column]:
    """By client, what came in which situation."""
    columns: dict[str, Column] = json.loads(RECORD.read_text("utf-8"))
    return columns


def record() -> None:
    """Every client must be here (`make sdks`)."""
    with tempfile.TemporaryDirectory() as folder:
        template = make_database(Path(folder) / "template.db", OLD, rows=50)
        columns = {client.name: _walked(client, Path(folder), template) for client in CLIENTS}
    RECORD.write_text(json.dumps(columns, indent=2) + "\n", "utf-8")


def _walked(client: Client, folder: Path, template: Path) -> Column:
    own = folder / client.name.replace(" ", "-")
    own.mkdir()
    with scene(own, template) as here, Talk(client, here.address) as talk:
        return Walk(talk, here).all()


if __name__ == "__main__":
    record()
