"""`make bench`: what reprieve takes, beside restic and borg where they are installed. Nothing is asserted.

    python -m tests.bench [--size MEBIBYTES] [--rounds N] [--folder FOLDER] [--write docs/benchmarks.md]

Needs about ten times the database's size in FOLDER (by default the system's temporary folder), whose disk is
measured. Runs on Linux and macOS.
"""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from . import parts, report
from .rounds import Comparison

SNAPSHOTS = {
    "A, WAL mode": ("wal", "pages"),
    "A, rollback journal": ("delete", "pages"),
    "B, backup API": ("wal", "backup"),
}


def main() -> None:
    """Measure, print, and write where that is asked."""
    asked = _parser().parse_args()
    with tempfile.TemporaryDirectory(prefix="reprieve-bench-", dir=asked.folder) as folder:
        said = _measured(Path(folder), asked.size, asked.rounds)
    print(said)
    if asked.write:
        command = f"make bench SIZE_MIB={asked.size} ROUNDS={asked.rounds}"
        asked.write.write_text(
            f"# Benchmarks\n\nMade by `{command}`; nothing here is written by hand.\n\n{said}\n"
        )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.bench")
    parser.add_argument("--size", type=int, default=1024, help="of the database, in MiB")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--folder", type=Path, help="where it works")
    parser.add_argument("--write", type=Path, help="write the report into this file, too")
    return parser


def _measured(folder: Path, size: int, rounds: int) -> str:
    compared = Comparison(folder, size, _progress)
    for number in range(rounds):
        _progress(f"round {number + 1} of {rounds}")
        compared.round(number)
    names = [tool.name for tool in compared.tools]
    versions = ", ".join(f"{tool.name} {tool.version}" for tool in compared.tools)
    figures = {"core": parts.measure("core"), "journal": parts.measure("journal", str(folder))}
    figures["start"] = parts.measure("start", str(folder))
    _progress("the service")
    figures["service"] = parts.measure("service", str(folder), str(min(size, 256)))
    _progress("the bridge")
    figures["bridge"] = parts.measure("bridge", str(folder))
    return f"""\
{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, {_machine()}; {versions}.

A library of {size} MiB; between the first and the second backup 1 % of its snippets are edited at random,
and 1 % added. Each figure is the median of {rounds} interleaved rounds of whole processes, the peaks of
memory are the highest of all; all tools encrypt, and compress with zstd. Of two numbers in one row only the
ratio means much: this machine may do other work meanwhile.

{report.comparison(compared.figures, names)}

Peak memory is that of the backups and of the restoration to a new path. A job of ours has two processes (the
command, and the worker that opens the database); the others have one.

## A snapshot of {size} MiB, alone

{report.parts(_snapshots(compared.before))}

## The core, in memory and virtual time (of the processor)

{report.parts(figures["core"])}

## The journal, every append durable

{report.parts(figures["journal"])}

## A start

{report.parts(figures["start"])}

## The service, on the loopback

{report.parts(figures["service"])}

## The bridge, over pipes, beside others that do as little (`make sdks` installs them)

{report.parts(figures["bridge"])}"""


def _snapshots(database: Path) -> dict[str, float]:
    """Each method, without and with the check that runs beside it."""
    figures = {}
    for title, (mode, method) in SNAPSHOTS.items():
        copy = database.with_name(f"{mode}.db")
        shutil.copyfile(database, copy)
        parts.measure("mode", str(copy), mode)
        for check in ("none", "quick"):
            _progress(f"snapshot {title}, check {check}")
            (figures[f"{title}, check {check}, s"],) = parts.measure(
                "snapshot", str(copy), method, check
            ).values()
        copy.unlink()
    return figures


def _machine() -> str:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return f"{platform.system()} {platform.machine()}, {cores} cores, Python {platform.python_version()}"


def _progress(said: str) -> None:
    print(said, file=sys.stderr, flush=True)


main()
