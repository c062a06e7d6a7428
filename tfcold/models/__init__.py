"""Models: towers, a similarity and an objective."""

from tfcold.models.feature_table import FeatureTable
from tfcold.models.prior import PopularityPrior
from tfcold.models.two_tower import TwoTower

__all__ = ["FeatureTable", "PopularityPrior", "TwoTower"]
