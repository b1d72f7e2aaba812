"""Proof that the packs which a backup shares with earlier ones are there, and hold what was stored.

Each is looked for, with its size. All are read where they are small together; otherwise those whose turn it
is, so that every pack is read once in TURNS backups. A frame that opens is what was stored, since its tag
says so: nothing is decompressed. Reading is done in threads, beside the database's. Must not know pages or
manifests.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from functools import partial
from threading import Event, Lock
from typing import TypeVar

import attrs

from ....core.errors import NotFound, RepositoryCorrupt
from ..stores import Store
from .damage import ADVICE, MissingObject, damaged_objects, marking
from .packs import PREFIX, Contents, Frame, PackReader, PackRef
from .pipeline import threads
from .vault import Vault

READ_WHOLE = 256 << 20
"""Bytes of shared packs up to which all of them are read by every backup."""

TURNS = 20
"""In how many backups of a database each pack that it shares is read, where they are larger than that."""

_PAUSE = 0.05
"""Seconds between two looks at whether the wait is still wanted."""

_log = logging.getLogger(__name__)
_T = TypeVar("_T")


class SharedDamage(RepositoryCorrupt):
    """Packs that a backup under way shares are damaged: begun again, it must not share these `names`."""

    def __init__(self, names: frozenset[str]) -> None:
        super().__init__(f"{', '.join(sorted(names))} in the repository is damaged. {ADVICE}")
        self.names = names


def _go_on() -> None:
    """The pause of a caller that waits in any case."""


@attrs.frozen
class Sharing:
    """How one backup shares: its turn of reading, what it must not share, and what to do while it waits.

    `pause` may raise, which ends the wait.
    """

    turn: int = 0
    avoid: frozenset[str] = frozenset()
    pause: Callable[[], None] = _go_on


class SharedPacks:
    """The packs that one backup shares. Used by one thread; reads in threads of its own, until `close`."""

    def __init__(self, store: Store, vault: Vault, sharing: Sharing) -> None:
        self._store = store
        self._vault = vault
        self._sharing = sharing
        self._avoided = damaged_objects(store) | sharing.avoid
        self._damaged: set[str] = set()
        self._taken: set[bytes] = set()
        self._found_late = Event()
        self._stopped = Event()
        self._pool = ThreadPoolExecutor(threads(), "reprieve-prove")
        self._work: list[Future[None]] = []

    @property
    def damaged(self) -> frozenset[str]:
        """The names of the packs that it was to share and that are damaged. They are marked."""
        return frozenset(self._damaged)

    def may_share(self, name: str) -> bool:
        """Whether the pack of this name is not known to be damaged."""
        return name not in self._avoided and name not in self._damaged

    def look_for(self, refs: Sequence[PackRef]) -> None:
        """Find out which of these packs are not there with their size, or are not to be shared."""
        self._damaged.update(ref.name for ref in refs if ref.name in self._avoided)
        listed = {stored.name: stored.size for stored in self._store.objects(PREFIX)}
        for ref in refs:
            if listed.get(ref.name) != ref.size:
                self._finding(ref, partial(self._check_size, ref))

    def contents(self, ref: PackRef) -> Contents | None:
        """The table of contents of a pack that was looked for; None if the pack is damaged."""
        return self._finding(ref, lambda: self._reader(ref).contents(ref.digest))

    def read(self, refs: Sequence[PackRef]) -> None:
        """Begin to read those of these packs that are due, beside whatever else is done."""
        fresh = [
            ref
            for ref in due(refs, self._sharing.turn)
            if ref.identifier not in self._taken and ref.name not in self._damaged
        ]
        self._taken.update(ref.identifier for ref in fresh)
        if fresh:
            frames, lock = self._frames(fresh), Lock()
            self._work += [self._pool.submit(self._read, frames, lock) for _ in range(threads())]

    def poll(self) -> None:
        """Once all that was begun is read, raise what kept any of it from being read, or SharedDamage."""
        if self._work and all(future.done() for future in self._work):
            work, self._work = self._work, []
            for future in work:
                future.result()
            if self._found_late.is_set():
                raise SharedDamage(self.damaged)

    def prove(self, refs: Sequence[PackRef], own: frozenset[bytes] = frozenset()) -> None:
        """Return once these packs, of which this backup stored its `own` itself, have been proved.

        Raises SharedDamage if one of them is damaged, StorageError if one could not be read.
        """
        self.look_for(refs)
        self.read([ref for ref in refs if ref.identifier not in own])
        self._sharing.pause()
        while wait(self._work, _PAUSE).not_done:
            self._sharing.pause()
        self.poll()
        if not self.damaged.isdisjoint(ref.name for ref in refs):
            raise SharedDamage(self.damaged)

    def close(self) -> None:
        """Read no more; returns when no thread runs."""
        self._stopped.set()
        self._pool.shutdown(cancel_futures=True)

    def _finding(self, ref: PackRef, look: Callable[[], _T]) -> _T | None:
        """What `look` gives; None, and the pack is marked and known as damaged, if it is."""
        if ref.name in self._damaged:
            return None
        try:
            with marking(self._store, ref.name):
                return look()
        except RepositoryCorrupt as error:
            _log.warning("The store %s: %s", self._store.url, error)
            self._damaged.add(ref.name)
            return None

    def _check_size(self, ref: PackRef) -> None:
        try:
            size = self._store.size(ref.name)
        except NotFound as error:
            raise MissingObject(f"{ref.name} in the repository is missing. {ADVICE}") from error
        if size != ref.size:
            raise RepositoryCorrupt(f"{ref.name} has {size} bytes of {ref.size}. {ADVICE}")

    def _reader(self, ref: PackRef) -> PackReader:
        return PackReader(self._store, self._vault, ref.identifier, ref.size)

    def _frames(self, refs: Sequence[PackRef]) -> Iterator[tuple[PackRef, PackReader, Frame]]:
        for ref in refs:
            contents = self.contents(ref)
            if contents is None:
                self._found_late.set()
                continue
            pack = self._reader(ref)
            for frame in contents.frames:
                if ref.name in self._damaged:
                    break
                yield ref, pack, frame

    def _read(self, frames: Iterator[tuple[PackRef, PackReader, Frame]], lock: Lock) -> None:
        while not self._stopped.is_set():
            with lock:
                following = next(frames, None)
            if following is None:
                return
            ref, pack, frame = following
            try:
                if self._finding(ref, partial(pack.compressed, frame)) is None:
                    self._found_late.set()
            except BaseException:
                self._stopped.set()
                raise


def due(refs: Sequence[PackRef], turn: int) -> list[PackRef]:
    """Which of these packs a backup reads in its turn: all of them where they are small, and never none."""
    if sum(ref.size for ref in refs) <= READ_WHOLE:
        return list(refs)
    drawn = [ref for ref in refs if int.from_bytes(ref.identifier[-4:], "big") % TURNS == turn % TURNS]
    return drawn or [refs[turn % len(refs)]]
