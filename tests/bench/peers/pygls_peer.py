"""A server of pygls' that does what the bridge's figures are compared with: greet, echo, tell.

Runs in an environment of its own.
"""

# mypy: disable-error-code="import-not-found,untyped-decorator"
# pyright: reportMissingImports=false

from typing import Any

from pygls.protocol import JsonRPCProtocol, default_converter
from pygls.server import JsonRPCServer

server = JsonRPCServer(JsonRPCProtocol, default_converter)


@server.feature("initialize")
def initialize(params: object) -> object:
    return {"protocolVersion": "1", "capabilities": {}}


@server.feature("echo")
def echo(params: object) -> object:
    return None


@server.feature("tell")
def tell(params: Any) -> None:
    for seq in range(params.times):
        server.protocol.notify("told", {"seq": seq})


server.start_io()
