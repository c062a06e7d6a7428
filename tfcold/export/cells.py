"""Items in cells: those that lie together stand together, so that a search may look into few cells instead of all."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, Literal, get_args

import numpy as np
import numpy.typing as npt

from tfcold.export.search import CHUNK
from tfcold.export.tables import ServingTables
from tfcold.progress import logger
from tfcold.ranking import top_k

Search = Literal["exact", "approximate", "scann"]
SEARCHES: Final[tuple[Search, ...]] = get_args(Search)

CELL: Final = CHUNK // 2  # rows of a cell
LEAST_ITEMS: Final = 50_000  # below it the exact search takes no longer than starting its ops
RECALL: Final = 0.993  # share of what the sample has to find, so that the queries of others find 0.99
MOST_SHARE: Final = 1 / 8  # of the cells; whoever looks into more finds as fast by looking everywhere
_SAMPLE: Final = 512  # users asked
_REACH: Final = 0.5  # how far the best of a cell is from its middle: in the radius, times the query's length
_SPREAD: Final = 1024  # rows whose main direction cuts a part in two
_BLOCK: Final = 1 << 16  # rows at once
_EMPTY: Final = -1e30  # radius of a cell without listed rows: it comes last

Floats = npt.NDArray[np.float32]
Indices = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Cells:
    """Where to look. A cell is `CELL` rows of a table, one after the other.

    What the best row of a cell may score is estimated from its middle and its radius, so cells of long rows and loose
    cells come early. Products are compared, not distances: rows of any length are where a search looks for them.

    Args:
        guide: float32 [C, W + 1]. The mean of each cell's listed rows and its reach.
        listed: bool [C, CELL]. What may be found.
        probes: int. Cells to look into for a list of `k`; 0 until chosen.
        k: int. Length of the lists for which it was chosen.
        recall: float. Share of the exact lists that the sample found with it.
    """

    guide: Any
    listed: Any
    probes: int = 0
    k: int = 1
    recall: float = 0.0

    @property
    def most(self) -> int:
        """How many cells a search looks into before it looks everywhere."""
        return int(self.listed.shape[0] * MOST_SHARE)

    def said(self) -> dict[str, Any]:
        """What a manifest says of it."""
        return {"cells": self.listed.shape[0], "probes": self.probes, "k": self.k, "recall": round(self.recall, 4)}


def cells_of_tables(tables: ServingTables, k: int) -> Cells | None:
    """The cells of a catalogue with the least probes that find what the bundle's users ask for, or None.

    Up to 512 users, evenly spread, are asked for k items that they have not done, here as in `approximate.best_near`.
    None, with a line in the log, where there are fewer than 50,000 items, or where an eighth of the cells does not
    hold 99.3 of 100 entries of their exact lists: the search is exact then.

    Args:
        tables: what is searched.
        k: int, at least 1. Length of the lists.
    """
    if too_few(tables):
        return None
    cells = chosen_probes(guided(tables.candidates, tables.is_known), tables, k)
    if cells.probes > cells.most:
        logger.info("the search stays exact: %d of %d cells would be looked into", cells.probes, len(cells.guide))
        return None
    logger.info(
        "approximate search: %d of %d cells hold %.1f %% of the exact lists of %d",
        cells.probes, len(cells.guide), 100 * cells.recall, k,
    )  # fmt: skip
    return cells


def too_few(tables: ServingTables) -> bool:
    """Whether there are fewer than 50,000 items to list, which the log then says."""
    num = int(tables.is_known.sum())
    if num < LEAST_ITEMS:
        logger.info("the search stays exact: of %d items it is as fast", num)
    return num < LEAST_ITEMS


def order_of_cells(table: Floats, listed: npt.NDArray[np.bool_]) -> Indices:
    """The rows [N] in an order in which every `CELL` of them, counted from 0, lie together. Row 0 stays first.

    Rows are cut in two across the direction in which they spread most, and each part again, always between two cells:
    all are full, and what an index of k-means cells pads and balances is not needed. Unlisted rows come last.

    Args:
        table: float32 [N, W].
        listed: bool [N].

    References:
        Cuts: Sproull 1991, Refinements to nearest-neighbor searching in k-dimensional trees. Algorithmica 6. Here the
        main direction of 1024 rows, by five steps of power iteration.
    """
    order = np.concatenate([[0], 1 + np.flatnonzero(listed[1:]), 1 + np.flatnonzero(~listed[1:])])
    parts = [(1, 1 + int(listed[1:].sum()))]
    while parts:
        start, stop = parts.pop()
        first, last = start // CELL, (stop - 1) // CELL
        if first >= last:
            order[start:stop].sort()  # ties go to the row that was first
            continue
        rows, cut = order[start:stop], (first + last + 1) // 2 * CELL
        along = _main_direction(table[rows[:: -(-len(rows) // _SPREAD)]])
        places = np.concatenate([table[rows[at : at + _BLOCK]] @ along for at in range(0, len(rows), _BLOCK)])
        order[start:stop] = rows[np.argpartition(places, cut - start)]
        parts += [(start, cut), (cut, stop)]
    return order


def guided(table: Floats, listed: npt.NDArray[np.bool_]) -> Cells:
    """Cells of the rows as they stand, probes not chosen yet.

    Args:
        table: float32 [N, W].
        listed: bool [N]. The rows that fill up the last chunk of the stored table are not.
    """
    listed = np.pad(listed, (0, -len(listed) % CHUNK)).reshape(-1, CELL)
    guide = np.empty((len(listed), table.shape[1] + 1), np.float32)
    for start in range(0, len(listed), _BLOCK // CELL):
        here = listed[start : start + _BLOCK // CELL]
        rows = table[start * CELL : (start + len(here)) * CELL]
        rows = np.pad(rows, [(0, here.size - len(rows)), (0, 0)]).reshape(*here.shape, -1)
        num, weight = here.sum(axis=1), here[:, :, None]
        middle = (rows * weight).sum(axis=1) / np.maximum(num, 1)[:, None]
        far = (((rows - middle[:, None]) ** 2) * weight).sum(axis=(1, 2)) / np.maximum(num, 1)
        part = guide[start : start + len(here)]
        part[:, :-1], part[:, -1] = middle, np.where(num > 0, _REACH * np.sqrt(far), _EMPTY)
    return Cells(guide, listed)


def chosen_probes(cells: Cells, tables: ServingTables, k: int) -> Cells:
    """The cells with the least probes with which the bundle's users find `RECALL` of their lists."""
    needed: list[npt.NDArray[np.float64]] = []
    for asked in asked_lists(tables, k):
        lengths = np.linalg.norm(asked.queries, axis=1, keepdims=True)
        hopes = np.concatenate([asked.queries, lengths], axis=1) @ cells.guide.T
        ranks = np.empty(hopes.shape, np.int64)
        np.put_along_axis(ranks, np.argsort(-hopes, axis=1), np.arange(1, hopes.shape[1] + 1)[None], axis=1)
        needed += [
            rank[items // CELL] / wider for rank, items, wider in zip(ranks, asked.lists, asked.wider, strict=True)
        ]
    every = np.sort(np.concatenate(needed))
    probes = math.ceil(every[math.ceil(RECALL * len(every)) - 1]) if len(every) else 1
    recall = float((every <= probes).mean()) if len(every) else 1.0
    return Cells(cells.guide, cells.listed, probes, k, recall)


@dataclass(frozen=True)
class Asked:
    """What some of a bundle's users ask for.

    Args:
        queries: float32 [B, W].
        lists: B arrays int64 [at most k]. The item rows of their exact lists, best first.
        wider: float64 [B]. How much further each looks for having done so much.
    """

    queries: Floats
    lists: list[Indices]
    wider: npt.NDArray[np.float64]


def asked_lists(tables: ServingTables, k: int) -> Iterator[Asked]:
    """The exact lists of k of up to 512 users, evenly spread, 8 at a time: what they have done is not in them."""
    users = np.unique(np.linspace(min(1, len(tables.user_ids)), len(tables.user_ids), _SAMPLE).astype(np.int64))
    for part in np.array_split(users, -(-len(users) // 8)):
        queries = tables.queries[part]
        scores = queries @ tables.candidates.T
        scores[:, ~tables.is_known] = -np.inf
        done = [tables.done_rows[slice(*tables.done_splits[user : user + 2])] for user in part]
        for line, items in zip(scores, done, strict=True):
            line[items] = -np.inf
        lists, values = top_k(scores, min(k, scores.shape[1]))
        found = [items[np.isfinite(value)] for items, value in zip(lists, values, strict=True)]
        yield Asked(queries, found, np.sqrt([1 + len(items) / k for items in done]))


def _main_direction(rows: Floats) -> Floats:
    """Float32 [W], about the first principal component."""
    spread = rows - rows.mean(axis=0)
    along: Floats = spread[np.argmax(np.einsum("ij,ij->i", spread, spread))]
    for _ in range(5):
        along = (spread @ along) @ spread
        along = along / max(float(np.linalg.norm(along)), 1e-30)
    return along
