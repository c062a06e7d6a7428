"""How many short texts a second does `KerasNLPEncoder` encode, against `TextEmbedder.encode_text` as it comes?

    python benchmarks/encode.py titles.txt
    python benchmarks/encode.py items.csv.gz --column title --lines 1000

Both run the same weights in the same process, in turns; every repetition gives one ratio. Processor seconds are
measured beside wall-clock seconds: their ratio holds on a busy machine too.
"""

from __future__ import annotations

import argparse
import gzip
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from common import write_results

import tfcold._keras  # noqa: F401  before keras-nlp brings Keras 3
from tfcold.text import KerasNLPEncoder, get_encoder


def main() -> None:
    arguments = parsed()
    texts = read_texts(arguments.file, arguments.column)
    draw = np.random.default_rng(arguments.seed)
    texts = [texts[row] for row in draw.permutation(len(texts))[: arguments.lines]]
    encoder = get_encoder(arguments.encoder)
    if not isinstance(encoder, KerasNLPEncoder):
        raise SystemExit(f"`--encoder` must be a keras-nlp encoder; received {arguments.encoder!r}")

    import keras_nlp

    embedder = keras_nlp.models.TextEmbedder.from_preset(str(encoder.folder))  # 256 tokens, as it comes
    few = texts[: arguments.reference_lines]
    first_ours, _ = timed(lambda: encoder.encode(texts[:64]))  # tracing, once
    first_theirs, _ = timed(lambda: embedder.encode_text(few[:32], verbose=0))
    rounds = []
    for number in range(arguments.repeats):
        ours, vectors = timed(lambda: encoder.encode(texts))
        theirs, expected = timed(lambda: embedder.encode_text(few, verbose=0))
        rounds.append(
            {
                "ours_texts_per_second": len(texts) / ours[0],
                "reference_texts_per_second": len(few) / theirs[0],
                "ratio": len(texts) / ours[0] / (len(few) / theirs[0]),
                "ratio_of_processor_time": len(texts) / ours[1] / (len(few) / theirs[1]),
                "lowest_cosine": lowest_cosine(vectors[: len(few)], expected),
            }
        )
        print(number, {name: round(value, 7) for name, value in rounds[-1].items()}, flush=True)
    figures: dict[str, Any] = {
        "texts": len(texts),
        "reference_texts": len(few),
        "first_call_seconds": {"ours": first_ours[0], "reference": first_theirs[0]},
        "rounds": rounds,
        "median_ratio": statistics.median(entry["ratio"] for entry in rounds),
        "median_ratio_of_processor_time": statistics.median(entry["ratio_of_processor_time"] for entry in rounds),
        "lowest_cosine": min(entry["lowest_cosine"] for entry in rounds),
    }
    path = write_results("encode", figures, seed=arguments.seed, out=arguments.out)
    print(f"{figures['median_ratio']:.1f} times the texts a second, cosine >= {figures['lowest_cosine']:.6f} -> {path}")


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path, help="one text a line (.txt), or a table (.csv, .csv.gz, .parquet)")
    parser.add_argument("--column", default="title", help="of a table: the column of texts")
    parser.add_argument("--lines", type=int, default=1000, help="texts drawn")
    parser.add_argument("--reference-lines", type=int, default=128, help="of these, how many the reference encodes")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--encoder", default="minilm", help="minilm, or a folder of a sentence transformer")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=None)
    return parser.parse_args()


def read_texts(path: Path, column: str) -> list[str]:
    if path.name.endswith((".csv", ".csv.gz")):
        cells = pd.read_csv(path, dtype=str)[column].dropna().tolist()
    elif path.suffix == ".parquet":
        cells = pd.read_parquet(path)[column].dropna().astype(str).tolist()
    else:
        content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        cells = content.decode().splitlines()
    return [text for text in cells if text.strip()]


def timed(call: Callable[[], Any]) -> tuple[tuple[float, float], Any]:
    """Wall-clock and processor seconds, and what the call gave."""
    wall, processor = time.perf_counter(), time.process_time()
    result = call()
    return (time.perf_counter() - wall, time.process_time() - processor), result


def lowest_cosine(vectors: np.ndarray[Any, Any], expected: np.ndarray[Any, Any]) -> float:
    products = (vectors * expected).sum(axis=1)
    return float((products / np.linalg.norm(vectors, axis=1) / np.linalg.norm(expected, axis=1)).min())


if __name__ == "__main__":
    main()
