"""What goes wrong in the store reaches the SDKs' users as a status of the contract, with our sentence."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.sdks.clients import every_client
from tests.sdks.environments import Client
from tests.sdks.talking import Talk
from tests.support.services import serving


@every_client
@pytest.mark.parametrize(("fault", "status"), [("keyRequired", 511), ("updateRequired", 505)])
def test_a_store_that_refuses_is_a_status(client: Client, fault: str, status: int, tmp_path: Path) -> None:
    with (
        serving(tmp_path, f"offline:?refuse={fault}&times=0") as service,
        Talk(client, f"http://localhost:{service.port}") as talk,
    ):
        for call in ("create", "create_streamed"):
            raised = talk.raised(call)
            assert status == raised["status"], raised
            assert raised["body"].endswith("."), raised


@every_client
def test_a_job_that_fails_is_an_error_of_the_blocking_call_and_a_status_of_the_streamed_one(
    client: Client, tmp_path: Path
) -> None:
    with (
        serving(tmp_path, "offline:?fail_at=0.5&fail=permanent&times=0&speed=100") as service,
        Talk(client, f"http://localhost:{service.port}") as talk,
    ):
        raised = talk.raised("create")
        assert 500 == raised["status"], raised
        assert raised["body"].endswith("."), raised
        assert "FAILED" == talk.returned("create_streamed")["status"]
        stream = talk.start(f"create_{client.stream}")
        assert {"closed": 1000} == stream.returned()
        assert "FAILED" == stream.frames[-1]["status"]
