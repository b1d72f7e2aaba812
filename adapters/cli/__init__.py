"""The command line: `reprieve`, and `python -m reprieve.adapters.cli`."""

from .main import main

__all__ = ["main"]
