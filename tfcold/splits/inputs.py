"""What a fit is given, checked where it comes in: a split, and features in the order of its dataset."""

from __future__ import annotations

from tfcold.blocks import Features
from tfcold.errors import InputError
from tfcold.splits.split import Split


def check_inputs(split: object, features: object) -> None:
    """Nothing, if these are a split and the features of its items and users.

    Raises:
        InputError: something else, or a block with more or fewer rows than the dataset has items (or users).
    """
    if not isinstance(split, Split):
        raise InputError(
            f"`split` must be a Split; received {type(split).__name__}. `tfcold.splits.cold_item(dataset)` makes one, "
            "and `tfcold.splits.given(dataset)` one that holds out nothing"
        )
    if not isinstance(features, Features):
        raise InputError(
            f"`features` must be a Features; received {type(features).__name__}. "
            "Pass `tfcold.Features({name: block})`, without blocks `tfcold.Features()`"
        )
    sides = (("item", features.items, split.dataset.num_items), ("user", features.users, split.dataset.num_users))
    for kind, blocks, num in sides:
        for name, block in blocks.items():
            if len(block.vectors) != num + 1:
                raise InputError(
                    f"`features.{kind}s` must hold blocks of {num + 1} rows, row 0 and one for each of {num} {kind}s; "
                    f"block {name!r} has {len(block.vectors)}. "
                    f"`tfcold.text.TextVectors(ids, vectors).block({name!r}, dataset.{kind}_ids)` puts them in order"
                )
