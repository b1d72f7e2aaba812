"""The command line: `reprieve`, and `python -P -m reprieve.adapters.cli`."""

from .main import main, script

__all__ = ["main", "script"]
