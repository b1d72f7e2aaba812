"""A service from its ready line to its end: what spawners read, and how it stops."""

from __future__ import annotations

import asyncio
import os
import signal
import ssl
import time
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from threading import Thread

import aiohttp
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

import reprieve
from reprieve.adapters.server import Settings, accepting
from reprieve.adapters.server.listening import tls
from reprieve.core import VERSION
from reprieve.core.lifecycle import Outcome
from tests.adapters.server.inside import running
from tests.support.services import DEADLINE, Answer, Service, serving


def test_the_first_line_says_all_that_a_spawner_needs_and_no_secret(tmp_path: Path) -> None:
    with serving(tmp_path, "offline:?seed=7&database=notes") as service:
        token = service.token
        said = service.ready
        code = service.stop()

    address = said["addresses"][0]
    assert "ready" == said["type"]
    assert (address, None) == (said["address"], said["unix"])
    assert (service.process.pid, VERSION, "notes") == (said["pid"], said["version"], said["database"])
    assert str(tmp_path / "home" / "token") == said["token"]
    assert token not in str(said)
    assert 0 == code


def test_serving_registers_the_database(tmp_path: Path) -> None:
    from tests.adapters.cli.conftest import write

    write(tmp_path / "snippets.db", "CREATE TABLE t (x)")
    with serving(tmp_path, "snippets.db", "--store", "backups") as service:
        made = service.ask("POST", "/backups/create")
        listed = service.ask("GET", "/backups")

    registered = (tmp_path / "home" / "databases.json").read_text("utf-8")
    assert (200, 200) == (made.status, listed.status)
    assert str(tmp_path / "snippets.db") in registered
    assert str(tmp_path / "backups") in registered


def test_a_database_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="There is no file"), serving(tmp_path, "nothing.db"):
        raise AssertionError("it serves")


def _until_running(service: Service) -> None:
    """Return once a job is running, as the log says."""
    deadline = time.monotonic() + DEADLINE
    while '"state":"running"' not in service.log.read_text("utf-8"):
        assert time.monotonic() < deadline, f"No job runs: {service.log.read_text('utf-8')}"
        time.sleep(0.02)


def _until_stopping(service: Service) -> Answer:
    """Return how it refuses to begin a job, once it does; the body would begin none."""
    deadline = time.monotonic() + DEADLINE
    ask = partial(service.ask, "POST", "/backups/create/streamed", "Content-Type: application/json")
    while (answer := ask(body=b"no JSON")).status != 503:
        assert time.monotonic() < deadline, f"It is not stopping, and answers {answer.status} {answer.text}"
        time.sleep(0.01)
    return answer


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_job_under_way_ends_well_and_no_other_is_begun(tmp_path: Path, number: signal.Signals) -> None:
    answers: list[Answer] = []
    url = "offline:?seed=7&size=3000&rate=1000"
    with serving(tmp_path, url, "--log-level", "info") as service:
        asks = Thread(target=lambda: answers.append(service.ask("POST", "/backups/create")))
        asks.start()
        _until_running(service)

        service.process.send_signal(number)
        another = _until_stopping(service)
        still = service.ask("GET", "/backups")
        asks.join(DEADLINE)
        code = service.process.wait(DEADLINE)

    assert "stopping" in another.text
    assert int(another.headers["retry-after"]) > 0
    assert 200 == still.status
    assert [200] == [answer.status for answer in answers]
    assert 0 == code


def test_a_second_signal_leaves_at_once(tmp_path: Path) -> None:
    with serving(tmp_path, "offline:?seed=7&hang_at=0.5", "--log-level", "info") as service:
        with service.connect() as connection:
            host = f"Host: localhost:{service.port}"
            connection.sendall(
                f"POST /backups/create HTTP/1.1\r\n{host}\r\nContent-Length: 0\r\n\r\n".encode()
            )
            _until_running(service)
            service.process.send_signal(signal.SIGTERM)
            _until_stopping(service)
            service.process.send_signal(signal.SIGTERM)
            code = service.process.wait(DEADLINE)

    assert 130 == code


async def test_a_job_that_takes_too_long_is_cancelled_and_whoever_follows_it_is_told() -> None:
    async with reprieve.connect("offline:?seed=7&hang_at=0.5&clock=real") as library:
        async with running(library, Settings(stop_within=0.3)) as service, aiohttp.ClientSession() as client:
            url = f"{service.url}/backups/create/streamed"
            async with client.post(url, json={}, headers={"Accept": "application/x-ndjson"}) as answer:
                await answer.content.readline()
                service.stop.set()
                last = (await answer.content.read()).splitlines()[-1]
            await asyncio.wait_for(service.over, DEADLINE)
            jobs = await library.jobs()

    assert b'"CANCELED"' in last
    assert [Outcome.CANCELLED] == [job.outcome for job in jobs]


