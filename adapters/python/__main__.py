"""`python -P -m reprieve`: the command line, where the scripts' folder is not on the PATH."""

from __future__ import annotations

from reprieve.adapters.cli import script

if __name__ == "__main__":
    script()
