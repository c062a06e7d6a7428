"""`tfcold profile`: histories -> users in words."""

from __future__ import annotations

import argparse
from typing import Final

from tfcold.cli import console, language

SUMMARY: Final = "sum up in words what each user cares for"
DESCRIPTION: Final = """\
Writes a short profile of each user from the titles of what they did. Without --model it is counted: the words that
weigh most, and the most typical titles. With one, the model sums up the titles; where its answer cannot be used, the
counted profile stands in, and the table says so. Give it the rows that may be seen, and nothing later.
"""
EPILOG: Final = f"""\
examples:
  tfcold profile --interactions train.csv --items items.csv --out users.csv
  tfcold profile --interactions train.csv --items items.csv --out users.csv --model http://localhost:8000/v1#small
  tfcold fit --interactions train.csv --items items.csv --users users.csv --user-text profile --out saved_models/shop

{language.KEY_NOTE}"""
INTERRUPTED: Final = language.INTERRUPTED
RENAMED: Final = language.RENAMED


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--interactions", required=True, metavar="F", help="user_id,item_id[,timestamp]: what was done")
    parser.add_argument("--items", required=True, metavar="F", help="item_id and columns of words")
    parser.add_argument("--out", required=True, metavar="F", help="user_id,profile,...: csv, tsv (.gz) or parquet")
    parser.add_argument(
        "--users", metavar="F", help="users to write of, with user_id; their other columns are kept (default: all)"
    )
    parser.add_argument(
        "--columns", type=console.names, metavar="A,B",
        help="columns of items that may be read and sent (default: title, name; a model on another machine needs it)",
    )  # fmt: skip
    language.add_model(parser, without="profiles are counted")


def run(args: argparse.Namespace) -> None:
    for name in ("interactions", "items", "users"):
        console.check_file(getattr(args, name), f"--{name}")
    console.check_out_file(args.out, "--out", language.TABLES)

    from tfcold.columns import USER_ID
    from tfcold.data import read_interactions, read_items, read_users
    from tfcold.language import histories_of, plan_profiles
    from tfcold.language.profile import PROFILE, PROFILE_PROMPT, with_profiles
    from tfcold.language.provenance import MADE, check_new
    from tfcold.progress import logger

    histories = histories_of(read_interactions(args.interactions, argument="--interactions"))
    items = read_items(args.items, argument="--items")
    users = None if args.users is None else read_users(args.users, argument="--users").frame
    if users is not None:
        check_new(users, [PROFILE, *(PROFILE + ending for ending in MADE)], way_out="Give `--users` without them")
    model, budget = (None, None) if args.model is None else language.open_model(args, args.model)
    plan = plan_profiles(
        histories,
        items,
        is_remote=model is not None and model.is_remote,
        columns=args.columns,
        users=None if users is None else users[USER_ID].tolist(),
        prompt=args.prompt or PROFILE_PROMPT,
        masker=language.masker(args, histories),
    )
    cost = ["no model: nothing is asked, and nothing is sent"]
    if model is not None and budget is not None:
        cost = language.cost_lines(plan.estimate(model), budget)
    if args.dry_run:
        for line in [*cost, *language.mask_lines(plan.masks, listed=args.list_masked)]:
            console.say(line)
        return
    for line in cost:
        logger.info(line)
    profiles = plan.run(model)
    frame = profiles.frame if users is None else with_profiles(users, profiles.frame)
    language.write_table(args.out, frame)
    if model is not None and budget is not None:
        for line in profiles.outcome.lines():
            console.say(line)
        console.say(f"{budget.spent} spent in this run")
    if args.list_masked:
        console.say("\n".join(language.mask_lines(plan.masks, listed=True)))
    unknown = plan.num_users - len(plan.users)
    rest = f", {unknown:,} have no history with words" if unknown else ""
    console.say(f"{len(plan.users):,} users have a profile{rest}: {args.out}")
