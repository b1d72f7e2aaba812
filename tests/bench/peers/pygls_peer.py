"""A server of pygls' that does what the bridge's figures are compared with: greet, echo, tell.

Runs in an environment of its own.
"""

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
def tell(params: object) -> None:
    for seq in range(params.times):  # type: ignore[attr-defined]
        server.protocol.notify("told", {"seq": seq})


server.start_io()
