"""`GET /metrics`: what a service did and does, in Prometheus' format.

Watches the library, and the requests as a middleware; no handler knows of it. Routes are told by their
patterns, never by what was asked, so that no client can make up names. Needs the extra `metrics`.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from functools import cache
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from aiohttp import web
from aiohttp.typedefs import Handler

from reprieve.core.errors import Unsupported
from reprieve.core.job import Job, JobKind
from reprieve.core.lifecycle import JobState, Outcome

from .keys import LIBRARY
from .routes import Route, route_of
from .watching import every_job

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry

SECONDS = (0.1, 0.3, 1, 3, 10, 30, 100, 300, 1000, 3000)
"""Where the histogram of jobs is divided."""

OTHER = "other"
"""Whatever has no route of ours."""


async def metrics(request: web.Request) -> web.StreamResponse:
    """All that was counted. Raises Unsupported without prometheus-client."""
    counts = request.app.get(COUNTS)
    if counts is None:
        raise Unsupported("Metrics need a library: `pip install 'reprieve[metrics]'`, then start it again.")
    from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

    return web.Response(body=generate_latest(counts.registry), headers={"Content-Type": CONTENT_TYPE_LATEST})


ROUTES = (
    Route(
        method="GET",
        path="/metrics",
        handler=metrics,
        summary="Prometheus' metrics",
        gives=str,
        media="text/plain",
        statuses=(200, 501),
    ),
)


def count(app: web.Application) -> None:
    """Count what an application and its library do, where there is something to count with."""
    if find_spec("prometheus_client") is None:
        return
    app[COUNTS] = Counts()
    app.middlewares.insert(0, _requests)
    app.on_response_prepare.append(_streams)
    app.cleanup_ctx.append(_jobs)


class Counts:
    """What is counted, of one application."""

    def __init__(self) -> None:
        from prometheus_client import CollectorRegistry, Gauge, Histogram, ProcessCollector
        from prometheus_client import Counter as Total

        self.registry: CollectorRegistry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        of: dict[str, Any] = {"registry": self.registry, "namespace": "reprieve"}
        requests = Total("requests", "Requests answered.", ("method", "route", "status"), **of)
        self.requests = cache(requests.labels)  # which looks a label up under a lock, each time
        self.streams = Gauge("open_streams", "Answers that go on: heartbeats, events, WebSockets.", **of)
        self.ended = Total("jobs_ended", "Jobs that have ended.", ("kind", "outcome"), **of)
        self.now = Gauge(
            "jobs", "Jobs that have not ended; those that are idle wait.", ("kind", "state"), **of
        )
        self.seconds = Histogram(
            "job_seconds", "How long jobs ran.", ("kind", "outcome"), buckets=SECONDS, **of
        )
        self.bytes = Total("job_bytes", "Sizes of the databases of jobs that completed.", ("kind",), **of)
        self.added = Total("stored_bytes", "What backups made the store grow by.", **of)
        self._unsettled: dict[str, Job] = {}
        self._streaming: set[int] = set()
        self._tell_unsettled()

    def job(self, job: Job) -> None:
        """A job as it became; each comes with its end once."""
        if job.final:
            self._unsettled.pop(job.id, None)
            self._end(job)
        else:
            self._unsettled[job.id] = job
        self._tell_unsettled()

    def begin_anew(self) -> None:
        """What stands unsettled is told once more, from the beginning."""
        self._unsettled.clear()
        self._tell_unsettled()

    def stream_begins(self, request: web.BaseRequest) -> None:
        """Its answer is one that goes on."""
        self._streaming.add(id(request))
        self.streams.set(len(self._streaming))

    def stream_over(self, request: web.BaseRequest) -> None:
        """It is answered, by a stream or not."""
        if id(request) in self._streaming:
            self._streaming.remove(id(request))
            self.streams.set(len(self._streaming))

    def _end(self, job: Job) -> None:
        labels = (job.kind.value, job.outcome.value if job.outcome else JobState.FAILED.value)
        self.ended.labels(*labels).inc()
        if job.started and job.ended:
            self.seconds.labels(*labels).observe((job.ended - job.started).total_seconds())
        if job.outcome is Outcome.COMPLETED and job.backup:
            self.bytes.labels(job.kind.value).inc(job.backup.bytes)
            if job.kind is JobKind.CREATION:
                self.added.inc(job.backup.added or 0)

    def _tell_unsettled(self) -> None:
        standing = Counter((job.kind, job.state) for job in self._unsettled.values())
        for kind in JobKind:
            for state in JobState:
                if not state.final:
                    self.now.labels(kind.value, state.value).set(standing[kind, state])


COUNTS: web.AppKey[Counts] = web.AppKey("counts", Counts)


@web.middleware
async def _requests(request: web.Request, handler: Handler) -> web.StreamResponse:
    counts, status = request.app[COUNTS], 500
    try:
        response = await handler(request)
        status = response.status
        return response
    except web.HTTPException as error:
        status = error.status
        raise
    finally:
        route = route_of(request)
        labels = (request.method, route.path) if route else (OTHER, OTHER)
        counts.requests(*labels, status).inc()
        counts.stream_over(request)


async def _streams(request: web.Request, response: web.StreamResponse) -> None:
    if not isinstance(response, web.Response):
        request.app[COUNTS].stream_begins(request)


async def _jobs(app: web.Application) -> AsyncIterator[None]:
    watching = asyncio.create_task(_watch(app))
    yield
    watching.cancel()
    await asyncio.wait((watching,))


async def _watch(app: web.Application) -> None:
    counts = app[COUNTS]
    async for job in every_job(app[LIBRARY], anew=counts.begin_anew):
        counts.job(job)
