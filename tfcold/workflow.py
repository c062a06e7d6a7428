"""The route that `tfcold fit` and `tfcold demo` share: tables -> split -> features -> model -> figures -> bundle.

Each function is one step, so a notebook can take any of them: `read_tables`, `split_of`, `build_features`,
`fit_bundle`. Nothing here trains, ranks or saves by itself; the rooms do.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pandas as pd

from tfcold.assets import cache_folder
from tfcold.blocks import Features, VectorBlock
from tfcold.columns import ITEM_ID, USER_ID
from tfcold.data import Dataset, Interactions, Items, Users
from tfcold.data.readers import read_interactions, read_items, read_users
from tfcold.errors import EncoderMismatchError, InputError
from tfcold.files import sha256_of_file
from tfcold.progress import logger
from tfcold.splits import Split, given
from tfcold.text import (
    LexicalEncoder,
    TextEncoder,
    TextTemplate,
    TextVectors,
    VectorStore,
    encode_items,
    encode_users,
    get_encoder,
    read_vectors,
    require_same_encoder,
)
from tfcold.text.kinds import column_kinds
from tfcold.version import __version__

if TYPE_CHECKING:
    from tfcold.evaluation import Evaluation
    from tfcold.training import Settings, TrainedModel

TEXT: Final = "text"
LEXICAL: Final = "lexical"
NO_ENCODER: Final = "none"
DEFAULT_ENCODERS: Final = ("minilm", LEXICAL)
USER_PREFIX: Final = "user_"  # blocks of users are called user_text, user_lexical
ENCODER_SPEC: Final = "encoder_spec"  # in a block's provenance: what `get_encoder` takes
LEXICAL_DIM: Final = 384


@dataclass(frozen=True)
class Tables:
    """The checked tables of a fit.

    Args:
        interactions: rows to learn from.
        items: what the items are.
        users: who the users are, or None.
        validation: rows to choose settings by, never fitted on, or None.
    """

    interactions: Interactions
    items: Items
    users: Users | None = None
    validation: Interactions | None = None


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
    """

    encoders: Sequence[str] | None = None
    item_text: Sequence[str] | None = None
    user_text: Sequence[str] | None = None
    item_vectors: Mapping[str, TextVectors] = field(default_factory=dict)
    store: VectorStore | None = None


@dataclass(frozen=True)
class Encoded:
    """Features, and the encoders that made them, by block name; a block that came from a file has none."""

    features: Features
    encoders: Mapping[str, TextEncoder] = field(default_factory=dict)


@dataclass(frozen=True)
class Fitted:
    """What `fit_bundle` leaves behind.

    Args:
        trained: the model in memory.
        bundle: folder of the new version.
        validation: figures on the validation rows that were given, or None.
        report: what went into the bundle beside the model.
    """

    trained: TrainedModel
    bundle: Path
    validation: Evaluation | None
    report: Mapping[str, Any]


def read_tables(
    interactions: str | Path,
    items: str | Path,
    users: str | Path | None = None,
    validation: str | Path | None = None,
    *,
    prefix: str = "",
) -> Tables:
    """The checked tables in files.

    Args:
        interactions, items, users, validation: paths, see `tfcold.data.read_table`.
        prefix: str. Goes before the names of these arguments in errors: `"--"` on the command line.

    Raises:
        InputError: a file or a table breaks a rule.
    """
    return Tables(
        read_interactions(interactions, argument=f"{prefix}interactions"),
        read_items(items, argument=f"{prefix}items"),
        None if users is None else read_users(users, argument=f"{prefix}users"),
        None if validation is None else read_interactions(validation, argument=f"{prefix}validation"),
    )


def split_of(tables: Tables) -> Split:
    """Everything in `interactions` to train on, `validation` to choose settings by."""
    dataset = Dataset.from_tables(tables.interactions, tables.items, tables.users)
    return given(dataset, validation=tables.validation)


def default_store() -> VectorStore:
    """The store under the cache folder (`TFCOLD_CACHE`), where no text is encoded twice."""
    return VectorStore(cache_folder() / "vectors")


def read_item_vectors(files: Mapping[str, str | Path], items: Items, *, argument: str) -> dict[str, TextVectors]:
    """Vectors of blocks from files; see `tfcold.text.read_vectors` for formats and errors.

    Args:
        files: path by block name.
        items: whose rows an `.npy` file follows.
        argument: str. What to call the files in errors; the block's name follows.
    """
    ids = items.frame[ITEM_ID].to_numpy()
    return {name: read_vectors(path, ids, f"{argument} {name}") for name, path in files.items()}


