"""A language model by a short name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tfcold.errors import InputError
from tfcold.language.endpoint_model import EndpointModel
from tfcold.language.keras_model import KerasModel
from tfcold.language.model import LanguageModel
from tfcold.remote import split_spec

KERAS = "keras-nlp:"


def open_model(spec: str | Path, *, allow_remote: bool | None = None, **options: Any) -> LanguageModel:
    """The language model that a short name stands for. Nothing is loaded or called yet.

    Args:
        spec: `"URL#NAME"` (an endpoint that speaks the protocol of OpenAI, as in
            `"http://localhost:8000/v1#small"`), `"openai:NAME"`, `"keras-nlp:PRESET_OR_FOLDER"`, `"hf://OWNER/MODEL"`,
            `"kaggle://..."`, or a folder.
        allow_remote: bool or None. Whether text may leave this machine; see `tfcold.remote.checked_address`.
        options: of `EndpointModel` or `KerasModel`.

    Raises:
        InputError: none of these.
        RemoteError: an endpoint on another machine that was not allowed.
    """
    text = str(spec)
    if text.startswith(KERAS):
        return KerasModel(text.removeprefix(KERAS), **options)
    if text.startswith(("hf://", "kaggle://")) or Path(text).is_dir():
        return KerasModel(text, **options)
    if "://" in text or text.startswith("openai:"):
        url, name = split_spec(text)
        return EndpointModel(url, name, allow_remote=allow_remote, **options)
    raise InputError(
        "`model` must be URL#NAME (as in 'http://localhost:8000/v1#small'), 'openai:NAME', "
        f"'keras-nlp:PRESET_OR_FOLDER', 'hf://OWNER/MODEL' or a folder; received {text!r}"
    )
