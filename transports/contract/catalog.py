"""The contract of everything that is no job: what is declared, the catalogue, the documents."""

from __future__ import annotations

import pytest

from ...core.errors import InvalidRequest, NotFound
from ...core.operations import Operation
from .trial import CALLS, Suite, Trial, tried


class Declared(Suite):
    """What it says it can do."""

    @tried
    async def test_it_says_what_it_can_and_whose_it_is(self, it: Trial) -> None:
        """Every operation is one of the table; the database's name stays the same."""
        assert it.transport.operations <= frozenset(Operation)
        assert it.transport.database
        assert it.setting.transport().database == it.transport.database

    @tried
    async def test_what_it_does_not_have_raises_unsupported(self, it: Trial) -> None:
        """Calling an operation that was not declared raises Unsupported."""
        lacking = [operation for operation in CALLS if operation not in it.transport.operations]

        assert [] == [operation for operation in lacking if await it.has(operation)]


class Catalog(Suite):
    """Backups and undo copies as they are listed."""

    @tried
    async def test_a_deleted_backup_is_hidden(self, it: Trial) -> None:
        """It is neither listed nor found, cannot be restored, nor deleted twice."""
        if not (await it.has(Operation.DELETE) and await it.has(Operation.CREATE_BACKUP)):
            return
        kept, hidden = await it.backup(), await it.backup()

        await it.transport.delete(hidden.id)

        if await it.has(Operation.BACKUPS):
            assert kept.id in await it.listed()
            assert hidden.id not in await it.listed()
        if await it.has(Operation.BACKUP):
            with pytest.raises(NotFound):
                await it.transport.backup(hidden.id)
        with pytest.raises(NotFound):
            await it.transport.delete(hidden.id)

    @tried
    async def test_what_is_unknown_is_not_found(self, it: Trial) -> None:
        """Backups, undo copies and documents that never were."""
        for operation in (
            Operation.BACKUP,
            Operation.DELETE,
            Operation.FORGET_UNDO,
            Operation.ASSET,
            Operation.ASSET_HISTORY,
        ):
            if await it.has(operation):
                with pytest.raises(NotFound):
                    await CALLS[operation](it)

    @tried
    async def test_undo_copies_come_newest_first_and_can_be_forgotten(self, it: Trial) -> None:
        """What is forgotten is gone; the others stay."""
        if not (await it.has(Operation.UNDO_COPIES) and await it.has(Operation.FORGET_UNDO)):
            return
        if not await it.has(Operation.RESTORE):
            return
        backup = await it.backup()
        it.setting.edit()
        first = await it.restore(backup)
        it.setting.edit()
        second = await it.restore(backup)

        listed = await it.transport.undo_copies()
        await it.transport.forget_undo(second.id)

        assert (second, first) == listed[:2]
        assert listed[1:] == await it.transport.undo_copies()
        with pytest.raises(NotFound):
            await it.transport.forget_undo(second.id)


class Documents(Suite):
    """JSON documents, kept whole, in versions."""

    @tried
    async def test_a_document_is_kept_whole_in_each_of_its_versions(self, it: Trial) -> None:
        """Parts that nobody here knows included."""
        if not (await it.has(Operation.BACKUP_ASSETS) and await it.has(Operation.ASSET)):
            return
        first = {"id": "snippet-1", "name": "größer", "parts": [1, 2.5, None, {"deep": [True, "\u2028"]}]}
        second = {**first, "parts": []}

        (one,) = await it.transport.keep_assets((first,))
        (two,) = await it.transport.keep_assets((second,))

        assert ("snippet-1", 1, 2) == (one.id, one.version, two.version)
        assert second == await it.transport.asset("snippet-1")
        assert first == await it.transport.asset("snippet-1", 1)
        assert second == await it.transport.asset("snippet-1", 2)
        with pytest.raises(NotFound):
            await it.transport.asset("snippet-1", 3)
        if await it.has(Operation.ASSET_HISTORY):
            assert (one, two) == await it.transport.asset_history("snippet-1")

    @tried
    async def test_the_newest_version_of_every_document_is_listed_by_id(self, it: Trial) -> None:
        """Several at once, in any order."""
        if not (await it.has(Operation.BACKUP_ASSETS) and await it.has(Operation.ASSETS)):
            return
        await it.transport.keep_assets(({"id": "b"}, {"id": "a"}))
        await it.transport.keep_assets(({"id": "b", "more": 1},))

        assert [("a", 1), ("b", 2)] == [(one.id, one.version) for one in await it.transport.assets()]

    @tried
    async def test_a_document_without_an_id_is_refused_and_nothing_is_kept(self, it: Trial) -> None:
        """Nor is what was given beside it."""
        if not await it.has(Operation.BACKUP_ASSETS):
            return
        for wrong in ({"name": "anonymous"}, {"id": 7}, {"id": ""}):
            with pytest.raises(InvalidRequest):
                await it.transport.keep_assets(({"id": "fine"}, wrong))

        if await it.has(Operation.ASSETS):
            assert () == await it.transport.assets()
