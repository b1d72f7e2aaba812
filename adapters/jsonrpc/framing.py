"""Frames of the LSP base protocol: header lines, an empty line, and a body of so many bytes.

Sans-I/O: bytes in, bodies out. An error here is fatal, for nobody can tell where the next message begins.
Source: the base protocol of the Language Server Protocol 3.17. Knows nothing of what a body says.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

HEADER_LIMIT = 8 * 1024
"""Bytes of a header, with its empty line."""

BODY_LIMIT = 64 * 1024 * 1024
"""Bytes of a body."""

_FIELD = re.compile(rb"([!#-'*+\-.^_`|~0-9A-Za-z]+):[ \t]*(.*?)[ \t]*")
_CHARSET = re.compile(rb";[ \t]*charset[ \t]*=[ \t]*\"?([^\";\s]*)", re.IGNORECASE)
_UTF8 = (b"utf-8", b"utf8")


class FramingError(Exception):
    """What came is no frame; the conversation is over. The message says why, in a sentence."""


class Frames:
    """The bodies in a stream of bytes that comes in pieces of any size."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._scanned = 0
        self._length: int | None = None
        self._missing: int | None = None

    @property
    def between(self) -> bool:
        """Whether the stream may end here: no frame has begun."""
        return not self._buffer and self._missing is None

    def feed(self, data: bytes) -> Iterator[bytes]:
        """The bodies that are whole now. Raises FramingError once one cannot be told from the next."""
        self._buffer += data
        while True:
            if self._missing is None and not self._header():
                return
            assert self._missing is not None
            if len(self._buffer) < self._missing:
                return
            body = bytes(memoryview(self._buffer)[: self._missing])
            del self._buffer[: self._missing]
            self._missing = None
            yield body

    def _header(self) -> bool:
        """Take the header's lines off the buffer; whether it was whole."""
        start = self._scanned
        while (end := self._buffer.find(b"\n", start)) >= 0:
            if end >= HEADER_LIMIT:
                break
            line = bytes(self._buffer[start:end])
            start = self._scanned = end + 1
            if line == b"\r":
                del self._buffer[:start]
                self._scanned = 0
                self._missing, self._length = self._whole_length(), None
                return True
            self._field(line)
        if len(self._buffer) >= HEADER_LIMIT:
            raise FramingError(f"A header has at most {HEADER_LIMIT} bytes; what came is longer.")
        return False

    def _whole_length(self) -> int:
        if self._length is None:
            raise FramingError("A message began without a Content-Length.")
        return self._length

    def _field(self, line: bytes) -> None:
        found = _FIELD.fullmatch(line[:-1]) if line.endswith(b"\r") else None
        if found is None:
            raise FramingError(f"{line[:40]!r} is no header; each is `Name: value`, ended by CR LF.")
        name, value = found[1].lower(), found[2]
        if name == b"content-length":
            self._length = self._said_length(value)
        elif name == b"content-type":
            charset = _CHARSET.search(value)
            if charset and charset[1].lower() not in _UTF8:
                raise FramingError(f"Messages are UTF-8 here, not {charset[1].decode('ascii', 'replace')}.")

    def _said_length(self, value: bytes) -> int:
        if self._length is not None:
            raise FramingError("A message has two Content-Lengths.")
        if not value.isdigit() or len(value) > 20:
            raise FramingError(f"A Content-Length is a number of bytes, not {value[:40]!r}.")
        if int(value) > BODY_LIMIT:
            raise FramingError(f"A message has at most {BODY_LIMIT} bytes, not {int(value)}.")
        return int(value)


def framed(body: bytes) -> bytes:
    """A body as a frame."""
    return b"Content-Length: %d\r\n\r\n%b" % (len(body), body)
