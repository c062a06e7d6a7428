r"""What does enrichment by a language model do to cold items, whichever way it goes?

    python benchmarks/enrich.py --data FOLDER --collections NAME,NAME --model http://localhost:8000/v1#small
    python benchmarks/enrich.py --data FOLDER --model http://localhost:8123/v1#gemma --base-model --items 240 \
        --prompt benchmarks/prompts/base.v1.txt

Of each collection (see README.md for the files of one), the most touched items are kept, half of them warm, half of
them cold test items, and everything that was done to them; a small model answers a few hundred rows, not a catalogue.
The model reads the title alone. One fit from the titles, one from titles and answers, and, as the ceiling, one from
all columns of words that the collection has. NDCG@20 of cold items ranked among each other, over the same users, with
a paired test.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any, Final

import pandas as pd
from common import write_results
from quality_parts.collection import SPLIT, find_collections, read_collection

from tfcold.columns import ITEM_ID
from tfcold.data import Dataset, Interactions, Items
from tfcold.evaluation import Evaluation, compare, evaluate
from tfcold.language import Enrichment, cached, enrich_items, open_model, prompt_template
from tfcold.splits import Split, given
from tfcold.text.kinds import column_kinds
from tfcold.training import Settings, fit
from tfcold.workflow import Words, build_features

K: Final = 20


def main() -> None:
    args = parsed()
    options = {"is_base": args.base_model, "concurrency": 1, "timeout_seconds": 300.0} if "#" in args.model else {}
    model = cached(open_model(args.model, **options))
    figures: dict[str, Any] = {
        "model": args.model,
        "prompt": prompt_template(args.prompt).version,
        "encoders": args.encoders,
        "collections": {},
    }
    for folder in find_collections(args.data, args.collections and args.collections.split(",")):
        rows, items = few(folder, args.items)
        start = time.perf_counter()
        enriched = enrich_items(items, model, columns=["title"], prompt=args.prompt)
        seconds = time.perf_counter() - start
        figures["collections"][folder.name] = {
            "items": len(items), **counts(enriched), "seconds_of_asking": seconds,
            **quality(rows, enriched.frame, args.encoders.split(","), args.seed),
        }  # fmt: skip
        print(folder.name, figures["collections"][folder.name], flush=True)
    print(write_results("enrich", figures, seed=args.seed, out=args.out))


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of collections")
    parser.add_argument("--collections", help="names, with commas; default all that have a title")
    parser.add_argument("--model", required=True, help="as in `tfcold enrich`")
    parser.add_argument("--base-model", action="store_true", help="ask by text completion")
    parser.add_argument("--prompt", default="enrich.v1", help="version, or a file such as prompts/base.v1.txt")
    parser.add_argument("--items", type=int, default=200, help="items kept, half warm, half cold")
    parser.add_argument("--encoders", default="minilm,lexical")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=None)
    return parser.parse_args()


def few(folder: Path, number: int) -> tuple[pd.DataFrame, Items]:
    """The rows of the most touched items, half of them warm and half cold test items, and these items."""
    collection = read_collection(folder)
    rows, frame = collection.rows, collection.items.frame
    kept: list[str] = []
    for parts in (("train", "warm_val", "warm_test"), ("cold_test",)):
        kept += rows[rows[SPLIT].isin(parts)][ITEM_ID].value_counts().index[: number // 2].tolist()
    items = Items.from_frame(frame[frame[ITEM_ID].isin(kept)].reset_index(drop=True))
    return rows[rows[ITEM_ID].isin(kept)], items


def counts(enriched: Enrichment) -> dict[str, int]:
    outcome = enriched.outcome
    return {name: getattr(outcome, name) for name in ("told", "repaired", "invalid", "failed")}


def quality(rows: pd.DataFrame, items: pd.DataFrame, encoders: list[str], seed: int) -> dict[str, Any]:
    """NDCG@20 on cold items of each set of columns, and how sure the difference to the titles is."""
    answers = [name for name in items.columns if name.startswith("llm_") and "_made_" not in name]
    words = [name for name in column_kinds(items, ITEM_ID) if name not in answers]
    sets = {"title": ["title"], "title_and_answers": ["title", *answers]}
    if set(words) > {"title"}:
        sets["all_columns"] = words
    judged = {name: judge(rows, items, columns, encoders, seed, name) for name, columns in sets.items()}
    table = compare([judged[name] for name in sets], baseline="title")
    cold = table[(table["regime"] == "cold_item") & (table["metric"] == "ndcg") & (table["k"] == K)].set_index("system")
    return {
        name: {
            "cold_ndcg20": float(cold.loc[name, "value"]),
            "p_value": None if name == "title" else float(cold.loc[name, "p_value"]),
            "cold_users": int(cold.loc[name, "users"]),
        }
        for name in sets
    }


def judge(
    rows: pd.DataFrame, items: pd.DataFrame, columns: list[str], encoders: list[str], seed: int, name: str
) -> Evaluation:
    split = split_of(rows, items)
    features = build_features(split, Words(encoders=encoders, item_text=columns)).features
    model = fit(split, features, Settings(epochs=0, seed=seed))
    model.name = name
    return evaluate(model, split, k=(K,))


def split_of(rows: pd.DataFrame, items: pd.DataFrame) -> Split:
    """The split that the collection was published with; validation rows of cold items are of items not kept."""
    parts = {part: rows[rows[SPLIT].isin(names)].drop(columns=SPLIT) for part, names in {
        "train": ("train",), "validation": ("warm_val",), "test": ("warm_test", "cold_test")}.items()}  # fmt: skip
    tables = {part: Interactions.from_frame(frame) for part, frame in parts.items()}
    dataset = Dataset.from_tables(tables["train"], items)
    return given(dataset, validation=tables["validation"], test=tables["test"])


if __name__ == "__main__":
    main()
