"""What `enrich`, `profile` and `explain` share: options of a model, a budget, and lines about cost and masks."""

from __future__ import annotations

import argparse
import gzip
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Final

from tfcold.cli import console
from tfcold.cli.quoting import quoting_of
from tfcold.errors import InputError

if TYPE_CHECKING:
    from tfcold.language import Budget, Estimate, LanguageModel
    from tfcold.remote import Mask, Masker

TABLES: Final = (".csv", ".csv.gz", ".tsv", ".tsv.gz", ".parquet")
INTERRUPTED: Final = "Run the same command again: answers that came are kept, and cost nothing"
RENAMED: Final = {"prefix": "prefix", "prices": "price", "money": "budget_money", "tokens": "budget_tokens"}
KEY_NOTE: Final = """\
The key of an endpoint comes from the environment: TFCOLD_API_KEY, or OPENAI_API_KEY for openai:NAME. TFCOLD_NO_REMOTE=1
forbids every call that leaves this machine. A budget that is used up ends with exit code 2; what was answered is kept
under TFCOLD_CACHE, and the same command goes on from there.
"""


def add_model(parser: argparse.ArgumentParser, *, option: str = "--model", without: str | None = None) -> None:
    """The options about the model, what it may cost, and what may be sent.

    Args:
        option: what the model is called on this command line.
        without: what is done where none is given; None where one has to be.
    """
    model = parser.add_argument_group("language model")
    model.add_argument(
        option, required=without is None, metavar="M",
        help="URL#NAME of an endpoint that speaks the protocol of OpenAI, openai:NAME, keras-nlp:PRESET or a folder"
        + ("" if without is None else f" (default: none, {without})"),
    )  # fmt: skip
    model.add_argument("--prompt", metavar="V", help="version of the prompt, or a .txt file of the same form")
    model.add_argument(
        "--concurrency", type=console.whole_number(1), metavar="N", help="requests under way at once, default 4"
    )
    model.add_argument(
        "--base-model", action="store_true", help="ask by text completion: the endpoint's model does not chat"
    )
    model.add_argument("--timeout", type=_positive, default=60.0, metavar="S", help="seconds for an answer, default 60")
    cost = parser.add_argument_group("cost")
    cost.add_argument("--dry-run", action="store_true", help="say what it would cost and mask; ask and write nothing")
    cost.add_argument("--budget-tokens", type=console.whole_number(0), metavar="N", help="stop before more tokens")
    cost.add_argument("--budget-money", type=_positive, metavar="X", help="stop before more money; needs --price")
    cost.add_argument(
        "--price",
        type=_prices,
        metavar="P,C",
        help="money for a million tokens of prompts and of answers, as in 0.15,0.6",
    )
    send = parser.add_argument_group("what leaves the machine")
    send.add_argument("--allow-remote", action="store_true", help="let text go to an endpoint on another machine")
    send.add_argument("--phone-region", default="US", metavar="CC", help="country of phone numbers, default US")
    send.add_argument(
        "--shortest-id", type=console.whole_number(1), default=4, metavar="N",
        help="ids of users are masked from N characters on, default 4 (2 where letters and digits stand together)",
    )  # fmt: skip
    send.add_argument("--list-masked", action="store_true", help="list what was masked, on standard output")


def open_model(args: argparse.Namespace, name: str) -> tuple[LanguageModel, Budget]:
    """The model of this name, with its cache and budget."""
    from tfcold.language import Budget, Prices, budgeted, cached
    from tfcold.language import open_model as opened

    options: dict[str, Any] = {}
    if "#" in name or name.startswith("openai:"):
        options |= {"timeout_seconds": args.timeout, "is_base": args.base_model}
        if args.concurrency is not None:
            options["concurrency"] = args.concurrency
    model = opened(name, allow_remote=args.allow_remote or None, **options)
    if args.budget_money is not None and args.price is None:
        raise InputError("`--budget-money` needs `--price P,C`: what a million tokens of prompts and of answers cost")
    prices = None if args.price is None else Prices(*args.price)
    budget = Budget(args.budget_tokens, args.budget_money, prices)
    return cached(budgeted(model, budget)), budget


def masker(args: argparse.Namespace, user_ids: Iterable[str]) -> Masker:
    """What masks texts before they are sent."""
    from tfcold.remote import Masker

    return Masker(user_ids, phone_region=args.phone_region, shortest_id=args.shortest_id)


def cost_lines(cost: Estimate, budget: Budget) -> list[str]:
    """What asking would cost, in words."""
    new = cost.distinct - cost.known
    lines = [
        f"{cost.rows:,} rows, {cost.distinct:,} of them distinct, {cost.known:,} answered already: {new:,} to ask",
        f"at most about {cost.prompt_tokens:,} tokens of prompts and {cost.completion_tokens:,} of answers",
    ]
    if budget.prices is not None:
        money = budget.prices.of(cost.prompt_tokens, cost.completion_tokens)
        lines[1] += f", {money:.4f} of money"
    return lines


def mask_lines(masks: Sequence[tuple[str, str, Mask]], *, listed: bool) -> list[str]:
    """How much was masked, and what, if that is asked for."""
    from collections import Counter

    counts = Counter(mask.kind for _, _, mask in masks)
    words = ", ".join(f"{number:,} {kind}" for kind, number in counts.most_common()) or "nothing"
    lines = [f"masked: {words}"]
    if listed and masks:
        rows = [["row", "column", "kind", "masked"]]
        rows += [[row, column, mask.kind, mask.text] for row, column, mask in dict.fromkeys(masks)]
        lines += ["", console.aligned(rows)]
    return lines


def write_table(path: str, frame: Any) -> None:
    """Writes a table aside and renames it."""
    from tfcold.files import written_aside

    low = path.lower()
    with written_aside(path) as aside:
        if low.endswith(".parquet"):
            frame.to_parquet(aside, index=False)
        else:
            separator = "\t" if low.endswith((".tsv", ".tsv.gz")) else ","
            text = frame.to_csv(index=False, sep=separator, quoting=quoting_of(frame)).encode()
            # neither name nor time of writing in it: the same table, the same bytes
            aside.write_bytes(gzip.compress(text, mtime=0) if low.endswith(".gz") else text)


def _positive(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"must be a number above 0; received {text!r}")
    return value


def _prices(text: str) -> tuple[float, float]:
    try:
        prompt, completion = (float(part) for part in text.split(","))
    except ValueError:
        prompt = completion = -1.0
    if not (0 <= prompt < float("inf") and 0 <= completion < float("inf")):
        raise argparse.ArgumentTypeError(
            f"must be two prices with a comma between them, as in 0.15,0.6; received {text!r}"
        )
    return prompt, completion
