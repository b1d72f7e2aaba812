"""The address of a service: one canonical name for it, and the URLs of its paths.

Knows URLs, and nothing of what is asked there. The name is what jobs call their database by, so two
spellings of one address must give the same.
"""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import SplitResult, quote, urlsplit

import attrs

from ...core.errors import InvalidRequest

_PORTS = {"http": 80, "https": 443}


@attrs.frozen
class Address:
    """Where a service is: `http://localhost:1000`, without a slash at its end."""

    name: str

    @classmethod
    def of(cls, target: str) -> Address:
        """The address that a target says.

        Raises InvalidRequest for one that holds more, or less, than that.
        """
        try:
            parts = urlsplit(target)
            port = parts.port
        except ValueError as error:
            raise InvalidRequest(f"{target!r} is no address of a service: {error}.") from error
        if parts.username is not None or parts.password is not None:
            raise InvalidRequest(
                "An address holds no name and no password: others could read it. Put the token into a file, "
                "and name that with token_file= or REPRIEVE_TOKEN_FILE."
            )
        if parts.query or parts.fragment:
            raise InvalidRequest(
                "An address ends with its port or path: leave out what follows the `?` or the `#`. A token "
                "comes from a file, which token_file= or REPRIEVE_TOKEN_FILE names."
            )
        if not parts.hostname:
            raise InvalidRequest(
                f"{target!r} is no address of a service; give one like http://localhost:1000."
            )
        return cls(_canonical(parts, port))

    def url(self, path: str, *names: str) -> str:
        """The URL of a path; each `{}` in it stands for one of `names`, whatever characters that has."""
        return self.name + path.format(*(quote(name, safe="") for name in names))

    @property
    def is_loopback(self) -> bool:
        """Whether it is on this machine, where nobody listens on the way."""
        host = urlsplit(self.name).hostname or ""
        try:
            return ip_address(host).is_loopback
        except ValueError:
            return host == "localhost"

    @property
    def is_encrypted(self) -> bool:
        """Whether the way there is."""
        return self.name.startswith("https:")


def _canonical(parts: SplitResult, port: int | None) -> str:
    scheme, host = parts.scheme.lower(), (parts.hostname or "").lower()
    where = f"[{host}]" if ":" in host else host
    if port not in (None, _PORTS[scheme]):
        where = f"{where}:{port}"
    return f"{scheme}://{where}{parts.path.rstrip('/')}"
