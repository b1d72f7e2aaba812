"""What a service writes down: every request and job, as JSON lines; and no secret, wherever one was put."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import pytest

from reprieve.adapters.server.logs import STRUCK_OUT, JsonLines
from tests.adapters.cli.conftest import COMMAND, write
from tests.support.services import Service, request, serving

PASSPHRASE = "canary passphrase 1234"
WRONG = "canary-of-a-token-that-was-mistyped"


def lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def test_requests_and_jobs_are_told_with_what_an_operator_asks(tmp_path: Path) -> None:
    with serving(tmp_path, "offline:?seed=7&speed=1000", "--log-level", "info") as service:
        service.ask("POST", "/backups/create?token=hidden")
        service.stop()
        told = lines(service.log.read_text("utf-8"))

    requests = [line for line in told if line["logger"] == "reprieve.access"]
    jobs = [line for line in told if line["logger"] == "reprieve.jobs"]
    assert ("POST", "/backups/create", 200) == tuple(
        requests[0][name] for name in ("method", "path", "status")
    )
    assert {"seconds", "bytes", "peer", "time", "level"} <= set(requests[0])
    assert ["idle", "running", "done"] == list(dict.fromkeys(line["state"] for line in jobs))
    assert ("creation", "completed") == (jobs[-1]["kind"], jobs[-1]["outcome"])
    assert {"job", "backup", "seconds"} <= set(jobs[-1])


def test_by_default_only_troubles_are_told(tmp_path: Path) -> None:
    with serving(tmp_path, "offline:?seed=7&speed=1000") as service:
        service.ask("POST", "/backups/create")
        service.stop()

        assert "" == service.log.read_text("utf-8")


@pytest.mark.needs("posix")
def test_a_log_of_its_own_is_for_its_owner_and_may_be_moved_away(tmp_path: Path) -> None:
    log, moved = tmp_path / "log", tmp_path / "log.1"
    with serving(tmp_path, "offline:", "--log-level", "info", "--log-file", str(log)) as service:
        service.ask("GET", "/backups")
        log.rename(moved)
        service.ask("GET", "/.well-known/version")
        service.stop()

        assert "" == service.log.read_text("utf-8")
    assert "/backups" in moved.read_text("utf-8")
    assert "/.well-known/version" in log.read_text("utf-8")
    assert (0o600, 0o600) == (moved.stat().st_mode & 0o777, log.stat().st_mode & 0o777)


def _everywhere(service: Service, secret: str) -> None:
    """Send a secret in every place where a program may put it, right or wrong."""
    handshake = (
        "Upgrade: websocket",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    )
    service.ask("GET", "/backups", f"Authorization: Bearer {secret}")
    service.ask("GET", f"/backups?token={secret}")
    service.ask("GET", "/backups", f"Cookie: token={secret}", f"Referer: http://x/?token={secret}")
    service.ask(
        "POST", "/backups/create", "Content-Type: application/json", body=f'{{"x": "{secret}'.encode()
    )
    service.ask(
        "GET", "/backups/streamed/progress", f"Sec-WebSocket-Protocol: reprieve.bearer.{secret}", *handshake
    )
    host = f"Host: localhost:{service.port}"
    for malformed in (
        f"Authorization: Bearer {secret}\x01",
        f"Auth orization: {secret}",
        f"X: {secret}{'y' * 9000}",
    ):
        with service.connect() as connection:
            connection.sendall(request("GET", "/backups", host, malformed))
            connection.recv(1)


def test_no_secret_is_in_anything_that_a_service_says(tmp_path: Path) -> None:
    import subprocess

    write(tmp_path / "snippets.db", "CREATE TABLE t (x)")
    environment = (("REPRIEVE_PASSPHRASE", PASSPHRASE),)
    words = ("snippets.db", "--log-level", "debug")
    with serving(tmp_path, *words, environment=environment) as service:
        token = service.token
        assert 200 == service.ask("POST", "/backups/create").status
        for secret in (token, WRONG, PASSPHRASE):
            _everywhere(service, secret)
        service.stop()
        assert service.process.stdout is not None
        said = service.log.read_text("utf-8") + service.process.stdout.read() + json.dumps(service.ready)

    key = next((tmp_path / "home" / "keys").iterdir()).read_bytes()
    code = subprocess.run(
        [*COMMAND, "key", "show", "--json"],
        env={"REPRIEVE_HOME": str(tmp_path / "home"), "REPRIEVE_STORE": str(tmp_path / "store")},
        capture_output=True,
        text=True,
        check=True,
    )
    canaries = (token, WRONG, PASSPHRASE, json.loads(code.stdout)["recoveryCode"], key.hex())
    assert '"path":"/backups"' in said
    for canary in canaries:
        assert canary not in said


def test_whatever_logs_it_a_known_secret_is_struck_out() -> None:
    record = logging.LogRecord("x", logging.INFO, "f", 1, 'a %s "quoted\\secret"', ("my-token",), None)

    told = json.loads(JsonLines(("my-token", 'quoted\\secret"', None)).format(record))

    assert f'a {STRUCK_OUT} "{STRUCK_OUT}' == told["message"]


def test_a_line_break_cannot_make_up_a_line() -> None:
    record = logging.LogRecord("x", logging.INFO, "f", 1, 'one\n{"level":"error"}', (), None)

    assert 1 == len(JsonLines(()).format(record).splitlines())