async def test_whoever_watches_all_jobs_is_told_that_it_stops() -> None:
    async with reprieve.connect("offline:?seed=7&clock=real") as library:
        async with running(library, Settings()) as service, aiohttp.ClientSession() as client:
            async with client.ws_connect(f"{service.url}/backups/streamed/progress") as socket:
                await socket.receive()
                service.stop.set()
                last = [message async for message in socket]

                assert aiohttp.WSCloseCode.GOING_AWAY == socket.close_code, last


async def test_with_a_certificate_it_speaks_tls_alone(tmp_path: Path) -> None:
    certificate, key = certificate_for("localhost", tmp_path)
    client_side = ssl.create_default_context(cafile=str(certificate))
    async with reprieve.connect("offline:?seed=7&clock=real") as library:
        async with (
            running(library, Settings(), tls(certificate, key)) as service,
            aiohttp.ClientSession() as client,
        ):
            assert service.url.startswith("https://127.0.0.1:")
            url = f"https://localhost:{service.port}/backups"
            async with client.get(url, ssl=client_side) as answer:
                assert 200 == answer.status
            own = {"Origin": f"https://localhost:{service.port}"}
            async with client.get(url, ssl=client_side, headers=own) as answer:
                assert 200 == answer.status
            plain = {"Origin": f"http://localhost:{service.port}"}
            async with client.get(url, ssl=client_side, headers=plain) as answer:
                assert 403 == answer.status
            with pytest.raises(aiohttp.ClientConnectionError):
                await client.get(url.replace("https:", "http:"))


@pytest.mark.needs("linux")  # elsewhere the machine has only the first of the loopback's addresses
@pytest.mark.parametrize("host", ["127.0.0.2", "::1", "0.0.0.0", "::"])
async def test_where_it_says_that_it_is_there_it_is(host: str) -> None:
    async with (
        reprieve.connect("offline:?seed=7&clock=real") as library,
        running(library, Settings(), host=host) as service,
        aiohttp.ClientSession() as client,
        client.get(f"{service.url}/backups", headers={"Origin": service.url}) as answer,
    ):
        assert 200 == answer.status


async def test_who_never_begins_to_speak_tls_is_closed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(accepting, "HANDSHAKE", 0.2)
    certificate, key = certificate_for("localhost", tmp_path)
    async with (
        reprieve.connect("offline:?seed=7&clock=real") as library,
        running(library, Settings(), tls(certificate, key)) as service,
        asyncio.timeout(20),
    ):
        reader, writer = await asyncio.open_connection("127.0.0.1", service.port)

        assert b"" == await reader.read()
        writer.close()


def certificate_for(name: str, folder: Path) -> tuple[Path, Path]:
    """A certificate that signs itself, and its key, as PEM files."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    certificate, secret = folder / "cert.pem", folder / "key.pem"
    certificate.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    secret.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return certificate, secret


async def test_nobody_is_served_once_it_is_over() -> None:
    async with reprieve.connect("offline:?seed=7&clock=real") as library:
        async with running(library, Settings()) as service, aiohttp.ClientSession() as client:
            async with client.get(f"{service.url}/backups") as answer:
                assert 200 == answer.status
            service.stop.set()
            await asyncio.wait_for(service.over, DEADLINE)

            with pytest.raises(aiohttp.ClientConnectionError):
                await client.get(f"{service.url}/backups")


@pytest.mark.needs("pty")
def test_at_a_terminal_people_get_a_link_to_the_page(tmp_path: Path) -> None:
    """With the token after the #, which no browser sends anywhere."""
    import pty
    import subprocess

    from tests.support.services import COMMAND

    ours, theirs = pty.openpty()
    environment = {**os.environ, "REPRIEVE_HOME": str(tmp_path / "home"), "COLUMNS": "200"}
    process = subprocess.Popen([*COMMAND, "offline:", "--port", "0"], env=environment, stdout=theirs)
    os.close(theirs)
    try:
        said = b""
        while b"#token=" not in said or not said.endswith(b"\n"):
            said += os.read(ours, 4096)
    finally:
        process.terminate()
        code = process.wait(DEADLINE)
        os.close(ours)

    token = (tmp_path / "home" / "token").read_text("ascii").strip()
    assert f"/#token={token}".encode() in said
    assert b'"type"' not in said
    assert 0 == code


async def test_handshakes_that_never_begin_count_and_make_room(tmp_path: Path) -> None:
    certificate, key = certificate_for("localhost", tmp_path)
    async with (
        reprieve.connect("offline:?seed=7&clock=real") as library,
        running(library, Settings(connections=5), tls(certificate, key)) as service,
    ):
        silent = [await asyncio.open_connection("127.0.0.1", service.port) for _ in range(20)]
        trusted = ssl.create_default_context(cafile=certificate)
        async with (
            aiohttp.ClientSession() as client,
            client.get(f"https://localhost:{service.port}/backups", ssl=trusted) as answer,
        ):
            status = answer.status
        oldest = await silent[0][0].read()
        for _, writer in silent:
            writer.close()

    assert (200, b"") == (status, oldest)
