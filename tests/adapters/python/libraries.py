"""A Library over the core's scripted transport and journal double."""

from __future__ import annotations

from random import Random
from typing import Any

from reprieve import BlockingLibrary, Library
from reprieve.transports.registry import Opened
from tests.core.doubles import JournalDouble, JumpingClock, ScriptedTransport, World


def opened(transport: ScriptedTransport, world: World | None = None) -> Opened:
    journal = JournalDouble(world or World())
    return Opened(transport, journal, JumpingClock(), Random(7), {"seed": 7})


def library(transport: ScriptedTransport, **options: Any) -> Library:
    return Library(opened(transport), **options)


def blocking(transport: ScriptedTransport) -> BlockingLibrary:
    return BlockingLibrary(library(transport))
