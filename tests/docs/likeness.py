"""Whether what a command printed is what the page shows, but for what differs from run to run.

Ids, moments, sizes, rates and durations differ; words do not. An id on the page stands for the id that
came in its place, wherever the page says it again. A line `...` stands for any lines, `…` for anything
within one. Progress comes as it comes and is left out on both sides. Pure.
"""

from __future__ import annotations

import re

import attrs

JOB_ID = r"\b[0-9a-f]{20}\b"
BACKUP_ID = r"\b\d+\.\d+\.\d+_\d{8}T\d{9}Z"
CODE_LINE = re.compile(r"^\s*(?:[0-9A-Z]{4}-){6}[0-9A-Z]{4}$", re.MULTILINE)
ANY_LINES = "..."

_ID = re.compile(rf"{JOB_ID}|{BACKUP_ID}")
_PROGRESS = re.compile(
    r"━|^\S.*: (?:running|cancelling) +\d+ %|^\S.*: idle \(|^\S.*: (?:completed|cancelled|failed)$|^\^C$"
)
_DIFFERS = (
    # A file that was written to a moment ago counts as changed, however little of it is stored.
    (re.compile(r"nothing had changed"), "the store grew by 0 B"),
    (re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+Z)?"), "MOMENT"),
    (re.compile(r"\b\d+ %"), "SHARE"),
    (re.compile(r"\b\d+(?:\.\d+)? (?:B|KiB|MiB|GiB)"), "SIZE"),
    (re.compile(r"\b\d+\.\d\d ?s\b|\b\d+ min \d+ s\b|\b\d+ s\b"), "DURATION"),
    (re.compile(r"\b(?:just now|\d+ \w+ ago)"), "AGO"),
    (re.compile(r"(\"\w+\":)\d+(?:\.\d+)?"), r"\1NUMBER"),
    (re.compile(r"^(device) .*"), r"\1 DEVICE"),
    (re.compile(r"^ *(?:[0-9A-Z]{4}-){6}[0-9A-Z]{4}$"), "CODE"),
    (re.compile(r" {2,}"), " "),
)


@attrs.define
class Likeness:
    """What the ids of one page stand for."""

    ids: dict[str, str] = attrs.field(factory=dict)

    def real(self, command: str) -> str:
        """A command of the page, with the ids that are really there."""
        return _ID.sub(lambda found: self.ids.get(found[0], found[0]), command)

    def difference(self, shown: str, printed: str) -> str | None:
        """None if what was printed is what the page shows; else both, to be looked at."""
        expected, actual = _lines(shown), _lines(printed)
        bound = dict(self.ids)
        if not _alike(expected, actual, bound):
            return f"the page shows:\n{chr(10).join(expected)}\n\nprinted was:\n{chr(10).join(actual)}"
        self.ids = bound
        return None


def _lines(text: str) -> list[str]:
    kept = (line.rstrip() for line in text.splitlines() if line.strip() and not _PROGRESS.search(line))
    return [_without_what_differs(line) for line in kept]


def _without_what_differs(line: str) -> str:
    for differs, instead in _DIFFERS:
        line = differs.sub(instead, line)
    return line.strip()


def _alike(expected: list[str], actual: list[str], bound: dict[str, str]) -> bool:
    if not expected or not actual:
        return not actual and all(line == ANY_LINES for line in expected)
    if expected[0] == ANY_LINES:
        return any(_alike(expected[1:], actual[at:], bound) for at in range(len(actual) + 1))
    return _alike_line(expected[0], actual[0], bound) and _alike(expected[1:], actual[1:], bound)


def _alike_line(expected: str, actual: str, bound: dict[str, str]) -> bool:
    pattern = ".*".join(re.escape(_ID.sub("ID", part)) for part in expected.split("…"))
    if not re.fullmatch(pattern, _ID.sub("ID", actual)):
        return False
    if "…" in expected:
        return True
    for ours, theirs in zip(_ID.findall(expected), _ID.findall(actual), strict=True):
        if bound.setdefault(ours, theirs) != theirs:
            return False
    return True
