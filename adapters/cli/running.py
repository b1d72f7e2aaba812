"""From a command line to an exit code: parse, run, and turn every error into one sentence.

The one place where exceptions end. Knows exit codes and streams; what the commands do is theirs.
"""

from __future__ import annotations

import os
import sys
from argparse import Namespace

from reprieve.core.errors import (
    ExitCode,
    InvalidRequest,
    JobFailed,
    KeyRequired,
    Problem,
    ReprieveError,
    StorageFull,
)

from .output import JsonOutput, Output, TextOutput

DEBUG_VARIABLE = "REPRIEVE_DEBUG"


def run(words: list[str], output: Output | None = None) -> int:
    """Run a command line and give its exit code."""
    _prepare_streams()
    output = output or (JsonOutput() if "--json" in words else TextOutput())
    try:
        _carry_out(words, output)
        sys.stdout.flush()
    except SystemExit as end:  # --help, --version, and a command that has exit codes of its own
        return int(end.code or 0)
    except ReprieveError as error:
        output.error(_problem(error))
        return exit_code(error)
    except KeyboardInterrupt:
        output.error(Problem("cancelled", "Interrupted."))
        return ExitCode.CANCELLED
    except BrokenPipeError:  # whoever read our output has gone, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return ExitCode.FAILED
    except OSError as error:
        known = of_system(error)
        output.error(Problem.of(known) if known else Problem("internal", _unexpected(error)))
        return known.exit_code if known else ExitCode.FAILED
    except Exception as error:  # a bug of ours: one sentence, and the traceback where it can be found
        output.error(Problem("internal", _unexpected(error)))
        return ExitCode.FAILED
    return ExitCode.DONE


def of_system(error: OSError) -> ReprieveError | None:
    """What the system refused this process, as a sentence; None for what no user can be blamed for."""
    from reprieve.transports.local.files import is_full, is_read_only

    what = f" ({error.filename})" if error.filename else ""
    if is_full(error):
        return StorageFull(f"There is no room left{what}; make room, then try again.")
    if isinstance(error, PermissionError) or is_read_only(error):
        return InvalidRequest(
            f"The system does not permit it{what}: {error.strerror}. Change the permissions."
        )
    if isinstance(error, FileNotFoundError) and _folder_is_gone():
        return InvalidRequest("The current folder is gone; change to one that exists, and try again.")
    return None


def _folder_is_gone() -> bool:
    try:
        os.getcwd()
    except OSError:
        return True
    return False


def _prepare_streams() -> None:
    """Streams that take every character, and that are there: a parent may have closed them."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))
        elif mode == "w" and hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def exit_code(error: ReprieveError) -> ExitCode:
    """What the command line says by its exit code; of a failed job, why it failed."""
    return error.problem.error().exit_code if isinstance(error, JobFailed) else error.exit_code


def _carry_out(words: list[str], output: Output) -> None:
    from .commands import parser_for

    asked = parser_for(words).parse_args(words)
    work = asked.run(asked, output)
    if work is None:
        return
    import asyncio  # late: --help and --version need none

    from ..log_lines import show_warnings_visibly

    show_warnings_visibly()
    try:
        asyncio.run(work)
    except (KeyRequired, JobFailed) as error:
        asked.passphrase = _passphrase(asked, error)
        asyncio.run(asked.run(asked, output))
    _drop_old_undo_copies()


def _drop_old_undo_copies() -> None:
    """Every command counts as a use of this home, after which old copies may go."""
    import logging

    from reprieve.transports.local.home import Home
    from reprieve.transports.local.undo_catalogue import drop_old

    try:
        home = Home.find()
        if home.keeps_undo_copies:
            drop_old(home)
    except (InvalidRequest, OSError) as error:  # the command is done, and may have needed no home
        logging.getLogger(__name__).info("Old undo copies are not looked after: %s", error)


def _passphrase(asked: Namespace, error: ReprieveError) -> str:
    """What may open the repository, where a key is missing and somebody is there; else raises `error`."""
    from .asking import person_present, secret

    missing = isinstance(error, KeyRequired) or (
        isinstance(error, JobFailed) and error.problem.kind == KeyRequired.kind
    )
    if not missing or not person_present(asked.json) or os.environ.get("REPRIEVE_PASSPHRASE"):
        raise error
    typed = secret("There is no key for this store here. Passphrase: ", json=asked.json, instead="")
    if not typed:
        raise error
    return typed


def _problem(error: ReprieveError) -> Problem:
    return error.problem if isinstance(error, JobFailed) else Problem.of(error)


def _unexpected(error: Exception) -> str:
    """What to say of a bug. Its traceback goes to a file, or to stderr where REPRIEVE_DEBUG is set."""
    import tempfile
    import traceback

    told = "".join(traceback.format_exception(error))
    if os.environ.get(DEBUG_VARIABLE):
        sys.stderr.write(told)
        return f"An unexpected {type(error).__name__}: {error}. Please report it with the traceback above."
    try:
        with tempfile.NamedTemporaryFile(
            "w", prefix="reprieve-", suffix=".traceback", delete=False, encoding="utf-8"
        ) as file:
            file.write(told)
    except OSError as no_file:
        return (
            f"An unexpected {type(error).__name__}: {error}. Its traceback could not be written "
            f"({no_file.strerror or no_file}): set {DEBUG_VARIABLE}=1 to see it, and please report it."
        )
    return f"An unexpected {type(error).__name__}: {error}. Please report it with {file.name}."
