"""Text that came from elsewhere, made fit to be shown: the border that every line for people passes.

Names of files, devices, ids and the sentences of other programs may hold anything: an escape sequence that a
terminal obeys, a mark that turns the reading direction round, a line break that forges a line. Each such
character is written as its escape, `\\x1b` or `\\u202e`; JSON reads those that it may hold as the same again.
"""

from __future__ import annotations

import re

_CONTROLS = "\x00-\x09\x0b-\x1f\x7f-\x9f"
_MARKS = "\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
_HALVES = "\ud800-\udfff"
_RAW = re.compile(f"[{_CONTROLS}{_MARKS}{_HALVES}]")


def visible(text: str) -> str:
    """A name or a sentence from elsewhere, in one line."""
    return visible_lines(text).replace("\n", "\\n")


def visible_lines(text: str) -> str:
    """The same of a text that we laid out ourselves, in several lines."""
    return _RAW.sub(_escape, text)


def _escape(raw: re.Match[str]) -> str:
    code = ord(raw[0])
    if raw[0] in "\t\r":
        return "\\t" if raw[0] == "\t" else "\\r"
    return f"\\x{code:02x}" if code < 0x20 else f"\\u{code:04x}"
