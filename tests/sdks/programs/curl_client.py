"""A program on curl; run as `curl_client.py BASE_URL`.

The same protocol as python_client.py (tests/sdks/talking.py): each call is a curl process of its own. curl
has no classes to decode with, so what is told is the JSON as it came. Where the SDKs have a WebSocket it has
NDJSON and server-sent events. `Location`, and each newline that comes before the answer, are told as frames.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from typing import IO, Any

BASE = sys.argv[1]
JSON = "Content-Type: application/json"
NDJSON = "Accept: application/x-ndjson"
EVENTS = "Accept: text/event-stream"

CALLS = {
    "backups": ("GET", "/backups"),
    "create": ("POST", "/backups/create"),
    "create_streamed": ("POST", "/backups/create/streamed"),
    "create_ndjson": ("POST", "/backups/create/streamed", NDJSON),
    "create_events": ("POST", "/backups/create/streamed", EVENTS),
    "delete": ("POST", "/backups/{backup}/delete"),
    "keep_assets": ("POST", "/backup"),
    "keep_asset": ("POST", "/backup/asset"),
    "backup": ("GET", "/backup/{backup}"),
    "restore": ("POST", "/backup/{backup}/restore"),
    "restore_streamed": ("POST", "/backup/{backup}/restore/streamed"),
    "restore_ndjson": ("POST", "/backup/{backup}/restore/streamed", NDJSON),
    "restore_events": ("POST", "/backup/{backup}/restore/streamed", EVENTS),
    "cancel_creation": ("POST", "/backup/{backup}/creation/cancel"),
    "creation_status": ("GET", "/backup/{backup}/creation/status"),
    "cancel_restoration": ("POST", "/backup/{backup}/restoration/cancel"),
    "restoration_status": ("GET", "/backup/{backup}/restoration/status"),
    "create_by_get": ("GET", "/backups/create/streamed/websocket"),
    "restore_by_get": ("GET", "/backup/{backup}/restore/streamed/websocket"),
    "progress_by_get": ("GET", "/backups/streamed/progress"),
    "health": ("GET", "/.well-known/health"),
    "version": ("GET", "/.well-known/version"),
    "connect": ("POST", "/connect"),
}

_saying = threading.Lock()


def say(number: int, **what: object) -> None:
    with _saying:
        print(json.dumps({"id": number, **what}), flush=True)


def call(number: int, name: str, backup: str = "", body: object = None, key: str | None = None) -> None:
    method, path, *asked = CALLS[name]
    command = ["curl", "-sSiN", "-X", method, BASE + path.format(backup=backup)]
    if token := os.environ.get("TOKEN"):
        asked.append(f"Authorization: Bearer {token}")
    if key is not None:
        asked.append(f"Idempotency-Key: {key}")
    if body is not None:
        asked.append(JSON)
        command += ["--data-binary", json.dumps(body)]
    command += [word for header in asked for word in ("-H", header)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as curl:
        assert curl.stdout and curl.stderr
        status, headers = head_of(curl.stdout)
        content_type = headers.get("content-type", "")
        if status >= 400:
            say(number, raised="HTTP", status=status, body=curl.stdout.read().decode())
        elif "ndjson" in content_type or "event-stream" in content_type:
            frames(number, curl.stdout)
        else:
            if "location" in headers:
                say(number, frame=headers["location"])
            say(number, returned=whole(number, curl.stdout, content_type))
        if curl.wait():
            print(curl.stderr.read().decode(), file=sys.stderr)


def head_of(answer: IO[bytes]) -> tuple[int, dict[str, str]]:
    """The status, and the headers by their names in lower case."""
    status = int(answer.readline().split()[1])
    headers = {}
    while line := answer.readline().strip().decode():
        name, _, value = line.partition(":")
        headers[name.lower()] = value.strip()
    return status, headers


def frames(number: int, answer: IO[bytes]) -> None:
    """NDJSON a line, server-sent events a `data:`; empty lines and comments keep alive."""
    for line in answer:
        text = line.decode().removeprefix("data:").strip()
        if text.startswith("{"):
            say(number, frame=told(json.loads(text)))
    say(number, returned={"closed": 1000})


def whole(number: int, answer: IO[bytes], content_type: str) -> Any:
    """The one answer, after the newlines that have kept the connection alive."""
    while (byte := answer.read(1)) == b"\n":
        say(number, frame="\n")
    text = (byte + answer.read()).decode()
    return told(json.loads(text)) if content_type.startswith("application/json") else text or None


def told(value: Any) -> Any:
    """What was sent, in the words in which the SDKs' programs tell what they have decoded."""
    if "created" in value:
        known = ("id", "version", "timestamp", "bytes", "device_name", "platform")
        return {**{name: value[name] for name in known}, "created": value["created"]["value"]}
    if "iterable" in value:
        return {"iterable": [told(backup) for backup in value["iterable"]], "indices": value["indices"]}
    if "restorations" in value:
        return {name: [told(job) for job in value[name]] for name in ("backups", "restorations")}
    if "value" in value:
        return {"backup": told(value["backup"]), "value": value["value"], "percentage": value["percentage"]}
    if "application" in value:
        application, health = value["application"], value["health"]
        return {"os": value["os"], "application": application["id"], "health": health["os"]["id"]}
    return {
        "backup": told(value["backup"]) if "backup" in value else None,
        "status": value["status"],
        "percentage": value["percentage"],
    }


def main() -> None:
    for line in sys.stdin:
        wanted = json.loads(line)
        threading.Thread(
            target=call, args=[wanted.pop("id"), wanted.pop("call")], kwargs=wanted, daemon=True
        ).start()


if __name__ == "__main__":
    main()
