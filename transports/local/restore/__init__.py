"""Putting a database back while others are using it."""

from .port import Ending, Fact, Settled, Source, Step, Steps
from .recovery import recover, worker_lock
from .restore import restore, revert
from .work import sweep

__all__ = [
    "Ending",
    "Fact",
    "Settled",
    "Source",
    "Step",
    "Steps",
    "recover",
    "restore",
    "revert",
    "sweep",
    "worker_lock",
]
