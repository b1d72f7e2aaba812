"""Log lines for people, on stderr: whatever a name in them holds, a message is one visible line."""

from __future__ import annotations

import logging

from .visible import visible


class VisibleFormatter(logging.Formatter):
    """A formatter whose messages reach a terminal without control characters; a traceback keeps its lines."""

    def formatMessage(self, record: logging.LogRecord) -> str:
        return visible(super().formatMessage(record))


def show_warnings_visibly() -> None:
    """Where no log is set up, Python writes warnings to stderr as they are; from now on visibly."""
    if logging.lastResort is not None:
        logging.lastResort.setFormatter(VisibleFormatter())
