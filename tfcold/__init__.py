"""tfcold recommends new items and new users from their words."""

from tfcold.version import __version__

__all__ = ["__version__"]
