"""A row of a table -> one sentence."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import pandas as pd

from tfcold.errors import InputError
from tfcold.text.kinds import TITLE_LIKE, cell_text, column_kinds


@dataclass(frozen=True)
class TextTemplate:
    """Says which columns make an item's sentence, in which order, and which of them are announced by name.

    `Toy Story (1995). genres: Comedy, Children. A little boy named Andy ...`

    Args:
        columns: names of columns, in the order in which they are read; at least one, none twice.
        unlabelled: names of columns that go in without their name before them. Compared without case.
        separator: str. Goes between two parts. A full stop that ends a part is not doubled.

    Raises:
        InputError: no columns, or one twice.

    Example:
        >>> import pandas as pd
        >>> rows = pd.DataFrame({"title": ["Heat", None], "genres": ["Crime", "Drama"]})
        >>> TextTemplate(("title", "genres")).render(rows)
        ['Heat. genres: Crime', 'genres: Drama']
    """

    columns: tuple[str, ...]
    unlabelled: tuple[str, ...] = TITLE_LIKE
    separator: str = ". "

    def __post_init__(self) -> None:
        for name in ("columns", "unlabelled"):
            value = getattr(self, name)
            object.__setattr__(self, name, (value,) if isinstance(value, str) else tuple(value))
        if not self.columns or len(set(self.columns)) < len(self.columns):
            raise InputError(
                f"`columns` must name at least one column and none twice; received {list(self.columns)}. "
                "Name the columns that hold words, for example `TextTemplate(('title', 'description'))`"
            )

    def render(self, frame: pd.DataFrame) -> list[str]:
        """One sentence a row; `""` for a row whose cells are all empty.

        Raises:
            InputError: the table lacks a column.
        """
        missing = [column for column in self.columns if column not in frame.columns]
        if missing:
            raise InputError(
                f"`columns` names {missing}, which the table does not have; "
                f"its columns are {[str(column) for column in frame.columns]}"
            )
        labels = [None if column.lower() in self._plain else column for column in self.columns]
        cells = [frame[column].tolist() for column in self.columns]
        return [self._sentence(labels, row) for row in zip(*cells, strict=True)]

    @property
    def _plain(self) -> set[str]:
        return {column.lower() for column in self.unlabelled}

    def _sentence(self, labels: Sequence[str | None], row: Sequence[Any]) -> str:
        parts = []
        for label, cell in zip(labels, row, strict=True):
            text = cell_text(cell)
            if text:
                parts.append(text if label is None else f"{label}: {text}")
        stop = self.separator.strip()
        if stop:  # "Toy Story." and ". " make one full stop, not two
            parts[:-1] = [part.removesuffix(stop) for part in parts[:-1]]
        return self.separator.join(parts)

    @property
    def fingerprint(self) -> str:
        """Lower-case hexadecimal sha256 of everything that changes a sentence."""
        content = json.dumps(["tfcold-template-1", self.to_dict()], sort_keys=True)
        return hashlib.sha256(content.encode()).hexdigest()

    def to_dict(self) -> dict[str, Any]:
        return {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(self).items()}

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> TextTemplate:
        return cls(tuple(content["columns"]), tuple(content["unlabelled"]), str(content["separator"]))

    @classmethod
    def infer(cls, frame: pd.DataFrame, id_column: str) -> TextTemplate:
        """A template of every column that holds words: titles and names first, long texts last, numbers not at all.

        Columns of true and false are numbers, see `column_kinds`.
        Long texts go last because encoders cut what is too long.

        Raises:
            InputError: no column but the id holds words.
        """
        kinds = column_kinds(frame, id_column)
        words = [column for column, kind in kinds.items() if kind != "numeric"]
        if not words:
            raise InputError(
                f"`frame` has no column of words beside {id_column!r}; "
                f"its columns are {[str(column) for column in frame.columns]}. "
                "Add one, or name the columns in a TextTemplate"
            )
        return cls(tuple(sorted(words, key=lambda column: _rank(column, frame[column]))))


def _rank(column: str, cells: Any) -> tuple[int, int]:
    lower = column.lower()
    if lower in ("title", "name"):
        return (0, TITLE_LIKE.index(lower))
    if lower in TITLE_LIKE:
        return (2, TITLE_LIKE.index(lower))
    lengths = [len(cell_text(cell)) for cell in cells.head(1_000)]
    return (1, 0) if sum(lengths) <= 100 * max(1, len(lengths)) else (3, 0)
