"""`python docs/generate.py` writes what is generated in the documentation; with --check it only compares.

Knows which page comes from where, and nothing of what they say.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

from reprieve import reference as python
from reprieve.adapters.cli import reference as command_line
from reprieve.adapters.jsonrpc.openrpc import description
from reprieve.adapters.jsonrpc.typescript import types
from reprieve.adapters.server.app import ROUTES
from reprieve.core.diagram import mermaid

DOCS = Path(__file__).parent

_CLIENTS = re.compile(r"(<!-- clients -->\n).*?(<!-- /clients -->)", re.DOTALL)
_HTTP = re.compile(r"(<!-- routes -->\n).*?(<!-- /routes -->)", re.DOTALL)
_METHODS = re.compile(r"(<!-- methods -->\n).*?(<!-- /methods -->)", re.DOTALL)
_DIAGRAM = re.compile(r"(<!-- diagram -->\n```mermaid\n).*?(```\n<!-- /diagram -->)", re.DOTALL)


def generated() -> dict[str, str]:
    """Each page with generated parts, as it should be."""
    lifecycle = (DOCS / "lifecycle.md").read_text("utf-8")
    pieces = (DOCS / "pieces.md").read_text("utf-8")
    http = (DOCS / "http.md").read_text("utf-8")
    bridge = (DOCS / "jsonrpc.md").read_text("utf-8")
    return {
        "../adapters/editors/vscode/src/protocol.ts": types(description()),
        "openrpc.json": f"{json.dumps(description(), indent=1)}\n",
        "jsonrpc.md": _METHODS.sub(lambda found: f"{found[1]}{_methods()}{found[2]}", bridge),
        "cli.md": command_line.reference(),
        "python.md": python.reference(),
        "http.md": _HTTP.sub(lambda found: f"{found[1]}{_routes()}{found[2]}", http),
        "lifecycle.md": _DIAGRAM.sub(lambda found: f"{found[1]}{mermaid()}{found[2]}", lifecycle),
        "pieces.md": _CLIENTS.sub(lambda found: f"{found[1]}{_clients()}{found[2]}", pieces),
    }


def stale() -> list[str]:
    """The pages that are not as they should be."""
    return [name for name, text in generated().items() if not _is(DOCS / name, text)]


def main(check: bool) -> int:
    """Write, or compare; an exit code."""
    for name in stale():
        if check:
            print(f"docs/{name} is stale; `make docs` writes it.", file=sys.stderr)
            return 1
        (DOCS / name).write_text(generated()[name], "utf-8")
        print(f"docs/{name}")
    return 0


def _methods() -> str:
    """Every method of the bridge with its params; then what is sent, and the errors."""
    document = description()
    parts = ["| request | what it does | params | result |", "|---|---|---|---|"]
    for method in document["methods"]:
        if "result" in method:
            result = _result(method["result"]["schema"])
            parts.append(f"| `{method['name']}` | {method['summary']} | {_params(method)} | {result} |")
    for title, rows in (
        ("from the client", [one for one in document["methods"] if "result" not in one]),
        ("from the bridge", document["x-sent"]),
    ):
        parts += ["", f"| notification {title} | what it says | params |", "|---|---|---|"]
        parts += [f"| `{one['name']}` | {one['summary']} | {_params(one)} |" for one in rows]
    parts += ["", "| code | what it means |", "|---|---|"]
    parts += [
        f"| {error['code']} | {error['message']} |" for error in document["components"]["errors"].values()
    ]
    return "".join(f"{part}\n" for part in parts)


def _params(method: dict[str, Any]) -> str:
    return ", ".join(
        f"`{one['name']}`" if one["required"] else f"`{one['name']}?`" for one in method["params"]
    )


def _result(schema: dict[str, Any]) -> str:
    if "anyOf" in schema:
        return ", or ".join(map(_result, schema["anyOf"]))
    return str(schema["$ref"]).rpartition("/")[2] if "$ref" in schema else str(schema.get("type"))


def _routes() -> str:
    """Every route of the service, those of the Pieces contract first."""
    rows = ["| | method and path | what it does | answers |", "|---|---|---|---|"]
    for route in sorted(ROUTES, key=lambda route: route.number or 99):
        statuses = ", ".join(str(status) for status in route.statuses)
        called = f"`{route.method} {route.path}`"
        rows.append(f"| {route.number or ''} | {called} | {route.summary} | {statuses} |")
    return "".join(f"{row}\n" for row in rows)


def _clients() -> str:
    """What each client saw (tests/sdks/record.py): a row for each operation, and for what can befall it."""
    columns: dict[str, dict[str, str]] = json.loads((DOCS / "clients.json").read_text("utf-8"))
    paths = {str(route.number): f"`{route.method} {route.path}`" for route in ROUTES}
    rows = [["", "operation", *columns], ["---"] * (len(columns) + 2)]
    for situation in sorted({one for column in columns.values() for one in column}, key=_order):
        number, _, detail = situation.partition(", ")
        operation = ", ".join(part for part in (paths[number], detail) if part)
        rows.append([number, operation, *(column.get(situation, "") for column in columns.values())])
    return "".join(f"| {' | '.join(cells)} |\n" for cells in rows)


def _order(situation: str) -> tuple[int, str]:
    number, _, detail = situation.partition(", ")
    return int(number), detail


def _is(path: Path, text: str) -> bool:
    return path.exists() and path.read_text("utf-8") == text


if __name__ == "__main__":
    sys.exit(main("--check" in sys.argv[1:]))
