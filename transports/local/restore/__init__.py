"""Putting a database back while others are using it.

    restore      from what was asked to how it ended        recovery     the same, when its worker is gone
    live         path A: one transaction of SQLite's own    swap         path B: a file for a file
    target       the file to restore into                   stage        the image on its way in
    undo         a copy of what is replaced                 work         one restoration and its files
    proof        whether anybody has a file open            evidence     which of two images a database holds
    port         what it asks of whoever runs it            points       its failpoints
    mode, copying, connections, first_page                  small tools of these

It opens the user's database, so only workers import it.
"""

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
