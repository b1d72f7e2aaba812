"""The client of a service: requests and web sockets over one aiohttp session.

Knows HTTP; nothing of backups or jobs. Each request has a connection of its own: on one that was kept a
request can die unheard, and nobody could tell that from one whose answer was lost.
"""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from types import SimpleNamespace

import aiohttp
import attrs
from yarl import URL

from ...core import VERSION
from ...core.errors import AuthenticationRequired, InvalidRequest, TransportError
from ..peers import who_serves
from .address import Address
from .answer import LARGEST_LINE, Answer
from .border import border, redirected

JSON = "application/json"
NONE: Mapping[str, str] = {}


@attrs.frozen
class Timeouts:
    """How long a service may take, in seconds.

    `connect` until there is a connection, `idle` without a byte on it. In a job: `away` out of reach in the
    middle of it, `total` for a whole attempt at it (None: as long as it goes on).
    """

    connect: float = 10.0
    idle: float = 30.0
    away: float = 60.0
    total: float | None = None

    def __attrs_post_init__(self) -> None:
        if not (
            self.connect > 0 and self.idle > 0 and self.away >= 0 and (self.total is None or self.total > 0)
        ):
            raise InvalidRequest(f"{self} makes no sense: each is a number of seconds above 0.")


class Client:
    """One service over HTTP. Opened and closed once."""

    def __init__(
        self,
        address: Address,
        timeouts: Timeouts,
        token: str | None = None,
        trusted: ssl.SSLContext | None = None,
    ) -> None:
        self.address = address
        self.timeouts = timeouts
        self._token = token
        self._trusted = trusted
        self._session: aiohttp.ClientSession | None = None

    async def open(self) -> None:
        """Get ready; nobody is asked yet."""
        headers = {"User-Agent": f"reprieve/{VERSION}", "Accept-Encoding": "identity"}
        if self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        trace = aiohttp.TraceConfig()
        trace.on_request_redirect.append(_not_followed)
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(force_close=True, ssl=self._trusted or True),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers=headers,
            request_class=_GuardedRequest if self._shows_token_in_the_clear else aiohttp.ClientRequest,
            skip_auto_headers=("Content-Type",),  # aiohttp gives an empty POST one that no service wants
            auto_decompress=False,
            timeout=self._timeout(patient=False),
            trace_configs=[trace],
        )

    async def close(self) -> None:
        """Let go of every connection."""
        if self._session is not None:
            await self._session.close()

    async def ask(self, method: str, path: str, *names: str, body: str | None = None) -> bytes:
        """The whole good answer to a request; all but a GET change something.

        `names` stand for the `{}` in `path`.

        Raises what refusals.py makes of a bad answer, and what border.py makes of none.
        """
        async with self.answer(method, path, *names, body=body) as answer:
            if not answer.good:
                raise await answer.error()
            return await answer.whole()

    @asynccontextmanager
    async def answer(
        self,
        method: str,
        path: str,
        *names: str,
        body: str | None = None,
        accept: str = JSON,
        headers: Mapping[str, str] = NONE,
        patient: bool = False,
    ) -> AsyncIterator[Answer]:
        """The answer to a request, good or bad, when its headers have come.

        `patient` waits for that however long it takes.
        """
        sent = {"Accept": accept, **headers}
        if body is not None:
            sent["Content-Type"] = JSON
        changes = method != "GET"
        with border(self.address.name, changes=changes):
            response = await self._opened.request(
                method,
                self._url(path, names),
                data=None if body is None else body.encode(),
                headers=sent,
                timeout=self._timeout(patient),
            )
        async with response:
            yield Answer(self.address.name, changes, response)

    @asynccontextmanager
    async def socket(
        self, path: str, *names: str, headers: Mapping[str, str] = NONE, changes: bool = True
    ) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
        """A web socket, kept alive by pings. `changes` says that its handshake begins something.

        Raises NoSocket where the service makes none, and what border.py makes of no answer.
        """
        with border(self.address.name, changes=changes):
            try:
                socket = await self._opened.ws_connect(
                    self._url(path, names),
                    headers=headers,
                    heartbeat=self.timeouts.idle,
                    max_msg_size=LARGEST_LINE,
                    timeout=aiohttp.ClientWSTimeout(ws_close=1.0),  # pyright: ignore[reportCallIssue]  # untyped there
                )
            except aiohttp.WSServerHandshakeError as error:
                raise NoSocket(error.status) from error
        async with socket:
            yield socket

    def _url(self, path: str, names: tuple[str, ...]) -> URL:
        return URL(self.address.url(path, *names), encoded=True)

    def _timeout(self, patient: bool) -> aiohttp.ClientTimeout:
        idle = None if patient else self.timeouts.idle
        return aiohttp.ClientTimeout(sock_connect=self.timeouts.connect, sock_read=idle)

    @property
    def _shows_token_in_the_clear(self) -> bool:
        """Whether nothing but the port says who gets the token: over https a certificate does."""
        return self._token is not None and not self.address.is_encrypted

    @property
    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            raise TransportError(f"The way to {self.address.name} is not open; use it in an `async with`.")
        return self._session


class _GuardedRequest(aiohttp.ClientRequest):
    """A request with a token: sent only if the user at the other end may have it.

    Any user of this machine can listen on a port that the service has not taken yet, or no longer has. It is
    looked at once the connection is there, so that no other program can come in between.
    """

    async def send(self, conn: aiohttp.connector.Connection) -> aiohttp.ClientResponse:
        sock = conn.transport.get_extra_info("socket") if conn.transport else None
        if sock is not None and not who_serves(sock).may_have_secrets:
            raise AuthenticationRequired(
                f"The token was not sent: what listens at {self.url.origin()} is a program of another user. "
                "Start the service, or name the port that it listens on; for another user's, use https."
            )
        return await super().send(conn)


class NoSocket(Exception):
    """The service answered a handshake with another status than 101. It is caught where ways are tried."""

    def __init__(self, status: int) -> None:
        super().__init__(f"no web socket, but status {status}")
        self.status = status


async def _not_followed(
    session: aiohttp.ClientSession, context: SimpleNamespace, redirect: aiohttp.TraceRequestRedirectParams
) -> None:
    redirect.response.close()
    raise redirected(str(redirect.url.origin()), redirect.response.headers.get("Location", "nowhere"))
