"""A bundle that items and users join and leave in memory."""

from __future__ import annotations

import copy
import threading
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Self

import pandas as pd

from tfcold.errors import InputError
from tfcold.manifest import Manifest
from tfcold.serving.changes import (
    SHOWN,
    Replace,
    check_frame,
    check_items,
    check_vectors,
    checked_replace,
    checked_shown,
    joining_users,
    leaving_items,
    warn_of_columns,
)
from tfcold.serving.newcomers import Places
from tfcold.serving.opened import Opened
from tfcold.serving.state import State


class Live:
    """What is known now, and how it changes: the next state is built beside this one and swapped in whole.

    One change at a time; whoever reads `_now` goes on with the state that it was.

    Args:
        folder: name folder of the bundle, whose newest version is taken, or a version folder.
        verify: bool, default False. Compare the sha256 of every file with the manifest, and not only its size.
        places: what gives the layers that place newcomers, of a version folder; None, and nobody can join.

    Attributes:
        folder: Path of the version folder.
        manifest: the model card.
        name: str. What the model is called.

    Raises:
        BundleError: `folder` is no bundle, is damaged, or was written by a later version of tfcold.
    """

    def __init__(
        self, folder: str | Path, *, verify: bool = False, places: Callable[[Path], Places] | None = None
    ) -> None:
        self._opened = Opened(folder, verify=verify)
        self.folder = self._opened.folder
        self.manifest: Manifest = self._opened.manifest
        self.name = self.manifest.name
        self._open_places = None if places is None else cache(places)  # copies of this one share what it opened
        self._state: State | None = None
        self._changing = threading.RLock()

    def add_items(
        self, items: pd.DataFrame, vectors: Mapping[str, Any] | None = None, *, replace: Replace = False
    ) -> None:
        """From now on these items are recommended too, as `tfcold.export.add_items` would have it; nothing is trained.

        The bundle on disk stays as it is: write the next version there when there is time.

        With `replace`, ids that are there are described anew. What lists show of the item becomes what the frame says;
        columns that the frame lacks stay. A cold item moves to the place of its new words, also where it has none left.
        A warm item keeps what training learned of it. Users keep what was known of them. With `replace="shown"` no item
        moves: only what lists show changes, such as prices.

        Args:
            items: frame with `item_id` and columns of the bundle's items; without `replace` all of them new.
            vectors: `tfcold.text.TextVectors` by block. A block may be left out, an item may lack some of them; one
                that has none is kept, but cannot be listed. None encodes all blocks, as the bundle's own were; with
                `replace="shown"` none are read.
            replace: bool or `"shown"`, default False. True takes ids that are there, too; with `"shown"` all of them
                must be.

        Raises:
            InputError, EncoderMismatchError, BundleError: as `tfcold.export.add_items`.
        """
        check_frame(items, "items")
        with self._changing:
            state, places, given = self._now, self._the_places(), set(map(str, items.columns))
            if checked_replace(replace, vectors) == SHOWN:
                ids, cells = places.shown(items, state.kept)
                checked_shown(state.items, state.removed, ids, state.kept, given)
                self._state = state.with_cells(state.items.rows(ids), cells, given)
                return
            new = places.items(items, vectors, state.kept)
            check_items(state.items, state.removed, new.ids, replace=replace)
            warn_of_columns(given, state.kept)
            rows = state.items.rows(new.ids)
            there, moves = rows > 0, (rows > 0) & state.is_cold[rows]
            state = state.with_cells(rows[there], new.of(there).frame, given)
            state = state.with_places(rows[moves], new.of(moves), places)
            self._state = state.with_items(new.of(~there), places)

    def remove_items(self, item_ids: Iterable[Any]) -> None:
        """From now on these items are listed no more, as `tfcold.export.remove_items` would have it.

        Args:
            item_ids: ids that the bundle has.

        Raises:
            InputError: no ids, or one that the bundle does not have.
        """
        with self._changing:
            state = self._now
            _, rows = leaving_items(state.items, state.removed, item_ids)
            self._state = state.without_items(rows)

    def add_users(
        self,
        histories: pd.DataFrame | None = None,
        users: pd.DataFrame | None = None,
        vectors: Mapping[str, Any] | None = None,
    ) -> None:
        """From now on these users are known by what they did and by their words, as `tfcold.export.add_users` has it.

        Args:
            histories: frame `user_id, item_id`, all users new. Items that the bundle does not have are ignored. None
                (default) where nobody did anything yet.
            users: frame `user_id` and the columns of words that the users of the fit had, all users new, those without
                a history among them; default None, nobody has words.
            vectors: `tfcold.text.TextVectors` of users by block, instead of encoding `users` (default None) as the
                bundle's own were. A block may be left out, a user may lack some of them.

        Raises:
            InputError, EncoderMismatchError, BundleError: as `tfcold.export.add_users`.
        """
        check_vectors(vectors)
        with self._changing:
            state, places = self._now, self._the_places()
            ids, done = joining_users(state.users, state.items, histories, users)
            words = None if users is None and vectors is None else places.words(ids, users, vectors)
            self._state = state.with_users(ids, done, places, words)

    @property
    def _now(self) -> State:
        """What is known at this moment. A request reads it once."""
        if self._state is None:
            with self._changing:
                if self._state is None:
                    self._state = State.of(self._opened)
        return self._state

    def _the_places(self) -> Places:
        if self._open_places is None:
            raise InputError("`folder` was opened without the layers that place newcomers. Open it with `tfcold.load`")
        return self._open_places(self.folder)

    def _pinned(self, state: State) -> Self:
        """This one at one moment, for whoever asks it several things within one request."""
        pinned = copy.copy(self)
        pinned._state = state
        return pinned
