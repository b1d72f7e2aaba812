"""The JSON-RPC bridge: the operations for editor plugins, over stdio or a socket.

`serve` offers an opened library over two streams; `reprieve bridge` is the program. Importing this package
costs nothing: what is used is imported when it is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .serving import serve

__all__ = ["serve"]


def __getattr__(name: str) -> Any:
    if name == "serve":
        from .serving import serve

        return serve
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
