"""A service that asks everybody for its token, and clients that show it in the way that each of them has."""

from __future__ import annotations

from pathlib import Path

from tests.sdks.clients import every_client
from tests.sdks.environments import Client
from tests.sdks.talking import Talk
from tests.support.services import serving


@every_client
def test_the_token_is_asked_for_and_can_be_shown(client: Client, tmp_path: Path) -> None:
    with serving(tmp_path, "offline:?backups=3&speed=100", "--require-token") as service:
        address = f"http://localhost:{service.port}"
        with Talk(client, address) as stranger:
            raised = stranger.raised("backups")
        with Talk(client, address, token=service.token) as owner:
            listed = owner.returned("backups")
            stream = owner.start(f"create_{client.stream}")
            closed = stream.returned()

    assert 401 == raised["status"]
    assert raised["body"].endswith("."), raised
    assert 3 == len(listed["iterable"])
    assert ({"closed": 1000}, "COMPLETED") == (closed, stream.frames[-1]["status"])
