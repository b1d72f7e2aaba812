"""Errors as JSON-RPC says them: a code, a sentence, and for programs `data.kind`.

One place turns what the library raises into them. No traceback, no secret and no path is ever in `data`.
"""

from __future__ import annotations

from typing import Any

import attrs

from reprieve.core.errors import JobCancelled, JobFailed, ReprieveError

NO_INPUT = -32700
INVALID_REQUEST = -32600
NO_METHOD = -32601
INVALID_PARAMS = -32602
INTERNAL = -32603
NOT_INITIALIZED = -32002
CANCELLED = -32800
PLAN_STALE = 1412
CONFIRMATION_REQUIRED = 1428


@attrs.frozen
class RpcError:
    """An error to be sent. `more` are further members of its `data`."""

    code: int
    message: str
    kind: str
    more: dict[str, Any] = attrs.field(factory=dict)

    def members(self) -> dict[str, Any]:
        """The error object."""
        return {"code": self.code, "message": self.message, "data": {"kind": self.kind, **self.more}}


class Refused(Exception):
    """A request that is answered by this error."""

    def __init__(self, error: RpcError) -> None:
        super().__init__(error.message)
        self.error = error


def parse_error(message: str) -> RpcError:
    """Bytes that say nothing."""
    return RpcError(NO_INPUT, message, "parse")


def invalid_request(message: str) -> RpcError:
    """No request, or not now."""
    return RpcError(INVALID_REQUEST, message, "invalidRequest")


def invalid_params(*wrong: tuple[str, str]) -> RpcError:
    """Params that are not what the method takes: each path and what is wrong there."""
    errors = [{"path": path, "message": message} for path, message in wrong]
    sentence = "; ".join(f"{path}: {message}" for path, message in wrong)
    return RpcError(INVALID_PARAMS, f"The params are wrong: {sentence}.", "invalidParams", {"errors": errors})


def cancelled(message: str, job: str | None = None) -> RpcError:
    """What was asked for was cancelled."""
    return RpcError(CANCELLED, message, "cancelled", {"job": job} if job else {})


def error_of(error: ReprieveError) -> RpcError:
    """What the library raised. Of a failed job, `problem` is the kind of what made it fail."""
    if isinstance(error, JobFailed):
        of = {"job": error.job_id, "problem": error.problem.kind}
        return RpcError(error.rpc_code, str(error), error.kind, of)
    if isinstance(error, JobCancelled):
        return cancelled(str(error), error.job_id)
    more = {"errors": [{"path": "", "message": str(error)}]} if error.rpc_code == INVALID_PARAMS else {}
    return RpcError(error.rpc_code, str(error), error.kind, more)
