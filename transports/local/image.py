"""What passes from the snapshot to the repository: the pages of one consistent image.

Neither side knows the other; both know this file. Pages are numbered from 1, as SQLite does.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import attrs


class Sink(Protocol):
    """Whatever takes the pages of an image."""

    def begin(self, page_size: int, page_count: int) -> None:
        """An image of this shape comes. Called again when it starts over: all that came before is void."""

    def write(self, first_page: int, data: bytes) -> None:
        """Whole consecutive pages, from `first_page`. Pages may come again: the later bytes count."""

    def resize(self, page_count: int) -> None:
        """The image has this many pages after all: those beyond are void, new ones come by `write`.

        Only a database in rollback-journal mode that is written meanwhile asks for it, seldom and late.
        """


@attrs.frozen
class Image:
    """What was learnt of the database while its pages went into the sink.

    `encoding` is SQLite's (UTF-8, UTF-16le, UTF-16be); `method` how the pages were read, `attempts` how
    often it had to start. `problems` is what the check found (empty: sound; None: not checked here).
    `fingerprint` lets the next backup see that nothing has changed; it is opaque.
    """

    page_size: int
    page_count: int
    encoding: str
    journal_mode: str
    method: str
    attempts: int = 1
    problems: tuple[str, ...] | None = None
    fingerprint: Mapping[str, object] | None = None

    @property
    def bytes(self) -> int:
        """The size of the image."""
        return self.page_size * self.page_count
