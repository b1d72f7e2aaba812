"""The HTTP service: the Pieces Backup API over a library, for clients that we did not write.

from reprieve.adapters.server import create_app

async with reprieve.connect("snippets.db", long_lived=True) as library:
    aiohttp.web.run_app(create_app(library), host="127.0.0.1", port=39300)
"""

from .app import create_app
from .settings import Settings

__all__ = ["Settings", "create_app"]
