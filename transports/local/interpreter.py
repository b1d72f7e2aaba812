"""Which Python runs a child of this program, and how: with our modules, and without anybody else's.

An embedding program (Blender, uwsgi, what PyInstaller makes) has its own name in sys.executable, and must not
be started a second time. Imports next to nothing: the command line starts its worker before anything else.
"""

from __future__ import annotations

import os
import sys

from .import_path import handed_down, package_root

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

VARIABLE = "REPRIEVE_PYTHON"
"""The environment variable that names the interpreter, where this program is none and none is found."""

_NAMES = ("python", "pypy", "graalpy")


def find_interpreter() -> str | None:
    """The interpreter that VARIABLE names; or else this process's, or the one that it was embedded from."""
    named = os.environ.get(VARIABLE)
    candidates = iter([named]) if named else _candidates()
    return next(filter(_is_program, candidates), None)


def why_no_interpreter() -> str:
    """What to say where `find_interpreter` finds none."""
    version = f"Python {sys.version_info.major}.{sys.version_info.minor}"
    named = os.environ.get(VARIABLE)
    if named:
        return f"{VARIABLE} names {named}, which is no program; set it to the whole path of a {version}."
    return (
        f"The program that embeds reprieve ({sys.executable or 'it has no name'}) is no Python interpreter, "
        f"and there is none in {sys.exec_prefix}; set {VARIABLE} to the whole path of a {version}."
    )


def python_command(interpreter: str, code: str) -> tuple[str, ...]:
    """What runs `code` with this program's modules, behind the standard library. See `child_environment`."""
    paths = ascii(handed_down())  # escaped, so that names which are no UTF-8 survive
    path = f"import sys; sys.path += [entry for entry in {paths} if entry not in sys.path]"
    return (interpreter, *_options(), "-c", f"{path}\n{code}")


def child_environment() -> dict[str, str]:
    """The environment without PYTHONPATH: what it named, if this process heeds it, `python_command` names."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}


def isolation_options() -> tuple[str, ...]:
    """-P, and what this interpreter is to ignore, for a child that finds installed packages itself."""
    if sys.flags.isolated:
        return ("-I",)
    given = (("-E", sys.flags.ignore_environment), ("-s", sys.flags.no_user_site), ("-S", sys.flags.no_site))
    return ("-P", *(option for option, is_given in given if is_given))


def _options() -> Iterator[str]:
    """Without `site`, unless only a hook of its can find this package: a child needs no more than is handed
    down, and no sitecustomize.
    """
    yield from isolation_options()
    if package_root():
        yield "-S"
    if sys.dont_write_bytecode:
        yield "-B"
    if sys.flags.optimize:
        yield "-" + "O" * sys.flags.optimize
    if sys.pycache_prefix:
        yield from ("-X", f"pycache_prefix={sys.pycache_prefix}")
    yield from ("-X", f"utf8={sys.flags.utf8_mode}")


def _candidates() -> Iterator[str]:
    for executable in (sys.executable, getattr(sys, "_base_executable", None)):
        if executable and os.path.basename(executable).lower().lstrip(".").startswith(_NAMES):
            yield executable
    version = f"{sys.version_info.major}.{sys.version_info.minor}{getattr(sys, 'abiflags', '')}"
    name = "python.exe" if sys.platform == "win32" else os.path.join("bin", f"python{version}")
    for prefix in (sys.exec_prefix, sys.base_exec_prefix):
        yield os.path.join(prefix, name)


def _is_program(path: str) -> bool:
    return os.path.isabs(path) and os.path.isfile(path) and os.access(path, os.X_OK)
