"""Who gets a place, and who makes room: counted from the accept to the close, whoever closes."""

from __future__ import annotations

import socket
from collections import Counter
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reprieve.adapters.server import gate as gate_module
from reprieve.adapters.server.gate import Gate, TakenSocket

MOVES = st.lists(
    st.one_of(
        st.tuples(st.just("connect"), st.sampled_from("abc")),
        st.tuples(st.sampled_from(["admit", "close"]), st.integers(0, 30)),
    ),
    max_size=40,
)


class Callers:
    """Connections of named callers; both ends of each are open until they are closed."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.names: dict[int, str] = {}
        self.far: dict[socket.socket, socket.socket] = {}
        monkeypatch.setattr(gate_module, "_caller", lambda accepted: self.names[accepted.fileno()])

    def connect(self, gate: Gate, name: str) -> TakenSocket | None:
        near, far = socket.socketpair()
        self.names[near.fileno()] = name
        taken = gate.take(near)
        if taken is None:
            near.close()
            far.close()
        else:
            self.far[taken] = far
        return taken

    def is_open(self, taken: TakenSocket) -> bool:
        """Whether its client still has a connection."""
        far = self.far[taken]
        far.setblocking(False)
        try:
            return far.recv(1) != b""
        except BlockingIOError:
            return True

    def close(self) -> None:
        for near, far in self.far.items():
            near.close()
            far.close()


@pytest.fixture
def callers(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callers]:
    made = Callers(monkeypatch)
    yield made
    made.close()


def test_the_oldest_silent_one_of_whoever_has_the_most_makes_room(callers: Callers) -> None:
    gate = Gate(4)
    mine = callers.connect(gate, "me")
    theirs = [callers.connect(gate, "they") for _ in range(3)]
    callers.connect(gate, "me")

    assert mine is not None
    assert callers.is_open(mine)
    assert [False, True, True] == [callers.is_open(one) for one in theirs if one is not None]


def test_one_that_was_admitted_stays_and_then_there_may_be_no_room(callers: Callers) -> None:
    gate = Gate(2)
    admitted = [callers.connect(gate, "me") for _ in range(2)]
    for one in admitted:
        assert one is not None
        gate.admit(one.fileno())

    assert callers.connect(gate, "me") is None
    assert admitted[0] is not None
    admitted[0].close()
    assert callers.connect(gate, "me") is not None


def test_a_closed_one_gives_its_place_back_once(callers: Callers) -> None:
    gate = Gate(1)
    for _ in range(3):
        one = callers.connect(gate, "me")
        assert one is not None
        gate.admit(one.fileno())
        one.close()
        one.close()


@settings(deadline=None)
@given(st.integers(1, 4), MOVES)
def test_at_most_so_many_are_open_and_the_admitted_ones_always(
    limit: int, moves: list[tuple[str, object]]
) -> None:
    with pytest.MonkeyPatch.context() as monkeypatch:
        callers, gate = Callers(monkeypatch), Gate(limit)
        taken: list[TakenSocket] = []
        admitted: set[TakenSocket] = set()
        for move, what in moves:
            if move == "connect":
                before = Counter(_callers_of(callers, taken, admitted))
                one = callers.connect(gate, str(what))
                assert (one is None) == (len(admitted) >= limit)
                if one is not None:
                    most = max(before.values(), default=0)
                    after = Counter(_callers_of(callers, taken, admitted))
                    assert all(before[name] == most for name in before - after)
                    taken.append(one)
            elif taken:
                one = taken[int(str(what)) % len(taken)]
                if move == "admit" and callers.is_open(one):
                    gate.admit(one.fileno())
                    admitted.add(one)
                elif move == "close":
                    one.close()
                    callers.far[one].close()
                    taken.remove(one)
                    admitted.discard(one)
            assert sum(callers.is_open(one) for one in taken) <= limit
            assert all(callers.is_open(one) for one in admitted)
        callers.close()


def _callers_of(callers: Callers, taken: list[TakenSocket], admitted: set[TakenSocket]) -> list[str]:
    """Whose the silent connections are that are open."""
    open_ones = (one for one in taken if one not in admitted and callers.is_open(one))
    return [one.place.caller for one in open_ones if one.place is not None]  # type: ignore[misc]
