"""`tfcold recommend`: a bundle in, a csv of lists out."""

from __future__ import annotations

import argparse
import gzip
from collections.abc import Iterator
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final

from tfcold.cli import console
from tfcold.cli.quoting import quoting_of
from tfcold.errors import InputError
from tfcold.files import written_aside
from tfcold.progress import bar, logger

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd

    from tfcold.serving import Recommender

    Ids = npt.NDArray[np.object_]

SUMMARY: Final = "write lists for users, known or new"
DESCRIPTION: Final = """\
Writes user_id,item_id,rank,score: the best items of each user, warm and cold in one list, without what the user did
in training. A user that the model does not know is served from --history, or from a sentence (--text), or gets what
is popular.
"""
EPILOG: Final = """\
examples:
  tfcold recommend --model saved_models/shop --out topk.csv
  tfcold recommend --model saved_models/shop --users users.csv --candidates new_items.csv --k 10 --out topk.csv
  tfcold recommend --model saved_models/shop --history clicks_of_new_users.csv --out topk.csv
  tfcold recommend --model saved_models/shop --more "slow science fiction" --less horror --where "year >= 1990" \\
      --out topk.csv
  tfcold recommend --model saved_models/shop --users users.csv --like i5 --unlike i8 --out topk.csv
  tfcold recommend --model saved_models/shop --text "a quiet film about the sea" --out topk.csv
"""
ENDINGS: Final = (".csv", ".csv.gz")
RENAMED: Final = {"folder": "model"}  # arguments of Python -> options
WISHES: Final = ("more", "less", "like", "unlike")  # arguments of Steering, and options here
LIST_COLUMNS: Final = ("user_id", "item_id", "rank", "score")
USERS_AT_ONCE: Final = 4096


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--model", required=True, metavar="DIR", help="folder of a bundle, or of one version of it")
    parser.add_argument("--out", required=True, metavar="F", help="csv to write: user_id,item_id,rank,score")
    parser.add_argument("--users", metavar="F", help="csv with a column user_id (default: all users of the model)")
    parser.add_argument("--history", metavar="F", help="csv user_id,item_id: what users new to the model did so far")
    parser.add_argument("--candidates", metavar="F", help="csv with a column item_id to choose from (default: all)")
    parser.add_argument("--exclude", metavar="F", help="csv user_id,item_id of pairs never to list")
    parser.add_argument(
        "--k", type=console.whole_number(1), default=20, metavar="K", help="length of lists, default 20"
    )
    parser.add_argument(
        "--text", action="append", metavar="WORDS", help="recommend from a sentence; it becomes the user_id; repeatable"
    )
    parser.add_argument("--more", action="append", metavar="TEXT", help="lean towards these words; repeatable")
    parser.add_argument("--less", action="append", metavar="TEXT", help="lean away from these words; repeatable")
    parser.add_argument("--like", action="append", metavar="ITEM", help="more like this item; repeatable")
    parser.add_argument("--unlike", action="append", metavar="ITEM", help="not this item, nor its like; repeatable")
    parser.add_argument(
        "--strength", type=float, metavar="X", help="how far each of these moves a list, default 0.3; 1 is far"
    )
    parser.add_argument("--where", metavar="CONDITION", help='list only items of which it is true: "year >= 1990"')


def run(args: argparse.Namespace) -> None:
    console.check_model(args.model)
    console.check_out_file(args.out, "--out", ENDINGS)
    for name in ("users", "history", "candidates", "exclude"):
        console.check_file(getattr(args, name), f"--{name}")
    if args.text and (args.users or args.history):
        raise InputError("`--text` stands for a user of its own; leave out --users and --history, or run twice")
    if args.text and not all(text.strip() for text in args.text):
        raise InputError("`--text` must hold words; received an empty one")

    wishes = {name: getattr(args, name) for name in WISHES if getattr(args, name)}
    if args.strength is not None and not wishes:
        raise InputError("`--strength` says how far --more, --less, --like and --unlike move a list; give one of them")

    from tfcold.columns import ITEM_ID, USER_ID
    from tfcold.steering import DEFAULT_STRENGTH, Steering

    strength = DEFAULT_STRENGTH if args.strength is None else args.strength
    steer = Steering(**wishes, strength=strength) if wishes else None
    users = None if args.users is None else read_ids(args.users, USER_ID, "--users")
    candidates = None if args.candidates is None else read_ids(args.candidates, ITEM_ID, "--candidates")
    history = None if args.history is None else read_pairs(args.history, "--history")
    exclude = None if args.exclude is None else read_pairs(args.exclude, "--exclude")

    from tfcold.opening import load

    recommender = load(args.model)
    logger.info("%s: %s users, %s items", recommender.folder, *map(len, (recommender.user_ids, recommender.item_ids)))
    _check_reads(recommender, args)
    options = {"k": args.k, "candidates": candidates, "exclude": exclude, "where": args.where, "steer": steer}
    if args.text:
        frames = iter([_from_text(recommender, args.text, options)])
    else:
        frames = _lists(recommender, users, history, options)
    rows, listed, new = _write(args.out, frames, recommender)
    of_new = f", {new / rows:.1%} of them of items without interactions" if new else ""
    console.say(f"{listed:,} lists, {rows:,} rows{of_new}: {args.out}")


