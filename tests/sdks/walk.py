"""Every operation of the contract through one client, held against what the catalogue says.

A Walk asserts all of it, and gathers what came, situation by situation: a column of the table in
docs/pieces.md. Only the client's program knows how its SDK is called.
"""

from __future__ import annotations

import json
from typing import Any

import attrs

from tests.sdks.scene import Backup, Scene
from tests.sdks.talking import Call, Said, Talk

Column = dict[str, str]

NOWHERE = "0.1.0_19700101T000000000Z"
SEED = {"schema": {"migration": 0, "semantic": "MAJOR_0_MINOR_0_PATCH_1"}}
_MADE = {"value": "2026-11-22T14:30:05.123Z"}
ASSET = {
    "id": "7b8c3d9e-3a51-4f5e-9c3f-1f6f7a1f2b3c",
    "name": "A snippet, with ümlauts",
    "creator": "9d2f1c6e-0c5b-4a43-8f0e-3d1b9a7c5e21",
    "created": _MADE,
    "updated": _MADE,
    "formats": {"iterable": []},
    "preview": {"base": {"id": "f1"}},
    "original": {"id": "f1"},
    "mechanism": "MANUAL",
}
APPLICATION = {"application": {"name": "OPEN_SOURCE", "version": "1.0.0", "platform": "LINUX"}}


