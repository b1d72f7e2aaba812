"""The protocol as TypeScript: an interface for each shape, and the methods with their params and results.

Made from the OpenRPC document alone, so that it says what that says. Knows JSON Schema, as far
as schemas.py writes it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable

from ..schemas import Schema

HEAD = """\
// The wire of `reprieve bridge`. Generated from its OpenRPC description by `make docs`: do not edit.
"""

_PLAIN = {
    "string": "string",
    "integer": "number",
    "number": "number",
    "boolean": "boolean",
    "null": "null",
    "object": "Record<string, unknown>",
}


def types(document: Schema) -> str:
    """The whole file."""
    shapes = [_declared(name, schema) for name, schema in document["components"]["schemas"].items()]
    requests = [method for method in document["methods"] if "result" in method]
    heard = [method for method in document["methods"] if "result" not in method]
    parts = [
        HEAD,
        *shapes,
        _table("Requests", "Every request: its params and its result.", map(_request, requests)),
        _table("Notifications", "What a client may say: its params.", map(_params_row, heard)),
        _table("Sent", "What the bridge sends by itself: its params.", map(_params_row, document["x-sent"])),
        _codes(document["components"]["errors"]),
    ]
    return "\n".join(parts)


def _declared(name: str, schema: Schema) -> str:
    comment = f"/** {schema.get('description', name)} */\n"
    if "enum" in schema:
        return f"{comment}export type {name} = {_type(schema)};\n"
    needed = schema.get("required", [])
    members = [_member(member, of, member in needed) for member, of in schema["properties"].items()]
    return f"{comment}export interface {name} {{\n{''.join(members)}}}\n"


def _member(name: str, schema: Schema, needed: bool) -> str:
    return f"  {name}{'' if needed else '?'}: {_type(schema)};\n"


def _type(schema: Schema) -> str:
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    if "enum" in schema:
        return " | ".join(json.dumps(value) for value in schema["enum"])
    if "anyOf" in schema:
        return " | ".join(dict.fromkeys(_type(one) for one in schema["anyOf"]))
    if schema.get("type") == "array":
        return f"{_type(schema['items'])}[]"
    plain = {
        "string": "string",
        "integer": "number",
        "number": "number",
        "boolean": "boolean",
        "null": "null",
    }
    if schema.get("type") == "object":
        return "Record<string, unknown>"
    return plain.get(schema.get("type", ""), "unknown")


def _table(name: str, comment: str, rows: Iterable[str]) -> str:
    return f"/** {comment} */\nexport interface {name} {{\n{''.join(rows)}}}\n"


def _request(method: Schema) -> str:
    result = _type(method["result"]["schema"])
    return _row(method, f"{{ params: {_params(method)}; result: {result} }}")


def _params_row(method: Schema) -> str:
    return _row(method, _params(method))


def _row(method: Schema, said: str) -> str:
    return f"  /** {method['summary']}. */\n  {json.dumps(method['name'])}: {said};\n"


def _params(method: Schema) -> str:
    if not method["params"]:
        return "Record<string, never>"
    members = (
        f"{one['name']}{'' if one['required'] else '?'}: {_type(one['schema'])}" for one in method["params"]
    )
    return f"{{ {'; '.join(members)} }}"


def _codes(found: dict[str, Schema]) -> str:
    rows = "".join(
        f"  /** {error['message']} */\n  {NAMES[error['code']]}: {error['code']},\n"
        for error in found.values()
    )
    comment = "/** The codes of errors; `data.kind` says more. */"
    return f"{comment}\nexport const ErrorCode = {{\n{rows}}} as const;\n"


NAMES = {
    -32803: "JobFailed",
    -32800: "Cancelled",
    -32700: "Parse",
    -32603: "Internal",
    -32602: "InvalidParams",
    -32601: "MethodNotFound",
    -32600: "InvalidRequest",
    -32002: "NotInitialized",
    1404: "NotFound",
    1409: "Conflict",
    1412: "PlanStale",
    1423: "Locked",
    1428: "ConfirmationRequired",
    1501: "Unsupported",
    1505: "UpdateRequired",
    1507: "StorageFull",
    1511: "AuthenticationRequired",
}
"""How each code is called."""