def _check_reads(recommender: Recommender, args: argparse.Namespace) -> None:
    """Nothing, where there are no words to read, or the bundle says what reads them.

    Raises:
        InputError: the vectors that sentences go by came from a file, and nothing says what wrote it.
    """
    from tfcold.export.encoders import names_encoder

    option = next((name for name in ("text", "more", "less") if getattr(args, name)), None)
    block = recommender.manifest.text_block
    if option is None or block is None or names_encoder(recommender.manifest.text[block]):
        return
    raise InputError(
        f"`--{option}` needs an encoder of block {block!r}, whose vectors came from a file that does not say what "
        "wrote it. Write that file with `tfcold encode`, or leave it out of `tfcold fit`; or ask by --history"
    )


def read_ids(path: str, column: str, argument: str) -> Ids:
    """The distinct ids in a table of one column, or in the column of that name.

    Raises:
        InputError: neither, or a row without id.
    """
    import pandas as pd

    from tfcold.data import read_table
    from tfcold.data.checks import id_column

    table = read_table(path, argument=argument)
    if column not in table.columns:
        if table.shape[1] != 1:
            raise InputError(
                f"`{argument}` must have a column {column}, or one column only; {path!r} has "
                f"{', '.join(map(repr, map(str, table.columns)))}"
            )
        table = table.set_axis([column], axis=1)
    if len(table) == 0:
        raise InputError(f"`{argument}` must have at least one row; {path!r} has none")
    ids: Ids = pd.unique(id_column(table, column, argument))
    return ids


def read_pairs(path: str, argument: str) -> pd.DataFrame:
    """The pairs of user and item in a table; there may be none."""
    from tfcold.columns import ITEM_ID, USER_ID
    from tfcold.data import Interactions, read_table

    table = read_table(path, argument=argument)
    if len(table) == 0 and {USER_ID, ITEM_ID} <= set(table.columns):
        return table[[USER_ID, ITEM_ID]]
    keys = [column for column in (USER_ID, ITEM_ID) if column in table.columns]
    return Interactions.from_frame(table[keys], argument=argument).frame


def _lists(
    recommender: Recommender, users: Ids | None, history: pd.DataFrame | None, options: dict[str, Any]
) -> Iterator[pd.DataFrame]:
    """One frame after another, users in the order asked for."""
    import numpy as np
    import pandas as pd

    from tfcold.columns import ITEM_ID, USER_ID
    from tfcold.data.ids import examples

    newcomers = np.empty(0, object) if history is None else pd.unique(history[USER_ID].to_numpy(object))
    if users is None:
        users = recommender.user_ids if history is None else newcomers
    by_history = pd.Index(users, dtype=object).isin(newcomers)
    known = pd.Index(users, dtype=object).isin(recommender.user_ids)
    if count := int((by_history & known).sum()):
        logger.warning(
            "%d of %d users with a history are known to the model; what they did in training counts no more",
            count,
            len(newcomers),
        )
    if history is not None:
        strange = ~history[ITEM_ID].isin(recommender.item_ids)
        if count := int(strange.sum()):
            logger.warning(
                "%d of %d rows of the history name items that the model does not know (%s); they say nothing of a user",
                count, len(history), examples(history.loc[strange, ITEM_ID].unique()),
            )  # fmt: skip
    if count := int((~by_history & ~known).sum()):
        reads_users = bool(recommender.manifest.schema.get("user_vectors"))
        logger.warning(
            "%d of %d users are unknown to the model and without history: they get what is popular%s",
            count, len(users), "; `tfcold add-users --users` takes in those who are described" if reads_users else "",
        )  # fmt: skip
    with bar(len(users), title="recommending", unit="user") as progress:
        for start in range(0, len(users), USERS_AT_ONCE):
            part = slice(start, start + USERS_AT_ONCE)
            asked, from_history = users[part], by_history[part]
            frames = []
            if not from_history.all():
                frames.append(recommender.recommend(asked[~from_history], **options))
            if from_history.any() and history is not None:
                rows = history[history[USER_ID].isin(asked[from_history])]
                frames.append(recommender.recommend_from_history(rows, **options))
            lists = pd.concat(frames, ignore_index=True)
            if len(frames) > 1:
                place = pd.Index(asked, dtype=object).get_indexer(pd.Index(lists[USER_ID], dtype=object))
                lists = lists.iloc[np.argsort(place, kind="stable")]
            yield lists
            progress.update(len(asked))


def _from_text(recommender: Recommender, texts: list[str], options: dict[str, Any]) -> pd.DataFrame:
    from tfcold.export import sentence_vectors

    vectors = sentence_vectors(recommender, texts)
    silent = [text for text, vector in zip(texts, vectors, strict=True) if not vector.any()]
    if silent:
        logger.warning("the encoder knows no word of %s: it gets what is popular", ", ".join(map(repr, silent[:3])))
    return recommender.recommend_from_vectors(vectors, ids=texts, **options)


def _write(path: str, frames: Iterator[pd.DataFrame], recommender: Recommender) -> tuple[int, int, int]:
    """Rows and lists written, aside and renamed; and how many of the rows are of items without interactions."""
    from tfcold.columns import ITEM_ID, USER_ID

    rows = lists = new = 0
    with written_aside(path) as aside, _opened(aside, path.lower().endswith(".gz")) as stream:
        stream.write(",".join(LIST_COLUMNS) + "\n")  # also where nobody asked for a list
        for frame in frames:
            table = frame[list(LIST_COLUMNS)]
            table.to_csv(stream, index=False, header=False, float_format="%.7g", quoting=quoting_of(table))
            rows, lists = rows + len(frame), lists + int(frame[USER_ID].nunique())
            new += int(recommender.is_cold(frame[ITEM_ID]).sum())
    return rows, lists, new


def _opened(path: Path, gzipped: bool) -> IO[str]:
    if gzipped:
        return gzip.open(path, "wt", encoding="utf-8", newline="")
    return open(path, "w", encoding="utf-8", newline="")
