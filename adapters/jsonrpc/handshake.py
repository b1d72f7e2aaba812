"""What may be asked when: before `initialize`, between, after `shutdown`. And the greeting itself.

Sans-I/O, and quick to import: a bridge greets before it loads whatever carries jobs out. Protocols are
matched by their major; a program's version never matters.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum

from .errors import NOT_INITIALIZED, Refused, RpcError, invalid_params, invalid_request
from .greeting import Initialize
from .messages import Members, Request
from .peer import Peer
from .reading import read
from .welcome import PROTOCOLS, common_protocol, welcome

FIRST = "initialize"
LAST = "shutdown"
DISCOVER = "rpc.discover"


class Stage(Enum):
    """How far a conversation is."""

    NEW = "new"
    OPEN = "open"
    SHUT = "shut"


class Handshake:
    """One conversation's stage, how its client introduced itself, and which target it is about.

    `client_is_seen`: whether there was a process of the number that the client gave, when it was greeted.
    """

    def __init__(self, target: str | None, store: str | None = None, database_id: Sequence[str] = ()) -> None:
        self.target = target
        self.store = store
        self.database_id = tuple(database_id)
        self.stage = Stage.NEW
        self.client = Initialize()
        self.client_is_seen = True

    @property
    def makes_progress(self) -> bool:
        """Whether the client can be asked to show progress that it has no token for."""
        window = self.client.capabilities.get("window")
        return isinstance(window, dict) and window.get("workDoneProgress") is True

    def reply(self, peer: Peer, request: Request) -> bytes | None:
        """The answer to a request that opens or ends the conversation, or that comes at the wrong time.

        None for one that is a method's matter.
        """
        try:
            self._refuse_now(request)
            if request.method == FIRST:
                return peer.answer(request.id, self._greet(request.params))
            if request.method == DISCOVER:
                from .openrpc import description

                return peer.answer(request.id, description())
            if request.method == LAST:
                self.stage = Stage.SHUT
                return peer.answer(request.id, None)
        except Refused as refused:
            return peer.refuse(request.id, refused.error)
        return None

    def _refuse_now(self, request: Request) -> None:
        if self.stage is Stage.SHUT:
            raise Refused(invalid_request("The bridge was shut down; only `exit` is left."))
        if self.stage is Stage.NEW and request.method not in (FIRST, DISCOVER):
            raise Refused(RpcError(NOT_INITIALIZED, "Ask for `initialize` first.", "notInitialized"))
        if self.stage is Stage.OPEN and request.method == FIRST:
            raise Refused(invalid_request("The bridge was initialized already."))

    def _greet(self, params: Members) -> dict[str, object]:
        client = read(params, Initialize)
        common = common_protocol(client.protocol_versions)
        if common is None:
            error = invalid_params(("protocolVersions", f"the bridge speaks {', '.join(PROTOCOLS)}"))
            error.more["protocolVersions"] = list(PROTOCOLS)
            raise Refused(error)
        self._choose(client.initialization_options or {})
        self.client, self.stage = client, Stage.OPEN
        return welcome(common, self.target)

    def greeted(self, params: Members) -> None:
        """The client has its welcome already (ahead.py); these were its params."""
        self.client, self.stage = read(params, Initialize), Stage.OPEN

    def _choose(self, options: Members) -> None:
        """What is opened: what the command line names, or else what the client does."""
        if self.target is None:
            self.target = _text(options, "target")
            self.store = self.store or _text(options, "store")
            named = _text(options, "databaseId")
            self.database_id = self.database_id or ((named,) if named else ())
        if self.target is None:
            what = "name a database; the command line names none"
            raise Refused(invalid_params(("initializationOptions.target", what)))


def _text(options: Members, name: str) -> str | None:
    said = options.get(name)
    if said is not None and not (isinstance(said, str) and said):
        raise Refused(
            invalid_params((f"initializationOptions.{name}", "a string that is not empty is wanted"))
        )
    return said
