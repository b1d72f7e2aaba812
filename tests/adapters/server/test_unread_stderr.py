"""A service whose log goes to a pipe that nobody reads serves on, and stops when it is told to."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

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
        seen = pipe.read_while(lambda data: accounted(data) < REQUESTS)
        code = service.stop()

    notices = [line for line in logged(seen) if "dropped" in line]
    assert [404] * REQUESTS == answers
    assert {("warning", "stderr was not read in time")} == {
        (line["level"], line["message"]) for line in notices
    }
    assert REQUESTS == accounted(seen)
    assert 0 == code


def logged(data: bytes) -> list[dict[str, Any]]:
    """The lines of the log that are whole."""
    return [json.loads(line) for line in data.decode().split("\n")[:-1]]


def accounted(data: bytes) -> int:
    """How many requests are logged in `data`, or were dropped, as a line there says."""
    return sum(line.get("dropped", line["message"] == "request") for line in logged(data))


@pytest.mark.needs("posix")
def test_it_stops_though_nobody_reads(tmp_path: Path) -> None:
    words = ("offline:", "--log-level", "info")
    with full_pipe() as pipe, serving(tmp_path, *words, stderr=pipe.writing) as service:
        assert 200 == service.ask("GET", "/.well-known/health").status

        assert 0 == service.stop()
