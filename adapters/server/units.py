"""Files by which systemd or launchd start a service of one user, and start it again.

Pure but for `install`: the same service gives the same files, byte for byte. Knows the two systems' formats
(systemd.service(5), systemd.socket(5), launchd.plist(5)); nothing of what the service does.
"""

from __future__ import annotations

import os
import plistlib
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

import attrs

from reprieve.core.errors import Conflict, InvalidRequest, StorageError, Unsupported
from reprieve.transports.local.files import part_of

MADE_BY = "made by `reprieve serve --install-unit`"
STOP_SECONDS = 120
"""A service lets its jobs end, then cancels them and puts the originals back: that may take this long."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")


def _is_a_file_name(instance: Served, attribute: attrs.Attribute[str], name: str) -> None:
    if not _NAME.fullmatch(name):
        raise InvalidRequest(f"A unit's name is letters, digits and any of _ . -, not {name!r}; see --name.")


@attrs.frozen(kw_only=True)
class Served:
    """One service. `addresses` are where it listens, as systemd writes them; `unix` is a path."""

    name: str = attrs.field(validator=_is_a_file_name)
    database: str
    command: tuple[str, ...]
    addresses: tuple[str, ...]
    unix: str | None = None
    environment: Mapping[str, str] = attrs.field(factory=dict)


@attrs.frozen
class File:
    """A file to write."""

    path: Path
    content: bytes


@attrs.frozen
class Units:
    """The files of one service, and the commands that switch it on, say how it is, and switch it off."""

    files: tuple[File, ...]
    on: str
    status: str
    off: str


def units_for(served: Served, platform: str, home: Path) -> Units:
    """What a system (as sys.platform calls it) needs. Raises Unsupported where it is none of the two."""
    if platform == "linux":
        return systemd(served, home)
    if platform == "darwin":
        return launchd(served, home)
    raise Unsupported(
        "Only systemd and launchd are known here; have your system start `reprieve serve` by its own means."
    )


def systemd(served: Served, home: Path) -> Units:
    """A service of the user's own systemd, and the socket on whose first connection it starts."""
    folder = Path(os.environ.get("XDG_CONFIG_HOME") or home / ".config") / "systemd" / "user"
    name = served.name
    listens = [*served.addresses, *([served.unix] if served.unix else [])]
    socket = [
        f"# {MADE_BY}",
        "[Unit]",
        f"Description=Where reprieve serves {_literal(served.database)}",
        "",
        "[Socket]",
        *(f"ListenStream={_literal(listen)}" for listen in listens),
        "SocketMode=0600",
        "",
        "[Install]",
        "WantedBy=sockets.target",
    ]
    service = [
        f"# {MADE_BY}",
        "[Unit]",
        f"Description=reprieve serves {_literal(served.database)}",
        f"Requires={name}.socket",
        "",
        "[Service]",
        "Type=exec",
        f"ExecStart={' '.join(map(_quoted, served.command))}",
        *(
            f"Environment={_quoted(f'{variable}={value}', shell=False)}"
            for variable, value in sorted(served.environment.items())
        ),
        "Restart=on-failure",
        "# only the service itself is asked to stop: it ends its workers, once the originals are back",
        "KillMode=mixed",
        f"TimeoutStopSec={STOP_SECONDS}",
        "LimitNOFILE=4096",
        "NoNewPrivileges=yes",
        "UMask=0077",
        "",
        "[Install]",
        "WantedBy=default.target",
    ]
    return Units(
        files=(
            File(folder / f"{name}.socket", _text(socket)),
            File(folder / f"{name}.service", _text(service)),
        ),
        on=f"systemctl --user daemon-reload && systemctl --user enable --now {name}.socket",
        status=f"systemctl --user status {name}; journalctl --user -u {name}",
        off=f"systemctl --user disable --now {name}.socket {name}.service",
    )


def launchd(served: Served, home: Path) -> Units:
    """An agent of the user's launchd, which starts when they log in."""
    label = f"reprieve.{served.name}"
    log = home / "Library" / "Logs" / f"{label}.log"
    content = {
        "Comment": MADE_BY,
        "EnvironmentVariables": dict(served.environment),
        "ExitTimeOut": STOP_SECONDS,
        "KeepAlive": {"SuccessfulExit": False},
        "Label": label,
        "ProgramArguments": list(served.command),
        "RunAtLoad": True,
        "SoftResourceLimits": {"NumberOfFiles": 4096},
        "StandardErrorPath": str(log),
        "Umask": 0o077,
    }
    path = home / "Library" / "LaunchAgents" / f"{label}.plist"
    return Units(
        files=(File(path, plistlib.dumps(content, sort_keys=True)),),
        on=f"launchctl bootstrap gui/$(id -u) '{path}'",
        status=f"launchctl print gui/$(id -u)/{label}; tail '{log}'",
        off=f"launchctl bootout gui/$(id -u)/{label}",
    )


def install(units: Units) -> None:
    """Write the files, over earlier ones of ours and no others. Raises Conflict, StorageError."""
    for file in units.files:
        if file.path.exists() and MADE_BY.encode() not in file.path.read_bytes():
            raise Conflict(f"{file.path} was not {MADE_BY}; it was left as it is. Give another --name.")
    for file in units.files:
        part = part_of(file.path)
        try:
            file.path.parent.mkdir(parents=True, exist_ok=True)
            part.write_bytes(file.content)
            os.replace(part, file.path)
        except OSError as error:
            raise StorageError(f"{file.path} cannot be written: {error.strerror}.") from error


def _literal(text: str) -> str:
    return text.replace("%", "%%")


def _quoted(word: str, *, shell: bool = True) -> str:
    """One word as systemd reads it again; `shell` says that it would put variables for dollars."""
    if "\n" in word:
        raise InvalidRequest(f"systemd takes no line break in {word!r}.")
    text = _literal(word).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text.replace("$", "$$") if shell else text}"'


def _text(lines: Iterable[str]) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode()
