"""What the tests run in other processes: `child.py ROOT` and `backup FILE ...`, `limited BYTES
FILE` or `assets COUNT`.

Says that it is ready, and begins at a line on standard input, so that processes can start together.
"""

from __future__ import annotations

import sys
from pathlib import Path

from reprieve.core.errors import ReprieveError
from reprieve.transports.local import failpoints
from reprieve.transports.local.home import Home
from reprieve.transports.local.image import Image
from reprieve.transports.local.repository import page_store
from reprieve.transports.local.repository.opening import open_or_create_repository
from reprieve.transports.local.repository.repository import Repository
from reprieve.transports.local.stores import open_store

PAGE_SIZE = 512


def opened(root: Path) -> Repository:
    return open_or_create_repository(
        open_store(root / "store"), Home(root / "home", root / "home"), version="1.0"
    )


def back_up(repository: Repository, file: Path) -> None:
    content = file.read_bytes()
    count = len(content) // PAGE_SIZE
    with repository.writer(repository.latest("library"), "library") as writer:
        writer.begin(PAGE_SIZE, count)
        for first in range(0, count, 3):
            writer.write(first + 1, content[first * PAGE_SIZE : (first + 3) * PAGE_SIZE])
        backup = writer.finish(Image(PAGE_SIZE, count, "UTF-8", "wal", "A", problems=()))
    print(backup.id)


def main(root: Path, what: str, *arguments: str) -> None:
    print("ready", flush=True)
    sys.stdin.readline()
    failpoints.install_from_environment()
    page_store.FRAME_SIZE, page_store.PACK_SIZE = 4 * PAGE_SIZE, 10 * PAGE_SIZE
    if what == "backup":
        for file in arguments:
            back_up(opened(root), Path(file))
    elif what == "limited":
        import resource

        resource.setrlimit(resource.RLIMIT_FSIZE, (int(arguments[0]), int(arguments[0])))
        back_up(opened(root), Path(arguments[1]))
    elif what == "assets":
        repository = opened(root)
        for number in range(int(arguments[0])):
            print(repository.keep_assets([{"id": "shared", "number": number}])[0].version)


if __name__ == "__main__":
    try:
        main(Path(sys.argv[1]), *sys.argv[2:])
    except ReprieveError as error:
        print(f"{error.kind}: {error}", file=sys.stderr)
        sys.exit(3)
