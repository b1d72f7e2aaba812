"""From a path or a URL to a transport: the table, its limits, and the door for other packages."""

from importlib.metadata import EntryPoint, EntryPoints
from typing import Any

import pytest

from reprieve.core.errors import InvalidRequest, Unsupported
from reprieve.transports.clock import RealClock
from reprieve.transports.offline.scenario import Pace, Scenario
from reprieve.transports.offline.virtual_time import VirtualClock
from reprieve.transports.registry import Opened, open_target, scheme_of


@pytest.mark.parametrize(
    ("target", "scheme"),
    [
        ("snippets.db", "file"),
        ("/var/lib/a:b.db", "file"),
        (r"C:\Users\me\snippets.db", "file"),
        ("c:/snippets.db", "file"),
        ("./odd:name", "file"),
        ("file:///tmp/x.db", "file"),
        ("offline:?seed=7", "offline"),
        ("OFFLINE:", "offline"),
        ("https://example.org", "https"),
    ],
)
def test_the_scheme_of_a_target(target: str, scheme: str) -> None:
    assert scheme == scheme_of(target)


def test_offline_opens_with_all_that_belongs_to_it() -> None:
    opened = open_target("offline:?seed=7&database=mine", store=None)

    assert "mine" == opened.transport.database
    assert isinstance(opened.clock, VirtualClock)
    assert not opened.journal.shared


def test_offline_in_real_time() -> None:
    opened = open_target("offline:?clock=real&speed=10")

    assert RealClock(10.0).speed == opened.clock.speed  # type: ignore[attr-defined]


def test_offline_on_a_scenario_and_a_clock_of_yours() -> None:
    clock = VirtualClock()

    opened = open_target("offline:", scenario=Scenario(database="mine", clock=Pace.REAL), clock=clock)

    assert ("mine", clock) == (opened.transport.database, opened.clock)


@pytest.mark.parametrize(
    ("target", "options"),
    [
        ("offline:?sede=7", {}),
        ("offline:", {"store": "/backups"}),
        ("offline:?seed=1", {"scenario": Scenario()}),
        ("offline:", {"clock": object()}),
        ("", {}),
    ],
)
def test_what_makes_no_sense_is_refused(target: str, options: dict[str, Any]) -> None:
    with pytest.raises(InvalidRequest):
        open_target(target, **options)


@pytest.mark.parametrize("target", ["gopher://hole", "ftp://example.org"])
def test_what_nobody_serves_is_unsupported(target: str) -> None:
    with pytest.raises(Unsupported, match=target.split(":")[0]):
        open_target(target)


def opened_elsewhere(target: str, **options: Any) -> Opened:
    return open_target("offline:?database=elsewhere")


def test_another_package_may_join(monkeypatch: pytest.MonkeyPatch) -> None:
    entry = EntryPoint("elsewhere", f"{__name__}:opened_elsewhere", "reprieve.transports")
    monkeypatch.setattr(
        "importlib.metadata.entry_points",
        lambda **sought: EntryPoints([entry]).select(**sought),
        raising=True,
    )

    assert "elsewhere" == open_target("elsewhere://host").transport.database
