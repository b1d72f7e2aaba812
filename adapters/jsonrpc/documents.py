"""The methods on kept JSON documents."""

from __future__ import annotations

from reprieve.core.job import AssetVersion
from reprieve.core.operations import Operation

from .. import wire
from ..wire import shaped
from .backups import BACKING_UP
from .call import Call
from .carrying_out import carried_out
from .greeting import Document
from .methods import Method
from .shapes import (
    AssetVersions,
    CreateBackup,
    DocumentHistory,
    KeepDocument,
    KeepDocuments,
    Nothing,
    OneDocument,
)


async def _keep(call: Call, asked: KeepDocuments) -> AssetVersions:
    """Keep each document whole, as its next version; without any, back the database up."""
    if asked.assets is None:
        await carried_out(call, CreateBackup(), BACKING_UP, call.library.create_backup)
        return AssetVersions(())
    return _versions(await call.library.backup_assets(asked.assets))


async def _keep_one(call: Call, asked: KeepDocument) -> AssetVersion | None:
    """Keep one document whole, as its next version; without one, back the database up."""
    if asked.asset is None:
        await carried_out(call, CreateBackup(), BACKING_UP, call.library.create_backup)
        return None
    return await call.library.backup_asset(asked.asset)


async def _list(call: Call, asked: Nothing) -> AssetVersions:
    """The newest version of every kept document."""
    return _versions(await call.library.assets())


async def _get(call: Call, asked: OneDocument) -> Document:
    """One kept document, whole."""
    return await call.library.asset(asked.id, asked.version)


async def _history(call: Call, asked: DocumentHistory) -> AssetVersions:
    """Every kept version of one document, oldest first."""
    return _versions(await call.library.asset_history(asked.id))


def _versions(found: tuple[AssetVersion, ...]) -> AssetVersions:
    return AssetVersions(tuple(shaped(version) for version in found))


METHODS = (
    Method(
        name="backup/assets",
        handler=_keep,
        summary="Keep several documents",
        params=KeepDocuments,
        gives=AssetVersions,
        operation=Operation.BACKUP_ASSETS,
        starts_job=True,
    ),
    Method(
        name="backup/asset",
        handler=_keep_one,
        summary="Keep one document",
        params=KeepDocument,
        gives=wire.AssetVersion | None,
        operation=Operation.BACKUP_ASSET,
        starts_job=True,
    ),
    Method(
        name="assets/list",
        handler=_list,
        summary="List the kept documents",
        params=Nothing,
        gives=AssetVersions,
        operation=Operation.ASSETS,
    ),
    Method(
        name="assets/get",
        handler=_get,
        summary="Get a kept document",
        params=OneDocument,
        gives=Document,
        operation=Operation.ASSET,
        errors=(1404,),
    ),
    Method(
        name="assets/history",
        handler=_history,
        summary="List a kept document's versions",
        params=DocumentHistory,
        gives=AssetVersions,
        operation=Operation.ASSET_HISTORY,
        errors=(1404,),
    ),
)
