r"""How often is a language model's sentence refused, and what for?

    python benchmarks/explain.py --model http://localhost:8123/v1#gemma --base-model \
        --prompt benchmarks/prompts/explain.base.v1.txt --pairs 40

A bundle is fitted on MovieLens-100K with held-out items (or `--bundle` names one), pairs are drawn from the lists of
seeded users, and the model writes one sentence for each. `--show` prints what was taken and what was refused: the check
knows nothing of meaning, so somebody has to read what it lets through.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
from common import write_results
from steering import bundle_of

import tfcold
from tfcold.demo import movielens_tables
from tfcold.explain import catalogue_of, evidence_for, plan_sentences
from tfcold.explain.sentence import Sentence
from tfcold.language import cached, open_model
from tfcold.serving import Recommender
from tfcold.workflow import Words

K = 10


def main() -> None:
    args = parsed()
    options = {"is_base": args.base_model, "concurrency": 1, "timeout_seconds": 600.0} if "#" in args.model else {}
    model = cached(open_model(args.model, **options))
    with tempfile.TemporaryDirectory() as scratch:
        if args.bundle is None:
            recommender = bundle_of(movielens_tables(), Words(), Path(scratch) / "films", args.seed)[1]
        else:
            recommender = tfcold.load(args.bundle)
        evidence = drawn(recommender, args.pairs, args.seed)
        plan = plan_sentences(evidence, is_remote=model.is_remote, columns=args.columns, prompt=args.prompt)
        start = time.perf_counter()
        made = plan.run(model)
    figures = {
        "model": args.model, "prompt": plan.template.version, **counts(made),
        "seconds_of_asking": round(time.perf_counter() - start, 1),
    }  # fmt: skip
    if args.show:
        for one in made:
            print("refused" if one.refused else "taken", "|", one.said or one.text, "|", "; ".join(one.refused))
    print(figures)
    print(write_results("explain", figures, seed=args.seed, out=args.out))


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", required=True, help="as in `tfcold explain --llm`")
    parser.add_argument("--base-model", action="store_true", help="ask by text completion")
    parser.add_argument("--prompt", default="explain.v1", help="version, or a file such as prompts/explain.base.v1.txt")
    parser.add_argument("--bundle", type=Path, help="a bundle with titles (default: one fitted on MovieLens-100K)")
    parser.add_argument("--columns", type=lambda text: text.split(","), help="columns that may be sent")
    parser.add_argument("--pairs", type=int, default=40)
    parser.add_argument("--show", action="store_true", help="print every sentence")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=None)
    return parser.parse_args()


def drawn(recommender: Recommender, number: int, seed: int) -> list[Any]:
    """The evidence of one pair each of so many users: an item of their first ten."""
    draw = np.random.default_rng(seed)
    users = draw.choice(recommender.user_ids, number, replace=number > len(recommender.user_ids))
    lists = recommender.recommend(users, k=K)
    catalogue = catalogue_of(recommender)
    found = []
    for user, part in lists.groupby("user_id", sort=False):
        item = part["item_id"].to_numpy()[draw.integers(len(part))]
        found.append(evidence_for(recommender, recommender.explain(user, item), catalogue=catalogue))
    return found


def counts(made: list[Sentence]) -> dict[str, Any]:
    """How many were taken, and what the others were refused for; a sentence may have several faults."""
    checked = [one for one in made if one.said]
    reasons = Counter(reason.split()[0] for one in checked for reason in dict.fromkeys(one.refused))
    return {
        "pairs": len(made),
        "taken": sum(not one.refused for one in made),
        "refused_by_the_check": len(checked),
        "without_an_answer_of_the_form": sum(bool(one.refused) and not one.said for one in made),
        "faults": dict(reasons.most_common()),
    }


if __name__ == "__main__":
    main()
