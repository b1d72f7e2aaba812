"""Every command with a service's URL in place of a database: it works, or says clearly that it cannot."""

from __future__ import annotations

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import attrs
import pytest

from reprieve import connect
from reprieve.adapters.cli.main import main

from .conftest import DEADLINE, Ran, Reprieve, content, until, write


@attrs.frozen
class Client:
    """The command line, in this process, with the address that `URL` stands for."""

    address: str
    printed: pytest.CaptureFixture[str]

    def __call__(self, *words: str) -> Ran:
        code = main([self.address if word == "URL" else word for word in words])
        printed = self.printed.readouterr()
        return Ran(code, printed.out, printed.err)


@pytest.fixture
def serving(reprieve: Reprieve, database: Path) -> Iterator[str]:
    """A service of `database`, in a process of its own; its ready line says where."""
    process = reprieve.start("serve", str(database), "--port", "0", "--json")
    try:
        yield until(process, lambda said: said["type"] == "ready")["address"]
    finally:
        process.terminate()
        process.communicate(timeout=DEADLINE)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody who has no store, and a journal of their own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("REPRIEVE_HOME", str(tmp_path / "elsewhere"))
    monkeypatch.setenv("REPRIEVE_STORE", str(tmp_path / "nowhere"))
    monkeypatch.setenv("COLUMNS", "200")


@pytest.fixture
def client(serving: str, home: None, capsys: pytest.CaptureFixture[str]) -> Client:
    return Client(serving, capsys)


def test_backups_are_made_listed_shown_restored_and_deleted(client: Client, database: Path) -> None:
    made = client("backup", "URL", "--json").result["backup"]
    write(database, "UPDATE t SET x = 'changed'")

    assert [made] == client("list", "URL", "--json").result["backups"]
    assert [made] == client("list", "--store", "URL", "--json").result["backups"]
    assert made == client("show", made["timestamp"], "--store", "URL", "--json").result["backup"]
    assert made == client("show", made["id"], "--store", "URL", "--json").result["backup"]
    refused = client("restore", "latest", "URL")
    assert (2, ["changed"]) == (refused.code, content(database))
    restored = client("restore", "latest", "URL", "--yes", "--json").result
    assert ("completed", client.address) == (restored["job"]["outcome"], restored["job"]["database"])
    assert ["first"] == content(database)
    assert 0 == client("delete", made["id"], "--store", "URL", "--yes").code
    assert [] == client("list", "URL", "--json").result["backups"]
    assert 3 == client("show", made["id"], "--store", "URL").code


@pytest.fixture
def rude() -> Iterator[str]:
    """A service whose every text holds what would move a terminal's cursor, or ring its bell."""
    rude = "\x1b[2J\x1b]0;owned\x07"
    backup = {
        "id": f"1_{rude}",
        "version": rude,
        "timestamp": rude,
        "bytes": 1,
        "created": {"value": "2026-11-22T14:30:05.123Z"},
        "device_name": rude,
        "platform": rude,
    }
    moment = backup["created"]["value"]  # type: ignore[index]
    version = {"id": rude, "version": 1, "created": moment, "bytes": 1, "name": rude}
    copy = {"id": rude, "database": rude, "created": moment, "bytes": 1, "reason": rude, "job": rude}
    says: dict[str, object] = {
        "/backups": {"iterable": [backup]},
        "/v1/service": {"protocol": 1, "operations": ["backups", "assets", "undo_copies"]},
        "/v1/assets": {"assets": [version]},
        "/v1/undo-copies": {"undoCopies": [copy]},
    }

    class Rude(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            said = json.dumps(says[self.path]).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(said)))
            self.end_headers()
            self.wfile.write(said)

        def log_message(self, format: str, *args: object) -> None:
            """Nobody reads it."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Rude) as server:
        serving = Thread(target=server.serve_forever)
        serving.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            serving.join()


@pytest.mark.parametrize(
    "words", [("list", "URL"), ("list", "--store", "URL"), ("assets", "list", "--store", "URL")]
)
def test_what_a_service_says_is_made_fit_for_a_terminal(
    words: tuple[str, ...], rude: str, home: None, capsys: pytest.CaptureFixture[str]
) -> None:
    ran = Client(rude, capsys)(*words)

    assert (0, "") == (ran.code, ran.err)
    assert "owned" in ran.out
    assert set() == {"\x1b", "\x07"} & set(ran.out)


async def test_the_undo_copies_of_a_service_are_made_fit_for_a_terminal(rude: str, home: None) -> None:
    async with connect(rude) as library:
        (copy,) = await library.undo_copies()

    assert set() == {"\x1b", "\x07"} & set("".join((copy.id, copy.reason, copy.job, copy.database)))


def test_jobs_are_known_to_the_next_command(client: Client) -> None:
    job = client("backup", "URL", "--json").result["job"]

    assert [job["id"]] == [known["id"] for known in client("jobs", "--json").result["jobs"]]
    assert job == client("status", job["id"], "--json").result["job"]
    assert 4 == client("cancel", job["id"]).code


def test_words_for_people_name_the_service(client: Client) -> None:
    done = client("backup", "URL")

    assert done.out.startswith(f"Backed up {client.address}: ")
    assert "store grew" not in done.out


def test_documents_are_kept_there(client: Client, tmp_path: Path) -> None:
    (tmp_path / "one.json").write_text(json.dumps({"id": "snippet", "name": "größer"}), "utf-8")

    kept = client("assets", "keep", "one.json", "--store", "URL", "--json").result["assets"]

    assert [("snippet", 1)] == [(version["id"], version["version"]) for version in kept]
    assert kept == client("assets", "list", "--store", "URL", "--json").result["assets"]
    assert kept == client("assets", "history", "snippet", "--store", "URL", "--json").result["assets"]
    document = client("assets", "get", "snippet", "--store", "URL", "--json").result["asset"]
    assert {"id": "snippet", "name": "größer"} == document


def test_a_restoration_can_be_reverted(client: Client, database: Path) -> None:
    client("backup", "URL")
    write(database, "UPDATE t SET x = 'changed'")

    left = client("restore", "latest", "URL", "--yes", "--json").result["undo"]
    listed = client("revert", "URL", "--list", "--json").result["undoCopies"]
    reverted = client("revert", "URL", "--json").result

    assert [left["id"]] == [copy["id"] for copy in listed]
    assert (client.address, ["changed"]) == (reverted["job"]["database"], content(database))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("backup", "URL", "--store", "elsewhere"), "store of its own"),
        (("backup", "URL", "--force"), "takes no --force"),
        (("backup", "URL", "--new-store"), "takes no --new-store"),
        (("restore", "latest", "URL", "--yes", "--force"), "takes no --force"),
        (("register", "URL"), "no file of this machine"),
        (("key", "show", "--store", "URL"), "cannot be used"),
    ],
)
def test_what_a_service_cannot_do_is_said(
    words: tuple[str, ...], said: str, home: None, capsys: pytest.CaptureFixture[str]
) -> None:
    """None of these asks the service, so there is none."""
    refused = Client("http://localhost:9", capsys)(*words)

    assert (2, True) == (refused.code, said in refused.err), refused.err


def test_nobody_there_is_one_sentence(home: None, capsys: pytest.CaptureFixture[str]) -> None:
    gone = Client("http://127.0.0.1:9", capsys)("list", "URL")

    assert (1, "") == (gone.code, gone.out)
    assert gone.err.startswith("reprieve: Nobody answers at http://127.0.0.1:9 ")
