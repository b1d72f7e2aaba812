"""Jobs that run are cancelled: by the client that started them, and by another one."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.sdks.catching import cancel_running_jobs, under_way
from tests.sdks.clients import PYTHON_5, another, every_client
from tests.sdks.environments import TYPESCRIPT_CLIENT, Client
from tests.sdks.record import recorded
from tests.sdks.scene import scene
from tests.sdks.talking import Talk


@every_client
@pytest.mark.needs("sdks")
def test_running_jobs_are_cancelled(client: Client, tmp_path: Path, large: Path) -> None:
    with scene(tmp_path, large) as here, Talk(client, here.address) as talk:
        with Talk(another(client), here.address) as other:
            seen = cancel_running_jobs(talk, other, here)

    assert seen.items() <= recorded()[client.name].items()


@pytest.mark.parametrize(
    "client",
    [
        pytest.param(PYTHON_5, marks=pytest.mark.needs("sdks")),
        pytest.param(TYPESCRIPT_CLIENT, marks=pytest.mark.needs("node sdk")),
    ],
    ids=lambda client: client.name,
)
def test_a_blocking_call_is_cancelled_by_the_program_that_waits_in_it(
    client: Client, tmp_path: Path, large: Path
) -> None:
    with scene(tmp_path, large) as here, Talk(client, here.address) as talk:
        everything = talk.start("progress_socket")
        everything.frame()
        waiting = talk.start("create")
        backup = under_way(everything, "backups")
        assert talk.returned("cancel_creation", backup=backup["id"]) is None
        end = waiting.raised()

        # An answer whose headers had to go out before the end can only be broken off, and then has no status.
        assert end["status"] is None or "was cancelled" in end["body"], end
        assert [] == talk.returned("backups")["iterable"]
