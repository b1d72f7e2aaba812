"""A program on the unmodified `pieces_os_client`; run as `python_client.py BASE_URL` where that is installed.

Reads calls from its input and says what became of each, one JSON object a line (tests/sdks/talking.py has the
protocol). Every call has a thread of its own, as a program needs that cancels its own job. It runs under 3.x
and 4.x (pydantic 1) and 5.x (pydantic 2) alike, and knows nothing of reprieve.
"""

# mypy: disable-error-code="import-not-found"
# pyright: reportMissingImports=false

import json
import os
import sys
import threading
from datetime import UTC, datetime
from typing import Any

import websocket
from pieces_os_client.api.backup_api import BackupApi
from pieces_os_client.api.backups_api import BackupsApi
from pieces_os_client.api.connector_api import ConnectorApi
from pieces_os_client.api.well_known_api import WellKnownApi
from pieces_os_client.api_client import ApiClient
from pieces_os_client.configuration import Configuration
from pieces_os_client.exceptions import ApiException
from pieces_os_client.models.asset import Asset
from pieces_os_client.models.assets import Assets
from pieces_os_client.models.backup import Backup
from pieces_os_client.models.backup_status import BackupStatus
from pieces_os_client.models.backup_streamed_progress import BackupStreamedProgress
from pieces_os_client.models.backups import Backups
from pieces_os_client.models.backups_streamed_progress import BackupsStreamedProgress
from pieces_os_client.models.context import Context
from pieces_os_client.models.seeded_backup import SeededBackup
from pieces_os_client.models.seeded_connector_connection import SeededConnectorConnection

BASE = sys.argv[1]
CLIENT = ApiClient(Configuration(host=BASE))
TOKEN = os.environ.get("TOKEN")
if TOKEN:
    CLIENT.set_default_header("Authorization", f"Bearer {TOKEN}")

CALLS: dict[str, tuple[Any, str, Any]] = {
    "backups": (BackupsApi, "backups_snapshot", None),
    "create": (BackupsApi, "backups_create_new_backup", SeededBackup),
    "create_streamed": (BackupsApi, "backups_create_new_backup_streamed", SeededBackup),
    "delete": (BackupsApi, "backups_delete_specific_backup", Backup),
    "keep_assets": (BackupApi, "backup", Assets),
    "keep_asset": (BackupApi, "backup_asset", Asset),
    "backup": (BackupApi, "backup_specific_backup_snapshot", None),
    "restore": (BackupApi, "backup_restore_specific_backup", Backup),
    "restore_streamed": (BackupApi, "backup_restore_specific_backup_streamed", Backup),
    "cancel_creation": (BackupApi, "backup_specific_creation_cancel", None),
    "creation_status": (BackupApi, "backup_specific_creation_status", None),
    "cancel_restoration": (BackupApi, "backup_specific_restoration_cancel", Backup),
    "restoration_status": (BackupApi, "backup_specific_restoration_status", None),
    "create_by_get": (BackupsApi, "backups_create_new_backup_streamed_websocket", SeededBackup),
    "restore_by_get": (BackupApi, "backup_restore_specific_backup_streamed_websocket", Backup),
    "progress_by_get": (BackupsApi, "backups_streamed_progress", None),
    "health": (WellKnownApi, "get_well_known_health", None),
    "version": (WellKnownApi, "get_well_known_version", None),
    "connect": (ConnectorApi, "connect", SeededConnectorConnection),
}
SOCKETS: dict[str, tuple[str, Any]] = {
    "create_socket": ("/backups/create/streamed/websocket", BackupStreamedProgress),
    "restore_socket": ("/backup/{backup}/restore/streamed/websocket", BackupStreamedProgress),
    "progress_socket": ("/backups/streamed/progress", BackupsStreamedProgress),
}

_saying = threading.Lock()
_out, sys.stdout = sys.stdout, sys.stderr  # the wrapper prints what its own sockets meet


def say(number: int, **what: object) -> None:
    with _saying:
        print(json.dumps({"id": number, **what}), file=_out, flush=True)


def told(value: Any) -> Any:
    """What the generated classes have decoded, in the words of the API's document."""
    if isinstance(value, Backup):
        return {
            "id": value.id,
            "version": value.version,
            "timestamp": value.timestamp,
            "bytes": value.bytes,
            "created": moment(value.created.value),
            "device_name": value.device_name,
            "platform": value.platform.value,
        }
    if isinstance(value, Backups):
        return {"iterable": [told(backup) for backup in value.iterable], "indices": value.indices}
    if isinstance(value, BackupStatus):
        return {
            "backup": told(value.backup),
            "value": value.value.value,
            "percentage": float(value.percentage),
        }
    if isinstance(value, BackupStreamedProgress):
        return {
            "backup": told(value.backup),  # a creation that waits for its turn has none
            "status": value.status.value,
            "percentage": float(value.percentage),
        }
    if isinstance(value, BackupsStreamedProgress):
        return {
            "backups": [told(job) for job in value.backups or []],
            "restorations": [told(job) for job in value.restorations or []],
        }
    if isinstance(value, Context):
        return {"os": value.os, "application": value.application.id, "health": value.health.os.id}
    if value is None or isinstance(value, str):
        return value
    raise TypeError(f"an answer that nobody expected: {value!r}")


def moment(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def call(name: str, backup: str | None = None, body: Any = None) -> Any:
    api, method, takes = CALLS[name]
    given = [] if backup is None else [backup]
    if body is not None:
        given.append(takes.from_dict(body))
    return told(getattr(api(CLIENT), method)(*given))


def listen(
    number: int, name: str, backup: str | None = None, first: str | None = None, key: str | None = None
) -> Any:
    path, model = SOCKETS[name]
    url = BASE.replace("http", "ws", 1) + path.format(backup=backup)
    headers = {"Idempotency-Key": key, "Authorization": f"Bearer {TOKEN}" if TOKEN else None}
    socket = websocket.create_connection(
        url, timeout=120, header={name: value for name, value in headers.items() if value}
    )
    if first is not None:
        socket.send(first)
    while True:
        opcode, data = socket.recv_data()
        if opcode == websocket.ABNF.OPCODE_CLOSE:
            return {"closed": int.from_bytes(data[:2], "big")}
        say(number, frame=told(model.from_json(data.decode())))


def wrapper(host: str | None = None) -> Any:
    """What is left of PiecesClient's constructor: the host that it has found, and who answers there."""
    from pieces_os_client.wrapper.client import PiecesClient

    client = PiecesClient(**({} if host is None else {"host": host}))
    listed = BackupsApi(client.api_client).backups_snapshot()
    return {"host": client.host, "version": client.version, "backups": len(listed.iterable)}


def serve(number: int, name: str, **given: Any) -> None:
    try:
        if name in SOCKETS:
            returned = listen(number, name, **given)
        elif name == "wrapper":
            returned = wrapper(**given)
        else:
            returned = call(name, **given)
        say(number, returned=returned)
    except ApiException as error:
        say(number, raised=type(error).__name__, status=error.status, body=error.body)
    except Exception as error:
        say(number, raised=type(error).__name__, status=None, body=str(error))


def main() -> None:
    for line in sys.stdin:
        wanted = json.loads(line)
        threading.Thread(
            target=serve, args=[wanted.pop("id"), wanted.pop("call")], kwargs=wanted, daemon=True
        ).start()


if __name__ == "__main__":
    main()
