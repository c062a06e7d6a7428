"""Are the items that a bundle calls similar alike in words? By the correlation of their scores, and by cosines.

    python benchmarks/similar.py --data FOLDER --collections ml-1m:genres,lastfm-2k:tags,citeulike-a:title

Collections on disk (see README.md for the files of one), each with the column of words that are compared. Preset fast,
closed form alone. For every warm item the five most similar warm items are taken; the figure is the share of their
words in common (Jaccard: shared words over words of either), averaged over items. `gain` is correlation less cosine,
with its standard error over items. Both compare the same candidates, with as much of their words as the fit chose.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from common import write_results
from quality_parts.collection import find_collections, read_collection
from quality_parts.tasks import items_task

from tfcold.export.tables import ServingTables, tables_of_model
from tfcold.serving.tables import inverse_norms
from tfcold.training import Settings, fit

NEAREST = 5
_ROWS = 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of collections")
    parser.add_argument("--collections", required=True, help="NAME:COLUMN of words, with commas")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, help="JSON to write (default: under results)")
    args = parser.parse_args()
    columns = dict(pair.split(":") for pair in args.collections.split(","))
    figures: dict[str, Any] = {"nearest": NEAREST}
    for folder in find_collections(args.data, list(columns)):
        task = items_task(read_collection(folder))
        tables = tables_of_model(fit(task.split, task.features, Settings(epochs=0, seed=args.seed)))
        words = words_of(task.split.dataset.items.frame[columns[folder.name]].fillna(""))
        figures[folder.name] = {"column": columns[folder.name], **measured(tables, words)}
        print(folder.name, figures[folder.name], flush=True)
    print(write_results("similar", figures, seed=args.seed, out=args.out))


def words_of(texts: Iterable[str]) -> list[frozenset[str]]:
    """The words of each text, in small letters."""
    return [frozenset(re.findall(r"[\w-]+", text.lower())) for text in texts]


def measured(tables: ServingTables, words: list[frozenset[str]]) -> dict[str, Any]:
    """Share of words in common by both likenesses, over warm items that have words."""
    warm = np.flatnonzero(tables.is_known & ~tables.is_cold)
    warm = warm[[bool(words[row - 1]) for row in warm]]
    dim = tables.dim
    of_users = np.eye(dim, dtype=np.float32) if tables.query_covariance is None else tables.query_covariance
    found = {
        way: shared(neighbours(tables.candidates[warm], covariance), [words[row - 1] for row in warm])
        for way, covariance in (("correlation", of_users), ("cosine", np.eye(dim, dtype=np.float32)))
    }
    gain = found["correlation"] - found["cosine"]
    return {
        "items": len(warm),
        **{way: round(float(values.mean()), 4) for way, values in found.items()},
        "gain": round(float(gain.mean()), 4),
        "gain_error": round(float(gain.std() / np.sqrt(len(gain))), 4),
    }


def neighbours(candidates: npt.NDArray[np.float32], covariance: npt.NDArray[np.float32]) -> npt.NDArray[np.int64]:
    """Int [N, NEAREST]: places of the items most like each, itself left out."""
    inverse = inverse_norms(candidates, covariance)
    units = candidates[:, :-1] * inverse[:, None]
    found = []
    for start in range(0, len(units), _ROWS):
        alike = units[start : start + _ROWS] @ covariance @ units.T
        alike[np.arange(len(alike)), np.arange(start, start + len(alike))] = -np.inf
        found.append(np.argpartition(-alike, NEAREST, axis=1)[:, :NEAREST])
    return np.concatenate(found)


def shared(places: npt.NDArray[np.int64], words: list[frozenset[str]]) -> npt.NDArray[np.float64]:
    """Float64 [N]: the mean share of words in common with those at `places`."""
    return np.array(
        [
            np.mean([len(own & words[at]) / len(own | words[at]) for at in near])
            for own, near in zip(words, places, strict=True)
        ]
    )


if __name__ == "__main__":
    main()
