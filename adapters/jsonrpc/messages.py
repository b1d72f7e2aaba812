"""JSON-RPC 2.0 messages as values.

Sans-I/O. What is no message is Bad: it has the error that answers it, and the id, where it said one that can
be answered. Source: the JSON-RPC 2.0 specification (6, batches, included). Knows nothing of methods.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs

from .bodies import decode
from .errors import RpcError, invalid_request, parse_error

Id = int | str
Members = Mapping[str, Any]


@attrs.frozen
class Request:
    """Somebody wants an answer."""

    id: Id
    method: str
    params: Members


@attrs.frozen
class Notification:
    """Somebody says something."""

    method: str
    params: Members


@attrs.frozen
class Answer:
    """What somebody answers to a request of ours."""

    id: object
    result: object = None
    error: object = None


@attrs.frozen
class Bad:
    """What is no message, or no request that can be carried out."""

    id: Id | None
    error: RpcError


Message = Request | Notification | Answer | Bad

MOST_AT_ONCE = 4096
"""Messages in a batch: each that is none is answered at many times its size."""


def read(body: bytes) -> Message | list[Message]:
    """What a body says; a list for a batch."""
    try:
        said = decode(body)
    except RecursionError:
        return Bad(None, parse_error("The message is nested too deep."))
    except ValueError as error:  # also UnicodeDecodeError, and a number with too many digits
        return Bad(None, parse_error(f"The message is no JSON: {error}."))
    if isinstance(said, list) and len(said) > MOST_AT_ONCE:
        return Bad(None, invalid_request(f"A batch has at most {MOST_AT_ONCE} messages, not {len(said)}."))
    if isinstance(said, list) and said:
        return [_message(one) for one in said]
    return _message(said)


def _message(said: object) -> Message:
    if not isinstance(said, dict):
        return Bad(None, invalid_request("A message is an object."))
    id = said.get("id")
    told_id = id if _is_id(id) else None
    if said.get("jsonrpc") != "2.0":
        return Bad(told_id, invalid_request('A message says "jsonrpc": "2.0".'))
    if "method" not in said:
        if "id" in said and ("result" in said or "error" in said):
            return Answer(id, said.get("result"), said.get("error"))
        return Bad(told_id, invalid_request("A message has a method, or a result or an error."))
    method, params = said["method"], said.get("params")
    if not isinstance(method, str):
        return Bad(told_id, invalid_request("A method's name is a string."))
    if params is not None and not isinstance(params, dict | list):
        return Bad(told_id, invalid_request("Params are an object."))
    if "id" in said and told_id is None:
        return Bad(None, invalid_request("An id is a string or a whole number."))
    if params and isinstance(params, list):
        return _positional(told_id, method)
    by_name = params if isinstance(params, dict) else {}
    return Notification(method, by_name) if told_id is None else Request(told_id, method, by_name)


def _positional(id: Id | None, method: str) -> Message:
    if id is None:
        return Notification(method, {})
    return Bad(id, RpcError(-32602, f"{method} takes its params by name, as an object.", "invalidParams"))


def _is_id(id: object) -> bool:
    return isinstance(id, int | str) and not isinstance(id, bool)
