"""Where an interrupted fit finds its last epoch again."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from tfcold._keras import keras
from tfcold.files import write_json, written_aside
from tfcold.progress import logger

if TYPE_CHECKING:
    from tfcold.splits.split import Split
    from tfcold.training.trained import TrainedModel

_WHOSE: Final = "fit.json"
_STATE: Final = "validation.npz"
_WEIGHTS: Final = "weights"


class Backup:
    """A folder of one fit: the checkpoint of Keras' `BackupAndRestore`, and beside it what validation has seen.

    Another fit's leavings are thrown away instead of being resumed: other rows, other vectors or other settings.

    Args:
        folder: made where it is not there.
        trained: the model that is about to be fitted.
        split: its fingerprint is part of whose folder this is.
    """

    def __init__(self, folder: str | Path, trained: TrainedModel, split: Split) -> None:
        self.folder = Path(folder)
        whose = {"fit": _fingerprint(trained, split)}
        marker = self.folder / _WHOSE
        if not marker.exists() or json.loads(marker.read_text(encoding="utf-8")) != whose:
            self.clear()
            write_json(marker, whose)
        elif (self.folder / _STATE).exists():
            logger.info("an interrupted fit goes on from its last epoch, found in %s", self.folder)

    def callback(self) -> keras.callbacks.Callback:
        """Saves weights and optimizer at every epoch, and restores them when a fit starts again."""
        return keras.callbacks.BackupAndRestore(str(self.folder / "epochs"), delete_checkpoint=False)

    def write(self, state: dict[str, Any], weights: list[np.ndarray[Any, Any]]) -> None:
        """Keeps what validation knows: a JSON-able mapping, and the best weights so far."""
        with written_aside(self.folder / _STATE) as aside, open(aside, "wb") as stream:
            arrays = {f"{_WEIGHTS}{place}": value for place, value in enumerate(weights)}
            np.savez(stream, **{"state": np.array(json.dumps(state)), **arrays}, allow_pickle=False)

    def read(self) -> tuple[dict[str, Any], list[np.ndarray[Any, Any]]] | None:
        """What `write` kept, or None."""
        if not (self.folder / _STATE).exists():
            return None
        with np.load(self.folder / _STATE, allow_pickle=False) as found:
            weights = [found[f"{_WEIGHTS}{place}"] for place in range(len(found.files) - 1)]
            return json.loads(str(found["state"])), weights

    def clear(self) -> None:
        """Empties the folder of what fits leave; anything else that is there stays."""
        shutil.rmtree(self.folder / "epochs", ignore_errors=True)
        for name in (_STATE, _WHOSE):
            (self.folder / name).unlink(missing_ok=True)


def holds_epoch(folder: Path) -> bool:
    """Whether a fit that has this backup folder finished an epoch: there is more than whose folder it is."""
    return any(path.is_file() and path.name != _WHOSE for path in folder.rglob("*"))


def _fingerprint(trained: TrainedModel, split: Split) -> str:
    # rounded: a closed form may differ in its last digits between two runs
    settings = {
        name: float(f"{value:.4g}") if isinstance(value, float) else value
        for name, value in trained.settings.to_dict().items()
    }
    about = {
        "split": split.fingerprint,
        "settings": settings,
        "provenance": trained.provenance,
        "weights": [list(weight.shape) for weight in trained.model.weights],
    }
    return hashlib.sha256(json.dumps(about, sort_keys=True, default=str).encode()).hexdigest()