@attrs.define
class Walk:
    """One client on its way through the operations; `column` is what it has seen so far."""

    talk: Talk
    scene: Scene
    column: Column = attrs.field(factory=dict)

    def all(self) -> Column:
        """Walk all of it."""
        self.first_calls()
        first = self.creations()
        self.one_backup(first)
        self.documents()
        self.restorations(first)
        self.streams(first)
        self.by_get(first)
        self.nothing_to_cancel(first)
        self.nothing_there()
        self.deletion(first)
        return self.column

    def first_calls(self) -> None:
        """What clients do before the first call."""
        health = self.talk.returned("health")
        assert health.startswith("ok:"), health
        assert self.scene.service.ready["version"] == self.talk.returned("version")
        context = self.talk.returned("connect", body=APPLICATION)
        assert context["os"] == context["health"] == health.removeprefix("ok:"), context

    def creations(self) -> Backup:
        assert {"iterable": [], "indices": {}} == self.talk.returned("backups")
        first: Backup = self.talk.returned("create")
        made = [first, self.talk.returned("create", body=SEED)]
        self._saw("2", "Backup")
        for given in ({}, {"body": SEED}):
            progress = self.talk.returned("create_streamed", **given)
            assert ("COMPLETED", 100.0) == (progress["status"], progress["percentage"])
            made.append(progress["backup"])
        self._saw("3", progress["status"])
        assert self.scene.catalogue() == made == self.listed()
        return first

    def listed(self) -> list[Backup]:
        backups = self.talk.returned("backups")
        listed: list[Backup] = backups["iterable"]
        assert {backup["id"]: place for place, backup in enumerate(listed)} == backups["indices"]
        self._saw("1", "Backups")
        return listed

    def one_backup(self, backup: Backup) -> None:
        assert backup == self.talk.returned("backup", backup=backup["id"])
        self._saw("7", "Backup")
        status = self.talk.returned("creation_status", backup=backup["id"])
        assert {"backup": backup, "value": "COMPLETED", "percentage": 100.0} == status
        self._saw("11", "BackupStatus")

    def documents(self) -> None:
        before = self.listed()
        assert self.talk.returned("keep_asset", body=ASSET) is None
        assert self.talk.returned("keep_assets", body={"iterable": [ASSET, {**ASSET, "id": "2"}]}) is None
        assert before == self.listed()
        for call in ("keep_asset", "keep_assets"):
            assert self.talk.returned(call) is None
        assert len(before) + 2 == len(self.listed())
        self._saw("5", "204")
        self._saw("6", "204")

    def restorations(self, backup: Backup) -> None:
        for given in ({}, {"body": wire(backup)}):
            assert backup == self.talk.returned("restore", backup=backup["id"], **given)
            self._saw("8", "Backup")
            progress = self.talk.returned("restore_streamed", backup=backup["id"], **given)
            assert {"backup": backup, "status": "COMPLETED", "percentage": 100.0} == progress
            self._saw("9", progress["status"])
        status = self.talk.returned("restoration_status", backup=backup["id"])
        assert {"backup": backup, "value": "COMPLETED", "percentage": 100.0} == status
        self._saw("13", "BackupStatus")

    def streams(self, backup: Backup) -> None:
        """14 and 15 with and without a first frame; 16 tells of both."""
        kind = self.talk.client.stream
        everything = self.talk.start("progress_socket") if kind == "socket" else None
        for given in ({}, _said(kind, SEED)):
            frames = self._streamed(f"create_{kind}", **given)
            made = self.listed()[-1]
            assert {made["id"]} == {frame["backup"]["id"] for frame in frames if frame["backup"]}
            assert made == frames[-1]["backup"]
        self._saw("14", f"{kind}, {frames[-1]['status']}")
        for given in ({}, _said(kind, wire(backup))):
            frames = self._streamed(f"restore_{kind}", backup=backup["id"], **given)
            assert backup == frames[-1]["backup"]
        self._saw("15", f"{kind}, {frames[-1]['status']}")
        if everything:
            assert {"backups": [], "restorations": []} == everything.frame()
            _until_shown(everything, "backups", made)
            _until_shown(everything, "restorations", backup)
            self._saw("16", kind)

    def by_get(self, backup: Backup) -> None:
        """The generated methods for the WebSocket paths do a plain GET."""
        progress = self.talk.returned("create_by_get")
        assert {"backup": self.listed()[-1], "status": "COMPLETED", "percentage": 100.0} == progress
        self._saw("14, by GET", progress["status"])
        progress = self.talk.returned("restore_by_get", backup=backup["id"])
        assert {"backup": backup, "status": "COMPLETED", "percentage": 100.0} == progress
        self._saw("15, by GET", progress["status"])
        assert {"backups": [], "restorations": []} == self.talk.returned("progress_by_get")
        self._saw("16, by GET", "BackupsStreamedProgress")

    def nothing_to_cancel(self, backup: Backup) -> None:
        """A cancel that comes too late, and one of what never was, change nothing and say so."""
        before = self.listed()
        for number, call in (("10", "cancel_creation"), ("12", "cancel_restoration")):
            self._refused(f"{number}, too late", 500, call, backup["id"], "too late")
            self._refused(f"{number}, no such job", 500, call, NOWHERE, NOWHERE)
        assert before == self.listed()

    def nothing_there(self) -> None:
        for number, call in (
            ("4", "delete"),
            ("7", "backup"),
            ("8", "restore"),
            ("9", "restore_streamed"),
            ("11", "creation_status"),
            ("13", "restoration_status"),
        ):
            self._refused(f"{number}, no such backup", 404, call, NOWHERE, NOWHERE)

    def deletion(self, backup: Backup) -> None:
        assert self.talk.returned("delete", backup=backup["id"], body=wire(backup)) is None
        assert backup not in self.listed()
        self._saw("4", "204")

    def _saw(self, situation: str, what: str) -> None:
        self.column[situation] = what

    def _streamed(self, call: str, **given: Any) -> list[Any]:
        """The frames of a job that completes: never falling, the last its end, then a normal close."""
        stream = self.talk.start(call, **given)
        assert {"closed": 1000} == stream.returned()
        percentages = [frame["percentage"] for frame in stream.frames]
        assert sorted(percentages) == percentages
        assert ("COMPLETED", 100.0) == (stream.frames[-1]["status"], percentages[-1])
        return stream.frames

    def _refused(self, situation: str, status: int, call: str, backup: str, sentence: str) -> None:
        raised: Said = self.talk.raised(call, backup=backup)
        assert status == raised["status"], raised
        assert sentence in raised["body"] and raised["body"].endswith("."), raised
        self._saw(situation, f"{status} {raised['raised']}")


def wire(backup: Backup) -> dict[str, Any]:
    """A Backup as a body: an advisory copy of what was told."""
    return {**backup, "created": {"value": backup["created"]}, **SEED}


def _said(kind: str, document: dict[str, Any]) -> dict[str, Any]:
    """A document as what a stream begins with: the first frame of a socket, or a body."""
    return {"first": json.dumps(document)} if kind == "socket" else {"body": document}


def _until_shown(everything: Call, kind: str, backup: Backup) -> None:
    """Wait until 16 has shown a job of that backup."""
    while not any(job["backup"] and job["backup"]["id"] == backup["id"] for job in everything.frame()[kind]):
        pass
