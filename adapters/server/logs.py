"""What a service writes down for its operator: one JSON object a line, of requests, jobs and troubles.

Knows logging and what may be said: never a query, a header or a body, for secrets travel in those. Whatever
library logs something, known secrets are struck out of it.
"""

from __future__ import annotations

import json
import logging
import os
import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from functools import partial
from io import TextIOWrapper
from logging.handlers import WatchedFileHandler
from pathlib import Path

from aiohttp.abc import AbstractAccessLogger
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.web import BaseRequest, StreamResponse

from reprieve import Library
from reprieve.core.errors import InvalidRequest
from reprieve.core.job import Job

from ..visible import visible
from .watching import every_job

LEVELS = ("debug", "info", "warning", "error")
STRUCK_OUT = "[secret]"

access = logging.getLogger("reprieve.access")
jobs = logging.getLogger("reprieve.jobs")


def log_to(file: Path | None, level: str, secrets: Iterable[str | None]) -> None:
    """Log everything from `level` up as JSON lines, to a file for this user alone, or else to stderr.

    Raises InvalidRequest for a file that cannot be written.
    """
    handler: logging.Handler = logging.StreamHandler(sys.stderr)
    if file is not None:
        try:
            handler = _PrivateFile(file, encoding="utf-8")
        except OSError as error:
            raise InvalidRequest(f"The log {file} cannot be written: {error.strerror}.") from error
    handler.setFormatter(JsonLines(secrets))
    handler.addFilter(_without_what_was_sent)
    logging.basicConfig(handlers=[handler], level=level.upper(), force=True)
    logging.getLogger("transitions").setLevel(logging.WARNING)  # it tells each step of each change of state


if sys.platform == "win32":  # where a file that is open cannot be moved away
    _File = logging.FileHandler
else:
    _File = WatchedFileHandler


class _PrivateFile(_File):
    """A file that is made for this user alone, also each time that the one before it was moved away."""

    def _open(self) -> TextIOWrapper:
        alone = partial(os.open, mode=0o600)
        return open(self.baseFilename, "a", encoding=self.encoding, opener=alone)


class JsonLines(logging.Formatter):
    """A record as one line: when, how grave, by whom, what, and what came as `extra={"told": …}`."""

    def __init__(self, secrets: Iterable[str | None]) -> None:
        super().__init__()
        self._secrets = tuple(secret for secret in secrets if secret)

    def format(self, record: logging.LogRecord) -> str:
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        members: dict[str, object] = {
            "time": at.replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **getattr(record, "told", {}),
        }
        if record.exc_info:
            members["traceback"] = self.formatException(record.exc_info)
        line = json.dumps(members, ensure_ascii=False, separators=(",", ":"), default=str)
        for secret in self._secrets:
            line = line.replace(json.dumps(secret, ensure_ascii=False)[1:-1], STRUCK_OUT)
        return visible(line)


def dropped_line(dropped: int) -> str:
    """What stands in the log for lines that stderr's reader did not take in time."""
    record = logging.LogRecord(__name__, logging.WARNING, "", 0, "stderr was not read in time", None, None)
    record.told = {"dropped": dropped}
    return JsonLines(()).format(record)


class AccessLog(AbstractAccessLogger):
    """One line for each request that was answered, when its answer is whole."""

    def log(self, request: BaseRequest, response: StreamResponse, time: float) -> None:
        told = {
            "method": request.method,
            "path": request.path,
            "status": response.status,
            "seconds": round(time, 4),
            "bytes": response.body_length,
            "peer": request.remote or "unix",
        }
        self.logger.info("request", extra={"told": told})

    @property
    def enabled(self) -> bool:
        return self.logger.isEnabledFor(logging.INFO)


async def log_jobs(library: Library) -> None:
    """Log every change of state of every job of a library's database, until it is cancelled."""
    seen: dict[str, int] = {}
    async for job in every_job(library, anew=seen.clear):
        if seen.get(job.id) != job.version:
            seen[job.id] = job.version
            jobs.info("job", extra={"told": _of(job)})
        if job.final:
            seen.pop(job.id, None)


def _of(job: Job) -> dict[str, object]:
    told: dict[str, object] = {"job": job.id, "kind": job.kind.value, "state": job.state.value}
    if job.outcome:
        told["outcome"] = job.outcome.value
    if job.backup:
        told["backup"] = job.backup.id
    if job.error:
        told["error"] = job.error.kind
    if job.warnings:
        told["warnings"] = list(job.warnings)
    if job.started and job.ended:
        told["seconds"] = round((job.ended - job.started).total_seconds(), 3)
    return told


def _without_what_was_sent(record: logging.LogRecord) -> bool:
    """The parser's errors quote the line that they do not like, which may be a header with a secret."""
    error = record.exc_info[1] if record.exc_info else None
    if isinstance(error, HttpProcessingError):
        record.msg, record.args = f"{type(error).__name__} in a request", ()
        record.levelno, record.levelname, record.exc_info = logging.INFO, "INFO", None
    return True
