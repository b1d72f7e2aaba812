"""The table's rows: what a method is called, takes and gives, and the handler that answers it.

The handlers are in the files of what they are about; table.py gathers them.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

import attrs

from reprieve.core.operations import Operation

from ..wire import Shape

if TYPE_CHECKING:
    from .call import Call

Handler = Callable[["Call", Any], Awaitable[Any]]
"""Called with the Call and its params, read. It raises a ReprieveError or Refused if it fails."""


@attrs.frozen(kw_only=True)
class Method:
    """One method. `gives` is the type of its result; `errors` are codes beside those that any may have.

    `starts_job` says that it stands for a job, `ends_job` that it waits for one to end.
    """

    name: str
    handler: Handler
    summary: str
    params: type[Shape]
    gives: Any
    operation: Operation | None = None
    errors: tuple[int, ...] = ()
    starts_job: bool = False
    ends_job: bool = False

    @property
    def lasts(self) -> bool:
        """Whether its answer waits for a job."""
        return self.starts_job or self.ends_job
