"""The blocking twin, for scripts: the same library, its event loop in a thread of its own.

Thin: every method hands its asynchronous namesake to that loop and waits. Ctrl-C while waiting
cancels the call and leaves the job running, until the `with` block is left.
"""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import AsyncGenerator, Coroutine, Iterator, Mapping, Sequence
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

from reprieve.core.errors import InvalidRequest
from reprieve.core.job import AssetVersion, Backup, Job, UndoCopy
from reprieve.core.operations import Operation
from reprieve.core.ports import Entry

from .confinement import forked
from .connecting import connect
from .library import Library
from .running_job import ResultT, RunningJob

ValueT = TypeVar("ValueT")


class _Loop:
    """An event loop in a thread of its own, from `_Loop()` to `stop`."""

    def __init__(self) -> None:
        self._process = os.getpid()
        self._loop = asyncio.new_event_loop()
        self._stopping = asyncio.Event()
        self._thread = threading.Thread(target=self._run, name="reprieve", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._stopping.wait())

    @property
    def is_inherited(self) -> bool:
        """Whether this process is a fork of the one that runs it."""
        return self._process != os.getpid()

    def wait(self, work: Coroutine[Any, Any, ValueT]) -> ValueT:
        if self.is_inherited:
            work.close()
            raise forked(self._process)
        if not self._thread.is_alive():
            work.close()
            raise InvalidRequest("This library was closed; open it again with a `with` block.")
        future = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            return future.result()
        except BaseException:
            future.cancel()
            raise

    def each(self, items: AsyncGenerator[ValueT, None]) -> Iterator[ValueT]:
        try:
            while True:
                try:
                    yield self.wait(_next(items))
                except StopAsyncIteration:
                    return
        finally:
            if self._thread.is_alive():
                self.wait(items.aclose())

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join()


async def _next(items: AsyncGenerator[ValueT, None]) -> ValueT:
    return await anext(items)


class BlockingJob(Generic[ResultT]):
    """A RunningJob for scripts: iterate over it, ask for its `result`, or cancel it."""

    def __init__(self, job: RunningJob[ResultT], loop: _Loop) -> None:
        self._job = job
        self._loop = loop

    @property
    def id(self) -> str:
        """The job's id, the same in every process."""
        return self._job.id

    def now(self) -> Job:
        """The job as it stands."""
        return self._loop.wait(self._job.now())

    def result(self) -> ResultT:
        """What it made, once it is done. Raises JobFailed or JobCancelled."""
        return self._loop.wait(self._job.outcome())

    def settled(self) -> Job:
        """The job once it has ended, however it did."""
        return self._loop.wait(self._job.settled())

    def cancel(self) -> Job:
        """Cancel it; returns once everything is as it was before. Raises TooLate or JobFailed."""
        return self._loop.wait(self._job.cancel())

    def __iter__(self) -> Iterator[Job]:
        return self._loop.each(self._job.__aiter__())


