"""Baselines: the numbers a model has to beat, each answering exactly as a model does.

Popularity        the same list for everybody
LexicalProfile    shares rare words with the history
SemanticProfile   near the mean vector of the history
UserKNN           what similar users did
EASE              item to item weights in closed form
IALS              implicit matrix factorisation
Ridge             a linear map from vectors to rows, to EASE or to iALS
KernelRidge       the same with an RBF kernel
Joined            one specialist for warm items, one for cold
"""

from tfcold.baselines.base import Baseline
from tfcold.baselines.ease import EASE
from tfcold.baselines.ials import IALS
from tfcold.baselines.joined import Joined
from tfcold.baselines.lexical import LexicalProfile
from tfcold.baselines.popularity import Popularity
from tfcold.baselines.ridge import KernelRidge, Ridge, VectorRegression
from tfcold.baselines.semantic import SemanticProfile
from tfcold.baselines.user_knn import UserKNN

__all__ = [
    "EASE",
    "IALS",
    "Baseline",
    "Joined",
    "KernelRidge",
    "LexicalProfile",
    "Popularity",
    "Ridge",
    "SemanticProfile",
    "UserKNN",
    "VectorRegression",
]
