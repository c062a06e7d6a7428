"""`tfcold explain`: why an item has the score it has."""

from __future__ import annotations

import argparse
import json
from typing import Final

from tfcold.cli import console

SUMMARY: Final = "say why an item has the score it has for a user"
DESCRIPTION: Final = """\
Writes the score as a sum, exactly: what the ID, each block of vectors, each item of the history and the prior bring;
then a sentence made of that alone.
"""
EPILOG: Final = """\
examples:
  tfcold explain --model saved_models/shop --user u1 --item i5
  tfcold explain --model saved_models/shop --user u1 --item i5 --json
  tfcold explain --model saved_models/shop --user u1 --item i5 --plot split.png
"""
RENAMED: Final = {"folder": "model"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--model", required=True, metavar="DIR", help="folder of a bundle, or of one version of it")
    parser.add_argument("--user", required=True, metavar="U", help="id of a user of the bundle")
    parser.add_argument("--item", required=True, metavar="I", help="id of an item of the bundle")
    parser.add_argument("--json", action="store_true", help="JSON with score, parts, by_item, by_history, sentence")
    parser.add_argument("--plot", metavar="F", help="png to write: the split as bars")
    parser.add_argument(
        "--top", type=console.whole_number(1), default=10, metavar="N", help="rows shown of each sum, default 10"
    )


def run(args: argparse.Namespace) -> None:
    console.check_model(args.model)
    if args.plot:
        console.check_out_file(args.plot, "--plot", (".png",))

    from tfcold.explain import evidence_for, plot_split, sentence_for
    from tfcold.serving import load

    recommender = load(args.model)
    explanation = recommender.explain(args.user, args.item)
    evidence = evidence_for(recommender, explanation)
    sentence = sentence_for(evidence)
    if args.plot:
        plot_split(explanation, args.plot, top=args.top)
    if args.json:
        console.say(json.dumps({**explanation.to_dict(), "evidence": evidence.to_dict(), "sentence": sentence}))
        return
    console.say(f"score {explanation.score:.6g} of item {explanation.item_id} for user {explanation.user_id}")
    for title, view in (("by the item", explanation.by_item), ("by what the user did", explanation.by_history)):
        console.say(f"\n{title}:")
        rows = [(f"  {name}", f"{value:+.6f}") for name, value in zip(view["name"], view["value"], strict=True)]
        shown = rows[: args.top]
        if len(rows) > len(shown):
            rest = view["value"].iloc[args.top :].sum()
            shown.append((f"  {len(rows) - args.top} others", f"{rest:+.6f}"))
        console.say(console.aligned(shown))
    console.say(f"\n{sentence}")
