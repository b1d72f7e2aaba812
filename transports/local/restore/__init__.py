"""Putting a database back while others are using it.

    restore      from what was asked to how it ended        recovery     the same, when its worker is gone
    live         path A: one transaction of SQLite's own    create       path B: a file where nothing is
    overwrite    path C: the bytes of a file that SQLite    overwritten  the recovery of path C
                 cannot read
    exclusive    all of SQLite's locks at once              evidence     which of two images a database holds
    target       the file to restore into                   stage        the image on its way in
    undo         a copy of what is replaced                 work         one restoration and its files
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
