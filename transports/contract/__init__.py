"""The contract of a transport, as tests: whoever writes one subclasses TransportContract and runs it.

    class TestMine(TransportContract):
        @asynccontextmanager
        async def setting(self, folder: Path) -> AsyncIterator[Setting]:
            yield Setting(lambda: MyTransport(folder / "my.db"), RealClock())

Every MUST of core/ports.py is a test here. Nothing is skipped: of an operation that a transport does not
have, the same test asks that it raises Unsupported. It needs pytest and no plugin of it. It knows the core
and its ports, and no transport.
"""

from __future__ import annotations

from .catalog import Catalog, Declared, Documents
from .jobs import Cancelling, Creations, Restorations
from .recovery import Recovery
from .trial import Setting, Trial

__all__ = ["Setting", "TransportContract", "Trial"]


class TransportContract(Declared, Creations, Restorations, Cancelling, Recovery, Catalog, Documents):
    """What every transport must do. Subclass it as `Test…` and say in `setting` what to try."""
