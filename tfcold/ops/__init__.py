"""Pure tensor functions: the cited maths that layers and objectives are made of. No weights, no state.

contrastive_loss        two views of the same rows find each other (InfoNCE, both directions)
correct_log_q           logits less the log-probability that a candidate was drawn
entmax15                a softmax that can say exactly zero
fading                  a weight that stands back the more is known
full_softmax_loss       cross-entropy over a whole catalogue, several targets a row
gate                    `openness * first + (1 - openness) * second`
l2_normalise            unit length; zeros stay zeros, with a finite gradient
mixed_probability       how often in-batch and uniform negatives together draw an item
nystroem_map            the inverse square root that turns kernel values into features
rbf_kernel              `exp(-gamma |t - landmark|^2)` of unit vectors
rows_mask               lists of rows as a mask over the catalogue
sampled_softmax_loss    cross-entropy over sampled candidates: logQ, accidental hits, hard negatives
"""

from tfcold.ops.contrastive import contrastive_loss
from tfcold.ops.entmax import entmax15
from tfcold.ops.fading import fading
from tfcold.ops.full_softmax import full_softmax_loss, rows_mask
from tfcold.ops.gate import gate
from tfcold.ops.kernel import nystroem_map, rbf_kernel
from tfcold.ops.log_q import correct_log_q, mixed_probability
from tfcold.ops.normalise import l2_normalise
from tfcold.ops.sampled_softmax import sampled_softmax_loss

__all__ = [
    "contrastive_loss",
    "correct_log_q",
    "entmax15",
    "fading",
    "full_softmax_loss",
    "gate",
    "l2_normalise",
    "mixed_probability",
    "nystroem_map",
    "rbf_kernel",
    "rows_mask",
    "sampled_softmax_loss",
]
