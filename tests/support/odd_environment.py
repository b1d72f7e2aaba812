"""A process that runs command lines in environments that a test makes up, each in a fork of its own.

One start of Python and one import of the command line serve hundreds of them. A request is a JSON line:
`words`, `environment`, `folder` (null: one that is removed meanwhile), `known_user` (whether this user is in
the system's list), `closed` (descriptors). The answer is a JSON line: `code`, `out`, `err`.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from importlib import import_module
from pathlib import Path
from typing import Any, NoReturn


def main() -> None:
    import_module("reprieve.adapters.cli.commands")  # ahead: the forks share it
    import_module("reprieve.adapters.cli.running")

    for line in sys.stdin:
        print(json.dumps(_answer(json.loads(line))), flush=True)


def _answer(request: dict[str, Any]) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        out, err = Path(folder, "out"), Path(folder, "err")
        child = os.fork()
        if child == 0:
            _run(request, out, err)
        _, status = os.waitpid(child, 0)
        texts = {path.name: path.read_bytes().decode("utf-8", "backslashreplace") for path in (out, err)}
        return {"code": os.waitstatus_to_exitcode(status), **texts}


def _run(request: dict[str, Any], out: Path, err: Path) -> NoReturn:
    for descriptor, path in ((0, Path(os.devnull)), (1, out), (2, err)):
        opened = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        os.dup2(opened, descriptor)
        os.close(opened)
    _go_to(request["folder"])
    os.environ.clear()
    os.environ.update(request["environment"])
    tempfile.tempdir = None
    if not request["known_user"]:
        _forget_user()
    sys.argv = ["reprieve", *request["words"]]
    for name, descriptor in (("stdin", 0), ("stdout", 1), ("stderr", 2)):
        if descriptor in request["closed"]:
            os.close(descriptor)
            setattr(sys, name, None)
        else:
            setattr(sys, name, os.fdopen(os.dup(descriptor), "r" if descriptor == 0 else "w"))
    from reprieve.adapters.cli.main import script

    script()


def _go_to(folder: str | None) -> None:
    if folder is None:
        folder = tempfile.mkdtemp()
        os.chdir(folder)
        os.rmdir(folder)
    else:
        os.chdir(folder)


def _forget_user() -> None:
    import pwd

    def unknown(*_: object) -> NoReturn:
        raise KeyError("getpwuid(): uid not found")

    pwd.getpwuid = unknown
    pwd.getpwnam = unknown


if __name__ == "__main__":
    main()
