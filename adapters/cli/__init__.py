"""The command line: `reprieve`, and `python -m reprieve.adapters.cli`."""

from .main import main, script

__all__ = ["main", "script"]
