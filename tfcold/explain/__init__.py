"""Why an item is recommended: evidence for a split score, a sentence from that evidence alone, and a plot."""

from tfcold.explain.evidence import Evidence, evidence_for
from tfcold.explain.plot import plot_split
from tfcold.explain.sentence import check_sentence, sentence_for

__all__ = ["Evidence", "check_sentence", "evidence_for", "plot_split", "sentence_for"]
