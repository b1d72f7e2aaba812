"""What stretching a passphrase may cost, where the store says how much it is stretched.

One who can write to a store can write a key object that takes hours, or all memory: the cost is looked at
before it is paid. Knows numbers only.
"""

from __future__ import annotations

import attrs

MAX_MEMORY = 1 << 28
"""Bytes that scrypt may take. (A key of ours takes 32 MiB, or 128 MiB.)"""

MAX_WORK = 1 << 23
"""n * r * p of one key: eight times that of N = 2**17, some three seconds."""

MAX_KEYS_WORK = 1 << 26
"""The same of all keys that are tried together: half a minute."""


class TooCostly(Exception):
    """A key that is not tried, and why."""


@attrs.define
class Budget:
    """The work that may still be done to open one repository."""

    left: int = MAX_KEYS_WORK

    def spend(self, name: str, n: int, r: int, p: int) -> None:
        """Allow for one key. Raises TooCostly, before anything is paid, for one that asks for too much."""
        work, memory = n * r * p, 128 * r * (n + p)
        if not 0 < work <= MAX_WORK or memory > MAX_MEMORY or min(n, r, p) < 1:
            raise TooCostly(
                f"{name} asks for {memory >> 20} MiB of memory and {work / MAX_WORK:.1f} times the work that "
                "is allowed, and was passed over."
            )
        if work > self.left:
            raise TooCostly(f"There are so many keys that {name} and those after it were not tried.")
        self.left -= work
