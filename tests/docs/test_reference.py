"""What is generated is current, and every public name is in the reference."""

import inspect

import reprieve
from docs.generate import generated
from reprieve.reference import SECTIONS

from .pages import ROOT, Page


def test_what_is_generated_is_as_the_program_is() -> None:
    current = {name: (ROOT / "docs" / name).read_text("utf-8") for name in generated()}

    assert generated() == current


def test_every_public_name_is_in_the_reference() -> None:
    headings = {name for _, module, names in SECTIONS if module == "reprieve" for name in names}
    errors = {
        name
        for name in reprieve.__all__
        if inspect.isclass(found := getattr(reprieve, name)) and issubclass(found, reprieve.ReprieveError)
    }
    rows = Page("docs/python.md").text

    assert set(reprieve.__all__) == headings | errors
    assert set() == {name for name in errors if f"| `{name}` |" not in rows}


def test_every_public_name_says_what_it_is() -> None:
    silent = [name for name in reprieve.__all__ if not inspect.getdoc(getattr(reprieve, name))]

    assert [] == silent
