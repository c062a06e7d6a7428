"""The words of a split -> vector blocks: which encoders run, on which columns, fitted on whom."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import pandas as pd

from tfcold.assets import cache_folder
from tfcold.blocks import Features, VectorBlock
from tfcold.columns import ITEM_ID, USER_ID
from tfcold.data.ids import examples
from tfcold.errors import EncoderMismatchError, InputError
from tfcold.progress import logger
from tfcold.splits import Split
from tfcold.text import (
    LexicalEncoder,
    TextEncoder,
    TextTemplate,
    TextVectors,
    VectorStore,
    encode_items,
    encode_users,
    get_encoder,
    require_same_encoder,
)
from tfcold.text.encoders import require_columns
from tfcold.text.kinds import column_kinds
from tfcold.workflow.tables import check_columns

TEXT: Final = "text"
LEXICAL: Final = "lexical"
NO_ENCODER: Final = "none"
DEFAULT_ENCODERS: Final = ("minilm", LEXICAL)
USER_PREFIX: Final = "user_"  # blocks of users are called user_text, user_lexical
ENCODER_SPEC: Final = "encoder_spec"  # in a block's provenance: what `get_encoder` takes
LEXICAL_DIM: Final = 384


@dataclass(frozen=True)
class Words:
    """What is to be made of the words of items and users.

    Args:
        encoders: specs for `get_encoder`, or None (default): MiniLM (unless `item_vectors` brings a block `text`)
            and the lexical encoder, as far as the tables have words. Empty: no encoder.
        item_text: columns of the items table that may be read, or None (default): all.
        user_text: columns of the users table that may be read, or None (default): all.
        item_vectors: ready vectors by block name.
        store: where encoded vectors are kept; None (default) is `default_store()`.
        allow_remote: bool or None. Whether an encoder may be an endpoint on another machine; None (default) asks the
            environment, see `tfcold.remote.checked_address`.
    """

    encoders: Sequence[str] | None = None
    item_text: Sequence[str] | None = None
    user_text: Sequence[str] | None = None
    item_vectors: Mapping[str, TextVectors] = field(default_factory=dict)
    store: VectorStore | None = None
    allow_remote: bool | None = None


@dataclass(frozen=True)
class Encoded:
    """Features, and the encoders that made them, by block name; a block that came from a file has none."""

    features: Features
    encoders: Mapping[str, TextEncoder] = field(default_factory=dict)


def default_store() -> VectorStore:
    """The store under the cache folder (`TFCOLD_CACHE`), where no text is encoded twice."""
    return VectorStore(cache_folder() / "vectors")


def check_words(words: Words) -> None:
    """Nothing, if every encoder asked for can be had, and agrees with the vectors that come from files.

    Costs no training, so a long job calls it first.

    Raises:
        InputError: a spec that stands for no encoder, or no `item_text` for one on another machine.
        RemoteError: an endpoint on another machine that was not allowed.
        EncoderMismatchError: block `text` comes from a file that another encoder wrote.
    """
    for place, spec in enumerate(_dense(words.encoders or ())):
        encoder = get_encoder(spec, allow_remote=words.allow_remote)
        require_columns(encoder, words.item_text, "item_text")
        if place == 0 and TEXT in words.item_vectors:
            _require_agreement(words.item_vectors[TEXT], encoder, TEXT)


def _dense(specs: Iterable[str]) -> list[str]:
    return [spec for spec in dict.fromkeys(specs) if spec not in (LEXICAL, NO_ENCODER)]


def build_features(split: Split, words: Words | None = None) -> Encoded:
    """The vector blocks of a split's items and users.

    Args:
        split: says which rows are training rows: the lexical encoder learns from those alone.
        words: default `Words()`.

    Raises:
        InputError: an encoder asked for finds no words.
        EncoderMismatchError: block `text` comes from a file, and the encoder asked for is another one.
    """
    words = words or Words()
    dataset = split.dataset
    encoders: dict[str, TextEncoder] = {}
    items: dict[str, VectorBlock] = {}
    vectors = _item_vectors(split, words, encoders)
    for name, found in vectors.items():
        items[name] = found.block(name, dataset.item_ids)
        logger.info(
            "items, block %s: %d of %d have a vector of width %d",
            name, int(items[name].mask.sum()), dataset.num_items, items[name].width,
        )  # fmt: skip
    users = {name: found.block(name, dataset.user_ids) for name, found in _user_vectors(split, words, encoders).items()}
    return Encoded(Features(items, users), encoders)


def _item_vectors(split: Split, words: Words, encoders: dict[str, TextEncoder]) -> dict[str, TextVectors]:
    frame = _readable(split.dataset.items.frame, ITEM_ID, words.item_text, "item_text")
    warm = split.dataset.item_ids.rows(frame[ITEM_ID].to_numpy())
    training = frame[split.warm_items[warm]]
    vectors = dict(words.item_vectors)
    for spec in _specs(frame, ITEM_ID, words):
        if spec == LEXICAL:
            if LEXICAL not in vectors:
                vectors[LEXICAL] = _lexical(frame, training, ITEM_ID, LEXICAL, encoders)
            continue
        encoder = get_encoder(spec, allow_remote=words.allow_remote)
        require_columns(encoder, words.item_text, "item_text")
        name = TEXT if TEXT not in encoders else re.sub(r"\W+", "_", spec.rstrip("/").rpartition("/")[2])
        encoders[name] = encoder
        if name in vectors:
            _require_agreement(vectors[name], encoder, name)
            continue
        template = TextTemplate(tuple(words.item_text)) if words.item_text else TextTemplate.infer(frame, ITEM_ID)
        store = words.store or default_store()
        logger.info("encoding the words of %d items with %s; what %s knows is read", len(frame), spec, store.folder)
        found = encode_items(frame, encoder, template=template, store=store)
        vectors[name] = TextVectors(found.ids, found.vectors, {**found.provenance, ENCODER_SPEC: spec})
    # the order of blocks is the order of the model's inputs
    return {name: vectors[name] for name in sorted(vectors, key=lambda name: (name != TEXT, name == LEXICAL))}


def _user_vectors(split: Split, words: Words, encoders: dict[str, TextEncoder]) -> dict[str, TextVectors]:
    users = split.dataset.users
    if users is None:
        return {}
    frame = _readable(users.frame, USER_ID, words.user_text, "user_text")
    training = frame[split.warm_users[split.dataset.user_ids.rows(frame[USER_ID].to_numpy())]]
    vectors: dict[str, TextVectors] = {}
    for spec in _specs(frame, USER_ID, words):
        if spec == LEXICAL:
            name = f"{USER_PREFIX}{LEXICAL}"
            vectors[name] = _lexical(frame, training, USER_ID, name, encoders)
        elif f"{USER_PREFIX}{TEXT}" not in vectors:
            template = TextTemplate(tuple(words.user_text)) if words.user_text else TextTemplate.infer(frame, USER_ID)
            encoder = encoders.get(TEXT) or get_encoder(spec, allow_remote=words.allow_remote)
            require_columns(encoder, words.user_text, "user_text")
            found = encode_users(frame, encoder, template=template, store=words.store or default_store())
            vectors[f"{USER_PREFIX}{TEXT}"] = TextVectors(
                found.ids, found.vectors, {**found.provenance, ENCODER_SPEC: spec}
            )
    return vectors


def _lexical(
    frame: pd.DataFrame, training: pd.DataFrame, id_column: str, name: str, encoders: dict[str, TextEncoder]
) -> TextVectors:
    if training.empty:
        table = "items" if id_column == ITEM_ID else "users"
        raise InputError(
            f"`{table}` must describe {table} that stand in the interactions, whose words the lexical encoder learns; "
            f"none of {len(frame)} ids does: {examples(frame[id_column])}. Write ids the same way in both tables"
        )
    encoder = LexicalEncoder(LEXICAL_DIM).fit(training)
    encoders[name] = encoder
    encode = encode_items if id_column == ITEM_ID else encode_users
    found = encode(frame, encoder)
    return TextVectors(found.ids, found.vectors, {**found.provenance, ENCODER_SPEC: LEXICAL})


def _readable(frame: pd.DataFrame, id_column: str, columns: Sequence[str] | None, argument: str) -> pd.DataFrame:
    """The id column and those columns that may be read."""
    if columns is None:
        return frame
    check_columns(frame, columns, argument)
    return frame[[id_column, *columns]]


def _specs(frame: pd.DataFrame, id_column: str, words: Words) -> list[str]:
    """The encoders that are to run on a table; those asked for always, the default ones where they find something."""
    kinds = column_kinds(frame, id_column)
    has_words = any(kind != "numeric" for kind in kinds.values())
    if words.encoders is not None:
        asked = [spec for spec in dict.fromkeys(words.encoders) if spec != NO_ENCODER]
        if asked and not kinds:
            if id_column == USER_ID or words.item_vectors:
                return []
            raise InputError(f"`encoder` {asked[0]!r} needs words; the table has no column beside {id_column} with any")
        return [spec for spec in asked if spec == LEXICAL or has_words]
    specs = []
    if has_words and not (id_column == ITEM_ID and TEXT in words.item_vectors):
        specs.append(DEFAULT_ENCODERS[0])
    if kinds:
        specs.append(LEXICAL)
    return specs


def _require_agreement(vectors: TextVectors, encoder: TextEncoder, name: str) -> None:
    """Nothing, if the file that a block came from was written by this encoder."""
    theirs = {"encoder": encoder.name, "encoder_fingerprint": encoder.fingerprint}
    require_same_encoder(theirs, vectors.provenance, argument=f"item_vectors {name}")
    if "encoder_fingerprint" not in vectors.provenance:
        raise EncoderMismatchError(
            f"`item_vectors` {name} and `encoder` {encoder.name!r} both make block {name!r}, and the file does not say "
            "which encoder wrote it. Leave one of them out, or give the file's block another name"
        )
