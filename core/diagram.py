"""The lifecycle's table as a Mermaid state diagram, for the docs."""

from __future__ import annotations

from .lifecycle import FINAL, TABLE, JobState, Row


def mermaid() -> str:
    """The diagram of the whole table; docs/lifecycle.md holds what this gives."""
    lines = ["stateDiagram-v2", f"    [*] --> {JobState.IDLE}"]
    lines += [f"    {row.source} --> {row.target}: {_label(row)}" for row in TABLE]
    lines += [f"    {state} --> [*]" for state in JobState if state in FINAL]
    return "\n".join(lines) + "\n"


def _label(row: Row) -> str:
    extras = [f"outcome {row.outcome}"] if row.outcome else []
    extras += [row.note] if row.note else []
    return f"{row.trigger} ({', '.join(extras)})" if extras else str(row.trigger)
