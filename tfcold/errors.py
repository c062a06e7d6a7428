"""What tfcold raises when the caller can do something about it."""

from __future__ import annotations

from collections.abc import Collection
from operator import index
from typing import TypeVar

Name = TypeVar("Name", bound=str)


class TfcoldError(Exception):
    """Base of every error that names the argument, the rule, what came and the way out.

    The command line turns each of them into one line and exit code 2.
    """


class InputError(TfcoldError, ValueError):
    """A value, file or table that came from outside breaks a rule."""


class NoWordsError(InputError):
    """No row of a table has words that an encoder knows."""


class LeakageError(TfcoldError, ValueError):
    """A split would let training see what a test holds out."""


class EncoderMismatchError(InputError):
    """Vectors of two encoders would have been mixed."""


class BundleError(InputError):
    """A folder is not a bundle that this version can open."""


class AssetError(TfcoldError, OSError):
    """Every source of an asset failed."""


class MissingExtraError(TfcoldError, ImportError):
    """An optional dependency is not installed."""


class RemoteError(InputError):
    """Text would have left the machine, and nobody allowed it."""


class ModelError(TfcoldError, RuntimeError):
    """A language model, or the endpoint it is behind, does not do what it is asked."""


class BudgetError(TfcoldError, RuntimeError):
    """A budget of tokens or money is used up; what was answered before is kept."""


def check_k(k: object) -> None:
    """Nothing, if this is a length of lists: a whole number of at least 1.

    Raises:
        InputError: it is none.
    """
    try:
        whole = index(k)  # type: ignore[arg-type]  # an int, or what NumPy has for one
    except TypeError:
        raise InputError(f"`k` must be a whole number of at least 1; received {k!r}. Pass 20") from None
    if whole < 1:
        raise InputError(f"`k` must be at least 1; received {k}")


def one_of(options: Collection[Name], given: str, argument: str) -> Name:
    """The option that was given.

    Raises:
        InputError: it is none of them.
    """
    for option in options:
        if option == given:
            return option
    raise InputError(f"`{argument}` must be one of {', '.join(options)}; received {given!r}")
