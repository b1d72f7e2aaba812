"""The clients as the tests' parameters, each with what it needs to be here."""

from __future__ import annotations

import pytest

from tests.sdks.environments import CLIENTS, CURL_CLIENT, PYTHON_CLIENTS, TYPESCRIPT_CLIENT, Client

PYTHON_3, PYTHON_4, PYTHON_5 = PYTHON_CLIENTS

PARTS = {TYPESCRIPT_CLIENT: "node sdk", CURL_CLIENT: "curl"}

every_client = pytest.mark.parametrize(
    "client",
    [
        pytest.param(client, id=client.name, marks=pytest.mark.needs(PARTS.get(client, "sdks")))
        for client in CLIENTS
    ],
)


def another(client: Client) -> Client:
    """A client that is another one (and needs the part `sdks`)."""
    return PYTHON_5 if client is not PYTHON_5 else PYTHON_4
