"""What a service may be told about itself: one frozen value, checked when it is made."""

from __future__ import annotations

import attrs


@attrs.frozen(kw_only=True)
class Settings:
    """How a service behaves. Sizes are bytes, durations seconds.

    `name`           what it calls itself.
    `hosts`          names it may be called by, beside the loopback's (`Host`; with or without a port).
    `origins`        pages that may use it, beside its own (`Origin`, exactly).
    `token`          the secret that a caller shows as `Authorization: Bearer`; None: nobody has one.
    `require_token`  whether every request needs it, or only what is the owner's alone.
    `max_body`, `max_assets`   the largest body, and the largest of those that carry documents.
    `heartbeat`      a newline at least so often keeps a waiting client.
    `hold`           how long an answer's headers wait, so that an early failure has a status of its own.
    `stop_within`    how long running jobs may go on once it is told to stop; then they are cancelled.
    """

    name: str = "reprieve"
    hosts: tuple[str, ...] = ()
    origins: tuple[str, ...] = ()
    token: str | None = attrs.field(default=None, repr=False)
    require_token: bool = False
    max_body: int = 1 << 20
    max_assets: int = 64 << 20
    heartbeat: float = 4.0
    hold: float = 2.0
    stop_within: float = 30.0
