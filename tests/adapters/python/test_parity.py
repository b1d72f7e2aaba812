"""The Python API offers every operation of the one table, in both forms, and says what is public."""

from __future__ import annotations

import inspect
import subprocess
import sys

import pytest

import reprieve
from reprieve import BlockingJob, BlockingLibrary, Library, RunningJob
from reprieve.core import errors
from reprieve.core.operations import OPERATIONS, SPECS, Operation, Spec


def parameters(method: object) -> list[inspect.Parameter]:
    found = inspect.signature(method).parameters.values()  # type: ignore[arg-type]
    return [parameter for parameter in found if parameter.name != "self"]


def test_the_table_has_every_operation_once() -> None:
    assert list(Operation) == [spec.operation for spec in OPERATIONS]
    assert set(Operation) == set(SPECS)


@pytest.mark.parametrize("spec", OPERATIONS, ids=lambda spec: spec.operation)
def test_every_operation_is_a_method_with_the_parameters_of_the_table(spec: Spec) -> None:
    for form in (Library, BlockingLibrary):
        named = [p.name for p in parameters(getattr(form, spec.operation)) if p.kind is not p.VAR_KEYWORD]
        assert list(spec.takes) == named


@pytest.mark.parametrize("spec", OPERATIONS, ids=lambda spec: spec.operation)
def test_both_forms_take_the_same_and_give_the_same(spec: Spec) -> None:
    form, twin = getattr(Library, spec.operation), getattr(BlockingLibrary, spec.operation)
    gives = inspect.signature(form).return_annotation
    twin_gives = inspect.signature(twin).return_annotation

    assert parameters(form) == parameters(twin)
    blocking = spec.gives.replace("RunningJob", "BlockingJob").replace("AsyncIterator", "Iterator")
    assert blocking == twin_gives
    assert spec.gives == gives.replace("AsyncGenerator", "AsyncIterator")
    assert spec.starts_job == ("RunningJob" in gives)


def public_methods(form: type) -> set[str]:
    return {name for name in vars(form) if not name.startswith("_")}


def test_the_twins_have_the_same_methods() -> None:
    assert public_methods(Library) == public_methods(BlockingLibrary)
    assert public_methods(RunningJob) - {"outcome"} == public_methods(BlockingJob) - {"result"}


def test_all_is_what_is_public() -> None:
    assert sorted(reprieve._HOME_OF) == sorted(reprieve.__all__)
    assert len(set(reprieve.__all__)) == len(reprieve.__all__)
    assert set(reprieve.__all__) <= set(dir(reprieve))


@pytest.mark.parametrize("name", reprieve.__all__)
def test_every_public_name_can_be_had_and_is_documented(name: str) -> None:
    value = getattr(reprieve, name)

    assert inspect.getdoc(value)
    for member, method in inspect.getmembers(value):
        if not member.startswith("_") and inspect.isfunction(method):
            assert inspect.getdoc(method), f"{name}.{member} has no docstring"


def test_every_error_is_public() -> None:
    assert {error.__name__ for error in errors.BY_KIND.values()} <= set(reprieve.__all__)


def test_every_kind_of_error_is_one_class() -> None:
    classes = []

    def walk(root: type[errors.ReprieveError]) -> None:
        classes.append(root)
        for child in root.__subclasses__():
            walk(child)

    walk(errors.ReprieveError)
    package = [cls for cls in classes if cls.__module__ == errors.__name__]
    assert sorted(cls.kind for cls in package) == sorted(errors.BY_KIND)


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="'reprieve' has no attribute 'nonsense'"):
        _ = reprieve.nonsense


def test_importing_costs_nothing() -> None:
    """Only what Python itself has loaded, the package's one file, and the version."""
    heavy = "asyncio attrs aiohttp apsw blake3 cattrs cryptography logging rich sqlite3 transitions zstandard"
    code = (
        "import sys, reprieve\n"
        f"loaded = [name for name in {heavy.split()!r} if name in sys.modules]\n"
        "ours = [name for name in sys.modules if name.startswith('reprieve.')]\n"
        "print(loaded, ours)\n"
    )
    # -S: the environment's own .pth files (editable installs, coverage) import what they like.
    said = subprocess.run(
        [sys.executable, "-S", "-c", f"import sys; sys.path[:0] = {sys.path!r}\n{code}"],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )

    assert "[] ['reprieve.core']" == said.stdout.strip()
