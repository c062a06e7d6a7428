"""A bundle over HTTP: TensorFlow Serving's REST forms, health, metrics, new versions while it runs, and a small page.

Needs the extra `serve` (Starlette, uvicorn, prometheus-client). `tfcold serve DIR` is its command line.
"""

from tfcold.http.app import create_app
from tfcold.http.errors import RequestError
from tfcold.http.limits import Limits
from tfcold.http.server import run_server
from tfcold.http.store import VersionStore
from tfcold.http.version import Version

__all__ = ["Limits", "RequestError", "Version", "VersionStore", "create_app", "run_server"]
