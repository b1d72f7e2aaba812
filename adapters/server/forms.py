"""In which form a client hears how a job goes: one document at the end, or one for each step.

Generated clients read the whole body and parse one object, and send `Accept: */*` or a list; so a stream of
documents is for those alone that name its type. Knows HTTP's Accept header, and no job.
"""

from __future__ import annotations

from collections.abc import Callable

import attrs
from aiohttp import web

from .answers import JSON


@attrs.frozen
class Form:
    """`steps`: whether each step is told, or only the end. `frame` and `alive` are given the newest document:
    what it looks like when it is new, and what says meanwhile that the service lives."""

    content_type: str
    steps: bool
    frame: Callable[[str], bytes]
    alive: Callable[[str], bytes]


WHOLE = Form(JSON, False, lambda said: said.encode(), lambda said: b"\n")

_NDJSON = Form(
    "application/x-ndjson",
    True,
    lambda said: f"{said}\n".encode(),
    lambda said: f"{said}\n".encode(),  # not every reader takes an empty line
)

EVENTS = Form(
    "text/event-stream",
    True,
    lambda said: f"data: {said}\n\n".encode(),
    lambda said: b":\n\n",
)

STEPS = {form.content_type: form for form in (_NDJSON, EVENTS)}
"""The forms that tell each step, by the type that a client has to name."""


def form_for(request: web.Request) -> Form:
    """The first streaming type that `Accept` names; one whole document otherwise."""
    for accepted in ",".join(request.headers.getall("Accept", ())).split(","):
        name, *parameters = (part.strip().lower() for part in accepted.split(";"))
        if name in STEPS and not {"q=0", "q=0.0", "q=0.00", "q=0.000"}.intersection(parameters):
            return STEPS[name]
    return WHOLE
