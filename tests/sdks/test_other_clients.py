"""Programs that name a type for the body that they do not send: none of it is refused for that."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from tests.sdks.environments import AXIOS_CLIENT
from tests.support.services import Service, serving

URLLIB = "import sys, urllib.request as u; print(u.urlopen(u.Request(sys.argv[1], data=b'')).status)"
PERL = "print HTTP::Tiny->new->post_form($ARGV[0], {})->{status}"

POSTS = {
    "urllib": (sys.executable, "-I", "-c", URLLIB),
    "curl": ("curl", "-sS", "-o", "-", "-w", "%{http_code}", "-d", ""),
    "wget": ("wget", "-q", "-S", "-O", "-", "--post-data="),
    "perl": ("perl", "-MHTTP::Tiny", "-e", PERL),
    "axios": AXIOS_CLIENT.command,
}


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service over a creation that hangs until it is cancelled."""
    with serving(tmp_path_factory.mktemp("others"), "offline:?hang_at=0.5&clock=virtual") as running:
        yield running


@pytest.mark.parametrize(
    "command",
    [
        pytest.param(command, id=name, marks=() if name == "urllib" else pytest.mark.needs(name))
        for name, command in POSTS.items()
    ],
)
def test_a_post_of_nothing_cancels_a_creation(service: Service, command: tuple[str, ...]) -> None:
    job = _told(service, "POST", "/v1/backups")["id"]
    while not (backup := _told(service, "GET", f"/v1/jobs/{job}").get("backup")):
        pass
    url = f"http://localhost:{service.port}/backup/{backup}/creation/cancel"

    posted = subprocess.run([*command, url], capture_output=True, text=True, timeout=60)

    assert "204" in posted.stdout + posted.stderr, posted
    assert "cancelled" == _told(service, "GET", f"/v1/jobs/{job}")["outcome"]


def _told(service: Service, method: str, path: str) -> Any:
    return json.loads(service.ask(method, path, "Content-Length: 0").body)
