"""The page at /reference: the service's description (openapi.py) for people, without a script.

Knows the OpenAPI document, and HTML; nothing of routes.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from html import escape
from importlib.resources import files

from aiohttp import web

from ..schemas import Schema
from .openapi import description
from .routes import Route, routes_of

_HEAD = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title} {version}: reference</title>
<link rel="stylesheet" href="/reference.css">
</head>
<body>
<header>
<h1>{title} <small>{version}</small></h1>
<p>{description} <a href="/openapi.json">The same as OpenAPI.</a></p>
</header>
<main>
"""


def page(document: Schema) -> str:
    """An OpenAPI document as HTML."""
    info = {name: escape(str(document["info"][name])) for name in ("title", "version", "description")}
    shapes = document["components"]["schemas"]
    parts = [
        _HEAD.format(**info),
        *_operations(document["paths"]),
        "<h2>Shapes</h2>\n",
        *(_shape(name, shape) for name, shape in shapes.items()),
        "</main>\n</body>\n</html>\n",
    ]
    return "".join(parts)


def _operations(paths: Schema) -> Iterator[str]:
    tags: dict[str, list[str]] = {}
    for path, methods in paths.items():
        for method, operation in methods.items():
            tags.setdefault(operation["tags"][0], []).append(_operation(method, path, operation))
    for tag, operations in tags.items():
        yield f"<h2>{escape(tag)}</h2>\n"
        yield from operations


def _operation(method: str, path: str, operation: Schema) -> str:
    called = f"<b>{method.upper()}</b> <code>{escape(path)}</code>"
    parts = [
        f'<details id="{operation["operationId"]}">\n',
        f"<summary>{called} {escape(operation['summary'])}</summary>\n",
        f"<p>{escape(operation['description'])}</p>\n",
    ]
    if operation["security"] == [{"owner": []}]:
        parts.append("<p>This needs the owner's token.</p>\n")
    if operation["parameters"]:
        parts.append(_table(("Parameter", "In", "Type"), map(_parameter, operation["parameters"])))
    for media, content in operation.get("requestBody", {}).get("content", {}).items():
        parts.append(f"<h3>Takes, if anything</h3>\n{_content(media, content)}")
    parts.append("<h3>Answers</h3>\n<dl>\n")
    parts += (_response(status, response) for status, response in operation["responses"].items())
    return "".join([*parts, "</dl>\n</details>\n"])


def _parameter(parameter: Schema) -> tuple[str, str, str]:
    return f"<code>{escape(parameter['name'])}</code>", parameter["in"], _type(parameter["schema"])


def _response(status: str, response: Schema) -> str:
    contents = response.get("content", {}) if status.startswith("2") else {}
    said = "".join(_content(media, content) for media, content in contents.items())
    return f"<dt>{status}</dt>\n<dd><p>{escape(response['description'])}</p>\n{said}</dd>\n"


def _content(media: str, content: Schema) -> str:
    said = f"<p><code>{media}</code>: {_type(content['schema'])}</p>\n"
    if "example" in content:
        said += f"<pre>{escape(json.dumps(content['example'], indent=2, ensure_ascii=False))}</pre>\n"
    return said


def _shape(name: str, shape: Schema) -> str:
    needed = shape.get("required", ())
    if "enum" in shape:
        said = f"<p>{', '.join(f'<code>{escape(value)}</code>' for value in shape['enum'])}</p>\n"
    else:
        rows = (
            (f"<code>{escape(field)}</code>", _type(kind), "always" if field in needed else "")
            for field, kind in shape["properties"].items()
        )
        said = _table(("Field", "Type", "There"), rows)
    about = escape(shape["description"])
    return f'<details id="{name}">\n<summary><code>{name}</code> {about}</summary>\n{said}</details>\n'


def _type(schema: Schema) -> str:
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f'<a href="#{name}">{name}</a>'
    if schema.get("type") == "array":
        return f"list of {_type(schema['items'])}"
    return escape(str(schema.get("format") or schema.get("type") or schema.get("description", "anything")))


def _table(head: tuple[str, ...], rows: Iterator[tuple[str, ...]]) -> str:
    first = "".join(f"<th>{cell}</th>" for cell in head)
    others = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>\n" for row in rows)
    return f"<table>\n<tr>{first}</tr>\n{others}</table>\n"


async def _reference(request: web.Request) -> web.StreamResponse:
    """This description, as a page."""
    return web.Response(text=page(description(routes_of(request.app))), content_type="text/html")


async def _style(request: web.Request) -> web.StreamResponse:
    """How the reference looks."""
    return web.Response(text=_css(), content_type="text/css")


@cache
def _css() -> str:
    return files("reprieve.adapters.server").joinpath("reference.css").read_text("utf-8")


ROUTES = (
    Route(
        method="GET",
        path="/reference",
        handler=_reference,
        summary="What the service takes and gives, for people",
        gives=str,
        media="text/html",
        public=True,
    ),
    Route(
        method="GET",
        path="/reference.css",
        handler=_style,
        summary="How the reference looks",
        gives=str,
        media="text/css",
        public=True,
    ),
)
