"""Text encoders: sentences in, vectors out.

`get_encoder` gives one by a short name. `KerasNLPEncoder` (sentence transformers), `HubEncoder` (TensorFlow Hub and
SavedModels), `StaticEncoder` (token vectors) and `LexicalEncoder` (words, categories, numbers; fitted on training
rows), `RemoteEncoder` (an endpoint). Anything with `name`, `dim`, `fingerprint` and `encode` is a `TextEncoder`.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from tfcold.errors import InputError
from tfcold.remote import split_spec
from tfcold.text.encoders.base import FrameEncoder, TextEncoder
from tfcold.text.encoders.hub import HubEncoder
from tfcold.text.encoders.keras_nlp import KerasNLPEncoder
from tfcold.text.encoders.lexical import SETTINGS_FILE, LexicalEncoder
from tfcold.text.encoders.remote import RemoteEncoder
from tfcold.text.encoders.static import StaticEncoder

_WAYS: Final = (
    "'minilm', 'static', 'lexical', 'hf://OWNER/MODEL', 'keras-nlp:PRESET_OR_FOLDER', 'hub:HANDLE_OR_FOLDER', "
    "'remote:URL#NAME', 'remote:openai:NAME' or a folder"
)


def get_encoder(spec: str | Path, *, allow_remote: bool | None = None) -> TextEncoder:
    """The encoder that a short name stands for.

    Args:
        spec: `"minilm"` (all-MiniLM-L6-v2) and `"static"` (wordllama), both fetched on first use;
            `"lexical"` (to be fitted); `"keras-nlp:PRESET_OR_FOLDER"`; `"hf://OWNER/MODEL"`; `"hub:HANDLE_OR_FOLDER"`;
            `"remote:URL#NAME"` or `"remote:openai:NAME"` (an endpoint; another machine has to be allowed,
            see `tfcold.remote.checked_address`);
            or a folder of any of these kinds, told apart by its files.
        allow_remote: bool or None. Whether an endpoint may be on another machine; None asks the environment.

    Raises:
        InputError: none of these.
        RemoteError: an endpoint on another machine, and not allowed.
        AssetError: every source of the weights failed.
    """
    text = str(spec)
    if text in ("minilm", "static"):
        from tfcold.assets import fetch

        folder = fetch(text)
        return KerasNLPEncoder(folder, name="minilm") if text == "minilm" else StaticEncoder(folder)
    if text == "lexical":
        return LexicalEncoder()
    kind, _, rest = text.partition(":")
    if kind == "keras-nlp" and rest:
        return KerasNLPEncoder(rest)
    if kind == "remote" and rest:
        return RemoteEncoder(*split_spec(rest, argument="encoder"), allow_remote=allow_remote)
    if kind == "hub" and rest:
        return HubEncoder(rest)
    if text.startswith(("hf://", "kaggle://")):
        return KerasNLPEncoder(text)
    if Path(text).is_dir():
        return _of_folder(Path(text))
    raise InputError(f"`encoder` must be {_WAYS}; received {text!r}")


def require_columns(encoder: TextEncoder, columns: Sequence[str] | None, argument: str) -> None:
    """Nothing, unless texts would leave this machine and nobody said of which columns.

    Raises:
        InputError: they would.
    """
    if columns is None and getattr(encoder, "is_remote", False):
        raise InputError(
            f"`{argument}` must say which columns may leave this machine, as encoder {encoder.name!r} is on another one"
        )


def _of_folder(folder: Path) -> TextEncoder:
    if (folder / "saved_model.pb").is_file():
        return HubEncoder(folder)
    if (folder / SETTINGS_FILE).is_file():
        return LexicalEncoder.load(folder)
    if (folder / "config.json").is_file():
        return KerasNLPEncoder(folder)
    if any(folder.rglob("*.safetensors")):
        return StaticEncoder(folder)
    raise InputError(
        f"`encoder` names a folder that is no SavedModel, no sentence transformer, no keras-nlp preset, no static "
        f"vectors and no lexical encoder: {str(folder)!r}"
    )


__all__ = [
    "FrameEncoder",
    "HubEncoder",
    "KerasNLPEncoder",
    "LexicalEncoder",
    "RemoteEncoder",
    "StaticEncoder",
    "TextEncoder",
    "get_encoder",
    "require_columns",
]
