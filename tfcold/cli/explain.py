"""`tfcold explain`: why an item has the score it has."""

from __future__ import annotations

import argparse
import json
from typing import TYPE_CHECKING, Final

from tfcold.cli import console, language
from tfcold.errors import InputError

if TYPE_CHECKING:
    from tfcold.explain import Evidence, Sentence, SentencePlan
    from tfcold.language import Budget, LanguageModel
    from tfcold.serving import Recommender
    from tfcold.serving.explanation import Explanation

SUMMARY: Final = "say why an item has the score it has for a user"
DESCRIPTION: Final = """\
Writes the score as a sum, exactly: what the ID, each block of vectors, each item of the history and the prior bring;
then a sentence made of that alone. With --llm a language model writes the sentence from the same facts; one that names
an item, attribute or number beyond them is refused, and the template's stands in.
"""
EPILOG: Final = f"""\
examples:
  tfcold explain --model saved_models/shop --user u1 --item i5
  tfcold explain --model saved_models/shop --user u1 --item i5 --json
  tfcold explain --model saved_models/shop --user u1 --item i5 --plot split.png
  tfcold explain --model saved_models/shop --user u1 --item i5 --llm http://localhost:8000/v1#small
  tfcold explain --model saved_models/shop --user u1 --item i5 --llm openai:gpt-4o-mini --allow-remote --columns title

{language.KEY_NOTE}"""
INTERRUPTED: Final = language.INTERRUPTED
RENAMED: Final = {**language.RENAMED, "folder": "model", "model": "llm"}  # arguments of Python -> options
_NEED_LLM: Final = (
    "columns", "prompt", "concurrency", "base_model", "dry_run", "budget_tokens", "budget_money", "price",
    "allow_remote", "list_masked",
)  # fmt: skip


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--model", required=True, metavar="DIR", help="folder of a bundle, or of one version of it")
    parser.add_argument("--user", required=True, metavar="U", help="id of a user of the bundle")
    parser.add_argument("--item", required=True, metavar="I", help="id of an item of the bundle")
    parser.add_argument("--json", action="store_true", help="JSON with score, parts, by_item, by_history, sentence")
    parser.add_argument("--plot", metavar="F", help="png to write: the split as bars")
    parser.add_argument(
        "--top", type=console.whole_number(1), default=10, metavar="N", help="rows shown of each sum, default 10"
    )
    parser.add_argument(
        "--columns", type=console.names, metavar="A,B",
        help="columns of the bundle's items that may be sent, the titles' among them (default: all; a model on "
        "another machine needs the list)",
    )  # fmt: skip
    language.add_model(parser, option="--llm", without="the sentence is a template's")


def run(args: argparse.Namespace) -> None:
    console.check_model(args.model)
    if args.plot:
        console.check_out_file(args.plot, "--plot", (".png",))
    if args.llm is None:
        if given := [name for name in _NEED_LLM if getattr(args, name)]:
            raise InputError(
                f"`--{given[0].replace('_', '-')}` is about a language model: give `--llm`, or leave it out"
            )
        asked = None
    else:
        asked = language.open_model(args, args.llm)

    from tfcold.explain import Sentence, evidence_for, plot_split, sentence_for
    from tfcold.opening import load

    recommender = load(args.model)
    explanation = recommender.explain(args.user, args.item)
    evidence = evidence_for(recommender, explanation)
    if asked is None:
        sentence, plan = Sentence(sentence_for(evidence)), None
    else:
        model, budget = asked
        plan = _planned(args, recommender, evidence, model)
        cost = language.cost_lines(plan.estimate(model), budget)
        if args.dry_run:
            lines = [f"columns: {', '.join(plan.columns)}", *cost]
            console.say("\n".join([*lines, *language.mask_lines(plan.masks, listed=args.list_masked)]))
            return
        sentence = plan.run(model)[0]
    if args.plot:
        plot_split(explanation, args.plot, top=args.top)
    if args.json:
        console.say(json.dumps(_as_json(explanation, evidence, sentence)))
        return
    _say_sums(explanation, args.top)
    console.say(f"\n{sentence.text}")
    if asked is not None and plan is not None:
        _say_origin(sentence, plan, asked[1], listed=args.list_masked)


def _planned(
    args: argparse.Namespace, recommender: Recommender, evidence: Evidence, model: LanguageModel
) -> SentencePlan:
    from tfcold.explain import plan_sentences
    from tfcold.explain.sentence import EXPLAIN_PROMPT
    from tfcold.language.rows import chosen_columns

    if args.columns is not None:
        chosen_columns(recommender.attributes, "item_id", args.columns, is_remote=model.is_remote)
    return plan_sentences(
        [evidence],
        is_remote=model.is_remote,
        columns=args.columns,
        prompt=args.prompt or EXPLAIN_PROMPT,
        masker=language.masker(args, recommender.user_ids),
    )


def _as_json(explanation: Explanation, evidence: Evidence, sentence: Sentence) -> dict[str, object]:
    made = {
        "made_by": sentence.made_by, "made_with": sentence.made_with, "made_at": sentence.made_at,
        "refused": list(sentence.refused),
    }  # fmt: skip
    return {
        **explanation.to_dict(),
        "evidence": evidence.to_dict(),
        "sentence": sentence.text,
        **{f"sentence_{name}": value for name, value in made.items()},
    }


def _say_sums(explanation: Explanation, top: int) -> None:
    from tfcold.serving.explanation import shortened

    console.say(f"score {explanation.score:.6g} of item {explanation.item_id} for user {explanation.user_id}")
    for title, view in (("by the item", explanation.by_item), ("by what the user did", explanation.by_history)):
        console.say(f"\n{title}:")
        rows = [(f"  {name}", f"{value:+.6f}") for name, value in shortened(view, top)]
        console.say(console.aligned(rows))


def _say_origin(sentence: Sentence, plan: SentencePlan, budget: Budget, *, listed: bool) -> None:
    if sentence.refused:
        console.say(f"(by template; the model's sentence is not taken: {'; '.join(sentence.refused)})")
    else:
        console.say(f"(by {sentence.made_by}, {sentence.made_with}, from these facts; checked)")
    console.say("\n".join(language.mask_lines(plan.masks, listed=listed)))
    console.say(f"{budget.spent} spent in this run")
