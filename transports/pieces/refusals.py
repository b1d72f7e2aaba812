"""What each HTTP status of a service means: one table from a status to the error that is raised for it.

Knows statuses and errors; nothing of how an answer came. A service's own sentence is passed on, within
bounds: it is somebody else's text on our user's terminal.
"""

from __future__ import annotations

import unicodedata

import attrs

from ...core.errors import (
    AuthenticationRequired,
    Conflict,
    DatabaseLocked,
    InvalidRequest,
    NotFound,
    OutcomeUnknown,
    RemoteProtocolError,
    ReprieveError,
    StorageFull,
    TransportError,
    Unsupported,
    UpdateRequired,
)

LONGEST_SENTENCE = 500


@attrs.frozen
class Refusal:
    """What a status means: the error, whether trying again can help, and what to say where the service says
    nothing. `perhaps_begun`: whoever answers so may not know whether what was asked for has begun."""

    error: type[ReprieveError]
    says: str
    temporary: bool = False
    perhaps_begun: bool = False


REFUSALS: dict[int, Refusal] = {
    400: Refusal(InvalidRequest, "it does not understand the request"),
    401: Refusal(AuthenticationRequired, "it wants a token; name its file with REPRIEVE_TOKEN_FILE"),
    403: Refusal(TransportError, "it does not allow that"),
    404: Refusal(NotFound, "it has no such thing"),
    405: Refusal(Unsupported, "it has no such operation"),
    406: Refusal(Unsupported, "it cannot answer in a form that is read here"),
    409: Refusal(Conflict, "something else has the database; wait for it, or cancel it"),
    413: Refusal(InvalidRequest, "the request is larger than it takes"),
    415: Refusal(Unsupported, "it does not take JSON there"),
    421: Refusal(
        TransportError, "it is not meant to be called by this name; use the one that it was set up with"
    ),
    423: Refusal(DatabaseLocked, "another program holds the database's lock; let it finish"),
    426: Refusal(Unsupported, "it wants another protocol there"),
    429: Refusal(TransportError, "it is asked too often just now", temporary=True),
    500: Refusal(TransportError, "it failed, and does not say why; its log may"),
    501: Refusal(Unsupported, "it has no such operation"),
    502: Refusal(TransportError, "what stands before it got no answer", temporary=True, perhaps_begun=True),
    503: Refusal(TransportError, "it takes nothing on just now", temporary=True),
    504: Refusal(TransportError, "what stands before it waited too long", temporary=True, perhaps_begun=True),
    505: Refusal(UpdateRequired, "its backups need a newer version of it; update it first"),
    507: Refusal(StorageFull, "there is no room left where its backups are"),
    511: Refusal(AuthenticationRequired, "it has no key or no credentials for its store; unlock it there"),
}
"""Every status that has a meaning here; any other is a RemoteProtocolError."""

NOT_THERE = frozenset(status for status, refusal in REFUSALS.items() if refusal.error is Unsupported) | {404}
"""The statuses of a service that does not have a path, or not in this way. Nothing was begun."""


def refusal(where: str, status: int, said: str = "", *, changes: bool = False) -> ReprieveError:
    """The error that a status is. `where` names the service, `said` is its sentence, if it gave one.

    `changes` says that the request was to change something: then an answer that may have come from somebody
    else on the way is OutcomeUnknown.
    """
    known = REFUSALS.get(status)
    if known is None:
        return RemoteProtocolError(
            f"{where} answered {status}, which means nothing here. Is it a backup service?"
        )
    if changes and known.perhaps_begun:
        return OutcomeUnknown(
            f"{where} answered {status}: {known.says}. Whether it began what it was asked is not known; "
            "look there before you ask again."
        )
    error = known.error(
        f"{where} says: {cleaned(said)}" if cleaned(said) else f"{where} refused: {known.says}."
    )
    error.temporary = known.temporary
    return error


def cleaned(said: str) -> str:
    """Somebody else's sentence, fit to be shown: one line, no control characters, of a bounded length."""
    visible = "".join(
        " " if _invisible(character) else character for character in said[: 4 * LONGEST_SENTENCE]
    )
    line = " ".join(visible.split())
    return line if len(line) <= LONGEST_SENTENCE else f"{line[: LONGEST_SENTENCE - 1]}…"


def _invisible(character: str) -> bool:
    return unicodedata.category(character) in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")
