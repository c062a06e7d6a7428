"""`tfcold fit`: tables in, a bundle out."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any, Final

from tfcold.cli import console
from tfcold.errors import InputError
from tfcold.extras import scann_ops

if TYPE_CHECKING:
    from tfcold.workflow import Fitted

SUMMARY: Final = "train on your tables and write a bundle"
DESCRIPTION: Final = """\
Trains on a table of interactions and a table of items, and writes a SavedModel that recommends warm items, new items
known by their words, and to new users. Words become vectors once (all-MiniLM-L6-v2, and a lexical encoder fitted on
the items with interactions); settings are chosen on rows that are held out; then everything is trained on.
"""
EPILOG: Final = """\
examples:
  tfcold fit --interactions clicks.csv --items items.csv --out saved_models/shop
  tfcold fit --interactions train.csv --validation valid.csv --items items.csv --item-text title,description \\
             --out saved_models/shop --preset best --log-dir logs
  tfcold fit --interactions clicks.csv --items items.csv --item-vectors text=titles.npy --item-vectors image=img.npz \\
             --out saved_models/shop
  tfcold fit --interactions clicks.csv --items items.csv --out saved_models/shop --with-encoder
"""
GOES_ON: Final = "Run the same command again: it goes on from the last finished epoch"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    need = parser.add_argument_group("tables")
    need.add_argument(
        "--interactions", required=True, metavar="F", help="user_id,item_id[,rating][,timestamp][,weight]"
    )
    need.add_argument("--items", required=True, metavar="F", help="item_id and columns of words; untouched items too")
    need.add_argument("--users", metavar="F", help="user_id and columns of words")
    need.add_argument(
        "--validation", metavar="F", help="interactions to choose settings by, never fitted on (default: made inside)"
    )
    need.add_argument("--out", required=True, metavar="DIR", help="folder of the bundle; each fit adds a version")
    words = parser.add_argument_group("words")
    words.add_argument(
        "--item-text", type=console.names, metavar="A,B",
        help="columns of items to read (default: all; numbers, true and false then are no words)",
    )  # fmt: skip
    words.add_argument(
        "--user-text", type=console.names, metavar="A,B",
        help="columns of users to read (default: all; numbers, true and false then are no words)",
    )  # fmt: skip
    words.add_argument(
        "--item-vectors", type=console.named_file, action="append", metavar="NAME=F",
        help="ready vectors, .npy (row i is row i of the items), .npz (ids, vectors) or .parquet; repeatable. "
        "text=F takes the place of the language model",
    )  # fmt: skip
    words.add_argument(
        "--encoder", type=console.names, action="append", metavar="E",
        help="minilm, static, lexical, none, hf://OWNER/MODEL, keras-nlp:PRESET, hub:HANDLE, remote:URL#NAME or a "
        "folder; repeatable, or with commas (default: minilm,lexical)",
    )  # fmt: skip
    words.add_argument(
        "--allow-remote", action="store_true", help="let words go to an encoder on another machine, masked"
    )
    words.add_argument(
        "--with-encoder", action="store_true",
        help="put the encoders into the SavedModel, so that it takes texts; it then needs tensorflow-text",
    )  # fmt: skip
    how = parser.add_argument_group("training")
    how.add_argument("--preset", choices=("fast", "best"), default="fast", help="default fast")
    how.add_argument("--epochs", type=console.whole_number(0), metavar="N", help="most epochs of gradient training")
    how.add_argument("--seed", type=console.seed, default=0, metavar="N", help="fixes all draws, default 0")
    how.add_argument(
        "--one-list", choices=("auto", "validation", "demand"), default="auto",
        help="how known and new items share a list: as is best for the validation rows, or new ones with as many places"
        " as they have of what users do (default: the first with --validation, the second without)",
    )  # fmt: skip
    how.add_argument("--log-dir", metavar="D", help="write TensorBoard logs there")
    how.add_argument(
        "--store", choices=("float32", "float16", "int8"), default="float32",
        help="4, 2 or 1 bytes for each number of the bundle's tables (default float32); see docs/search.md",
    )  # fmt: skip
    how.add_argument(
        "--search", choices=("exact", "approximate", "scann"), default="exact",
        help="look into all items (default), or into as many as hold 99 in 100 of a list; see docs/search.md",
    )  # fmt: skip


def run(args: argparse.Namespace) -> None:
    for name in ("interactions", "items", "users", "validation"):
        console.check_file(getattr(args, name), f"--{name}")
    vector_files = console.named_files(args.item_vectors, "--item-vectors")
    console.check_out_bundle(args.out)
    if args.log_dir is not None:
        console.check_out_folder(args.log_dir, "--log-dir")
    if args.user_text and args.users is None:
        raise InputError("`--user-text` names columns of the users table: give --users too, or leave it out")

    from tfcold import workflow

    tables = workflow.read_tables(args.interactions, args.items, args.users, args.validation, prefix="--")
    workflow.check_columns(tables.items.frame, args.item_text, "--item-text")
    if tables.users is not None:
        workflow.check_columns(tables.users.frame, args.user_text, "--user-text")
    words = workflow.Words(
        encoders=encoders_of(args.encoder),
        item_text=args.item_text,
        user_text=args.user_text,
        item_vectors=workflow.read_item_vectors(vector_files, tables.items, argument="--item-vectors"),
        allow_remote=args.allow_remote or None,
    )
    workflow.check_words(words)
    if args.with_encoder:
        workflow.check_reading(words)
    if args.search == "scann":
        scann_ops()
    files = [args.interactions, args.items, args.users, args.validation, *vector_files.values()]
    choices = {
        name: getattr(args, name)
        for name in ("item_text", "user_text", "item_vectors", "encoder", "preset", "epochs", "seed", "one_list")
    }
    settings, work_dir = settings_of(args).with_(one_list=args.one_list), None
    try:
        with workflow.resumable(args.out, workflow.fingerprint_of(files, choices)) as work_dir:
            fitted = workflow.fit_bundle(
                tables, args.out, words=words, settings=settings, log_dir=args.log_dir, work_dir=work_dir,
                with_encoder=args.with_encoder, store=args.store, search=args.search,
            )  # fmt: skip
    except KeyboardInterrupt as error:
        if work_dir is not None and work_dir.is_dir():  # it stays where an epoch was finished
            raise KeyboardInterrupt(GOES_ON) from error
        raise
    console.say(summary(fitted))
    console.say(next_commands(args.out, args.log_dir))


def encoders_of(given: list[list[str]] | None) -> list[str] | None:
    """The encoders asked for, `none` alone for none; None for the default."""
    return None if given is None else list(dict.fromkeys(name for group in given for name in group))


def settings_of(args: argparse.Namespace) -> Any:
    """The preset with what the arguments change."""
    from tfcold.training import Settings

    changes: dict[str, Any] = {"seed": args.seed}
    if args.epochs is not None:
        changes["epochs"] = args.epochs
    return Settings.preset(args.preset, **changes)


def summary(fitted: Fitted) -> str:
    """What was found, chosen and reached, as lines."""
    settings = {name: _short(value) for name, value in fitted.trained.settings.to_dict().items()}
    chosen = (
        "teacher",
        "dim",
        "confidence_spread",
        "text_penalty",
        "profile_weight",
        "norm_shrinkage",
        "warm_norm_shrinkage",
        "cold_scale",
        "one_list",
        "exposure",
        "warm_text_scale",
        "history_text_scale",
        "leave_out",
        "text_halfway",
        "fold_in_share",
        "shrinkage",
        "similar_strength",
        "prior_strength",
        "cold_prior_penalty",
        "epochs",
    )
    rows = [
        ["users", f"{len(fitted.trained.user_ids):,}"],
        ["items", f"{len(fitted.trained.item_ids):,}, {int(fitted.trained.warm_items.sum()):,} with interactions"],
        ["blocks", ", ".join(fitted.trained.provenance) or "none: items are known by their ids alone"],
        ["settings", ", ".join(f"{name} {settings[name]}" for name in chosen if name in settings)],
        ["bundle", str(fitted.bundle)],
    ]
    lines = ["", console.aligned(rows)]
    if fitted.validation is not None:
        from tfcold.evaluation import text_table

        table = fitted.validation.summary()
        lines += ["", "on the validation rows:", text_table(table), "", text_table(table, metric="recall")]
    return "\n".join(lines)


def next_commands(out: str, log_dir: str | None) -> str:
    """What to do with a bundle."""
    lines = [
        "",
        "next:",
        f"  tfcold recommend --model {out} --out topk.csv",
        f"  tfcold inspect {out}",
    ]
    if log_dir is not None:
        lines.append(f"  tensorboard --logdir {log_dir}")
    return "\n".join(lines)


def _short(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
