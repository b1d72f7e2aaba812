"""Jobs as explicit state machines: no protocol, no disk. Start at lifecycle.py."""

VERSION = "0.1.0"
"""The program's version; every Backup carries the one that made it."""
