"""Every operation through every client; and the table in docs/pieces.md says what came."""

from __future__ import annotations

from pathlib import Path

from tests.sdks.clients import every_client
from tests.sdks.environments import Client
from tests.sdks.record import recorded
from tests.sdks.scene import scene
from tests.sdks.talking import Talk
from tests.sdks.walk import Walk


@every_client
def test_every_operation(client: Client, tmp_path: Path, small: Path) -> None:
    with scene(tmp_path, small) as here, Talk(client, here.address) as talk:
        column = Walk(talk, here).all()
        here.unbroken()

    caught = {"10", "12", "10, cancelled before", "12, cancelled before"}  # test_cancelling.py
    assert recorded()[client.name] == {**column, **{one: recorded()[client.name][one] for one in caught}}
