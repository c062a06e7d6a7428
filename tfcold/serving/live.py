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
from tfcold.serving.changes import check_new_items, joining_users, leaving_items
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

    def add_items(self, items: pd.DataFrame, vectors: Mapping[str, Any] | None = None) -> None:
        """From now on these items are recommended too, as `tfcold.export.add_items` would have it; nothing is trained.

        The bundle on disk stays as it is: write the next version there when there is time.

        Args:
            items: frame with `item_id`, all of them new, and the columns that the bundle's items have.
            vectors: `tfcold.text.TextVectors` by block. A block may be left out, an item may lack some of them; one
                that has none is kept, but cannot be listed. None encodes all blocks, as the bundle's own were.

        Raises:
            InputError, EncoderMismatchError, BundleError: as `tfcold.export.add_items`.
        """
        with self._changing:
            state, places = self._now, self._the_places()
            new = places.items(items, vectors, self._opened.kept)
            check_new_items(state.items, new.ids)
            self._state = state.with_items(new, places)

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

    def add_users(self, histories: pd.DataFrame) -> None:
        """From now on these users are known by what they did so far, as `tfcold.export.add_users` would have it.

        Args:
            histories: frame `user_id, item_id`, all users new. Items that the bundle does not have are ignored.

        Raises:
            InputError: no rows, a column is missing, or a user that the bundle has already.
        """
        with self._changing:
            state = self._now
            ids, done = joining_users(state.users, state.items, histories)
            self._state = state.with_users(ids, done, self._the_places())

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
