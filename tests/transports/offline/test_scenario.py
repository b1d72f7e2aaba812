"""Scenarios as data: what is written, in Python, TOML or a URL, is what is read; the rest is refused."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reprieve.core.errors import InvalidRequest, Unsupported
from reprieve.core.operations import Operation
from reprieve.transports.offline.draws import stream
from reprieve.transports.offline.pace import Curve, labels, waits
from reprieve.transports.offline.parameters import Earlier, Phase, problem
from reprieve.transports.offline.scenario import Pace, Scenario

from .scenarios import ANY


@given(ANY)
def test_a_url_says_the_same_scenario(scenario: Scenario) -> None:
    assert scenario == Scenario.from_url(scenario.url())


@given(scenario=ANY)
def test_a_toml_file_says_the_same_scenario(
    tmp_path_factory: pytest.TempPathFactory, scenario: Scenario
) -> None:
    path = tmp_path_factory.mktemp("scenario") / "scenario.toml"
    path.write_text(scenario.toml(), "utf-8", newline="")

    assert scenario == Scenario.from_toml(path)


@given(ANY)
def test_its_parameters_say_the_same_scenario(scenario: Scenario) -> None:
    assert scenario == Scenario.of(scenario.parameters())


def test_a_url_in_words() -> None:
    url = (
        "offline:?seed=7&fail_at=0.4&fail=temporary&latency=0.05&jitter=0.02&clock=real&speed=10"
        "&phases=read:1,store:9&backups=2&curve=bursts&reconnect=no&without=revert,assets"
    )

    assert Scenario(
        seed=7,
        fail_at=0.4,
        fail="temporary",
        latency=0.05,
        jitter=0.02,
        clock=Pace.REAL,
        speed=10.0,
        phases=(Phase("read", 1.0), Phase("store", 9.0)),
        backups=(Earlier(2.0, 64_000_000), Earlier(1.0, 64_000_000)),
        curve=Curve.BURSTS,
        reconnect=False,
        without=(Operation.REVERT, Operation.ASSETS),
    ) == Scenario.from_url(url)


def test_a_url_may_name_a_file_and_change_it(tmp_path: Path) -> None:
    path = tmp_path / "my scenario.toml"
    path.write_text('[scenario]\nseed = 3\nfail_at = 0.5\nfail = "storageFull"\nbackups = 1\n')

    scenario = Scenario.from_url(f"offline:{path}?fail_at=0.7")

    assert (3, 0.7, "storageFull", 1) == (
        scenario.seed,
        scenario.fail_at,
        scenario.fail,
        len(scenario.backups),
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("seed", "seven"),
        ("seed", 1.5),
        ("size", 0),
        ("size", True),
        ("rate", "inf"),
        ("rate", "nan"),
        ("rate", 0),
        ("ticks", 0),
        ("fail_at", 1.1),
        ("fail_at", -0.1),
        ("fail_at", ""),
        ("fail", "sometimes"),
        ("fail", "jobFailed"),
        ("refuse", "no"),
        ("curve", "wild"),
        ("reconnect", "perhaps"),
        ("latency", -1),
        ("phases", ""),
        ("phases", "read:0"),
        ("phases", "read:x"),
        ("phases", ()),
        ("backups", -1),
        ("backups", "1:x"),
        ("backups", "-1:5"),
        ("without", "fly"),
        ("clock", "sundial"),
        ("speed", 0),
        ("database", ""),
        ("replay", ""),
        ("times", -1),
    ],
)
def test_a_bad_value_is_refused_by_name(name: str, value: Any) -> None:
    with pytest.raises(InvalidRequest, match=f"'{name}'"):
        Scenario.of({name: value})


def test_a_bad_value_is_refused_in_python_too() -> None:
    with pytest.raises(InvalidRequest, match="'fail_at'"):
        Scenario(fail_at=2)
    with pytest.raises(InvalidRequest, match="'seed'"):
        Scenario(seed="7")  # type: ignore[arg-type]


@pytest.mark.parametrize("url", ["offline:?sede=7", "offline:?seed=7&fial=x"])
def test_an_unknown_parameter_is_refused_with_those_that_exist(url: str) -> None:
    with pytest.raises(InvalidRequest, match="seed, database, size"):
        Scenario.from_url(url)


def test_a_parameter_given_twice_is_refused() -> None:
    with pytest.raises(InvalidRequest, match="twice"):
        Scenario.from_url("offline:?seed=1&seed=2")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"seed = 1", "no table"),
        (b"[scenario", "not TOML"),
        (b"\xff", "not TOML"),
        (b"scenario = 3", "no table"),
    ],
)
def test_a_file_that_is_no_scenario_is_refused(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "scenario.toml"
    path.write_bytes(content)

    with pytest.raises(InvalidRequest, match=said):
        Scenario.from_toml(path)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidRequest, match="cannot be read"):
        Scenario.from_url(f"offline:{tmp_path / 'none.toml'}")


def test_what_it_is_without_is_unsupported() -> None:
    with pytest.raises(Unsupported, match="revert"):
        Scenario(without=(Operation.REVERT,)).need(Operation.REVERT)


@pytest.mark.parametrize(
    ("fault", "kind", "temporary"),
    [
        ("temporary", "unreachable", True),
        ("permanent", "storage", False),
        ("storageFull", "storageFull", False),
        ("locked", "locked", True),
    ],
)
def test_a_fault_is_an_error(fault: str, kind: str, temporary: bool) -> None:
    error = problem(fault, "Said.")

    assert (kind, temporary, "Said.") == (error.kind, error.temporary, str(error.error()))


@given(st.sampled_from(Curve), st.integers(1, 300), st.floats(0, 1e6), st.integers())
def test_the_waits_add_up_to_the_duration(curve: Curve, ticks: int, duration: float, seed: int) -> None:
    pauses = waits(curve, ticks, duration, stream(seed))

    assert ticks == len(pauses)
    assert min(pauses) >= 0
    assert duration == pytest.approx(sum(pauses))


def test_phases_share_the_work_by_weight() -> None:
    assert ["a", "a", "b", "b", "b", "b", "b", "b", "b", "c"] == labels([("a", 2), ("b", 7), ("c", 1)], 10)
    assert ["b"] == labels([("a", 1), ("b", 1)], 1)
