"""Every failpoint of a restoration, so that tests can go through all of them.

Names only. Grouped by what has to happen for them to be reached.
"""

from __future__ import annotations

FETCHING = (
    "restore.a0.noted",
    "restore.a1.received",
    "restore.a1.checked",
    "restore.a1.written",
    "restore.a1.synced",
    "restore.a1.renamed",
)
"""In every restoration."""

KEEPING = (
    "undo.written",
    "undo.synced",
    "undo.renamed",
    "undo.record.written",
    "undo.record.synced",
    "undo.record.renamed",
)
"""Where an existing file is replaced."""

LIVE = (
    "restore.a2.opened",
    "restore.a3.locked",
    "restore.a4.copied",
    *KEEPING,
    "restore.a4.kept",
    "restore.a4.noted",
    "restore.a5.step",
    "restore.a6.committed",
)
"""By path A; once more, from A2 on, where it is undone."""

SETTLING = ("restore.a6.settled", "restore.a8.closed", "restore.a8.cleaning", "restore.a8.cleaned")
"""After path A's commit."""

UNDOING = ("restore.a7.begun", "restore.a7.done", "undo.dropped")
"""After a cancel that came with the commit."""

RECOVERING = (
    "recovery.locked",
    "recovery.sealing",
    "recovery.sealed",
    "recovery.weighed",
    "recovery.cleaned",
)
"""By a recovery; sealing where nothing was committed (in WAL mode), weighing where something was."""

SWITCHING = ("mode.left", "mode.returned")
"""Where a database leaves WAL mode for pages of another size."""

CREATING = ("create.naming", "create.named")
"""Where nothing was at the target."""

REMOVING = ("create.removing", "create.removed")
"""Where a file that was made is taken away again."""

SWAPPING = ("swap.exchanging", "swap.side_removed", "swap.exchanged")
"""Where a file that is no database is replaced."""

SWAPPING_BACK = ("swap.back.written", "swap.back.synced", "swap.back.renamed")
"""Where that is undone."""

SIDE_FILES = ("swap.side.written", "swap.side.synced", "swap.side.renamed", "swap.side_returned")
"""Where a WAL or a journal lies beside a file that is no database."""

POINTS = frozenset(
    (
        *FETCHING,
        *LIVE,
        *SETTLING,
        *UNDOING,
        *RECOVERING,
        *SWITCHING,
        *CREATING,
        *REMOVING,
        *SWAPPING,
        *SWAPPING_BACK,
        *SIDE_FILES,
    )
)
