"""Makes the golden bundles of this version of tfcold, once per release: `python tests/golden/make.py`.

Each is a name folder as `tfcold.export_bundle` wrote it, in a zip archive; beside it, what every signature was asked
and said (`<name>.json`). An archive, since git may change line ends of text files, which the sha256 of a bundle
forbids, and since a graph is 1 MB, of which 40 kB remain. The data are synthetic. Archives of earlier versions stay.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import tensorflow as tf

import tfcold
from tfcold.blocks import Features
from tfcold.data import Dataset, synthetic_world
from tfcold.manifest import read_manifest
from tfcold.serving.words import load_saved_model
from tfcold.splits import given
from tfcold.text import LexicalEncoder, encode_items
from tfcold.training import Settings

HERE = Path(__file__).parent
MADE = "2000-01-01T00:00:00+00:00"  # stands in the manifest, so that it says nothing of the machine
KINDS: Mapping[str, Mapping[str, Any]] = {
    "plain": {},
    "int8": {"store": "int8"},
    "reading": {"with_encoder": True},  # its signatures take texts; needs TensorFlow Text
}
SETTINGS = Settings(
    dim=8, teacher="ials", ials_penalty=2.0, ials_alpha=10.0, kernel_gamma=0.5, text_penalty=0.1, cold_scale=1.5,
    warm_text_scale=0.3, history_text_scale=0.2, shrinkage=0.5, shrinkage_decay=0.5, prior_strength=0.4,
    prior_decay=0.5, epochs=2, batch_size=4, learning_rate=1e-2,
)  # fmt: skip
QUESTIONS: Mapping[str, Mapping[str, Any]] = {
    "serving_default": {"user_id": ["u1", "nobody"]},
    "recommend": {"user_id": ["u0", "u5", "nobody"], "k": 6, "exclude": [["i3", ""], ["", ""], ["i17", "i99"]]},
    "recommend_among": {"user_id": ["u2", "u7"], "include": [["i1", "i4", "i9", "i16", "i17"]], "k": 3,
                        "exclude": [["i9"], [""]]},
    "recommend_from_history": {"item_id": [["i1", "i2"], ["i15", ""], ["", ""]], "k": 5},
    "recommend_from_vector": {"vector": [[0.6, -0.2, 0.1, 0.3], [0.0, 0.0, 0.0, 0.0]], "k": 5},
    "recommend_from_text": {"text": ["a rocket to another galaxy", ""], "k": 5},
    "recommend_from_history_and_text": {"item_id": [["i1"], [""]], "text": ["", "the chef of the kitchen"], "k": 5},
    "embed_items": {"text": ["a rocket to another galaxy", "The Detective. genre: crime", ""]},
    "score": {"user_id": ["u0", "u5", "nobody", "u1"], "item_id": ["i3", "i17", "i0", "i99"]},
    "similar_items": {"item_id": ["i2", "i16"], "k": 4},
    "audience": {"item_id": ["i2", "i16"], "k": 4},
}  # fmt: skip


def main() -> None:
    folder = HERE / tfcold.__version__
    folder.mkdir(exist_ok=True)
    with TemporaryDirectory() as place:
        for name, version in exported(Path(place)).items():
            lines = ",\n".join(f"{json.dumps(asked)}: {json.dumps(said)}" for asked, said in answered(version).items())
            (folder / f"{name}.json").write_text(f"{{\n{lines}\n}}\n", encoding="utf-8")
            pack(version.parent, folder / f"{name}.zip")


def exported(place: Path) -> dict[str, Path]:
    """Version folders by kind."""
    interactions, items, _ = synthetic_world(12, 18, seed=3, num_topics=3, rows_per_user=6)
    dataset = Dataset.from_tables(interactions, items)
    split, table = given(dataset), items.frame
    warm = table[split.warm_items[dataset.item_ids.rows(table["item_id"])]]
    encoders = {
        "text": LexicalEncoder(4, text=["title", "description"], categorical=[], numeric=[]).fit(warm),
        "lexical": LexicalEncoder(3, text=[], categorical=["genre"], numeric=["year"]).fit(warm),
    }
    found = {block: encode_items(table, encoder) for block, encoder in encoders.items()}
    features = Features({block: vectors.block(block, dataset.item_ids) for block, vectors in found.items()})
    trained = tfcold.fit(split, features, SETTINGS)
    versions = {}
    for name, options in KINDS.items():
        versions[name] = version = tfcold.export_bundle(
            trained, place / name, items=table, features=features, encoders=encoders, default_k=10,
            report={"rows": len(dataset)}, **options,
        )  # fmt: skip
        replace(read_manifest(version), created=MADE).write(version)
    return versions


def answered(version: Path) -> dict[str, Any]:
    """By signature, what it was asked and what it said; every signature is asked."""
    loaded = load_saved_model(version, read_manifest(version))
    return {
        name: {"inputs": QUESTIONS[name], "outputs": ask(loaded, name, QUESTIONS[name])}
        for name in sorted(loaded.signatures)
    }


def ask(loaded: Any, name: str, inputs: Mapping[str, Any]) -> dict[str, Any]:
    """What a signature says, as lists of strings and of floats."""
    specs = loaded.signatures[name].structured_input_signature[1]
    given = {key: tf.constant(value, specs[key].dtype) for key, value in inputs.items()}
    answer = {key: value.numpy() for key, value in loaded.signatures[name](**given).items()}
    return {
        key: np.char.decode(value.astype(bytes)).tolist() if value.dtype == object else value.tolist()
        for key, value in sorted(answer.items())
    }


def pack(folder: Path, archive: Path) -> None:
    """The files of a folder, dated 1980, in a new archive; no path but those within the folder."""
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_LZMA) as packed:
        for path in sorted(path for path in folder.rglob("*") if path.is_file()):
            packed.writestr(zipfile.ZipInfo(str(path.relative_to(folder))), path.read_bytes(), zipfile.ZIP_LZMA)


if __name__ == "__main__":
    main()
