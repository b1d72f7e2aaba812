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

BEFORE_OVERWRITING = ("overwrite.locked", "overwrite.copied", *KEEPING, "overwrite.noted")
"""By path C, before the first byte is changed."""

OVERWRITING = ("overwrite.closed", "overwrite.side_removed", "overwrite.step", "overwrite.synced")
"""By path C, while the file is closed to every program; once more where it is undone."""

OVERWRITTEN = ("overwrite.opened", "overwrite.done")
"""By path C, once the new content is there."""

DECLINED = ("overwrite.declined",)
"""Where a cancel came with the commit."""

SIDE_FILES = (
    "undo.side.written",
    "undo.side.synced",
    "undo.side.renamed",
    "overwrite.side.written",
    "overwrite.side.synced",
    "overwrite.side.renamed",
    "overwrite.side_opened",
    "create.side.written",
    "create.side.synced",
    "create.side.renamed",
)
"""Where a WAL or a journal lies beside a file that is overwritten, or comes back."""

SETTLING_OVERWRITTEN = ("overwritten.locked", "overwritten.weighed")
"""By a recovery of path C; weighing where the file is not closed."""

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
        *BEFORE_OVERWRITING,
        *OVERWRITING,
        *OVERWRITTEN,
        *DECLINED,
        *SIDE_FILES,
        *SETTLING_OVERWRITTEN,
    )
)
