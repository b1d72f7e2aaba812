"""Virtual time: it jumps when nobody is runnable, in any loop, beside whatever else runs there."""

import asyncio
import contextlib
import math
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reprieve.transports.clock import ring
from reprieve.transports.offline import virtual_time
from reprieve.transports.offline.virtual_time import BEGINNING, VirtualClock


async def test_an_hour_passes_in_no_time() -> None:
    clock = VirtualClock()

    await clock.sleep(3600)

    assert BEGINNING + timedelta(hours=1) == clock.now()
    assert 3600 == clock.monotonic()


async def test_it_starts_where_it_is_told() -> None:
    start = datetime(2030, 5, 1, tzinfo=UTC)
    clock = VirtualClock(start)

    await clock.sleep(1.5)

    assert start + timedelta(seconds=1.5) == clock.now()


@pytest.mark.parametrize("seconds", [1e12, 1e15, 1e300])
async def test_it_goes_on_when_the_calendar_ends(seconds: float) -> None:
    clock = VirtualClock()

    await clock.sleep(seconds)

    assert (seconds, datetime(9999, 1, 1, tzinfo=UTC)) == (clock.monotonic(), clock.now())


async def test_it_stands_still_while_nobody_sleeps_on_it() -> None:
    clock = VirtualClock()

    await asyncio.sleep(0.01)

    assert 0 == clock.monotonic()


@given(st.lists(st.floats(0, 1e6), max_size=30))
def test_sleepers_wake_in_the_order_of_time(durations: list[float]) -> None:
    woken: list[tuple[float, float]] = []

    async def sleeper(clock: VirtualClock, seconds: float) -> None:
        await clock.sleep(seconds)
        woken.append((clock.monotonic(), seconds))

    async def main() -> None:
        clock = VirtualClock()
        await asyncio.gather(*(sleeper(clock, seconds) for seconds in durations))

    asyncio.run(main())

    assert [(seconds, seconds) for seconds in sorted(durations)] == woken


async def test_a_thousand_sleepers() -> None:
    clock = VirtualClock()
    woken: list[int] = []

    async def sleeper(number: int) -> None:
        for _ in range(10):
            await clock.sleep(number % 7 + 1)
        woken.append(number)

    await asyncio.gather(*(sleeper(number) for number in range(1000)))

    assert sorted(range(1000), key=lambda number: (number % 7, number)) == woken
    assert 70 == clock.monotonic()


async def test_whoever_is_runnable_runs_before_time_passes() -> None:
    clock = VirtualClock()
    seen: list[float] = []

    async def busy() -> None:
        for _ in range(50):
            await asyncio.sleep(0)
            seen.append(clock.monotonic())

    await asyncio.gather(clock.sleep(1), busy())

    assert [0.0] * 50 == seen
    assert 1 == clock.monotonic()


async def test_two_clocks_share_one_timeline_and_do_not_wait_for_each_other() -> None:
    first, second = VirtualClock(), VirtualClock()
    log: list[tuple[str, float]] = []

    async def tick(name: str, clock: VirtualClock, step: float, times: int) -> None:
        for _ in range(times):
            await clock.sleep(step)
            log.append((name, clock.monotonic()))

    await asyncio.gather(tick("a", first, 2, 3), tick("b", second, 3, 2))

    assert [("a", 2), ("b", 3), ("a", 4), ("b", 6), ("a", 6)] == log


async def test_a_virtual_timeout_fires_in_virtual_time() -> None:
    clock = VirtualClock()

    async def hanging() -> None:
        await asyncio.Event().wait()

    task = asyncio.create_task(hanging())
    await asyncio.wait((task, asyncio.create_task(clock.sleep(60))), return_when=asyncio.FIRST_COMPLETED)

    assert not task.done()
    assert 60 == clock.monotonic()
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


async def test_a_real_timeout_does_not_fire_for_virtual_waiting() -> None:
    clock = VirtualClock()

    await asyncio.wait_for(clock.sleep(1e9), timeout=60)

    assert 1e9 == clock.monotonic()


async def test_a_sleeper_that_is_cancelled_does_not_move_time() -> None:
    clock = VirtualClock()
    task = asyncio.create_task(clock.sleep(100))
    await asyncio.sleep(0)

    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
    await clock.sleep(1)

    assert 1 == clock.monotonic()


async def test_an_alarm_can_be_rung_early() -> None:
    clock = VirtualClock()
    alarm = clock.alarm(100)

    async def ringer() -> None:
        await clock.sleep(3)
        ring(alarm)
        ring(alarm)

    await asyncio.gather(alarm, ringer())
    await clock.sleep(1)

    assert 4 == clock.monotonic()


async def test_whoever_waits_for_ever_schedules_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, loop, scheduled = VirtualClock(), asyncio.get_running_loop(), list[object]()
    call_soon = loop.call_soon

    def counting(callback: Callable[..., object], *args: Any, **context: Any) -> asyncio.Handle:
        scheduled.append(callback)
        return call_soon(callback, *args, **context)

    alarm = clock.alarm(math.inf)
    await clock.sleep(5)
    monkeypatch.setattr(loop, "call_soon", counting)
    await asyncio.sleep(0.05)

    assert len(scheduled) < 10
    assert not alarm.done()
    assert 5 == clock.monotonic()


async def test_what_just_became_readable_is_read_before_time_passes() -> None:
    clock = VirtualClock()
    log: list[str] = []
    server_done = asyncio.Event()

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        log.append((await reader.readline()).decode())
        writer.close()
        server_done.set()

    server = await asyncio.start_server(echo, "127.0.0.1", 0)
    async with server:
        _, writer = await asyncio.open_connection(*server.sockets[0].getsockname()[:2])
        await asyncio.sleep(0.05)

        async def speak() -> None:
            writer.write(b"hello")

        async def later() -> None:
            await clock.sleep(1)
            log.append("later")

        waiting = asyncio.create_task(later())
        await speak()
        writer.write(b"\n")
        await asyncio.wait((waiting,))
        await server_done.wait()
        writer.close()

    assert ["hello\n", "later"] == log


def test_the_same_clock_serves_one_loop_after_another() -> None:
    clock = VirtualClock()

    for _ in range(3):
        asyncio.run(clock.sleep(10))

    assert 30 == clock.monotonic()


def test_a_loop_left_with_sleepers_does_not_keep_the_next_from_sleeping() -> None:
    clock = VirtualClock()

    async def leave() -> None:
        task = asyncio.create_task(clock.sleep(1000))
        await asyncio.sleep(0)
        del task

    asyncio.run(leave())
    asyncio.run(clock.sleep(1))

    assert 1 == clock.monotonic()


async def test_a_loop_that_does_not_show_what_is_runnable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(virtual_time, "_ready_queue", lambda loop: None)
    clock = VirtualClock()
    seen: list[float] = []

    async def busy() -> None:
        for _ in range(20):
            await asyncio.sleep(0)
        seen.append(clock.monotonic())

    await asyncio.gather(clock.sleep(2), clock.sleep(1), busy())

    assert [0.0] == seen
    assert 2 == clock.monotonic()
