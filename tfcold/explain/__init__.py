"""Why an item is recommended: evidence for a split score, a sentence from that evidence alone, and a plot."""

from tfcold.explain.checking import check_sentence
from tfcold.explain.evidence import Evidence, catalogue_of, evidence_for
from tfcold.explain.plot import plot_split
from tfcold.explain.sentence import Sentence, SentencePlan, plan_sentences, sentence_for

__all__ = [
    "Evidence",
    "Sentence",
    "SentencePlan",
    "catalogue_of",
    "check_sentence",
    "evidence_for",
    "plan_sentences",
    "plot_split",
    "sentence_for",
]
