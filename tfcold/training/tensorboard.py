"""What TensorBoard shows of a fit: losses, quality by regime, text against ID, an item map, the final figures."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from tfcold._keras import keras
from tfcold.columns import ITEM_ID, title_column
from tfcold.evaluation import Evaluation, compare, markdown_table, plot_regimes, png_bytes
from tfcold.training.trained import TrainedModel

if TYPE_CHECKING:
    from tfcold.splits.split import Split
    from tfcold.training.callbacks import RegimeValidation

MAP_ITEMS: Final = 5_000  # the projector draws no more in a browser
SHARE_ITEMS: Final = 2_048
METADATA_FILE: Final = "items.tsv"
_CHECKPOINT: Final = "items.ckpt"
_TENSOR: Final = "items/.ATTRIBUTES/VARIABLE_VALUE"
_FIGURE: Final = re.compile(r"val_(?P<regime>\w+)_(?P<metric>[a-z]+)_at_(?P<k>\d+)")


class RegimeBoard(keras.callbacks.Callback):
    """Writes scalars at every epoch, the start as epoch 0, and a map of the items at the end.

    | tag | what |
    |---|---|
    | `train/loss`, `train/...` | what the model reports of its training batches |
    | `ndcg_at_20/warm`, `recall_at_20/cold_item`, ... | validation, by regime |
    | `text_share/warm`, `text_share/cold` | how far candidates lean on text against their ID, see `text_shares` |

    Args:
        log_dir: folder of the run.
        trained: the model being fitted, with its ids.
        split: for titles, and for who is warm.
        validation: the callback that measures, and that comes before this one; None where there are no such rows.
    """

    def __init__(
        self, log_dir: str | Path, trained: TrainedModel, split: Split, validation: RegimeValidation | None = None
    ) -> None:
        super().__init__()
        self.log_dir = Path(log_dir)
        self.trained = trained
        self.split = split
        self.validation = validation
        self._writer: Any = None

    def on_train_begin(self, logs: Mapping[str, Any] | None = None) -> None:
        self._writer = tf.summary.create_file_writer(str(self.log_dir))
        start = {} if self.validation is None else {name: values[0] for name, values in self.validation.history.items()}
        self._write(start, 0)

    def on_epoch_end(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        self._write(logs or {}, epoch + 1)

    def on_train_end(self, logs: Mapping[str, Any] | None = None) -> None:
        self._writer.close()
        write_item_map(self.log_dir, self.trained, self.split)

    def _write(self, figures: Mapping[str, Any], step: int) -> None:
        with self._writer.as_default(step=step):
            for name, value in figures.items():
                tf.summary.scalar(_tag(name), float(value))
            for state, share in text_shares(self.trained).items():
                tf.summary.scalar(f"text_share/{state}", share)
        self._writer.flush()


def _tag(name: str) -> str:
    found = _FIGURE.fullmatch(name)
    if found:
        return f"{found['metric']}_at_{found['k']}/{found['regime']}"
    return f"validation/{name.removeprefix('val_')}" if name.startswith("val_") else f"train/{name}"


def text_shares(trained: TrainedModel, *, limit: int = SHARE_ITEMS, seed: int = 0) -> dict[str, float]:
    """Mean of `Fusion.text_share` over a sample of the warm items and of the cold ones with vectors.

    0: candidates are their ID alone. 1: their text alone, as every cold item is.

    Args:
        trained: the model.
        limit: int. Most items of each kind looked at.
        seed: int. Fixes the sample.

    Returns: `"warm"` and `"cold"`, each only where there are such items.
    """
    model, rng = trained.model, np.random.default_rng(seed)
    shares = {}
    for state, mask in (("warm", trained.warm_items), ("cold", trained.can_score & ~trained.warm_items)):
        rows = np.flatnonzero(mask)
        if len(rows) == 0:
            continue
        rows = np.sort(rng.permutation(rows)[:limit]).astype(np.int32)
        features, masks = model.item_features.lookup(tf.constant(rows))
        share = model.candidate_tower.fusion.text_share(
            model.candidate_tower.embedding(tf.constant(rows)),
            blocks=features,
            block_masks=masks,
            is_cold=tf.fill([len(rows)], state == "cold"),
        )
        shares[state] = float(tf.reduce_mean(share))
    return shares


def write_item_map(
    log_dir: str | Path, trained: TrainedModel, split: Split, *, limit: int = MAP_ITEMS, seed: int = 0
) -> None:
    """Writes candidates for TensorBoard's projector: a point an item, with title, id, and warm or cold to colour by.

    Args:
        log_dir: folder of the run.
        trained: the model.
        split: its items table has the titles (column `title` or `name`, else the id).
        limit: int. Most items; a sample where there are more.
        seed: int. Fixes the sample.
    """
    from tensorboard.plugins import projector

    folder = Path(log_dir)
    folder.mkdir(parents=True, exist_ok=True)
    rows = np.flatnonzero(trained.can_score)
    if len(rows) == 0:
        return
    if len(rows) > limit:
        rows = np.sort(np.random.default_rng(seed).permutation(rows)[:limit])
    lines = ["title\tstate\titem_id"]
    titles = _titles(split)
    for row, item_id in zip(rows, trained.item_ids.ids_of(rows), strict=True):
        state = "warm" if trained.warm_items[row] else "cold"
        lines.append(f"{_cell(titles.get(item_id, item_id))}\t{state}\t{_cell(item_id)}")
    (folder / METADATA_FILE).write_text("\n".join(lines) + "\n", encoding="utf-8")
    table: npt.NDArray[np.float32] = trained.candidate_table[rows][:, :-1]
    tf.train.Checkpoint(items=tf.Variable(table)).save(str(folder / _CHECKPOINT))
    config = projector.ProjectorConfig()
    config.embeddings.add(tensor_name=_TENSOR, metadata_path=METADATA_FILE)
    projector.visualize_embeddings(str(folder), config)


def write_figures(
    log_dir: str | Path,
    evaluations: Iterable[Evaluation],
    *,
    baseline: str | None = None,
    metrics: Iterable[str] = ("ndcg", "recall"),
) -> None:
    """Writes final figures for TensorBoard: bars by regime under Images, the tables under Text.

    Args:
        log_dir: folder of the run.
        evaluations, baseline: as for `tfcold.evaluation.compare`.
        metrics: names; one picture and one table each.
    """
    table = compare(evaluations, baseline=baseline)
    writer = tf.summary.create_file_writer(str(log_dir))
    with writer.as_default(step=0):
        for metric in metrics:
            picture = tf.io.decode_png(png_bytes(plot_regimes(table, metric=metric)), channels=3)
            tf.summary.image(f"figures/{metric}", picture[tf.newaxis])
            tf.summary.text(f"figures/{metric}", markdown_table(table, metric=metric))
    writer.close()


def _titles(split: Split) -> dict[str, str]:
    frame = split.dataset.items.frame
    column = title_column(frame.columns)
    if column is None:
        return {}
    return {
        item: str(title) for item, title in zip(frame[ITEM_ID], frame[column], strict=True) if isinstance(title, str)
    }


def _cell(text: str) -> str:
    return " ".join(text.split())
