"""A folder that somebody else made: modules that bear the names of those that we import, and leave a mark."""

from __future__ import annotations

from pathlib import Path

NAMES = (
    *("json", "token", "queue", "struct", "typing", "signal", "sitecustomize", "usercustomize"),
    *("apsw", "attrs", "blake3", "cryptography", "reprieve"),
)
"""Of the standard library, of what Python looks for by itself, of what we depend on, and ours."""

_MODULE = "import sys\nopen({mark!r}, 'a').write(__name__ + ' in ' + repr(sys.orig_argv) + '\\n')\n"


class HostileFolder:
    """Such a folder, and the mark that its modules leave beside it once one of them was run."""

    def __init__(self, path: Path, names: tuple[str, ...] = NAMES) -> None:
        self.path = path
        self._mark = path.with_name(f"{path.name}.mark")
        path.mkdir()
        for name in names:
            (path / f"{name}.py").write_text(_MODULE.format(mark=str(self._mark)))

    @property
    def ran(self) -> str:
        """Which modules were run, and by which processes; empty where none was."""
        return self._mark.read_text() if self._mark.exists() else ""
