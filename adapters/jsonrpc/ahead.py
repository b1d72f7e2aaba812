"""The greeting of a client that begins as clients do, before anything else is imported.

An editor waits for it. A first message that is a plain `initialize`, for a target that the command line
names, is answered from here, in a third of the time that the handshake's imports would take. Whatever else
comes is left to the handshake, which knows every rule. Imports next to nothing.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import TypeGuard

from .bodies import decode, said
from .framing import Frames, FramingError, framed
from .lifetime import lives, on_signal
from .stdio import Stdio
from .welcome import MOST_PROCESS, common_protocol, welcome

_ahead: list[Ahead] = []


class Ahead:
    """How far a conversation is that began ahead. `first` is a body that is still to be answered.

    `client` are the params of the `initialize` that was answered, and `client_is_seen` whether there was its
    process then; `broken`, why nothing can be understood.
    """

    def __init__(self, stdio: Stdio) -> None:
        self.stdio = stdio
        self.frames = Frames()
        self.first: bytes | None = None
        self.client: Mapping[str, object] | None = None
        self.client_is_seen = True
        self.broken: FramingError | None = None

    def greet(self, target: str) -> None:
        """Wait for the first message, and answer it if it is a plain `initialize`."""
        try:
            while self.first is None and (data := self.stdio.read_now()):
                self.first = next(self.frames.feed(data), None)
        except FramingError as error:
            self.broken = error
        answer = self._answer(target)
        if answer:
            self.first = None
            try:
                self.stdio.write_now(answer)
            except OSError:  # nobody reads: whoever reads next finds that out
                return

    def _answer(self, target: str) -> bytes | None:
        try:
            message = decode(self.first or b"")
        except (ValueError, RecursionError):
            return None
        if not isinstance(message, dict) or message.get("jsonrpc") != "2.0":
            return None
        if message.get("method") != "initialize":
            return None
        id, params = message.get("id"), message.get("params")
        if not isinstance(id, str | int) or isinstance(id, bool) or not isinstance(params, dict):
            return None
        protocol = common_protocol(_versions(params)) if _is_plain(params) else None
        if protocol is None:
            return None
        self.client = params
        process = params.get("processId")
        self.client_is_seen = not _is_process(process) or lives(process)
        return framed(said(id=id, result=welcome(protocol, target)))


def greet_ahead(words: Sequence[str]) -> None:
    """Greet the client of this command line, if nothing about either is out of the ordinary."""
    target = _target(words)
    if target is not None:
        on_signal(lambda: os._exit(0))
        _ahead.append(Ahead(Stdio()))
        _ahead[0].greet(target)


def taken() -> Ahead | None:
    """The conversation that began ahead, if one did."""
    return _ahead.pop() if _ahead else None


def _target(words: Sequence[str]) -> str | None:
    """The TARGET of `bridge --stdio TARGET [--store STORE]`, in any order; None for any other command."""
    rest = list(words)
    if "--store" in rest[:-1]:
        at = rest.index("--store")
        del rest[at : at + 2]
    if rest.count("--stdio") != 1:
        return None
    rest.remove("--stdio")
    return rest[1] if len(rest) == 2 and rest[0] == "bridge" and rest[1][:1] not in ("-", "") else None


def _is_plain(params: Mapping[str, object]) -> bool:
    """Whether the handshake would take these params as they are."""
    process = params.get("processId")
    objects = (params.get(name) for name in ("clientInfo", "capabilities", "initializationOptions"))
    return (process is None or _is_process(process)) and all(
        one is None or isinstance(one, dict) for one in objects
    )


def _is_process(number: object) -> TypeGuard[int]:
    return isinstance(number, int) and not isinstance(number, bool) and 1 <= number <= MOST_PROCESS


def _versions(params: Mapping[str, object]) -> list[str] | None:
    """The protocols that it names, if it names any; an empty list, if one is no text."""
    versions = params.get("protocolVersions")
    if versions is None:
        return None
    if not isinstance(versions, list) or not all(map(_is_version, versions)):
        return []
    return versions


def _is_version(version: object) -> bool:
    return isinstance(version, str) and version.isascii()