class BlockingLibrary:
    """Library for scripts: the same methods, each returning when it is done. Use it in a `with`."""

    def __init__(self, library: Library) -> None:
        self._library = library
        self._thread: _Loop | None = None

    @property
    def _loop(self) -> _Loop:
        if self._thread is None:
            raise InvalidRequest("This library is not open; use it in a `with` block.")
        return self._thread

    def __enter__(self) -> Self:
        self._thread = _Loop()
        try:
            self._loop.wait(self._library.__aenter__())
        except BaseException:
            self._loop.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._loop.is_inherited:  # all that was opened is the parent's
            return
        try:
            self._loop.wait(self._library.__aexit__(kind, error, trace))
        finally:
            self._loop.stop()

    @property
    def database(self) -> str:
        """The canonical name of the database."""
        return self._library.database

    @property
    def operations(self) -> frozenset[Operation]:
        """Which operations this library's transport has."""
        return self._library.operations

    def backups(self) -> tuple[Backup, ...]:
        """See Library.backups."""
        return self._loop.wait(self._library.backups())

    def other_backups(self) -> int:
        """See Library.other_backups."""
        return self._loop.wait(self._library.other_backups())

    def backup(self, backup: str) -> Backup:
        """See Library.backup."""
        return self._loop.wait(self._library.backup(backup))

    def create_backup(
        self, *, idempotency_key: str | None = None, detach: bool = False, **options: object
    ) -> BlockingJob[Backup]:
        """See Library.create_backup."""
        return self._job(
            self._library.create_backup(idempotency_key=idempotency_key, detach=detach, **options)
        )

    def restore(
        self, backup: str, *, idempotency_key: str | None = None, detach: bool = False, **options: object
    ) -> BlockingJob[Backup]:
        """See Library.restore."""
        return self._job(
            self._library.restore(backup, idempotency_key=idempotency_key, detach=detach, **options)
        )

    def delete(self, backup: str) -> None:
        """See Library.delete."""
        self._loop.wait(self._library.delete(backup))

    def cancel_creation(self, backup: str) -> Job:
        """See Library.cancel_creation."""
        return self._loop.wait(self._library.cancel_creation(backup))

    def creation_status(self, backup: str) -> Job:
        """See Library.creation_status."""
        return self._loop.wait(self._library.creation_status(backup))

    def cancel_restoration(self, backup: str) -> Job:
        """See Library.cancel_restoration."""
        return self._loop.wait(self._library.cancel_restoration(backup))

    def restoration_status(self, backup: str) -> Job:
        """See Library.restoration_status."""
        return self._loop.wait(self._library.restoration_status(backup))

    def revert(
        self,
        undo: str | None = None,
        *,
        idempotency_key: str | None = None,
        detach: bool = False,
        **options: object,
    ) -> BlockingJob[UndoCopy | None]:
        """See Library.revert."""
        return self._job(
            self._library.revert(undo, idempotency_key=idempotency_key, detach=detach, **options)
        )

    def undo_copies(self) -> tuple[UndoCopy, ...]:
        """See Library.undo_copies."""
        return self._loop.wait(self._library.undo_copies())

    def forget_undo(self, undo: str) -> None:
        """See Library.forget_undo."""
        self._loop.wait(self._library.forget_undo(undo))

    def jobs(self, *, unsettled: bool = False, limit: int = 1000) -> tuple[Job, ...]:
        """See Library.jobs."""
        return self._loop.wait(self._library.jobs(unsettled=unsettled, limit=limit))

    def job(self, job: str) -> Job:
        """See Library.job."""
        return self._loop.wait(self._library.job(job))

    def follow(self, job: str) -> BlockingJob[Job]:
        """See Library.follow."""
        return self._job(self._library.follow(job))

    def cancel(self, job: str) -> Job:
        """See Library.cancel."""
        return self._loop.wait(self._library.cancel(job))

    def finish(self, within: float) -> None:
        """See Library.finish."""
        self._loop.wait(self._library.finish(within))

    def watch(self) -> Iterator[Job]:
        """See Library.watch."""
        return self._loop.each(self._library.watch())

    def history(self, after: int, *, job: str | None = None) -> Iterator[Entry]:
        """See Library.history."""
        return self._loop.each(self._library.history(after, job=job))

    def newest_change(self) -> int:
        """See Library.newest_change."""
        return self._loop.wait(self._library.newest_change())

    def backup_assets(self, assets: Sequence[Mapping[str, object]] | None = None) -> tuple[AssetVersion, ...]:
        """See Library.backup_assets."""
        return self._loop.wait(self._library.backup_assets(assets))

    def backup_asset(self, asset: Mapping[str, object] | None = None) -> AssetVersion | None:
        """See Library.backup_asset."""
        return self._loop.wait(self._library.backup_asset(asset))

    def assets(self) -> tuple[AssetVersion, ...]:
        """See Library.assets."""
        return self._loop.wait(self._library.assets())

    def asset(self, asset: str, version: int | None = None) -> dict[str, object]:
        """See Library.asset."""
        return self._loop.wait(self._library.asset(asset, version))

    def asset_history(self, asset: str) -> tuple[AssetVersion, ...]:
        """See Library.asset_history."""
        return self._loop.wait(self._library.asset_history(asset))

    def _job(self, asked: Coroutine[Any, Any, RunningJob[ResultT]]) -> BlockingJob[ResultT]:
        return BlockingJob(self._loop.wait(asked), self._loop)


def connect_blocking(
    target: str | os.PathLike[str], store: str | os.PathLike[str] | None = None, **options: Any
) -> BlockingLibrary:
    """The blocking twin of `connect`: use it in a `with`. It takes the same arguments."""
    return BlockingLibrary(connect(target, store, **options))
