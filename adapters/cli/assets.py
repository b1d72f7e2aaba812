"""`reprieve assets`: whole JSON documents, kept by id and version beside the backups."""

from __future__ import annotations

import json
import sys
from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from reprieve.core.errors import InvalidRequest
from reprieve.core.job import AssetVersion

from ..wire import on_wire
from . import words
from .opening import is_service, place_of, service_of
from .output import Output
from .parser import Commands
from .screen import columns

STDIN = "-"


def add_to(commands: Commands) -> None:
    """Join the command line."""
    group = commands.group(
        "assets", "JSON documents, kept whole by id and version.", example="reprieve assets keep snippet.json"
    )
    parser = group.add(
        "keep",
        keep,
        "Keep each document (or each of a list) as its next version.",
        more="A document is a JSON object with an `id` that is a string.",
        example="reprieve assets keep snippets/*.json",
    )
    parser.add_argument("files", metavar="FILE", nargs="+", help="a JSON file; - is standard input")
    group.add("list", list_assets, "List the newest version of each.", example="reprieve assets list")
    parser = group.add(
        "get", get, "Print one document.", example="reprieve assets get 7f3a --version 2 > old.json"
    )
    parser.add_argument("asset", metavar="ID", help="the document's id")
    parser.add_argument("--version", metavar="N", type=int, help="an older version (by default the newest)")
    parser = group.add(
        "history", history, "List every version of one document.", example="reprieve assets history 7f3a"
    )
    parser.add_argument("asset", metavar="ID", help="the document's id")


async def keep(asked: Namespace, output: Output) -> None:
    """Read all the files, then keep their documents; a bad file keeps none."""
    documents = [document for file in asked.files for document in documents_in(file)]
    kept: Sequence[AssetVersion]
    if is_service(asked.store):
        async with service_of(asked) as service:
            kept = await service.backup_assets(documents)
    else:
        kept = place_of(asked).repository_or_new().keep_assets(documents)
    said = f"Kept {words.counted(len(kept), 'document')}."
    output.result({"assets": [on_wire(version) for version in kept]}, lambda: said)


async def list_assets(asked: Namespace, output: Output) -> None:
    """The newest version of each."""
    found: Sequence[AssetVersion]
    if is_service(asked.store):
        async with service_of(asked) as service:
            found = await service.assets()
    else:
        place = place_of(asked)
        found = () if place.is_empty() else place.repository().assets()
    output.result({"assets": [on_wire(version) for version in found]}, lambda: _listed(found))


async def get(asked: Namespace, output: Output) -> None:
    """One document, whole."""
    if is_service(asked.store):
        async with service_of(asked) as service:
            document = await service.asset(asked.asset, asked.version)
    else:
        document = place_of(asked).repository().asset(asked.asset, asked.version)
    said = json.dumps(document, indent=2, ensure_ascii=False)
    output.result({"asset": document}, lambda: said, verbatim=True)


async def history(asked: Namespace, output: Output) -> None:
    """Every version of one."""
    found: Sequence[AssetVersion]
    if is_service(asked.store):
        async with service_of(asked) as service:
            found = await service.asset_history(asked.asset)
    else:
        found = place_of(asked).repository().asset_history(asked.asset)
    output.result({"assets": [on_wire(version) for version in found]}, lambda: _listed(found))


def documents_in(path: str) -> list[dict[str, Any]]:
    """The documents in a file, or in standard input (`-`): an object, or a list. Raises InvalidRequest."""
    name = "Standard input" if path == STDIN else path
    try:
        said = json.loads(sys.stdin.buffer.read() if path == STDIN else Path(path).read_bytes())
    except OSError as error:
        raise InvalidRequest(f"{name} cannot be read: {error.strerror}. Nothing was kept.") from error
    except ValueError as error:
        raise InvalidRequest(f"{name} is not JSON: {error}. Nothing was kept.") from error
    documents = said if isinstance(said, list) else [said]
    for document in documents:
        if not isinstance(document, dict) or not isinstance(document.get("id"), str):
            raise InvalidRequest(
                f"{name} holds something that is no object with an `id` that is a string. Nothing was kept."
            )
    return documents


def _listed(found: Sequence[AssetVersion]) -> str:
    if not found:
        return "There are no documents yet. `reprieve assets keep FILE` keeps the first."
    return words.table(
        ("ID", "VERSION", "KEPT", "SIZE", "NAME"),
        (
            (
                version.id,
                str(version.version),
                words.moment(version.created),
                words.size(version.bytes),
                version.name or "",
            )
            for version in found
        ),
        room=columns(),
    )
