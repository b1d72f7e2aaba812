"""Algorithm A: one attempt at reading the raw pages beside SQLite, which holds them still.

The order is what makes it right: descriptors first, then the connection; the connection closed first, then
the descriptors.
"""

from __future__ import annotations

from ..image import Image
from . import rollback_mode, source, wal_mode
from .raw_files import RawFiles
from .request import Request


def read(request: Request) -> Image:
    """Send the image to the sink. Raises Moved if the attempt failed, Unusable if another would fail too."""
    with RawFiles(request.path, request.held) as files, source.connected(request) as connection:
        source.begin(connection)
        files.stop_if_replaced()
        read_pages = wal_mode.read if source.shape(connection).wal else rollback_mode.read
        return read_pages(request, files, connection)
