"""The command line offers every operation of the one table."""

from __future__ import annotations

import pytest

from reprieve.adapters.cli.commands import whole_parser
from reprieve.core.operations import SPECS, Operation

COMMANDS: dict[Operation, str] = {
    Operation.BACKUPS: "list DATABASE",
    Operation.CREATE_BACKUP: "backup DATABASE --key KEY",
    Operation.DELETE: "delete BACKUP",
    Operation.BACKUP_ASSETS: "assets keep ONE.json TWO.json",
    Operation.BACKUP_ASSET: "assets keep ONE.json",
    Operation.BACKUP: "show BACKUP",
    Operation.RESTORE: "restore BACKUP DATABASE",
    Operation.CANCEL_CREATION: "cancel BACKUP",
    Operation.CREATION_STATUS: "status BACKUP",
    Operation.CANCEL_RESTORATION: "cancel BACKUP",
    Operation.RESTORATION_STATUS: "status BACKUP",
    Operation.WATCH: "watch",
    Operation.JOBS: "jobs",
    Operation.JOB: "status JOB",
    Operation.CANCEL: "cancel JOB",
    Operation.REVERT: "revert DATABASE --to UNDO",
    Operation.UNDO_COPIES: "revert DATABASE --list",
    Operation.FORGET_UNDO: "revert DATABASE --forget UNDO",
    Operation.ASSETS: "assets list",
    Operation.ASSET: "assets get ID --version 2",
    Operation.ASSET_HISTORY: "assets history ID",
}


def test_every_operation_has_a_command() -> None:
    assert set(SPECS) == set(COMMANDS)


@pytest.mark.parametrize("operation", COMMANDS)
def test_the_command_of_an_operation_is_understood(operation: Operation) -> None:
    asked = whole_parser().parse_args(COMMANDS[operation].split())

    assert callable(asked.run)
