"""Several clients and one job; clients that vanish; what keeps a connection alive."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.sdks.catching import completed, under_way
from tests.sdks.clients import PYTHON_3, PYTHON_4, PYTHON_5, another, every_client
from tests.sdks.environments import CURL_CLIENT, Client
from tests.sdks.scene import Scene, scene
from tests.sdks.talking import Call, Talk
from tests.support.services import serving

FINAL = {"COMPLETED", "FAILED", "CANCELED"}


@pytest.mark.needs("sdks", "curl")
def test_all_who_stream_one_job_see_the_same_end(tmp_path: Path, large: Path) -> None:
    """Two ask for it with one idempotency key; a third looks on."""
    with (
        scene(tmp_path, large) as here,
        Talk(PYTHON_3, here.address) as onlooker,
        Talk(PYTHON_5, here.address) as one,
        Talk(CURL_CLIENT, here.address) as two,
    ):
        everything = onlooker.start("progress_socket")
        everything.frame()
        jobs = [one.start("create_socket", key="one job"), two.start("create_ndjson", key="one job")]
        for job in jobs:
            assert {"closed": 1000} == job.returned()

        (made,) = here.catalogue()
        end = {"backup": made, "status": "COMPLETED", "percentage": 100.0}
        assert [end, end, end] == [
            *(job.frames[-1] for job in jobs),
            completed(everything, "backups", made["id"]),
        ]


@every_client
@pytest.mark.needs("sdks")
def test_a_delete_in_the_first_moments_breaks_no_restoration(
    client: Client, tmp_path: Path, small: Path
) -> None:
    with scene(tmp_path, small) as here, Talk(client, here.address) as talk:
        with Talk(another(client), here.address) as other:
            backup = talk.returned("create")["id"]
            restored = talk.start(f"restore_{client.stream}", backup=backup)
            restored.frame()
            assert other.returned("delete", backup=backup) is None
            status = talk.returned("restoration_status", backup=backup)
            assert {"closed": 1000} == restored.returned()

            assert backup == status["backup"]["id"] == restored.frames[-1]["backup"]["id"]
            assert "COMPLETED" == restored.frames[-1]["status"]
            assert "COMPLETED" == talk.returned("restoration_status", backup=backup)["value"]
        assert [] == here.catalogue()
        here.unbroken()


@every_client
@pytest.mark.needs("sdks")
def test_a_client_that_vanishes_stops_nothing(client: Client, tmp_path: Path, large: Path) -> None:
    with scene(tmp_path, large) as here, Talk(PYTHON_4, here.address) as onlooker:
        everything = onlooker.start("progress_socket")
        everything.frame()
        made = [left(client, here, everything, call) for call in ("create", f"create_{client.stream}")]

        assert made == [backup["id"] for backup in here.catalogue()]
        assert made[0] == left(client, here, everything, f"restore_{client.stream}", backup=made[0])


def left(client: Client, here: Scene, everything: Call, call: str, **given: str) -> str:
    """The Backup of a job whose client was killed while it ran, once the job has completed."""
    kind = "restorations" if given else "backups"
    with Talk(client, here.address) as talk:
        talk.start(call, **given)
        backup: str = under_way(everything, kind)["id"]
        talk.vanish()
    return str(completed(everything, kind, backup)["backup"]["id"])


@pytest.mark.needs("curl")
def test_whoever_waits_for_one_answer_is_kept_alive_by_newlines(tmp_path: Path) -> None:
    """Against a job that stands still until it is cancelled, so that nothing but a newline can come."""
    target = "offline:?hang_at=0.5&speed=100"
    with serving(tmp_path, target) as service, Talk(CURL_CLIENT, f"http://localhost:{service.port}") as talk:
        waiting = talk.start("create_streamed")
        location = waiting.frame()
        assert "\n" == waiting.frame()
        backup = location.removeprefix("/backup/").removesuffix("/creation/status")
        assert talk.returned("cancel_creation", backup=backup) is None

        end = waiting.returned()
        assert (backup, "CANCELED") == (end["backup"]["id"], end["status"])


@pytest.mark.needs("curl")
@pytest.mark.parametrize("form", ["ndjson", "events"])
def test_steps_are_told_to_whoever_names_their_type(form: str, tmp_path: Path, large: Path) -> None:
    with scene(tmp_path, large) as here, Talk(CURL_CLIENT, here.address) as talk:
        made = talk.start(f"create_{form}")
        assert {"closed": 1000} == made.returned()
        backup = made.frames[-1]["backup"]
        restored = talk.start(f"restore_{form}", backup=backup["id"])
        assert {"closed": 1000} == restored.returned()

        for job in (made, restored):
            percentages = [frame["percentage"] for frame in job.frames]
            assert sorted(percentages) == percentages
            *_, end = job.frames
            assert {"backup": backup, "status": "COMPLETED", "percentage": 100.0} == end
            assert ["COMPLETED"] == [frame["status"] for frame in job.frames if frame["status"] in FINAL]
        assert [backup] == here.catalogue()
