"""Putting a database back while others are using it."""

from .port import Ending, Fact, Settled, Source, Step, Steps
from .recovery import recover, worker_lock
from .restore import restore, revert

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
    "worker_lock",
]
