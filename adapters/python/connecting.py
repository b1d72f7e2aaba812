"""connect: from a path or a URL to a Library."""

from __future__ import annotations

import os
from typing import Any

import attrs

from reprieve.core.retry import RetryPolicy
from reprieve.transports.registry import Opened, open_target

from .library import Library


def connect(
    target: str | os.PathLike[str],
    store: str | os.PathLike[str] | None = None,
    *,
    limit: int = 2,
    retry: RetryPolicy | None = None,
    long_lived: bool = False,
    record: str | os.PathLike[str] | None = None,
    **options: Any,
) -> Library:
    """A library of `target`: a database's path, or a URL such as `offline:?seed=7`.

    Use it in an `async with`. `store` is where the backups are (a path or URL; by default the store that the
    database is registered with, or else REPRIEVE_STORE, or else the platform's data folder). `limit` is how
    many jobs run at once, `retry` when to try again. `long_lived` says that this process may run a detached
    creation again whose process has died. `record` is a file that is written when the library is closed:
    what its transport told and answered, for `offline:?replay=FILE` to play again. `options` go to the
    transport. Raises InvalidRequest or Unsupported for a target that makes no sense.
    """
    opened = open_target(target, store=None if store is None else os.fspath(store), **options)
    if record is not None:
        opened = _recorded(opened, record)
    return Library(opened, limit=limit, retry=retry, long_lived=long_lived)


def _recorded(opened: Opened, path: str | os.PathLike[str]) -> Opened:
    from reprieve.transports.recording import RecordingTransport

    return attrs.evolve(opened, transport=RecordingTransport(opened.transport, opened.clock, os.fspath(path)))
