"""The page docs/python.md, written from the docstrings and signatures of what is public.

Knows how a class, a function and a value are shown, and in which order a reader wants them. `make docs` calls
it; a test holds the page to it, and every public name to the page.
"""

from __future__ import annotations

import ast
import inspect
import re
import textwrap
from collections.abc import Callable, Iterator
from enum import Enum
from importlib import import_module
from typing import Any

import attrs

from reprieve.core import errors

HEAD = """\
# Python reference

Written by `make docs` from the docstrings. Sizes are bytes, times UTC, durations seconds, percentages
0 to 100. The [tutorial](tutorial.md#from-python) shows how it is used.
"""

SECTIONS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("Connecting", "reprieve", ("connect", "connect_blocking")),
    ("A library", "reprieve", ("Library", "RunningJob")),
    ("The blocking twin", "reprieve", ("BlockingLibrary", "BlockingJob")),
    (
        "Values",
        "reprieve",
        (
            "Backup",
            "Job",
            "Progress",
            "UndoCopy",
            "AssetVersion",
            "Problem",
            "RetryPolicy",
            "JobKind",
            "JobState",
            "Outcome",
            "Operation",
            "ExitCode",
        ),
    ),
    ("For tests: scenarios", "reprieve.transports.offline.scenario", ("Scenario",)),
    ("For tests: time", "reprieve.transports.offline.virtual_time", ("VirtualClock",)),
    ("For tests: recording", "reprieve.transports.recording", ("RecordingTransport",)),
    ("For authors of transports: the port", "reprieve.core.ports", ("Transport",)),
    (
        "For authors of transports: the contract",
        "reprieve.transports.contract",
        ("TransportContract", "Setting"),
    ),
    ("For authors of transports: the registry", "reprieve.transports.registry", ("Opened",)),
)

ERRORS = """\
## Errors

Every exception is a `ReprieveError`. Its text is a sentence: what happened, to what, and what to do
next. `kind` is its name in the journal, in JSON and on every wire; `exit code` is what the command line
ends with.
"""


def reference() -> str:
    """The whole page."""
    sections = (_section(title, module, names) for title, module, names in SECTIONS)
    return "\n".join([HEAD, *sections, _errors()])


def _section(title: str, module: str, names: tuple[str, ...]) -> str:
    told = "" if module == "reprieve" else f"\nFrom `{module}`.\n"
    entries = (_entry(name, getattr(import_module(module), name)) for name in names)
    return "\n".join([f"## {title}\n{told}", *entries])


def _entry(name: str, value: Any) -> str:
    parts = [f"### {name}\n"]
    if not inspect.isclass(value):
        parts.append(_signature(value))
    parts.append(_doc(value))
    if inspect.isclass(value):
        parts += _of_class(value)
    return "\n".join(parts)


def _of_class(value: type) -> Iterator[str]:
    if issubclass(value, Enum):
        yield ", ".join(f"`{member.value}`" for member in value) + "\n"
        return
    if attrs.has(value):
        yield _fields(value)
    for name, method in vars(value).items():
        function = method.fget if isinstance(method, property) else getattr(method, "__func__", method)
        if inspect.isfunction(function) and not name.startswith("_") and inspect.getdoc(function):
            yield f"{_signature(function)}\n{_doc(function)}"


def _annotation(value: type, name: str) -> str:
    """As it is written: `field.type` is another once cattrs has resolved it."""
    return next(str(owner.__annotations__[name]) for owner in value.__mro__ if name in owner.__annotations__)


def _fields(value: type) -> str:
    rows = ["| field | type | default |", "|---|---|---|"]
    for field in attrs.fields(value):
        if field.init and not field.name.startswith("_"):
            rule = field.metadata.get("rule")
            said = _annotation(value, field.name)
            kind = rule.says if rule else f"`{said}`".replace("|", "\\|")
            rows.append(f"| `{field.name}` | {kind} | {_default(field)} |")
    return "\n".join(rows) + "\n"


def _default(field: attrs.Attribute[Any]) -> str:
    if field.default is attrs.NOTHING:
        return ""
    if isinstance(field.default, attrs.Factory):  # type: ignore[arg-type]  # a function for type checkers
        return "empty"
    if callable(field.default):
        return "a function that does nothing"
    rule = field.metadata.get("rule")
    return f"`{rule.write(field.default) if rule and field.default is not None else field.default}`"


def _signature(function: Callable[..., Any]) -> str:
    """As it stands in the source; `ast` says it the same in every version of Python."""
    defined = ast.parse(textwrap.dedent(inspect.getsource(function))).body[0]
    assert isinstance(defined, ast.FunctionDef | ast.AsyncFunctionDef)
    defined.body = [ast.Pass()]
    head = ast.unparse(defined).removesuffix(":\n    pass")
    head = re.sub(r"(: [^,()=]+)=", r"\1 = ", head)
    return f"```py\n{head}\n```\n"


def _doc(value: object) -> str:
    """A docstring as Markdown: what is laid out in columns stays as it is."""
    text = inspect.getdoc(value) or ""
    first, _, rest = text.partition("\n\n")
    if re.search(r"^`\w+`.*  ", rest, re.MULTILINE):
        return f"{first}\n\n```text\n{rest}\n```\n"
    return f"{text}\n"


def _errors() -> str:
    tree = textwrap.dedent((errors.__doc__ or "").split("\n\n")[1])
    rows = [
        f"| `{error.__name__}` | `{error.kind}` | {error.exit_code.value} | {inspect.getdoc(error)} |"
        for error in errors.BY_KIND.values()
    ]
    table = "\n".join(("| error | kind | exit code | meaning |", "|---|---|---|---|", *rows))
    return f"{ERRORS}\n```text\n{tree}\n```\n\n{table}\n"