def check_columns(frame: pd.DataFrame, columns: Sequence[str] | None, argument: str) -> None:
    """Nothing, if the frame has all of the columns.

    Raises:
        InputError: it lacks one.
    """
    missing = [column for column in columns or () if column not in frame.columns]
    if missing:
        raise InputError(
            f"`{argument}` must name columns of the table; it has no {', '.join(map(repr, missing))}, "
            f"its columns are {', '.join(map(repr, map(str, frame.columns)))}"
        )


def check_words(words: Words) -> None:
    """Nothing, if every encoder asked for can be had, and agrees with the vectors that come from files.

    Costs no training, so a long job calls it first.

    Raises:
        InputError: a spec that stands for no encoder.
        EncoderMismatchError: block `text` comes from a file that another encoder wrote.
    """
    for place, spec in enumerate(_dense(words.encoders or ())):
        encoder = get_encoder(spec)
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
        encoder = get_encoder(spec)
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
            encoder = encoders.get(TEXT) or get_encoder(spec)
            found = encode_users(frame, encoder, template=template, store=words.store or default_store())
            vectors[f"{USER_PREFIX}{TEXT}"] = TextVectors(
                found.ids, found.vectors, {**found.provenance, ENCODER_SPEC: spec}
            )
    return vectors


def _lexical(
    frame: pd.DataFrame, training: pd.DataFrame, id_column: str, name: str, encoders: dict[str, TextEncoder]
) -> TextVectors:
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


def fit_bundle(
    tables: Tables,
    out: str | Path,
    *,
    words: Words | None = None,
    settings: Settings | None = None,
    log_dir: str | Path | None = None,
    work_dir: str | Path | None = None,
) -> Fitted:
    """A new version of a bundle at `out`, fitted on tables.

    Args:
        tables: see `read_tables`.
        out: folder of the bundle; each fit adds a version.
        words: default `Words()`.
        settings: default `Settings()`.
        log_dir: folder for TensorBoard, or None.
        work_dir: folder in which an interrupted fit finds its last epoch again, or None.
    """
    from tfcold.export import export
    from tfcold.training import Settings, fit

    split = split_of(tables)
    for line in split.dataset.report.lines():
        logger.info("%s", line)
    encoded = build_features(split, words)
    settings = settings or Settings()
    trained = fit(
        split, encoded.features, settings, log_dir=log_dir, backup_dir=None if work_dir is None else Path(work_dir)
    )
    validation = validation_of(trained, split)
    report = report_of(trained, split, validation)
    if log_dir is not None and validation is not None:
        from tfcold.training.tensorboard import write_figures

        write_figures(log_dir, [validation])
    logger.info("writing the bundle")
    bundle = export(
        trained,
        out,
        items=tables.items.frame,
        report=report,
        encoders={name: encoder for name, encoder in encoded.encoders.items() if name in encoded.features.items},
    )
    return Fitted(trained, Path(bundle), validation, report)


def validation_of(trained: TrainedModel, split: Split) -> Evaluation | None:
    """The figures on the split's validation rows, or None where it has none."""
    from tfcold.evaluation import evaluate

    if not any(len(positions) for positions in split.validation.values()):
        return None
    return evaluate(trained, split, part="validation", k=20)


def report_of(trained: TrainedModel, split: Split, *evaluations: Evaluation | None) -> dict[str, Any]:
    """What a bundle keeps beside the model, ready for JSON: tables, settings, epochs, figures."""
    return {
        "tables": split.dataset.report.to_dict(),
        "settings": trained.settings.to_dict(),
        "epochs": {name: [float(value) for value in values] for name, values in trained.log.items()},
        "evaluations": [evaluation.to_dict() for evaluation in evaluations if evaluation is not None],
    }


def fingerprint_of(files: Iterable[str | Path | None], choices: Mapping[str, Any]) -> str:
    """sha256 over the content of files and over choices: what decides whether an interrupted fit may go on."""
    content = [__version__, [None if path is None else sha256_of_file(path) for path in files], dict(choices)]
    return hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()


@contextmanager
def resumable(out: str | Path, fingerprint: str) -> Iterator[Path]:
    """A work folder beside `out` that survives an interrupt and goes once the block ends otherwise.

    Args:
        out: where the result will be.
        fingerprint: str. The same inputs and settings find the same folder again.

    Yields: Path of the folder, which exists.
    """
    out = Path(out)
    folder = out.parent / f".{out.name}.work-{fingerprint[:16]}"
    if folder.is_dir() and any(folder.iterdir()):
        logger.info("going on from the last finished epoch of an interrupted fit (%s)", folder)
    folder.mkdir(parents=True, exist_ok=True)
    try:
        yield folder
    except KeyboardInterrupt:
        if not any(folder.iterdir()):
            folder.rmdir()
        raise
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    for stale in out.parent.glob(f".{out.name}.work-*"):
        shutil.rmtree(stale, ignore_errors=True)
