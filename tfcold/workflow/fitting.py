"""Tables -> a bundle: split, features, fit, figures, export; and what lets an interrupted fit go on."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tfcold.files import sha256_of_file
from tfcold.progress import logger
from tfcold.splits import Split
from tfcold.version import __version__
from tfcold.workflow.features import Words, build_features
from tfcold.workflow.tables import Tables, split_of

if TYPE_CHECKING:
    from tfcold.evaluation import Evaluation
    from tfcold.training import Settings, TrainedModel


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


def fit_bundle(
    tables: Tables,
    out: str | Path,
    *,
    words: Words | None = None,
    settings: Settings | None = None,
    log_dir: str | Path | None = None,
    work_dir: str | Path | None = None,
    with_encoder: bool = False,
    store: str = "float32",
    search: str = "exact",
) -> Fitted:
    """A new version of a bundle at `out`, fitted on tables.

    Args:
        tables: see `read_tables`.
        out: folder of the bundle; each fit adds a version.
        words: default `Words()`.
        settings: default `Settings()`.
        log_dir: folder for TensorBoard, or None.
        work_dir: folder in which an interrupted fit finds its last epoch again, or None.
        with_encoder: bool, default False. Put the encoders into the SavedModel; ask `check_reading` before.
        store: in what the tables of the bundle are kept, see `tfcold.export.export`.
        search: `exact`, `approximate` or `scann`, see there.
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
    blocks = {**encoded.features.items, **encoded.features.users}
    bundle = export(
        trained,
        out,
        items=tables.items.frame,
        report=report,
        features=encoded.features,
        encoders={name: encoder for name, encoder in encoded.encoders.items() if name in blocks},
        with_encoder=with_encoder,
        store=store,
        search=search,
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
    """A work folder beside `out` that survives an interrupt after an epoch, and goes once the block ends otherwise.

    Args:
        out: where the result will be.
        fingerprint: str. The same inputs and settings find the same folder again.

    Yields: Path of the folder, which exists.
    """
    from tfcold.training.backup import holds_epoch

    out = Path(out)
    folder = out.parent / f".{out.name}.work-{fingerprint[:16]}"
    if holds_epoch(folder):
        logger.info("going on from the last finished epoch of an interrupted fit (%s)", folder)
    folder.mkdir(parents=True, exist_ok=True)
    try:
        yield folder
    except KeyboardInterrupt:
        if not holds_epoch(folder):
            shutil.rmtree(folder, ignore_errors=True)
        raise
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    for stale in out.parent.glob(f".{out.name}.work-*"):
        shutil.rmtree(stale, ignore_errors=True)
