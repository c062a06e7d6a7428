"""A critique: more of this, less of that, in words or by items."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from tfcold.errors import InputError
from tfcold.progress import logger

if TYPE_CHECKING:
    from tfcold.serving import Recommender

Floats = npt.NDArray[np.float32]
Ids = npt.NDArray[np.object_]

DEFAULT_STRENGTH: Final = 0.3  # benchmarks/steering.py


WORDS: Final = ("more", "less")
ITEMS: Final = ("like", "unlike")
AWAY: Final = ("less", "unlike")


class Wish(NamedTuple):
    """One thing to lean towards or away from: `what` is a phrase, or an item id; `strength` is at least 0."""

    argument: str
    what: str
    strength: float


class Steering:
    """What to lean towards and away from. It changes lists that are asked for with it, and nothing else.

    Two of them add up, and what was added can be taken away again: `(a + b) - b == a`. The same steering gives the
    same list, and without it the list is what it was.

    Args:
        more, less: phrases, read by the encoder of the first block and by every encoder that the bundle holds.
        like, unlike: item ids: more like this, not this. Items of `unlike` are not listed.
        strength: float >= 0, default 0.3. With 1, a wish moves scores as far as what is known of the user spreads
            them.

    Attributes:
        wishes: tuple of `Wish`, in order.

    Raises:
        InputError: an empty phrase or id, one string in the place of a list, or a strength that is not a number >= 0.

    Example:
        >>> Steering(more=["slow science fiction"]) + Steering(less=["horror"])
        Steering(more 'slow science fiction' 0.3, less 'horror' 0.3)
    """

    def __init__(
        self,
        more: Iterable[str] = (),
        less: Iterable[str] = (),
        like: Iterable[Any] = (),
        unlike: Iterable[Any] = (),
        strength: float = DEFAULT_STRENGTH,
    ) -> None:
        if not math.isfinite(strength) or strength < 0:
            raise InputError(f"`strength` must be a number of at least 0; received {strength}")
        wishes = []
        for argument, values in {"more": more, "less": less, "like": like, "unlike": unlike}.items():
            if isinstance(values, (str, bytes)):
                raise InputError(f"`{argument}` must be a list; received one string, {values!r}. Put it in a list")
            for value in values:
                if not str(value).strip():
                    raise InputError(f"`{argument}` must hold words or ids; received an empty one")
                wishes.append(Wish(argument, str(value), float(strength)))
        self.wishes: tuple[Wish, ...] = tuple(wishes)
        self._directions: dict[tuple[str, str], Floats] = {}  # by bundle and phrase: an encoder takes seconds to load

    def __add__(self, other: Steering) -> Steering:
        return _of((*self.wishes, *other.wishes), {**self._directions, **other._directions})

    def __sub__(self, other: Steering) -> Steering:
        left = list(self.wishes)
        for wish in other.wishes:
            if wish in left:
                left.reverse()  # the latest goes first
                left.remove(wish)
                left.reverse()
        return _of(tuple(left), self._directions)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Steering) and self.wishes == other.wishes

    def __hash__(self) -> int:
        return hash(self.wishes)

    def __bool__(self) -> bool:
        return bool(self.wishes)

    def __repr__(self) -> str:
        said = [f"{one.argument} {one.what!r} {one.strength:g}" for one in self.wishes]
        return f"Steering({', '.join(said)})"

    @property
    def hidden(self) -> Ids:
        """Item ids, object [N], that were said not to be wanted."""
        return np.array([one.what for one in self.wishes if one.argument == "unlike"], object)

    def directions(self, recommender: Recommender) -> tuple[Floats, Floats]:
        """Directions float32 [T, D] of the shared space, one a wish, and their strengths float32 [T], below 0 for away.

        Raises:
            InputError: an item that the bundle does not know, or phrases where `tfcold.load` did not open it.
            BundleError: its items have no vectors, or it does not say what encodes phrases.
        """
        table = np.zeros((len(self.wishes), recommender.manifest.dim), np.float32)
        texts = [place for place, one in enumerate(self.wishes) if one.argument in WORDS]
        items = [place for place, one in enumerate(self.wishes) if one.argument in ITEMS]
        if texts:
            phrases = [self.wishes[place].what for place in texts]
            table[texts] = self._directions_of(recommender, phrases)
            silent = [phrase for phrase, place in zip(phrases, texts, strict=True) if not table[place].any()]
            if silent:
                logger.warning("the encoders know no word of %s: it changes nothing", ", ".join(map(repr, silent)))
        if items:
            known = set(recommender.item_ids)
            for place in items:
                if self.wishes[place].what not in known:
                    raise InputError(
                        f"`{self.wishes[place].argument}` must hold items of the bundle; it does not know "
                        f"{self.wishes[place].what!r}"
                    )
            table[items] = recommender.queries_from_histories([[self.wishes[place].what] for place in items])[:, :-1]
        signs = [-1 if one.argument in AWAY else 1 for one in self.wishes]
        return table, np.array(signs, np.float32) * np.array([one.strength for one in self.wishes], np.float32)

    def _directions_of(self, recommender: Recommender, phrases: Sequence[str]) -> Floats:
        from tfcold.export import phrase_vectors

        folder = str(recommender.folder)
        new = [phrase for phrase in dict.fromkeys(phrases) if (folder, phrase) not in self._directions]
        if new:
            keys = [(folder, phrase) for phrase in new]
            vectors = phrase_vectors(recommender, new)
            says = np.any([table.any(axis=1) for table in vectors.values()], axis=0)
            found = recommender.queries_from_blocks(vectors)[:, :-1] * says[:, None]
            self._directions.update(zip(keys, found, strict=True))
        return np.stack([self._directions[folder, phrase] for phrase in phrases])


def _of(wishes: tuple[Wish, ...], directions: Mapping[tuple[str, str], Floats]) -> Steering:
    made = Steering()
    made.wishes = wishes
    made._directions.update(directions)
    return made
