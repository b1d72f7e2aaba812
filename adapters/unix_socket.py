"""A listening unix socket for this user alone, at a path of which nothing is taken away that is somebody's.

Knows sockets and files; nothing of who speaks over it.
"""

from __future__ import annotations

import os
import socket
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from reprieve.core.errors import Conflict, InvalidRequest, StorageError

if sys.platform == "win32":

    @contextmanager
    def unix_socket(path: Path) -> Iterator[socket.socket]:
        """There are none."""
        raise InvalidRequest("There are no unix sockets here; use another way in.")
        yield

else:

    @contextmanager
    def unix_socket(path: Path) -> Iterator[socket.socket]:
        """A listening socket at `path`, for this user alone; what is no socket there stays."""
        _remove_stale(path)
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            mask = os.umask(0o177)  # a mode that is set later would leave a moment in which others connect
            try:
                sock.bind(str(path))
            finally:
                os.umask(mask)
            made = path.lstat()
            sock.listen(128)
        except OSError as error:
            sock.close()
            raise InvalidRequest(f"Nobody can listen on {path}: {error.strerror or error}.") from error
        try:
            yield sock
        finally:
            sock.close()
            _remove(path, made)

    def _remove_stale(path: Path) -> None:
        """Remove a socket that nobody listens on. Raises Conflict for any other thing at `path`."""
        try:
            found = path.lstat()
        except FileNotFoundError:
            return
        except OSError as error:
            raise StorageError(f"{path} cannot be looked at: {error.strerror}.") from error
        if not stat.S_ISSOCK(found.st_mode):
            raise Conflict(f"{path} is there, and no socket; it was left as it is. Name another path.")
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
            try:
                probe.connect(str(path))
            except ConnectionRefusedError:
                _remove(path, found)
                return
            except OSError as error:
                raise Conflict(f"{path} is a socket that cannot be tried ({error.strerror}).") from error
        raise Conflict(f"Another service listens on {path}; end it, or name another path.")

    def _remove(path: Path, meant: os.stat_result) -> None:
        """Remove the socket that was meant, and nothing that took its place."""
        try:
            if os.path.samestat(path.lstat(), meant):
                path.unlink()
        except FileNotFoundError:
            return
