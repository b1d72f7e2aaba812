"""Which folders the processes of this program import from: never the current one, nor that of a script.

Python puts the current folder (`python -m`, `-c`) or the script's folder first on sys.path, and an empty
entry of PYTHONPATH means the current folder too: a `json.py` in it would run in place of the standard
library's. Imports next to nothing, because it runs before everything else.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    Identity = tuple[int, int]

_PACKAGE = __name__.partition(".")[0]


def package_root() -> str | None:
    """The folder or archive that has this copy of the package; None where an import hook found it."""
    package = os.path.dirname(sys.modules[_PACKAGE].__file__ or "")
    here = os.path.dirname(os.path.dirname(os.path.dirname(__file__)))
    return os.path.dirname(package) if package == here else None


def restrict_path() -> None:
    """Take the current folder and the script's off sys.path, for the rest of this process."""
    sys.path[:] = _trusted(sys.path)
    root = package_root()
    if root and root not in sys.path:
        sys.path.append(root)


def handed_down() -> list[str]:
    """Where a child imports from, after its standard library: where this package is, then the rest."""
    root = package_root()
    others = (os.path.abspath(entry) for entry in _trusted(sys.path) if os.path.exists(entry))
    return list(dict.fromkeys([*([root] if root else []), *others]))


def _trusted(entries: Iterable[str]) -> list[str]:
    """Those that are neither the current folder nor the script's, unless packages are installed there."""
    untrusted = {_identity(folder) for folder in _untrusted_folders()} - {None}
    return [entry for entry in entries if _identity(entry) not in untrusted or entry in _libraries()]


def _untrusted_folders() -> Iterable[str]:
    yield os.curdir
    main = sys.modules.get("__main__")
    script = getattr(main, "__file__", None)
    if script and getattr(main, "__spec__", None) is None:  # a module (`-m`) was not found by its folder
        yield os.path.dirname(script)
        yield os.path.dirname(os.path.realpath(script))


def _identity(folder: str) -> Identity | None:
    """What a folder is whatever it is called; None where there is none."""
    try:
        status = os.stat(folder or os.curdir)
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _libraries() -> Iterable[str]:
    """The interpreter's own folders of installed packages: one may stand in them."""
    site = sys.modules.get("site")
    if site is None or sys.flags.no_site:
        return ()
    return (*site.getsitepackages(), site.getusersitepackages())
