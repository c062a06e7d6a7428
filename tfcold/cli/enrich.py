"""`tfcold enrich`: thin titles -> facts worth encoding, in columns of their own."""

from __future__ import annotations

import argparse
from typing import Final

from tfcold.cli import console, language

SUMMARY: Final = "let a language model add facts to items, in columns of their own"
DESCRIPTION: Final = """\
Asks a language model what each item is, for whom, and which moods or uses it suits. The table's own columns stay as
they are; the answers stand beside them, with the model, the prompt's version and the time. Everything is cached: a run
that was stopped goes on, a second run costs nothing. An answer that is not of the form is repaired once, else the row
stays as it was. E-mail addresses, phone and card numbers, web addresses with secrets and user ids are masked.
"""
EPILOG: Final = f"""\
examples:
  tfcold enrich --items items.csv --out rich.csv --columns title --model http://localhost:8000/v1#small --dry-run
  tfcold enrich --items items.csv --out rich.csv --columns title,brand --model openai:gpt-4o-mini --allow-remote \\
                --price 0.15,0.6 --budget-money 2
  tfcold fit --interactions clicks.csv --items rich.csv --out saved_models/shop

{language.KEY_NOTE}"""
INTERRUPTED: Final = language.INTERRUPTED
RENAMED: Final = language.RENAMED


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--items", required=True, metavar="F", help="item_id and columns of words")
    parser.add_argument(
        "--out", required=True, metavar="F", help="the items with more columns: csv, tsv (.gz), parquet"
    )
    parser.add_argument(
        "--columns", type=console.names, metavar="A,B",
        help="the columns that may be read and sent (default: all words; a model on another machine needs the list)",
    )  # fmt: skip
    parser.add_argument("--prefix", default="llm", metavar="P", help="starts the names of new columns, default llm")
    parser.add_argument("--mask-users", metavar="F", help="table with user_id: ids to mask in what is sent")
    language.add_model(parser)


def run(args: argparse.Namespace) -> None:
    console.check_file(args.items, "--items")
    console.check_file(args.mask_users, "--mask-users")
    console.check_out_file(args.out, "--out", language.TABLES)

    from tfcold.columns import USER_ID
    from tfcold.data import read_items, read_users
    from tfcold.language import plan_enrichment
    from tfcold.language.enrich import ENRICH_PROMPT
    from tfcold.progress import logger

    items = read_items(args.items, argument="--items")
    ids: list[str] = []
    if args.mask_users is not None:
        ids = read_users(args.mask_users, argument="--mask-users").frame[USER_ID].tolist()
    model, budget = language.open_model(args, args.model)
    plan = plan_enrichment(
        items,
        is_remote=model.is_remote,
        columns=args.columns,
        prompt=args.prompt or ENRICH_PROMPT,
        prefix=args.prefix,
        masker=language.masker(args, ids),
    )
    masks = plan.masks.masks
    cost = language.cost_lines(plan.estimate(model), budget)
    if args.dry_run:
        for line in [
            f"columns: {', '.join(plan.columns)}",
            *cost,
            *language.mask_lines(masks, listed=args.list_masked),
        ]:
            console.say(line)
        return
    for line in cost:
        logger.info(line)
    enriched = plan.run(model)
    language.write_table(args.out, enriched.frame)
    for line in enriched.outcome.lines():
        console.say(line)
    if args.list_masked:
        console.say("\n".join(language.mask_lines(masks, listed=True)[1:]))
    console.say(f"{budget.spent} spent in this run: {args.out}")
