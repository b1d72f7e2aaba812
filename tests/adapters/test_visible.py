"""The border that text for people passes: nothing that a terminal obeys gets through."""

from __future__ import annotations

import json
import logging
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from reprieve.adapters.log_lines import VisibleFormatter
from reprieve.adapters.visible import visible, visible_lines

OBEYED = {"Cc", "Cs", "Zl", "Zp"}
BIDI = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"


@given(st.text(st.characters()))
@example("x\x1b]0;title\x07\x9b31m\r\n\u2028\u202e")
def test_nothing_is_left_that_a_terminal_obeys(text: str) -> None:
    shown = visible(text)

    assert [] == [one for one in shown if unicodedata.category(one) in OBEYED or one in BIDI]


@given(st.text(st.characters(exclude_categories=("C", "Zl", "Zp"))))
@example("日本語 Ünïcödé 👩\u200d💻 C:\\Users")
def test_ordinary_text_stays_as_it_is(text: str) -> None:
    assert text == visible(text)


@given(st.text(st.characters()))
def test_json_reads_the_same_after_it(text: str) -> None:
    read = json.loads(visible(json.dumps(text, ensure_ascii=False)))

    # Two halves side by side come back as the character that they are.
    assert text.encode("utf-16", "surrogatepass") == read.encode("utf-16", "surrogatepass")


def test_lines_of_our_own_stay_lines() -> None:
    assert "a\\x1b\nb" == visible_lines("a\x1b\nb")
    assert "a\\x1b\\nb" == visible("a\x1b\nb")


def test_once_visible_it_stays_as_it_is() -> None:
    assert visible("\x1b\u202e\n") == visible(visible("\x1b\u202e\n"))


@pytest.mark.parametrize("name", ["x\x1b[2K", "line\nERROR forged", "\u202egnp.exe"])
def test_a_log_line_is_one_visible_line(name: str) -> None:
    record = logging.LogRecord("reprieve", logging.WARNING, "", 0, "%s is left out", (name,), None)

    assert f"WARNING {visible(name)} is left out" == VisibleFormatter("%(levelname)s %(message)s").format(
        record
    )
