"""nginx in front of a service: on loopback, with its own folder and configuration, ended by its pid."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

NGINX = shutil.which("nginx", path=os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin"]))
"""The program, which Debian keeps where only root looks."""

DEADLINE = 60.0


@contextmanager
def nginx(folder: Path, server: str, beside: str = "") -> Iterator[str]:
    """The URL of an nginx whose `server` block holds these lines; `beside` stand beside it."""
    assert NGINX
    port = free_port()
    temporary = "".join(
        f"{name}_temp_path {folder}/{name}; " for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    (folder / "nginx.conf").write_text(
        f"""{"user root;" if os.geteuid() == 0 else ""}
daemon off; pid {folder}/nginx.pid; error_log {folder}/nginx.log; events {{}}
http {{ access_log off; {temporary} {beside} server {{ listen 127.0.0.1:{port}; {server} }} }}
""",
        "utf-8",
    )
    words = [NGINX, "-c", str(folder / "nginx.conf"), "-p", str(folder)]
    process = subprocess.Popen(words, stderr=subprocess.DEVNULL)
    try:
        _wait_until_it_listens(process, port)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(DEADLINE)


def free_port() -> int:
    """One of loopback that nothing listens at."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


def _wait_until_it_listens(process: subprocess.Popen[bytes], port: int) -> None:
    deadline = time.monotonic() + DEADLINE
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=DEADLINE).close()
        except ConnectionRefusedError:
            assert process.poll() is None and time.monotonic() < deadline
            time.sleep(0.01)
        else:
            return
