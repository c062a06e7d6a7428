"""Keras layers of the towers: standardised vectors in, one fused vector out, and how two of them are compared.

AdapterFusion     a frozen sum of ID and blocks, corrected by a small bottleneck
BlockProjection   one block at the shared width
CentredNorm       vectors less their mean, optionally whitened, at unit length
ConcatFusion      the default: side by side, through dense layers
FadingWords       words of a user, less of them the more is known
Fusion            base of the fusions
GatedFusion       a blend, coordinate by coordinate; closed for cold rows
HeadsFusion       several weighted sums, projected
HistoryPooling    a list of vectors as one
HistoryShrinkage  a short history, shrunk to what it can tell
IdDropout         warm rows that play cold, in training
KernelFeatures    Nystroem features of an RBF kernel
NormShrinkage     vectors whose lengths go towards one length
SimilarUsers      a short history, leant towards those of similar users
WeightedDot       the similarity, with or without weights that depend on the user
"""

from tfcold.layers.adapter_fusion import AdapterFusion
from tfcold.layers.block_projection import BlockProjection
from tfcold.layers.centred_norm import CentredNorm
from tfcold.layers.concat_fusion import ConcatFusion
from tfcold.layers.fading_words import FadingWords
from tfcold.layers.fusion import Fusion
from tfcold.layers.gated_fusion import GatedFusion
from tfcold.layers.heads_fusion import HeadsFusion
from tfcold.layers.history_pooling import HistoryPooling
from tfcold.layers.history_shrinkage import HistoryShrinkage
from tfcold.layers.id_dropout import IdDropout
from tfcold.layers.kernel_features import KernelFeatures
from tfcold.layers.norm_shrinkage import NormShrinkage
from tfcold.layers.similar_users import SimilarUsers
from tfcold.layers.weighted_dot import WeightedDot

__all__ = [
    "AdapterFusion",
    "BlockProjection",
    "CentredNorm",
    "ConcatFusion",
    "FadingWords",
    "Fusion",
    "GatedFusion",
    "HeadsFusion",
    "HistoryPooling",
    "HistoryShrinkage",
    "IdDropout",
    "KernelFeatures",
    "NormShrinkage",
    "SimilarUsers",
    "WeightedDot",
]
