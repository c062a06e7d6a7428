"""`tfcold serve`: a bundle over HTTP, to try it out and to put behind a proxy."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Final
from urllib.parse import quote

from tfcold.cli import console
from tfcold.errors import InputError
from tfcold.progress import logger

SUMMARY: Final = "answer over HTTP, with a page to try it"
DESCRIPTION: Final = """\
Serves the newest version of a bundle with TensorFlow Serving's REST forms: POST /v1/models/NAME:predict,
GET /v1/models/NAME, GET /v1/models/NAME/metadata. /healthz, /readyz and /metrics (Prometheus) are for those who run
it, and / is a page to try it. A new version that appears in the folder is loaded aside and takes over; one that
cannot be loaded is reported and left alone. Listens on this machine only, unless told otherwise. Stops with Ctrl-C
or SIGTERM, after the requests in flight.
"""
EPILOG: Final = """\
examples:
  tfcold serve saved_models/shop
  tfcold serve saved_models/shop --items items.csv --title-column title --port 8080
  curl -d '{"signature_name": "recommend", "inputs": {"user_id": ["u1"], "k": 5, "exclude": [[]]}}' \\
    http://127.0.0.1:8501/v1/models/shop:predict
"""
RENAMED: Final = {"folder": "model"}
TITLE: Final = "title"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("model", metavar="DIR", help="folder of a bundle, or of one version of it")
    parser.add_argument("--name", metavar="NAME", help="name in the paths (default: the folder's)")
    parser.add_argument("--host", default="127.0.0.1", metavar="ADDRESS", help="default 127.0.0.1: this machine only")
    parser.add_argument("--port", type=port, default=8501, metavar="N", help="default 8501; 0 takes a free one")
    parser.add_argument(
        "--allow-host", action="append", default=[], metavar="NAME",
        help="one more name that callers may know this machine by, as behind a proxy; repeatable",
    )  # fmt: skip
    parser.add_argument(
        "--items", metavar="F", help="items with item_id and titles for the page (default: the bundle's)"
    )
    parser.add_argument("--title-column", metavar="NAME", help="column of titles, default title")
    whole = console.whole_number(1)
    parser.add_argument("--threads", type=whole, default=4, metavar="N", help="requests computed at once, default 4")
    parser.add_argument(
        "--max-waiting", type=console.whole_number(0), default=256, metavar="N",
        help="requests that may wait for a thread, default 256; 503 beyond",
    )  # fmt: skip
    parser.add_argument("--max-batch", type=whole, default=1024, metavar="N", help="rows of a request, default 1024")
    parser.add_argument(
        "--max-body-mb", type=whole, default=8, metavar="N", help="megabytes of a request, default 8; 413 beyond"
    )
    parser.add_argument(
        "--timeout", type=seconds, default=30.0, metavar="SECONDS", help="for one request, default 30; 504 beyond"
    )
    parser.add_argument(
        "--poll", type=seconds, default=2.0, metavar="SECONDS", help="between two looks for a new version, default 2"
    )


def run(args: argparse.Namespace) -> None:
    console.check_model(args.model, "DIR")
    console.check_file(args.items, "--items")
    name = args.name or Path(args.model).resolve().name
    if not name or "/" in name:
        raise InputError(f"`--name` must be a name without '/'; received {name!r}")

    from tfcold.extras import require

    for module in ("starlette", "uvicorn", "prometheus_client"):
        require(module, extra="serve")
    title_column = args.title_column or TITLE
    titles = None if args.items is None else read_titles(args.items, title_column)
    if args.title_column is not None and args.items is None:
        check_title_column(args.model, title_column)

    from tfcold.http import Limits, Version, VersionStore, run_server
    from tfcold.http.hosts import LOCAL, is_local

    limits = Limits(
        body_bytes=args.max_body_mb * 1_000_000,
        batch=args.max_batch,
        threads=args.threads,
        waiting=args.max_waiting,
        timeout_seconds=args.timeout,
        poll_seconds=args.poll,
    )
    store = VersionStore(
        args.model,
        lambda folder: Version(folder, titles=titles, title_column=title_column),
        poll_seconds=limits.poll_seconds,
    )
    hosts = [*LOCAL, args.host, *args.allow_host] if is_local(args.host) or args.allow_host else None

    def ready(url: str, version: int) -> None:
        if not is_local(args.host):
            logger.warning("listening on %s: whoever reaches this machine may ask. There is no password", args.host)
        console.say(f"version {version} answers at {url}/v1/models/{quote(name)}:predict; a page to try it: {url}/")

    run_server(store, name, host=args.host, port=args.port, limits=limits, hosts=hosts, ready=ready)


def check_title_column(model: str, column: str) -> None:
    """Nothing, where the newest version of a bundle keeps this column of its items.

    Raises:
        InputError: it does not.
    """
    from tfcold.columns import ITEM_ID
    from tfcold.manifest import version_folder
    from tfcold.serving.attributes import kept_items

    kept = kept_items(version_folder(model))
    columns = [] if kept is None else [str(name) for name in kept.columns if name != ITEM_ID]
    if column not in columns:
        raise InputError(
            f"`--title-column` must be a column that {model!r} keeps of its items; received {column!r}, it keeps "
            f"{', '.join(map(repr, columns)) or 'none'}. Name one of these, or give titles in --items"
        )


def read_titles(path: str, column: str) -> Mapping[str, str]:
    """Title by item id.

    Raises:
        InputError: no such column, or a row without id.
    """
    from tfcold.columns import ITEM_ID
    from tfcold.data import read_items

    frame = read_items(path, argument="--items").frame
    if column not in frame.columns:
        others = ", ".join(repr(str(name)) for name in frame.columns if name != ITEM_ID) or "nothing else"
        raise InputError(f"`--title-column` must be a column of {path!r}; received {column!r}, there is {others}")
    known = frame[frame[column].notna()]
    return dict(zip(known[ITEM_ID].tolist(), known[column].astype(str).tolist(), strict=True))


def port(text: str) -> int:
    """An argparse type: an int from 0 to 65535."""
    if not (text.isascii() and text.isdigit() and int(text) <= 65535):
        raise argparse.ArgumentTypeError(f"must be a whole number from 0 to 65535; received {text!r}")
    return int(text)


def seconds(text: str) -> float:
    """An argparse type: a float above 0 and up to a day."""
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value <= 86_400:
        raise argparse.ArgumentTypeError(f"must be a number of seconds above 0; received {text!r}")
    return value
