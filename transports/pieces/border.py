"""The border: where aiohttp's errors and the system's become ours, and nowhere else.

Knows aiohttp's exceptions; nothing of what is asked. What decides is whether the request can have been heard:
before there is a connection it cannot, after that a request which was to change something may have.
"""

from __future__ import annotations

import errno
import os
import ssl
from collections.abc import Iterator
from contextlib import contextmanager

import aiohttp

from ...core.errors import OutcomeUnknown, RemoteProtocolError, TimedOut, TransportError, Unreachable


@contextmanager
def border(where: str, *, changes: bool = False) -> Iterator[None]:
    """Whatever goes wrong inside is raised as one of ours. `where` names the service.

    Unreachable and TimedOut where there was no connection, or a request was lost that changes nothing;
    OutcomeUnknown where one was lost that `changes` something; RemoteProtocolError for what is no HTTP.
    """
    try:
        yield
    except (aiohttp.ClientConnectorCertificateError, aiohttp.ClientSSLError) as error:
        raise Unreachable(
            f"{where} is not trusted: {_reason(error)}. Check the address, or name its authority with ca=.",
            temporary=False,
        ) from error
    except aiohttp.ClientConnectorError as error:
        raise Unreachable(
            f"Nobody answers at {where} ({_reason(error)}); is the service running there?"
        ) from error
    except aiohttp.ConnectionTimeoutError as error:
        raise TimedOut(f"{where} took no connection in time; is the service running there?") from error
    except (aiohttp.ClientResponseError, aiohttp.InvalidURL) as error:
        raise RemoteProtocolError(
            f"{where} answered with something that is no HTTP: {_reason(error)}."
        ) from error
    except TimeoutError as error:  # aiohttp's SocketTimeoutError is one as well
        raise _lost(TimedOut(f"{where} said nothing for too long."), changes) from error
    except (aiohttp.ClientError, OSError) as error:
        raise _lost(Unreachable(f"The connection to {where} broke off."), changes) from error


def _lost(error: TransportError, changes: bool) -> TransportError:
    """What a request is that got no whole answer: `error`, or OutcomeUnknown if it `changes` something."""
    if not changes:
        return error
    return OutcomeUnknown(f"{error} What became of the request is not known; look before you ask again.")


def redirected(where: str, to: str) -> RemoteProtocolError:
    """What a redirect is: a token, or a database, is not taken to where nobody meant it to go."""
    return RemoteProtocolError(
        f"{where} sends elsewhere, to {to[:200]!r}; name that address if you trust it."
    )


def _reason(error: Exception) -> str:
    """Why, in the system's words where it has some, or TLS's: asyncio's are for programmers."""
    inner = getattr(error, "os_error", error)
    if isinstance(inner, ssl.SSLCertVerificationError):
        return inner.verify_message.rstrip(".")
    if isinstance(inner, ssl.SSLError):  # its number is TLS's own: 1 is not EPERM
        return (inner.reason or "the handshake failed").lower().replace("_", " ")
    number = getattr(inner, "errno", None)
    if isinstance(number, int) and number in errno.errorcode:
        return os.strerror(number)
    return getattr(inner, "strerror", None) or getattr(inner, "message", None) or type(inner).__name__
