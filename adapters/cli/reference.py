"""`python -P -m reprieve.adapters.cli.reference > docs/cli.md`: the reference, written from the parser.

A test compares, so that the page never lags behind the program.
"""

from __future__ import annotations

from reprieve.core.errors import BY_KIND, ExitCode

from .commands import whole_parser
from .shape import Shape, shape_of

HEAD = """\
# The command line

This page is written by `python -P -m reprieve.adapters.cli.reference > docs/cli.md`.

Results go to stdout and progress to stderr: bars on a terminal, a few plain lines elsewhere.
`Ctrl-C` cancels a job and waits until everything is as it was before; a second one leaves at once,
and the next `reprieve` command puts things back.

| variable | what it does |
|---|---|
| `REPRIEVE_HOME` | moves configuration, keys, journal and undo copies together |
| `REPRIEVE_STORE` | the default store: see below |
| `REPRIEVE_PASSPHRASE` | opens a store whose key is not on this machine, and each store that is made |
| `REPRIEVE_NEW_PASSPHRASE`, `REPRIEVE_RECOVERY_CODE` | what `key add-passphrase` and `import` ask for |
| `REPRIEVE_WORKER_MEMORY` | how many MiB SQLite may take in a worker: 256 if it is not set |
| `REPRIEVE_PYTHON` | the Python of worker processes, where the program that embeds reprieve is none itself |
| `REPRIEVE_DEBUG` | shows the traceback of an unexpected error |

A database's backups are in the first of these that there is: the `--store` of the command, which counts for
that command alone; the store that the database is registered with; `REPRIEVE_STORE`; the platform's data
folder. `reprieve.connect` chooses in the same way. `backup` registers a database that is not registered yet;
`register DATABASE --store STORE` gives it another store.

A DATABASE and a STORE are named by a path, or by a `file:` URL, which is decoded. A BACKUP is named by its
id, by the beginning of its id or of its time (`20261122T1430`), or as `latest`: of those that are not marked
damaged, the one that was made last, even if the clock was wrong. What it passes over is named. A JOB is named
by its id or the beginning of it.
"""

JSON = """\
## JSON lines

With `--json` a command prints one JSON object a line, and nothing else: any number of
`{"type": "job", "job": {…}}`, then one `{"type": "result", …}` or
`{"type": "error", "error": {"kind", "message"}}`. Nobody is ever asked.

| command | members of the result |
|---|---|
| `backup` | `job`, `backup`, and `recoveryCodePending` until somebody has seen the store's recovery code |
| `restore` | `job`, `backup`, and `undo` where something was replaced; `passedOver`: see `show` |
| `revert` | `job`, and `undo`; with `--list` `undoCopies`; with `--forget` `undo` |
| `list` | `backups` |
| `show`, `delete` | `backup`, and `passedOver`: the ids that `latest` passed over, being marked damaged |
| `register`, `unregister`; `databases` | `database`; `databases` |
| `jobs`, `status`, `cancel`, `watch JOB` | `jobs` or `job` |
| `key show`; the other `key` commands | `recoveryCode`; `repository` |
| `assets keep`, `list`, `history`; `get` | `assets`; `asset` |
| `serve --install-unit` | `written`, `on`, `status`, `off` |
| `offline` | `job`, `backup` |
| `completion` | `script` |

`serve` prints no result, but one line once it can be called, in a pipe always: `{"type": "ready",
"address", "addresses", "unix", "pid", "version", "database", "token"}`. `token` is the path of its file.

A job: `id`, `kind` (creation, restoration), `database`, `backup` (an id), `undo` (an id), `state`
(idle, running, cancelling, done, failed), `outcome` (completed, cancelled), `phase`, `done`, `total`, `unit`,
`percentage`, `cancellable`, `attempt`, `createdAt`, `startedAt`, `endedAt`,
`error` {`kind`, `message`}, `warnings` (sentences that a person should read, though it completed). What is
not known is left out. Sizes are bytes, times UTC.

A backup: `id`, `version`, `timestamp`, `created`, `bytes`, `database`, `deviceName`, `platform`, `added`,
`sourceDamaged`. An undo copy: `id`, `database`, `created`, `bytes`, `reason`, `job`. An asset: `id`,
`version`, `created`, `bytes`, `name`. A database: `database`, `store`, `registered`, `state`
(there, replaced, missing).
"""

MEANINGS = {
    ExitCode.DONE: "done",
    ExitCode.FAILED: "failed",
    ExitCode.USAGE: "the command line, or what it asks for, makes no sense",
    ExitCode.NOT_FOUND: "not found",
    ExitCode.CONFLICT: "in conflict with another job or program, or too late",
    ExitCode.KEY: "a key, passphrase or credential is missing or wrong",
    ExitCode.UPDATE_REQUIRED: "this program must be updated first",
    ExitCode.STORAGE_FULL: "no room left",
    ExitCode.CANCELLED: "cancelled, by Ctrl-C, from elsewhere, or by a 'no'",
}


def reference() -> str:
    """The whole page."""
    commands = [each for each in shape_of(whole_parser()).every() if not each.below]
    return "\n".join([HEAD, _exit_codes(), JSON, "## Commands\n", *map(_section, commands)])


def _section(command: Shape) -> str:
    return f"### {' '.join(command.words)}\n\n```text\n{command.help.rstrip()}\n```\n"


def _exit_codes() -> str:
    rows = []
    for code, meaning in MEANINGS.items():
        kinds = sorted(f"`{kind}`" for kind, error in BY_KIND.items() if error.exit_code is code)
        rows.append(f"| {code.value} | {meaning} | {', '.join(kinds)} |")
    table = "\n".join(("| code | meaning | errors |", "|---|---|---|", *rows))
    return f"## Exit codes\n\nA failed job ends with the code of what it failed of.\n\n{table}\n"


if __name__ == "__main__":
    print(reference(), end="")
