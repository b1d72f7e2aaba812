"""A Scenario: what an offline service is like and what goes wrong in it, as plain data.

It is written in Python, in a TOML file (a table `[scenario]`), or in a URL's query
(`offline:?seed=7&fail_at=0.4`, `offline:FILE.toml?seed=8`): the same parameters, checked by the same rules.
It knows nothing of how a scenario is played.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlencode

import attrs

from ...core.errors import InvalidRequest, Unsupported
from ...core.operations import Operation
from . import parameters as rules
from .pace import Curve
from .parameters import TEMPORARY, Earlier, Phase, Plain, parameter

SCHEME = "offline"


class Pace(StrEnum):
    """Which clock a scenario is played on: in no time, or for people who watch."""

    VIRTUAL = "virtual"
    REAL = "real"


@attrs.frozen(kw_only=True)
class Scenario:
    """What an offline service is like. Sizes are bytes, durations seconds, fractions 0 to 1 of the work.

    `seed`      decides everything that is left to chance; a run with the same seed repeats exactly.
    `database`  the name of the database; jobs on one name exclude each other.
    `size`, `rate`, `curve`, `ticks`, `phases`   the work: bytes, bytes a second, how the speed varies, how
                many progress events, and the names under which they come (`weight` is a phase's share).
    `fail_at`   the work fails there, as `fail` says: `temporary` (it may be tried again), `permanent`, or the
                kind of an error (`storageFull`). `fail_chance` is how likely a job is to meet it.
    `refuse`    the start is refused with this fault, before any event.
    `times`     how many attempts of each job meet `fail_at` and `refuse`; 0 is all of them.
    `hang_at`   the work stands still there until it is cancelled.
    `drop_at`   the connection is gone for `drop_for` seconds; then it is back and the job is where it would
                be; without `reconnect` nobody learns how the job ended.
    `cancel_delay`  a cancel is acknowledged that much later; `complete_despite_cancel` never;
                `refuse_cancel` is the fault with which asking for it is refused.
    `corrupt_on_restore`  a restoration finds its backup damaged, before it changes anything.
    `latency`, `jitter`   every call takes this long, and up to so much more.
    `backups`   what the catalogue holds at the beginning: a number, or one Earlier for each.
    `without`   operations that this service does not have.
    `replay`    a recording (reprieve.transports.recording) to play instead of simulated work.
    `clock`, `speed`   virtual time, or real time so many times as fast.
    """

    seed: int = parameter(0, rules.whole())
    database: str = parameter("offline", rules.text())
    size: int = parameter(64_000_000, rules.whole(1))
    rate: float = parameter(16e6, rules.number(above=True))
    curve: Curve = parameter(Curve.CONSTANT, rules.one_of(Curve))  # noqa: RUF009
    ticks: int = parameter(100, rules.whole(1))
    phases: tuple[Phase, ...] = parameter((Phase("reading", 3.0), Phase("storing", 7.0)), rules.phases())
    fail_at: float | None = parameter(None, rules.number(0, 1))
    fail: str = parameter(TEMPORARY, rules.fault())
    fail_chance: float = parameter(1.0, rules.number(0, 1))
    refuse: str | None = parameter(None, rules.fault())
    times: int = parameter(1, rules.whole(0))
    hang_at: float | None = parameter(None, rules.number(0, 1))
    drop_at: float | None = parameter(None, rules.number(0, 1))
    drop_for: float = parameter(5.0, rules.number())
    reconnect: bool = parameter(True, rules.flag())
    cancel_delay: float = parameter(0.0, rules.number())
    complete_despite_cancel: bool = parameter(False, rules.flag())
    refuse_cancel: str | None = parameter(None, rules.fault())
    corrupt_on_restore: bool = parameter(False, rules.flag())
    latency: float = parameter(0.0, rules.number())
    jitter: float = parameter(0.0, rules.number())
    backups: tuple[Earlier, ...] = parameter((), rules.earlier())
    without: tuple[Operation, ...] = parameter((), rules.operations())
    replay: str | None = parameter(None, rules.text())
    clock: Pace = parameter(Pace.VIRTUAL, rules.one_of(Pace))  # noqa: RUF009
    speed: float = parameter(1.0, rules.number(above=True))

    @classmethod
    def of(cls, parameters: Mapping[str, object]) -> Scenario:
        """The scenario that these parameters say, as text or as values. Raises InvalidRequest."""
        return cls().evolve(parameters)

    @classmethod
    def from_toml(cls, path: str | Path) -> Scenario:
        """The scenario that a TOML file says in its table `[scenario]`. Raises InvalidRequest."""
        try:
            content = tomllib.loads(Path(path).read_text("utf-8"))
        except OSError as error:
            raise InvalidRequest(f"The scenario file {path} cannot be read: {error.strerror}.") from error
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise InvalidRequest(f"The scenario file {path} is not TOML: {error}.") from error
        table = content.get("scenario")
        if not isinstance(table, dict):
            raise InvalidRequest(
                f"The scenario file {path} has no table [scenario]; put the parameters there."
            )
        return cls.of(table)

    @classmethod
    def from_url(cls, url: str) -> Scenario:
        """The scenario that `offline:`, `offline:?seed=7` or `offline:FILE.toml?seed=7` says.

        Raises InvalidRequest.
        """
        path, _, query = url.removeprefix(f"{SCHEME}:").partition("?")
        scenario = cls.from_toml(unquote(path)) if path.strip("/") else cls()
        given: dict[str, object] = {}
        for name, value in parse_qsl(query, keep_blank_values=True):
            if name in given:
                raise InvalidRequest(f"The scenario's parameter '{name}' is given twice; give it once.")
            given[name] = value
        return scenario.evolve(given)

    def evolve(self, parameters: Mapping[str, object]) -> Scenario:
        """This scenario with other parameters, as text or as values. Raises InvalidRequest."""
        known = attrs.fields_dict(Scenario)
        changes: dict[str, Any] = {}
        for name, value in parameters.items():
            if name not in known:
                raise InvalidRequest(f"A scenario has no parameter '{name}'; it has {', '.join(known)}.")
            changes[name] = rules.read(known[name], value)
        return attrs.evolve(self, **changes)

    def need(self, operation: Operation) -> None:
        """Raises Unsupported for an operation that the service is without."""
        if operation in self.without:
            raise Unsupported(f"This offline service has no '{operation}': its scenario is without it.")

    def parameters(self) -> dict[str, Plain]:
        """Every parameter that is not as usual, so that `Scenario.of` makes this one again."""
        return {
            attribute.name: rules.write(attribute, value)
            for attribute in attrs.fields(Scenario)
            if (value := getattr(self, attribute.name)) != attribute.default
        }

    def url(self) -> str:
        """This scenario as a URL."""
        query = {name: _in_query(value) for name, value in self.parameters().items()}
        return f"{SCHEME}:?{urlencode(query, quote_via=quote, safe=':,')}" if query else f"{SCHEME}:"

    def toml(self) -> str:
        """This scenario as a TOML file."""
        lines = (f"{name} = {_in_toml(value)}\n" for name, value in self.parameters().items())
        return "[scenario]\n" + "".join(lines)


def _in_query(value: Plain) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _in_toml(value: Plain) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        import json

        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    return repr(value)
