"""A bridge of a later protocol, which it greets with (`false_bridge.py says`), or knows no other
(`false_bridge.py refuses`). Ends when its input does.
"""

from __future__ import annotations

import json
import sys

SPOKEN = "2.1"
REFUSAL = {
    "code": -32602,
    "message": f"protocolVersions: the bridge speaks {SPOKEN}",
    "data": {"kind": "invalidParams", "protocolVersions": [SPOKEN]},
}


def heard() -> dict[str, object] | None:
    """The next message; None at the end."""
    length = 0
    while line := sys.stdin.buffer.readline().strip():
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            length = int(value)
    return json.loads(sys.stdin.buffer.read(length)) if length else None


def say(message: dict[str, object]) -> None:
    body = json.dumps({"jsonrpc": "2.0", **message}).encode()
    sys.stdout.buffer.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
    sys.stdout.buffer.flush()


def main(manner: str) -> None:
    greeting = {"result": {"protocolVersion": SPOKEN, "capabilities": {}}}
    while message := heard():
        if message.get("method") == "initialize":
            say({"id": message["id"], **(greeting if manner == "says" else {"error": REFUSAL})})


if __name__ == "__main__":
    main(sys.argv[1])
