"""The lifecycle's table, written out a second time: all states by all triggers."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from reprieve.core.diagram import mermaid
from reprieve.core.errors import IllegalTransition, InvalidRequest
from reprieve.core.lifecycle import FINAL, OUTCOMES, TABLE, JobState, Outcome, Trigger, advance

# trigger: what follows idle, running, cancelling, done, failed ("" where the table has no row)
EXPECTED = {
    "start": ("running", "", "", "", ""),
    "progressed": ("", "running", "cancelling", "", ""),
    "cancel": ("done", "cancelling", "cancelling", "", ""),
    "cancelled": ("", "", "done", "", ""),
    "completed": ("", "done", "done", "", ""),
    "failed": ("", "failed", "failed", "", ""),
    "interrupted": ("", "idle", "cancelling", "", ""),
}
ROWS = [
    (trigger, source, target)
    for trigger, targets in EXPECTED.items()
    for source, target in zip(("idle", "running", "cancelling", "done", "failed"), targets, strict=True)
]
OUTCOME = {
    ("idle", "cancel"): Outcome.CANCELLED,
    ("cancelling", "cancelled"): Outcome.CANCELLED,
    ("running", "completed"): Outcome.COMPLETED,
    ("cancelling", "completed"): Outcome.COMPLETED,
}


def test_the_expectation_covers_every_state_and_trigger() -> None:
    expected = {(trigger, state) for trigger in Trigger for state in JobState}

    assert expected == {(trigger, source) for trigger, source, _ in ROWS}


@pytest.mark.parametrize(("trigger", "source", "target"), ROWS)
def test_each_state_and_trigger(trigger: str, source: str, target: str) -> None:
    """Plain strings and enums are taken alike; what has no row is illegal."""
    if target:
        assert target == advance(source, trigger)
        assert JobState(target) is advance(JobState(source), Trigger(trigger))
        assert OUTCOME.get((source, trigger)) == OUTCOMES[JobState(source), Trigger(trigger)]
    else:
        with pytest.raises(IllegalTransition, match=f"{source}.*'{trigger}'.*nothing was changed"):
            advance(source, trigger)


def test_the_table_has_no_row_beside_the_expected() -> None:
    expected = sorted((trigger, source, target) for trigger, source, target in ROWS if target)

    assert expected == sorted((row.trigger.value, row.source.value, row.target.value) for row in TABLE)


def test_final_states_are_those_that_nothing_leaves() -> None:
    leaving = {row.source for row in TABLE}

    assert {JobState.DONE, JobState.FAILED} == FINAL == {state for state in JobState if state.final}
    assert not leaving & FINAL


@pytest.mark.parametrize(("state", "trigger"), [("resting", "start"), ("idle", "go"), ("", "")])
def test_a_word_that_is_none_of_the_lifecycle_is_refused(state: str, trigger: str) -> None:
    with pytest.raises(InvalidRequest, match="no such word"):
        advance(state, trigger)


def test_the_page_shows_the_table_and_its_diagram() -> None:
    page = (Path(__file__).parents[2] / "docs" / "lifecycle.md").read_text(encoding="utf-8")
    shown = re.search(r"<!-- diagram -->\n```mermaid\n(.*?)```\n<!-- /diagram -->", page, re.DOTALL)
    rows = re.findall(r"^\| `(\w+)` \| `(\w+)` \| `(\w+)` \|", page, re.MULTILINE)

    assert shown is not None
    assert mermaid() == shown[1]
    assert [(row.trigger.value, row.source.value, row.target.value) for row in TABLE] == rows


def test_the_diagram_has_one_arrow_for_each_row() -> None:
    arrows = [line for line in mermaid().splitlines() if "-->" in line and "[*]" not in line]

    assert len(TABLE) == len(arrows)
