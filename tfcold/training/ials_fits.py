"""iALS of one split at several settings: what was fitted before is not fitted again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tfcold.training.factors import Factors, ials_factors

if TYPE_CHECKING:
    from tfcold.splits.split import Split

MAX_KEPT: Final = 2**28  # bytes


class IalsFits:
    """Factors by width, penalty and alpha, kept up to `max_kept` bytes; what comes later is fitted each time.

    The teacher of warm items and that of words try some of the same settings.

    Args:
        split: its training rows are read.
        seed: int.
        max_kept: int, default 256 MB.
    """

    def __init__(self, split: Split, seed: int, max_kept: int = MAX_KEPT) -> None:
        self.split = split
        self._seed = seed
        self._left = max_kept
        self._kept: dict[tuple[int, float, float], Factors] = {}

    def factors(self, dim: int, penalty: float, alpha: float) -> Factors:
        """What `ials_factors` makes of them."""
        key = dim, penalty, alpha
        if key in self._kept:
            return self._kept[key]
        found = ials_factors(self.split, dim, penalty=penalty, alpha=alpha, seed=self._seed)
        size = found.inputs.nbytes + found.outputs.nbytes
        if size <= self._left:
            self._left -= size
            self._kept[key] = found
        return found
