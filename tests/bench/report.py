"""The figures as tables: what was reached, and what was to be reached, in ratios of one run.

Knows the targets. Gives Markdown, which reads as a table in a terminal too; asserts nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from statistics import median

import attrs

from .rounds import Figures

OURS = "reprieve"


@attrs.frozen
class Row:
    """One figure of all tools, and the greatest ratio of restic's and of borg's that is to be reached."""

    title: str
    figure: str
    unit: str
    targets: Mapping[str, float] = attrs.field(factory=dict)
    of: str = "median"


ROWS = (
    Row("first backup", "first", "s", {"restic": 0.50, "borg": 0.55}),
    Row("the same, processor", "first processor", "s"),
    Row("unchanged", "unchanged", "s", {"restic": 0.25, "borg": 0.60}),
    Row("the same, processor", "unchanged processor", "s"),
    Row("second backup", "second", "s", {"restic": 0.25, "borg": 0.30}),
    Row("the same, processor", "second processor", "s"),
    Row("second backup adds", "second adds", "MiB", {"restic": 0.12, "borg": 0.12}),
    Row("restore, verified", "restore", "s", {"restic": 0.85, "borg": 0.50}),
    Row("the same, processor", "restore processor", "s"),
    Row("peak memory, largest process", "largest", "MiB", {"restic": 0.95, "borg": 1.0}, of="max"),
    Row("peak memory, all processes", "together", "MiB", of="max"),
    Row("store after the first", "first stored", "MiB", {"restic": 0.97, "borg": 1.0}),
    Row("store after the second", "second stored", "MiB", {"restic": 0.55, "borg": 0.57}),
    Row("restore into the live file", "restore live", "s"),
    Row("the same, largest process", "restore live largest", "MiB", of="max"),
    Row("revert", "revert", "s"),
    Row("the same, largest process", "revert largest", "MiB", of="max"),
)


def comparison(figures: Figures, tools: Sequence[str]) -> str:
    """The table of all tools, with the ratios to the others and the targets."""
    others = [tool for tool in tools if tool != OURS]
    heads = ["", *tools, *(f"of {tool} (target)" for tool in others)]
    return table(heads, [_cells(row, figures, tools, others) for row in ROWS])


def parts(figures: Mapping[str, float]) -> str:
    """The table of what single parts cost."""
    return table(["", "value"], [[name, _number(value)] for name, value in figures.items()])


def table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Rows in columns: the first to the left, the others to the right."""
    widths = [max(len(row[column]) for row in (heads, *rows)) for column in range(len(heads))]
    rule = ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])]
    return "\n".join("| " + " | ".join(_aligned(row, widths)) + " |" for row in (heads, rule, *rows))


def _aligned(row: Sequence[str], widths: Sequence[int]) -> Iterator[str]:
    for column, (cell, width) in enumerate(zip(row, widths, strict=True)):
        yield cell.rjust(width) if column else cell.ljust(width)


def _cells(row: Row, figures: Figures, tools: Sequence[str], others: Sequence[str]) -> list[str]:
    values = {tool: _value(row, figures[row.figure, tool]) for tool in tools if (row.figure, tool) in figures}
    shown = [_number(values[tool]) if tool in values else "" for tool in tools]
    return [f"{row.title}, {row.unit}", *shown, *(_ratio(row, values, tool) for tool in others)]


def _value(row: Row, values: Sequence[float]) -> float:
    return max(values) if row.of == "max" else median(values)


def _ratio(row: Row, values: Mapping[str, float], tool: str) -> str:
    if not values.get(tool) or OURS not in values:
        return ""
    ratio = values[OURS] / values[tool]
    if tool not in row.targets:
        return f"{ratio:.2f}"
    target = row.targets[tool]
    return f"{ratio:.2f} (≤ {target:.2f}{'' if ratio <= target else ', missed'})"


def _number(value: float) -> str:
    return f"{value:.2f}" if value < 100 else f"{value:.0f}"
