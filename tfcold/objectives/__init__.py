"""What training minimises: plain tensors in, one float32 number out.

Alignment            an item's ID and its words, brought to say the same
Distillation         a student that scores as its teacher does
FullSoftmax          the targets against the whole catalogue
Objective            base of the objectives
RetrievalObjective   the positive against the batch and uniform negatives, by TensorFlow Recommenders
"""

from tfcold.objectives.alignment import Alignment
from tfcold.objectives.distillation import Distillation
from tfcold.objectives.full_softmax import FullSoftmax
from tfcold.objectives.objective import Objective
from tfcold.objectives.retrieval_objective import RetrievalObjective

__all__ = ["Alignment", "Distillation", "FullSoftmax", "Objective", "RetrievalObjective"]
