"""What a service may be told about itself: one frozen value, checked when it is made."""

from __future__ import annotations

import re

import attrs

from reprieve.core.errors import InvalidRequest

_ORIGIN = re.compile(r"[a-z][a-z0-9+.-]*://[^/\s*?#]+")
_HOST = re.compile(r"(\[[0-9a-f:]+\]|[a-z0-9._-]+)(:\d+)?")


def _lower(names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(name.lower() for name in names)


def _names(instance: Settings, attribute: attrs.Attribute[tuple[str, ...]], names: tuple[str, ...]) -> None:
    for name in names:
        if not _HOST.fullmatch(name):
            raise InvalidRequest(
                f"A host is a name, perhaps with a port, as backups.example:8080; not {name!r}."
            )


def _pages(instance: Settings, attribute: attrs.Attribute[tuple[str, ...]], origins: tuple[str, ...]) -> None:
    for origin in origins:
        if not _ORIGIN.fullmatch(origin):
            raise InvalidRequest(f"An origin is a scheme and a host, as https://example.org; not {origin!r}.")


@attrs.frozen(kw_only=True)
class Settings:
    """How a service behaves. Sizes are bytes, durations seconds.

    `name`           what it calls itself.
    `hosts`          names it may be called by, beside the loopback's (`Host`; with or without a port).
    `origins`        pages that may use it, beside its own (`Origin`, exactly).
    `token`          the secret that a caller shows as `Authorization: Bearer`; None: nobody has one.
    `require_token`  whether every request needs it, or only what is the owner's alone.
    `max_body`, `max_assets`   the largest body, and the largest of those that carry documents.
    `patience`       how long a request may take to arrive, and an idle connection is kept.
    `unread`         how long a client may take nothing of what is sent to it; then it is dropped.
    `connections`    at most so many at once; another one is told so and closed.
    `heartbeat`      a newline at least so often keeps a waiting client.
    `hold`           how long an answer's headers wait, so that an early failure has a status of its own.
    `answer_within`  how long an answer may take before which nothing can be sent (the 204s of cancels, and of
                     backups that are requested by 5 and 6): client libraries give up after ten seconds.
    `stop_within`    how long running jobs may go on once it is told to stop; then they are cancelled.
    """

    name: str = "reprieve"
    hosts: tuple[str, ...] = attrs.field(default=(), converter=_lower, validator=_names)
    origins: tuple[str, ...] = attrs.field(default=(), converter=_lower, validator=_pages)
    token: str | None = attrs.field(default=None, repr=False)
    require_token: bool = False
    max_body: int = 1 << 20
    max_assets: int = 16 << 20
    patience: float = 60.0
    unread: float = 30.0
    connections: int = 2048
    heartbeat: float = 4.0
    hold: float = 2.0
    answer_within: float = 8.0
    stop_within: float = 30.0
