"""uvicorn around the application: a socket of its own, signals, and an orderly end."""

from __future__ import annotations

import contextlib
import errno
import signal
import socket
import threading
from collections.abc import Callable, Collection, Iterator

import uvicorn

from tfcold.errors import BundleError, InputError, TfcoldError
from tfcold.http.app import create_app
from tfcold.http.limits import Limits
from tfcold.http.store import FAILED, VersionStore

_HEADER_BYTES = 64 << 10
_IDLE_SECONDS = 30


def run_server(
    store: VersionStore,
    name: str,
    *,
    host: str = "127.0.0.1",
    port: int = 8501,
    limits: Limits | None = None,
    hosts: Collection[str] | None = None,
    ready: Callable[[str, int], None] = lambda url, version: None,
    started: Callable[[uvicorn.Server], None] = lambda server: None,
) -> None:
    """Serves until SIGINT or SIGTERM, then lets requests in flight finish.

    It listens, and answers `/healthz`, while the first version is being loaded.

    Args:
        store: not started yet.
        name: str. The model's name in the paths.
        host: str. Address to listen on.
        port: int, 0 takes a free one.
        limits: default `Limits()`.
        hosts: as in `create_app`.
        ready: called with the address and the number of the version once the first one answers.
        started: called with uvicorn's server before it runs; `server.should_exit = True` stops it.

    Raises:
        InputError: `host` or `port` cannot be listened on.
        BundleError: no version of the bundle can be loaded.
    """
    limits = limits or Limits()
    listener = _listener(host, port)
    errors: list[Exception] = []

    def watcher(outcome: str, number: int, error: Exception | None) -> None:
        if outcome == FAILED and error and not store.looked.is_set():  # later ones are the log's business
            errors.append(error)

    store.watcher = watcher
    config = uvicorn.Config(
        create_app(store, name, limits, hosts=hosts),
        http="h11",
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        limit_concurrency=4 * (limits.threads + limits.waiting) + 16,
        timeout_keep_alive=_IDLE_SECONDS,
        timeout_graceful_shutdown=max(1, round(limits.grace_seconds)),
        h11_max_incomplete_event_size=_HEADER_BYTES,
    )
    server = uvicorn.Server(config)
    started(server)
    bound = listener.getsockname()[1]
    shown = f"[{host}]" if ":" in host else host

    def first_version() -> None:
        store.looked.wait()
        if store.current is None:
            server.should_exit = True
        else:
            ready(f"http://{shown}:{bound}", store.current.number)

    waiting = threading.Thread(target=first_version, name="tfcold-first-version", daemon=True)
    with contextlib.closing(listener), _signals_end_it():
        waiting.start()
        server.run(sockets=[listener])
    if store.looked.is_set() and store.current is None:
        raise _why(store, errors)


def _why(store: VersionStore, errors: list[Exception]) -> TfcoldError:
    error = errors[0] if errors else None
    if isinstance(error, TfcoldError):
        return error
    return BundleError(f"`{store.folder}` holds no version that can be served: {error or 'it is empty'}")


def _listener(host: str, port: int) -> socket.socket:
    try:
        family, kind, proto, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind, proto)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(address)
        except OSError:
            listener.close()
            raise
    except (OSError, OverflowError) as error:
        if getattr(error, "errno", None) in (errno.EADDRINUSE, errno.EACCES):
            raise InputError(
                f"`port` {port} on {host} cannot be had ({error}). Take another, or 0 for a free one"
            ) from None
        raise InputError(f"`host` {host!r} with port {port} cannot be listened on: {error}") from None
    return listener


@contextlib.contextmanager
def _signals_end_it() -> Iterator[None]:
    """What stopped uvicorn it raises once more at its end; the signal has done its work by then."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {one: signal.signal(one, lambda *_: None) for one in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)
