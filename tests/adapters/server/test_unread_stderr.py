"""A service whose log goes to a pipe that nobody reads serves on, and stops when it is told to."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.pipes import full_pipe
from tests.support.services import serving

REQUESTS = 300
"""Their log does not fit into what may wait (LONG_PATH each)."""

LONG_PATH = "/" + "a" * 2000


@pytest.mark.needs("posix")
def test_it_serves_on_and_says_how_much_was_dropped(tmp_path: Path) -> None:
    words = ("offline:", "--log-level", "info")
    with full_pipe() as pipe, serving(tmp_path, *words, stderr=pipe.writing) as service:
        answers = [service.ask("GET", LONG_PATH).status for _ in range(REQUESTS)]
        told = pipe.read_until(rb'"dropped":\d+}\n').decode()
        code = service.stop()

    *logged, last = [json.loads(line) for line in told.splitlines()]
    requests = [line for line in logged if line["message"] == "request"]
    assert [404] * REQUESTS == answers
    assert ("warning", "stderr was not read in time") == (last["level"], last["message"])
    assert REQUESTS == len(requests) + last["dropped"]
    assert 0 == code


@pytest.mark.needs("posix")
def test_it_stops_though_nobody_reads(tmp_path: Path) -> None:
    words = ("offline:", "--log-level", "info")
    with full_pipe() as pipe, serving(tmp_path, *words, stderr=pipe.writing) as service:
        assert 200 == service.ask("GET", "/.well-known/health").status

        assert 0 == service.stop()
