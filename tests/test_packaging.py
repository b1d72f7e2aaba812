"""What is packed is what is there, and what was packed runs by itself."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tomllib
import venv
import zipfile
from pathlib import Path

from reprieve.core import VERSION

ROOT = Path(__file__).parents[1]
FOLDERS = {"core": "reprieve.core", "transports": "reprieve.transports", "adapters": "reprieve.adapters"}
PAGE = ROOT / "adapters/server/page"
FACADE = "reprieve.adapters.python"
"""The one folder that is packed under another name: it is `reprieve` itself."""


def project() -> dict[str, object]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text())


def package_of(folder: Path) -> str:
    top, *inner = folder.relative_to(ROOT).parts
    name = ".".join((FOLDERS[top], *inner))
    return "reprieve" if name == FACADE else name


def test_every_folder_of_code_is_a_package_that_is_packed() -> None:
    folders = {file.parent for top in FOLDERS for file in (ROOT / top).rglob("*.py")}
    listed = project()["tool"]["setuptools"]["packages"]  # type: ignore[index]

    assert sorted(package_of(folder) for folder in folders) == sorted(listed)


def test_the_version_is_the_same_everywhere() -> None:
    assert VERSION == project()["project"]["version"]  # type: ignore[index]


def test_the_wheel_runs_where_nothing_else_is(tmp_path: Path) -> None:
    """Built, unpacked into an empty environment beside its dependencies, and used."""
    source = tmp_path / "source"
    for name in FOLDERS:
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    build = [
        sys.executable,
        "-m",
        "build",
        "-q",
        "--wheel",
        "--no-isolation",
        "-o",
        str(tmp_path),
        str(source),
    ]
    subprocess.run(build, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    page = {f"reprieve/adapters/server/page/{file.name}" for file in PAGE.iterdir()}
    with zipfile.ZipFile(wheel) as packed:
        assert set() == page - set(packed.namelist())
    venv.create(tmp_path / "env", with_pip=False)
    python = tmp_path / "env" / ("Scripts" if sys.platform == "win32" else "bin") / "python"
    dependencies = [path for path in sys.path if path.endswith("site-packages")]
    code = (
        f"import sys; sys.path[:0] = [{str(wheel)!r}]; sys.path += {dependencies!r}\n"
        "import reprieve\n"
        "with reprieve.connect_blocking('offline:?seed=1') as library:\n"
        "    print(library.create_backup().result().database, reprieve.__file__)\n"
    )
    said = subprocess.run(
        [python, "-I", "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path, timeout=120
    )

    assert f"offline {wheel / 'reprieve' / '__init__.py'}" == said.stdout.strip()
