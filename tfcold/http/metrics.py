"""What Prometheus reads at `/metrics`; a registry of its own for every server."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

_SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
_ROWS: Final = (0.0, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0, 1024.0)
CONTENT_TYPE: Final = CONTENT_TYPE_LATEST


class Metrics:
    """Counts of one server.

    Args:
        model: str. The name it is served by, a label of every figure.
        in_flight: gives the number of requests that run or wait.
    """

    def __init__(self, model: str, in_flight: Callable[[], int]) -> None:
        self.registry = CollectorRegistry()
        self._model = model
        ProcessCollector(registry=self.registry)
        registry = self.registry
        self._requests = Counter(
            "tfcold_requests",
            "Answered requests by signature and HTTP status.",
            ["model", "signature", "status"],
            registry=registry,
        )
        self._seconds = Histogram(
            "tfcold_request_seconds",
            "Seconds from the head of a request to its answer.",
            ["model", "signature"],
            buckets=_SECONDS,
            registry=registry,
        )
        self._rows = Histogram(
            "tfcold_batch_rows", "Rows of a request.", ["model", "signature"], buckets=_ROWS, registry=registry
        )
        self._version = Gauge(
            "tfcold_model_version", "Number of the version that answers.", ["model"], registry=registry
        )
        self._reloads = Counter(
            "tfcold_version_loads",
            "Versions that were loaded, or could not be.",
            ["model", "outcome"],
            registry=registry,
        )
        flying = Gauge(
            "tfcold_requests_in_flight", "Requests that run or wait for a thread.", ["model"], registry=registry
        )
        flying.labels(model).set_function(in_flight)
        for outcome in ("loaded", "failed"):
            self._reloads.labels(model, outcome)  # from 0 on

    def answered(self, signature: str, status: int, seconds: float) -> None:
        """One request is done. `signature` must be of a bounded set: it becomes a label."""
        self._requests.labels(self._model, signature, str(status)).inc()
        self._seconds.labels(self._model, signature).observe(seconds)

    def batch(self, signature: str, rows: int) -> None:
        """A request that could be read has this many rows."""
        self._rows.labels(self._model, signature).observe(rows)

    def loaded(self, outcome: str, number: int) -> None:
        """A version was `"loaded"`, and answers now, or `"failed"`."""
        self._reloads.labels(self._model, outcome).inc()
        if outcome == "loaded":
            self._version.labels(self._model).set(number)

    def page(self) -> bytes:
        """All figures in the text format of Prometheus."""
        return generate_latest(self.registry)
