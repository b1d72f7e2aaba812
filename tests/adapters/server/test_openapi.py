"""The service's description, and the service held to it by a program that we did not write (schemathesis)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
)

from reprieve.adapters.server.app import ROUTES
from reprieve.adapters.server.openapi import description
from reprieve.adapters.server.reference import page
from reprieve.core.operations import OPERATIONS, Caller

from ...support.services import Service, serving
from .conftest import Serve

ENDLESS = "/v1/events"
"""It never ends by itself, so whoever waits for its end waits for ever (test_v1.py tries it)."""

SCHEMA = schemathesis.openapi.from_dict(description(ROUTES)).exclude(path=ENDLESS)

BRIEF = settings(
    max_examples=6,
    stateful_step_count=6,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)


def no_trouble(context: Any, response: Any, case: Any) -> None:
    """The scenario's jobs all complete, so only a cancel can answer 500: there is nothing to cancel."""
    if response.status_code >= 500:
        assert (500, "cancel") == (response.status_code, case.path.rpartition("/")[2]), response.text


REQUEST_IS_WRONG = {400, 401, 403, 405, 408, 413, 415, 421, 431}
"""What `default` stands for, as long as the service is not stopping: schemathesis takes it for any status."""

STATUSES = {(route.method, route.path): {*route.statuses, *REQUEST_IS_WRONG} for route in ROUTES}


def status_is_named(context: Any, response: Any, case: Any) -> None:
    """The route says that it may answer so, or the request is wrong as any may be."""
    known = STATUSES[case.operation.method.upper(), case.operation.path]
    assert response.status_code in known, f"{response.status_code} {response.text}"


CHECKS = [
    no_trouble,
    status_is_named,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A real `reprieve serve` over a simulated library whose jobs take milliseconds."""
    with serving(tmp_path_factory.mktemp("service"), "offline:?speed=1000&ticks=4&backups=2") as service:
        yield service


@SCHEMA.parametrize()
@BRIEF
def test_every_operation_answers_as_it_is_described(case: Any, running: Service) -> None:
    case.call_and_validate(**_call(running), checks=CHECKS)


def test_whatever_follows_from_an_answer_answers_as_it_is_described(running: Service) -> None:
    class Walk(SCHEMA.as_state_machine()):  # type: ignore[misc]  # made by schemathesis
        def get_call_kwargs(self, case: Any) -> dict[str, Any]:
            return _call(running)

        def validate_response(
            self, response: Any, case: Any, additional_checks: Any = None, **_: Any
        ) -> None:
            case.validate_response(response, checks=CHECKS)

    Walk.run(settings=BRIEF)


def test_every_document_has_an_example() -> None:
    for path in description(ROUTES)["paths"].values():
        for operation in path.values():
            parts = (operation.get("requestBody", {}), *operation["responses"].values())
            documents = [part["content"]["application/json"] for part in parts if _has_document(part)]
            assert [True] * len(documents) == ["example" in document for document in documents]


def _has_document(part: Any) -> bool:
    return "application/json" in part.get("content", {}) and "$ref" in str(part)


def test_what_is_the_owners_says_so() -> None:
    paths = description(ROUTES)["paths"]

    owners = {spec.operation for spec in OPERATIONS if spec.caller is Caller.OWNER}
    for route in ROUTES:
        needed = paths[route.path][route.method.lower()]["security"]
        assert ([{"owner": []}] == needed) is (route.operation in owners)


async def test_the_description_and_its_page_are_served_and_ask_nobody_else(serve: Serve) -> None:
    service = await serve()

    described = await service.get("/openapi.json")
    shown = await service.get("/reference")
    style = await service.get("/reference.css")

    assert description(ROUTES) == described.document
    assert page(described.document) == shown.text
    assert ("text/html; charset=utf-8", "text/css; charset=utf-8") == (shown.type, style.type)
    assert ["/openapi.json", "/reference.css"] == sorted(
        link for link in _links(shown.text) if not link.startswith("#")
    )
    assert "http" not in style.text


def _links(html: str) -> set[str]:
    return {part.partition('"')[0] for part in html.replace('src="', 'href="').split('href="')[1:]}


def _call(service: Service) -> dict[str, Any]:
    headers = {"Authorization": f"Bearer {service.token}"}
    return {"base_url": service.ready["address"].rstrip("/"), "headers": headers, "timeout": 60}
