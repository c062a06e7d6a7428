"""The page at `/`, and the few questions that it asks besides `:predict`."""

from __future__ import annotations

import base64
import hashlib
import re
from importlib import resources
from typing import TYPE_CHECKING, Any, Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tfcold.http.errors import RequestError
from tfcold.http.predict import dumped, parsed
from tfcold.http.version import Version

if TYPE_CHECKING:
    from tfcold.http.app import Service

FILE: Final = "page.html"
MOST_FOUND: Final = 20
_INLINE: Final = re.compile(r"<(script|style)>(.*?)</\1>", re.DOTALL)


def page_of() -> tuple[bytes, dict[str, str]]:
    """The page and its headers: nothing from elsewhere, and no script or style but its own, by their sha256."""
    text = resources.files("tfcold.http").joinpath(FILE).read_text(encoding="utf-8")
    hashes: dict[str, list[str]] = {"script": [], "style": []}
    for kind, content in _INLINE.findall(text):
        digest = base64.b64encode(hashlib.sha256(content.encode("utf-8")).digest()).decode("ascii")
        hashes[kind].append(f"'sha256-{digest}'")
    policy = (
        f"default-src 'none'; script-src {' '.join(hashes['script'])}; style-src {' '.join(hashes['style'])}; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    headers = {
        "content-security-policy": policy,
        "content-type": "text/html; charset=utf-8",
        "x-content-type-options": "nosniff",
        "referrer-policy": "no-referrer",
        "cache-control": "no-cache",
    }
    return text.encode("utf-8"), headers


class PageRoutes:
    """`/`, `/ui/about`, `/ui/users`, `/ui/items` and `/ui/describe`.

    Args:
        service: what answers.
    """

    def __init__(self, service: Service) -> None:
        self._service = service
        self._page, self._headers = page_of()

    def routes(self) -> list[Route]:
        return [
            Route("/", self._index),
            Route("/ui/about", self._about),
            Route("/ui/users", self._users),
            Route("/ui/items", self._items),
            Route("/ui/describe", self._describe, methods=["POST"]),
        ]

    async def _index(self, request: Request) -> Response:
        return Response(self._page, headers=self._headers)

    async def _about(self, request: Request) -> Response:
        """Name, version, sizes, and the inputs of every signature."""
        version = self._service.version(request)
        signatures = {
            name: {key: {"kind": spec.dtype.kind, "shape": spec.shape} for key, spec in signature.inputs.items()}
            for name, signature in version.signatures.items()
        }
        content = {
            "name": self._service.name,
            "version": version.number,
            "sizes": version.manifest.sizes,
            "default_k": version.manifest.default_k,
            "has_titles": version.has_titles,
            "signatures": signatures,
        }
        return await self._service.compute(request, lambda _: dumped(content))

    async def _users(self, request: Request) -> Response:
        version, words = self._service.version(request), _search(request)
        return await self._service.compute(request, lambda _: dumped({"users": version.find_users(words, MOST_FOUND)}))

    async def _items(self, request: Request) -> Response:
        version, words = self._service.version(request), _search(request)

        def found(_: bytes) -> bytes:
            return dumped({"items": version.described(version.find_items(words, MOST_FOUND))})

        return await self._service.compute(request, found)

    async def _describe(self, request: Request) -> Response:
        version = self._service.version(request)
        return await self._service.compute(request, lambda body: dumped({"items": _described(version, body)}))


def _search(request: Request) -> str:
    words = request.query_params.get("search", "")
    if len(words) > 200:
        raise RequestError(400, f"`search` must be at most 200 characters; received {len(words)}")
    return words


def _described(version: Version, body: bytes) -> list[dict[str, Any]]:
    content = parsed(body)
    ids = content.get("item_id") if isinstance(content, dict) else None
    if not isinstance(ids, list) or len(ids) > 10_000 or not all(isinstance(one, str) for one in ids):
        raise RequestError(400, "`item_id` must be a list of at most 10000 strings")
    return version.described(ids)
