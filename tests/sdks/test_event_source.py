"""npm's `eventsource`, which keeps an id only with data: it ends where it should, and misses nothing."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.sdks.environments import EVENTSOURCE_CLIENT
from tests.support.databases import OLD, make_database
from tests.support.proxies import free_port
from tests.support.services import DEADLINE, Service, serving

pytestmark = pytest.mark.needs("eventsource")


def test_it_hears_the_end_of_a_job_once_and_then_ends(tmp_path: Path) -> None:
    with serving(tmp_path, "offline:?clock=real") as service:
        job = _job(service, "POST", "/v1/backups")["id"]
        service.ask("POST", f"/v1/jobs/{job}/cancel")  # however that goes, it has ended then
        with _listening(service, f"/v1/jobs/{job}/events") as events:
            heard = [next(events)]
            while heard[-1]["name"] != "closed":
                heard.append(next(events))

    *told, closed = heard
    assert ["job"] == [event["name"] for event in told]
    assert "done" == told[0]["data"]["state"]
    assert {"name": "closed"} == closed


def test_it_misses_nothing_while_it_is_away_though_it_had_heard_of_no_job(tmp_path: Path) -> None:
    words = ("notes.db", "--port", str(free_port()))
    make_database(tmp_path / "notes.db", OLD, rows=3)
    with serving(tmp_path, *words) as service, _listening(service, "/v1/events") as events:
        begun = next(events)
        service.stop()
        with serving(tmp_path, "notes.db") as elsewhere:  # another process, to which it does not listen
            made = _job(elsewhere, "POST", "/backups/create")["id"]
        with serving(tmp_path, *words):
            heard = [next(events)]
            while heard[-1]["data"]["state"] != "done":
                heard.append(next(events))

    assert ("position", "0", {"seq": 0}) == (begun["name"], begun["id"], begun["data"])
    assert {"job"} == {event["name"] for event in heard}
    assert [str(n + 1) for n in range(len(heard))] == [event["id"] for event in heard]
    assert made == heard[-1]["data"]["backup"]


@contextmanager
def _listening(service: Service, path: str) -> Iterator[Iterator[Any]]:
    """What a client of this path hears, as it comes."""
    command = [*EVENTSOURCE_CLIENT.command, f"http://127.0.0.1:{service.port}{path}"]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as client:
        assert client.stdout
        try:
            yield map(json.loads, client.stdout)
        finally:
            client.kill()
            client.wait(DEADLINE)


def _job(service: Service, method: str, path: str) -> Any:
    return json.loads(service.ask(method, path).body)
