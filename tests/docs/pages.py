"""The pages of the documentation, as data: where they are, and the fenced blocks in them.

Knows Markdown's fences and links, and not what any block does.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import attrs

ROOT = Path(__file__).parents[2]
PAGES = (ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md")))

_FENCE = re.compile(r"^```(?P<info>[^\n`]*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)


@attrs.frozen
class Block:
    """A fenced block. `language` and `name` are the first two words after the fence."""

    language: str
    name: str
    text: str
    line: int


@attrs.frozen
class Page:
    """One page, by its path below the root of the checkout."""

    name: str

    @property
    def text(self) -> str:
        return (ROOT / self.name).read_text("utf-8")

    @property
    def blocks(self) -> tuple[Block, ...]:
        return tuple(self._blocks())

    @property
    def links(self) -> tuple[str, ...]:
        return tuple(_LINK.findall(_FENCE.sub("", self.text)))

    @property
    def anchors(self) -> frozenset[str]:
        """The names by which its headings can be linked to, as GitHub makes them."""
        return frozenset(
            re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
            for heading in _HEADING.findall(_FENCE.sub("", self.text))
        )

    def _blocks(self) -> Iterator[Block]:
        for found in _FENCE.finditer(self.text):
            language, _, name = found["info"].strip().partition(" ")
            line = self.text.count("\n", 0, found.start()) + 1
            yield Block(language, name, found["text"], line)


def every_page() -> tuple[Page, ...]:
    """All of them, README first."""
    return tuple(Page(path.relative_to(ROOT).as_posix()) for path in PAGES)
