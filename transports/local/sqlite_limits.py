"""How much memory SQLite may take in this process: what a database makes it do is not up to us.

For workers only: the limit is one of the whole process.
"""

from __future__ import annotations

import os

import apsw

VARIABLE = "REPRIEVE_WORKER_MEMORY"
"""Names another limit, in MiB."""

DEFAULT = 256


def memory_limit() -> int:
    """The limit in bytes."""
    configured = os.environ.get(VARIABLE, "")
    return (int(configured) if configured.isdecimal() and int(configured) else DEFAULT) << 20


def limit_memory() -> None:
    """Let SQLite have no more; what needs more fails with apsw.NoMemError. Costs nothing when repeated."""
    apsw.hard_heap_limit(memory_limit())


def memory_sentence() -> str:
    """What was not enough, and how to allow more."""
    return f"more than the {memory_limit() >> 20} MiB of memory that {VARIABLE} allows a worker"
