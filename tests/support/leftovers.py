"""O7 of the design's restore page: every file that should not be there once all is settled."""

from __future__ import annotations

from pathlib import Path


def leftovers(home: Path, database: Path) -> list[str]:
    """The names of stray files in `home` and beside `database`."""
    undo = home / "undo"
    kept = {path.stem for path in undo.glob("*.json")}
    stray = [path for folder in ("stage", "workers") for path in (home / folder).glob("*")]
    stray += [path for path in undo.glob("*") if path.stem not in kept or path.suffix not in (".db", ".json")]
    stray += database.parent.glob(".*.reprieve*")
    return sorted(f"{path.parent.name}/{path.name}" for path in stray)
