"""A client for servers that speak the protocol of OpenAI."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any, Final, TypeVar

from tfcold.errors import InputError, ModelError
from tfcold.extras import require
from tfcold.remote.address import OPENAI_URL, checked_address
from tfcold.remote.retry import Patience, Rejected, Temporary, asked_to_wait

Result = TypeVar("Result")

KEY: Final = "TFCOLD_API_KEY"
OPENAI_KEY: Final = "OPENAI_API_KEY"
_NO_KEY: Final = "none"  # servers on one's own machine want none; the client insists on one
_ONE_REQUEST: Final = (400, 413, 422)  # what is wrong is this request, not the endpoint
_PASSING: Final = (408, 409, 425, 429)
_SAID: Final = 200  # characters of a server's words in an error


class Endpoint:
    """Chat completions and embeddings of one server, over the `openai` client.

    Failures that may pass (no connection, no answer in time, 408, 409, 425, 429, 5xx, an answer that breaks off or is
    no JSON) are tried again as `patience` says, `Retry-After` honoured. Redirects are not followed, and proxies not
    used for this machine: text goes to the address that was checked, and nowhere else.

    The key comes from the environment when the first call is made: the variable `TFCOLD_API_KEY`, else
    `OPENAI_API_KEY`, which is for api.openai.com and goes nowhere else. It is kept in the client alone, and cut out of
    everything that errors quote.

    Args:
        url: str. Base address, as in `"https://api.openai.com/v1"`.
        allow_remote: bool or None. See `checked_address`.
        timeout_seconds: float, default 60. For one attempt to connect, and for each wait for a part of the answer.
        patience: default `Patience()`.
        argument: str. What to call the address in errors.

    Raises:
        InputError, RemoteError: see `checked_address`.
        MissingExtraError: on first use: `openai` is not installed.
    """

    def __init__(
        self,
        url: str,
        *,
        allow_remote: bool | None = None,
        timeout_seconds: float = 60.0,
        patience: Patience | None = None,
        argument: str = "model",
    ) -> None:
        if not timeout_seconds > 0:
            raise InputError(f"`timeout_seconds` must be above 0; received {timeout_seconds}")
        self.address = checked_address(url, allow_remote=allow_remote, argument=argument)
        self.allow_remote = allow_remote
        self.timeout_seconds = timeout_seconds
        self.patience = patience or Patience()
        self.argument = argument

    def chat(self, body: Mapping[str, Any], read: Callable[[dict[str, Any]], Result]) -> Result:
        """What `read` makes of the server's answer to a chat completion.

        Args:
            body: what is sent: `model`, `messages`, ...
            read: takes the answer's JSON object; raises `Temporary` where it is not what it should be, and the
                request is tried again.

        Raises:
            Rejected: the server refuses this request (400, 413, 422).
            GaveUp: every attempt failed.
            ModelError: the server refuses all requests (key, model, address, quota), or asks to wait for too long.
        """
        return self.patience.call(lambda: read(self._post("chat", body)))

    def completions(self, body: Mapping[str, Any], read: Callable[[dict[str, Any]], Result]) -> Result:
        """What `read` makes of the server's answer to a text completion, which base models take; as in `chat`."""
        return self.patience.call(lambda: read(self._post("completions", body)))

    def embeddings(self, body: Mapping[str, Any], read: Callable[[dict[str, Any]], Result]) -> Result:
        """What `read` makes of the server's answer to a request for embeddings; as in `chat`."""
        return self.patience.call(lambda: read(self._post("embeddings", body)))

    def _post(self, kind: str, body: Mapping[str, Any]) -> dict[str, Any]:
        # asked anew at each call: the switch in the environment may have been set since
        checked_address(self.address.url, allow_remote=self.allow_remote, argument=self.argument)
        openai: Any = require("openai", extra="language")
        client = self._client
        calls = {"chat": client.chat.completions, "completions": client.completions, "embeddings": client.embeddings}[
            kind
        ]
        failure: Exception | None = None
        text = ""
        try:
            text = calls.with_raw_response.create(**body).http_response.text
        except openai.APIStatusError as error:
            failure = self._of_status(error)
        except openai.APITimeoutError:
            failure = Temporary(f"no answer within {self.timeout_seconds:g} s")
        except openai.APIConnectionError as error:
            failure = Temporary(f"the connection failed ({self._clean(error.__cause__ or error)})")
        if failure is not None:
            raise failure  # out here, as the client's own error holds the request, and the key with it
        try:
            answer = json.loads(text)
        except ValueError:
            raise Temporary(f"the answer is no JSON: {self._clean(text)!r}") from None
        if not isinstance(answer, dict):
            raise Temporary(f"the answer is no JSON object: {self._clean(text)!r}")
        return answer

    def _of_status(self, error: Any) -> Exception:
        status, said = error.status_code, self._clean(error.message)
        if status >= 500 and "response_format" in said:  # llama-cpp-python says so of a form that it does not know
            return Rejected(f"HTTP {status}: {said}")
        if status in _PASSING or status >= 500:
            if "insufficient_quota" in said:
                return ModelError(f"the endpoint says that its quota is used up: {said}")
            return Temporary(f"HTTP {status}: {said}", asked_to_wait(error.response.headers))
        if status in _ONE_REQUEST:
            return Rejected(f"HTTP {status}: {said}")
        advice = {
            401: f". Put the key into the environment variable {KEY}",
            404: ". Check address and model: the address mostly ends in /v1",
        }.get(status, "")
        return ModelError(f"`{self.argument}` {self.address.url} answers HTTP {status}: {said}{advice}")

    def _clean(self, said: object) -> str:
        """What a server or the client said, short, on one line, without the key."""
        text = " ".join(str(said).split())
        return text.replace(self._client.api_key, "***")[:_SAID] if self._client.api_key != _NO_KEY else text[:_SAID]

    @cached_property
    def _client(self) -> Any:
        openai: Any = require("openai", extra="language")
        key = os.environ.get(KEY) or (self._openai_key() or _NO_KEY)
        return openai.OpenAI(
            base_url=self.address.url,
            api_key=key,
            organization=None,
            max_retries=0,  # ours are counted, and know of broken answers
            timeout=self.timeout_seconds,
            http_client=openai.DefaultHttpxClient(
                follow_redirects=False, trust_env=not self.address.is_local, timeout=self.timeout_seconds
            ),
        )

    def _openai_key(self) -> str | None:
        return os.environ.get(OPENAI_KEY) if self.address.url == OPENAI_URL else None
