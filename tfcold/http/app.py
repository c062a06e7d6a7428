"""The ASGI application: routes, what they share, and what becomes of an error."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from tfcold.http.body import read_body
from tfcold.http.errors import RequestError
from tfcold.http.hosts import OnlyHosts
from tfcold.http.limits import Limits
from tfcold.http.metrics import CONTENT_TYPE, Metrics
from tfcold.http.page import PageRoutes
from tfcold.http.pool import WorkPool
from tfcold.http.predict import answer, arrays_of, batch_of, check_cells, dumped, question
from tfcold.http.store import VersionStore
from tfcold.http.version import Version
from tfcold.progress import logger

UNKNOWN: Final = "unknown"  # label of a request whose signature could not be read
_JSON: Final = "application/json"
_ANY: Final = ("GET", "POST", "PUT", "PATCH", "DELETE")


@dataclass
class Job:
    """One predict request, for its log line and its metrics."""

    signature: str = UNKNOWN


class Service:
    """What the routes share.

    Args:
        name: str. The model's name in the paths.
        store: where the version that answers is.
        limits: bounds of one request.
    """

    def __init__(self, name: str, store: VersionStore, limits: Limits) -> None:
        self.name, self.store, self.limits = name, store, limits
        self.pool = WorkPool(limits.threads, limits.waiting)
        self.metrics = Metrics(name, lambda: self.pool.taken)

    def version(self, request: Request) -> Version:
        """The version that a path means: the one that answers.

        Raises:
            RequestError: 404, another model or version; 503, none is loaded yet.
        """
        name, number = request.path_params.get("name", self.name), request.path_params.get("version")
        if name != self.name:
            raise RequestError(404, f"model {name!r:.80} is not served here; {self.name!r} is")
        current = self.store.current
        if current is None:
            raise RequestError(503, f"no version of {self.name!r} is loaded yet", {"retry-after": "1"})
        if number is not None and number != current.number:
            raise RequestError(404, f"version {number} of {self.name!r} is not served; version {current.number} is")
        return current

    async def compute(self, request: Request, function: Callable[[bytes], bytes]) -> Response:
        """The JSON that `function` makes of the body, on a thread of the pool."""
        started = time.monotonic()
        body = await read_body(request, self.limits.body_bytes, self.limits.timeout_seconds)
        left = self.limits.timeout_seconds - (time.monotonic() - started)
        return Response(await self.pool.run(lambda: function(body), left), media_type=_JSON)

    # -- routes --------------------------------------------------------------------------------------------------

    async def predict(self, request: Request) -> Response:
        started, job, status = time.monotonic(), Job(), 500
        try:
            if request.method != "POST":  # else the path would be that of a model called `NAME:predict`
                raise RequestError(405, "`:predict` takes POST", {"allow": "POST"})
            version = self.version(request)
            response = await self.compute(request, lambda body: self._predicted(version, body, job))
            status = response.status_code
            return response
        except RequestError as error:
            status = error.status
            raise
        finally:
            self.metrics.answered(job.signature, status, time.monotonic() - started)

    def _predicted(self, version: Version, body: bytes, job: Job) -> bytes:
        asked = question(body)
        signature = version.signature(asked.signature)
        job.signature = signature.name
        arrays = arrays_of(asked, signature.inputs, self.limits)
        check_cells(arrays, version.longest, self.limits)
        batch = batch_of(arrays)
        self.metrics.batch(signature.name, batch)
        return answer(signature(arrays), by_rows=asked.by_rows, batch=batch)

    async def status(self, request: Request) -> Response:
        number = request.path_params.get("version")
        if request.path_params["name"] != self.name:
            self.version(request)  # says so
        found = [one for one in self.store.statuses() if number is None or one["version"] == str(number)]
        if number is not None and not found:
            raise RequestError(404, f"version {number} of {self.name!r} is not there")
        return Response(dumped({"model_version_status": found}), media_type=_JSON)

    async def metadata(self, request: Request) -> Response:
        version = self.version(request)
        signatures = {name: one.to_dict() for name, one in version.signatures.items()}
        content = {
            "model_spec": {"name": self.name, "signature_name": "", "version": str(version.number)},
            "metadata": {"signature_def": {"signature_def": signatures}},
        }
        return Response(dumped(content), media_type=_JSON)

    async def live(self, request: Request) -> Response:
        return PlainTextResponse("ok\n")

    async def ready(self, request: Request) -> Response:
        if self.store.current is None:
            return PlainTextResponse("no version is loaded yet\n", 503)
        return PlainTextResponse("ok\n")

    async def figures(self, request: Request) -> Response:
        return Response(self.metrics.page(), headers={"content-type": CONTENT_TYPE})


def create_app(
    store: VersionStore, name: str, limits: Limits | None = None, *, hosts: Collection[str] | None = None
) -> Starlette:
    """The ASGI application. It starts the store's watch when it starts, and ends it when it ends.

    Args:
        store: not started yet. The application becomes its watcher, and tells the one before.
        name: str. The model's name in the paths.
        limits: default `Limits()`.
        hosts: names that the `Host` header may hold, so that no page of the web can read a local server through a
            name of its own; None allows any.
    """
    service = Service(name, store, limits or Limits())
    page = PageRoutes(service)
    told = store.watcher

    def watcher(outcome: str, number: int, error: Exception | None) -> None:
        service.metrics.loaded(outcome, number)
        if told:
            told(outcome, number, error)

    store.watcher = watcher

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        store.start()
        try:
            yield
        finally:
            store.stop()
            service.pool.close()

    base = "/v1/models/{name}"
    routes = [
        Route("/healthz", service.live),
        Route("/readyz", service.ready),
        Route("/metrics", service.figures),
        Route(f"{base}:predict", service.predict, methods=_ANY),
        Route(f"{base}/versions/{{version:int}}:predict", service.predict, methods=_ANY),
        Route(f"{base}/metadata", service.metadata),
        Route(f"{base}/versions/{{version:int}}/metadata", service.metadata),
        Route(base, service.status),
        Route(f"{base}/versions/{{version:int}}", service.status),
        *page.routes(),
    ]
    handlers: dict[Any, Callable[[Request, Any], Awaitable[Response]]] = {
        RequestError: _refused,
        HTTPException: _not_found,
        Exception: _broken,
    }
    middleware = [] if hosts is None else [Middleware(OnlyHosts, hosts=hosts)]
    return Starlette(routes=routes, lifespan=lifespan, exception_handlers=handlers, middleware=middleware)


async def _refused(request: Request, error: RequestError) -> Response:
    return Response(dumped({"error": str(error)}), error.status, error.headers, _JSON)


async def _not_found(request: Request, error: HTTPException) -> Response:
    said = f"{request.method} {request.url.path[:200]}: {error.detail}"
    return Response(dumped({"error": said}), error.status_code, error.headers, _JSON)


async def _broken(request: Request, error: Exception) -> Response:
    logger.error("%s %s", request.method, request.url.path, exc_info=error)
    return Response(dumped({"error": "something is wrong in the server; its log says what"}), 500, None, _JSON)
