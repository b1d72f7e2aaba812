"""How `reprieve` is called by somebody who has just played the demo, perhaps in a checkout and no more."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

COMMAND = "reprieve"


def called_by(folder: Path | None) -> str:
    """What to type in `folder` (None: anywhere): its name, or the path of the script beside this Python."""
    if shutil.which(COMMAND):
        return COMMAND
    script = shutil.which(COMMAND, path=str(Path(sys.executable).parent))
    if script is None:
        return f"{sys.executable} -P -m reprieve.adapters.cli"
    return os.path.relpath(script, folder) if folder and Path(script).is_relative_to(folder) else script
