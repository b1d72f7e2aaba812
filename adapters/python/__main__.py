"""`python -P -m reprieve`: the command line, for whoever has the interpreter and not its scripts' folder."""

from __future__ import annotations

from reprieve.adapters.cli import script

if __name__ == "__main__":
    script()
