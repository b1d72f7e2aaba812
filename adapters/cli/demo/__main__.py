"""`python -P -m reprieve.adapters.cli.demo`: where the demo plays, and that nothing of it is left."""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
from pathlib import Path

from reprieve.transports.local.home import STORE_VARIABLE, VARIABLE

from .calling import called_by
from .story import tell


def main() -> int:
    """Play the demo in a folder with a home and a store of its own; the exit code says if all came true."""
    parser = argparse.ArgumentParser(prog="make demo", description="Back up and restore a live library.")
    parser.add_argument("--size-mib", type=int, default=100, metavar="N", help="how large a library")
    parser.add_argument("--keep", action="store_true", help="leave the folder, to try things in it")
    asked = parser.parse_args()
    folder = Path(os.path.realpath(tempfile.mkdtemp(prefix="reprieve-demo-")))
    before = Path.cwd()
    reprieve = called_by(before if not asked.keep else None)
    os.environ[VARIABLE] = str(folder / "home")
    os.environ[STORE_VARIABLE] = str(folder / "store")
    os.chdir(folder)  # so that the commands read as they would in one's own folder
    try:
        return 0 if tell(asked.size_mib << 20, kept=folder if asked.keep else None, reprieve=reprieve) else 1
    finally:
        os.chdir(before)
        if not asked.keep:
            shutil.rmtree(folder)


sys.exit(main())
