"""The `wrapper` package of the Python SDKs: it finds the service by itself, and connects.

It goes no further than a service without users and models can let it.
"""

from __future__ import annotations

import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.sdks.clients import PYTHON_3, PYTHON_4, PYTHON_5
from tests.sdks.environments import Client
from tests.sdks.talking import Talk
from tests.support.services import Service, serving

SCANNED = range(39300, 39334)
"""The ports that the wrapper of 4.x and 5.x looks at."""

SCANS = 20
"""A scan gives every port 100 ms, which a busy machine may not give the service."""

pytestmark = pytest.mark.needs("sdks")


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    """A service on a port that is scanned, and free. (A busy one is an error: the next is tried.)"""
    port = next(port for port in reversed(SCANNED) if not answers(port))
    with serving(tmp_path, "offline:?backups=3", "--port", str(port)) as service:
        yield service


@pytest.mark.parametrize("client", [PYTHON_4, PYTHON_5], ids=lambda client: client.name)
def test_the_wrapper_finds_the_service_by_its_scan(client: Client, service: Service) -> None:
    with Talk(client, "http://localhost:1") as talk:
        scans = (talk.start("wrapper").end() for _ in range(SCANS))
        found = next(scan["returned"] for scan in scans if "returned" in scan)

    assert found["host"] in {f"http://127.0.0.1:{port}" for port in SCANNED if answers(port)}
    assert answers(service.port)


def test_the_oldest_wrapper_connects_and_then_asks_for_models(service: Service) -> None:
    with Talk(PYTHON_3, "http://localhost:1") as talk:
        raised = talk.raised("wrapper", host=f"http://127.0.0.1:{service.port}")

    assert ("NotFoundException", 404) == (raised["raised"], raised["status"])
    assert "/models" in raised["body"]


def answers(port: int) -> bool:
    """Whether somebody on this port says that it is well."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/.well-known/health", timeout=5) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False
