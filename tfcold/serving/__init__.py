"""A bundle, opened: `load` gives a `Recommender`, which answers with frames."""

from tfcold.serving.recommender import Recommender, load

__all__ = ["Recommender", "load"]
