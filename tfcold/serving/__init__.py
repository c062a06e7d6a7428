"""A bundle, opened: a `Recommender` answers with frames. `tfcold.load` gives one that items and users can join."""

from tfcold.serving.recommender import Recommender

__all__ = ["Recommender"]
