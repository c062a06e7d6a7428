"""Evidence is of the bundle, and no sentence says more than the evidence."""

from __future__ import annotations

import pytest

import tfcold
from tfcold.explain import check_sentence, evidence_for, plot_split, sentence_for
from tfcold.explain.evidence import Evidence
from tfcold.language.model import Answer, Completing

EVIDENCE = Evidence(
    item="Alien",
    is_cold=False,
    history=("Blade Runner", "Solaris"),
    words=("space",),
    attributes={"year": 1979, "genre": "Horror"},
    strongest="words",
    share=62,
    others=frozenset({"alien", "blade runner", "solaris", "heat", "jaws"}),
)


class Says(Completing):
    """A model that says one thing."""

    name, fingerprint, is_remote = "says", "says", False

    def __init__(self, text, error=""):
        self.text, self.error, self.asked = text, error, []

    def answers(self, prompts, *, max_tokens=256, schema=None):
        for place, prompt in enumerate(prompts):
            self.asked.append(prompt)
            yield place, Answer(self.text, error=self.error)


@pytest.mark.parametrize(
    "sentence",
    [
        "Alien is a Horror film from 1979, and you liked Blade Runner and Solaris.",
        "You may like Alien because of space.",
        "Since you chose Solaris, 62% of it is that.",
    ],
)
def test_true_sentences_pass(sentence):
    assert check_sentence(sentence, EVIDENCE) == []
    assert sentence_for(EVIDENCE, Says(sentence)) == sentence


@pytest.mark.parametrize(
    ("sentence", "wrong"),
    [
        ("Alien is like jaws.", "item 'jaws'"),
        ("Alien is from 1980.", "number 1980"),
        ("Alien is by Ridley Scott.", "name 'Ridley'"),
        ('Alien has a "strong lead".', "quoted 'strong lead'"),
        ("", "characters"),
        ("so " * 400, "characters"),
    ],
)
def test_sentences_beyond_the_evidence_fall_back(sentence, wrong):
    found = check_sentence(sentence, EVIDENCE)

    assert any(wrong in one for one in found)
    assert sentence_for(EVIDENCE, Says(sentence)) == sentence_for(EVIDENCE)


def test_model_that_fails_falls_back():
    assert sentence_for(EVIDENCE, Says("", error="busy")) == sentence_for(EVIDENCE)


def test_model_sees_the_evidence_alone():
    model = Says("Alien.")
    sentence_for(EVIDENCE, model)

    assert "Alien" in model.asked[0].user
    assert "jaws" not in model.asked[0].user


def test_template_passes_its_own_check(bundle):
    recommender = tfcold.load(bundle)
    lists = recommender.recommend(recommender.user_ids[:5], k=5)

    for user, item in zip(lists["user_id"], lists["item_id"], strict=True):
        evidence = evidence_for(recommender, recommender.explain(user, item))
        sentence = sentence_for(evidence)
        done = recommender._done.of(recommender._users.rows([user])).values
        titles = set(recommender.titles(recommender._items.names[done])["title"])
        assert set(evidence.history) <= titles
        assert sentence.startswith(evidence.item)
        assert not [wrong for wrong in check_sentence(sentence, evidence) if wrong.startswith(("number", "quoted"))]


def test_plot(bundle, tmp_path):
    recommender = tfcold.load(bundle)
    path = plot_split(recommender.explain(recommender.user_ids[0], "i1"), tmp_path / "split.png", top=2)

    assert path.read_bytes().startswith(b"\x89PNG")
