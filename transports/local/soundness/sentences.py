"""What to say of the problems that a check found: that the file is damaged, or that it cannot be known.

A problem is a text that stands in the record of a Backup, too; knows nothing of how it was found.
"""

from __future__ import annotations

from collections.abc import Sequence

from ....core.errors import FORCE_IT, BadSource

UNFINISHED = "the check could not be finished: "
"""How a problem begins that is no damage, but leaves open whether there is any."""

UNREADABLE_SCHEMA = "its schema cannot be read, or was made by a newer SQLite: "
"""How a problem begins that may be damage, or a syntax that this SQLite does not know yet."""


def describe(name: object, problems: Sequence[str]) -> str:
    """The first half of an error's sentence, without its full stop: what `problems` say of `name`."""
    first, *others = problems
    if first.startswith(UNFINISHED):
        return f"{name} could not be checked ({first.removeprefix(UNFINISHED)})"
    if first.startswith(UNREADABLE_SCHEMA):
        why = first.removeprefix(UNREADABLE_SCHEMA)
        return f"The schema of {name} cannot be read ({why}): it is damaged, or made by a newer SQLite"
    more = f" (and {len(others)} more)" if others else ""
    return f"{name} is damaged: {first}{more}"


def refusal(name: object, problems: Sequence[str]) -> BadSource:
    """Why the database `name` is not backed up, and what can be done about it."""
    first = problems[0]
    if first.startswith(UNFINISHED):
        advice = f"Look at it with sqlite3 (PRAGMA integrity_check), or {FORCE_IT}; the backup is marked."
    elif first.startswith(UNREADABLE_SCHEMA):
        advice = f"Update reprieve, repair it (sqlite3 has .recover), or {FORCE_IT} to keep it as it is."
    else:
        advice = f"Repair it (sqlite3 has .recover), or {FORCE_IT} to keep it as it is."
    return BadSource(f"{describe(name, problems)}. {advice}")
