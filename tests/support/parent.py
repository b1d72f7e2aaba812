"""A client that is about to be killed: run as `parent.py TARGET`.

It starts a bridge, and a sibling that holds the bridge's pipes as well and does nothing; says both
processes' ids once the bridge has greeted, and waits.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys

HOLDER = "import sys; sys.stdin.read()"


def main() -> None:
    bridge = subprocess.Popen(
        [sys.executable, "-m", "reprieve", "bridge", "--stdio", sys.argv[1]],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert bridge.stdin and bridge.stdout
    held = (bridge.stdin.fileno(), bridge.stdout.fileno())
    sibling = subprocess.Popen([sys.executable, "-I", "-S", "-c", HOLDER], pass_fds=held)
    params = {"processId": os.getpid(), "protocolVersions": ["1"]}
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params}).encode()
    bridge.stdin.write(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))
    bridge.stdin.flush()
    bridge.stdout.readline()
    print(json.dumps([bridge.pid, sibling.pid]), flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
