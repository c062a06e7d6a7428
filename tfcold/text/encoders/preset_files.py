"""Where a preset's files lie, and which of them change what it computes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

from tfcold.errors import InputError

# Files beside a model that no encoder reads; a new README must not make every vector stale.
_INERT_NAMES: Final = (
    "data_config.json",
    "special_tokens_map.json",
    "config_sentence_transformers.json",
    "metadata.json",
)
_INERT_ENDINGS: Final = (".md", ".gitattributes", ".py", ".bin", ".onnx", ".ot", ".msgpack", ".pb.fingerprint")
_FOREIGN_WEIGHTS: Final = ("*.bin", "*.onnx", "*.ot", "*.msgpack", "tf_model.h5", "onnx/*", "openvino/*", "*.md")


def folder_of_preset(preset: str) -> Path:
    """The local folder of a preset.

    Raises:
        InputError: no such folder, or the hub has no such model.
    """
    if Path(preset).is_dir():
        return Path(preset)
    if preset.startswith("hf://"):
        return _from_hugging_face(preset)
    if preset.startswith("kaggle://"):
        return _from_kaggle(preset)
    if "/" in preset or preset.startswith("."):
        raise InputError(
            f"`preset` names a folder that does not exist: {preset!r}. Handles start with hf:// or kaggle://"
        )
    return _from_kaggle(_builtin_handle(preset))


def model_files(folder: Path) -> list[tuple[str, Path]]:
    """Name and path of every file in the folder that may change a vector.

    Raises:
        InputError: the folder holds none.
    """
    files = [(path.relative_to(folder).as_posix(), path) for path in folder.rglob("*") if path.is_file()]
    files = [(name, path) for name, path in files if _matters(name)]
    if not files:
        raise InputError(f"`folder` holds no files of a model: {str(folder)!r}")
    return files


def _matters(name: str) -> bool:
    parts = name.split("/")
    return (
        not any(part.startswith(".") for part in parts)
        and parts[-1] not in (*_INERT_NAMES, "LICENSE", "fingerprint.pb")
        and not name.endswith(_INERT_ENDINGS)
    )


def width_in_config(folder: Path) -> int:
    """Width of the vectors as a sentence-transformers folder states it; 0 where it does not."""
    pooling = folder / "1_Pooling" / "config.json"
    if not pooling.is_file():
        return 0
    return int(json.loads(pooling.read_text(encoding="utf-8")).get("word_embedding_dimension", 0))


def _from_hugging_face(preset: str) -> Path:
    import huggingface_hub

    try:
        return Path(
            huggingface_hub.snapshot_download(preset.removeprefix("hf://"), ignore_patterns=list(_FOREIGN_WEIGHTS))
        )
    except Exception as error:  # offline, no such repository, no right to read it: each has a class of its own
        raise InputError(
            f"`preset` cannot be fetched from the Hugging Face hub: {preset!r} ({_line(error)})"
        ) from error


def _from_kaggle(preset: str) -> Path:
    import kagglehub  # type: ignore[import-untyped]

    try:
        return Path(kagglehub.model_download(preset.removeprefix("kaggle://")))
    except Exception as error:
        raise InputError(f"`preset` cannot be fetched from Kaggle: {preset!r} ({_line(error)})") from error


def _builtin_handle(preset: str) -> str:
    import tfcold._keras  # noqa: F401  settles tf.keras before keras-nlp brings Keras 3

    import keras_nlp  # isort: skip

    presets = keras_nlp.models.TextEmbedder.presets
    if preset not in presets:
        some = ", ".join(map(repr, sorted(presets)[:3]))
        raise InputError(
            f"`preset` must be a folder, a handle (hf://, kaggle://) or one of {len(presets)} names such as {some}; "
            f"received {preset!r}"
        )
    return str(presets[preset]["kaggle_handle"])


def _line(error: Exception) -> str:
    return str(error).strip().split("\n", 1)[0][:200]
