"""A real CausalLM of keras-nlp, tiny and untrained: it speaks nonsense, but by the same route as a large one."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from tfcold.errors import InputError
from tfcold.language import KerasModel, LanguageModel, Prompt, cached, enrich_items, open_model


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A preset folder: GPT-2's architecture, 2 layers of width 8, random weights, characters as tokens."""
    import tfcold._keras  # noqa: F401

    import keras_nlp  # isort: skip
    import keras

    keras.utils.set_random_seed(3)
    letters = [chr(code) for code in range(33, 127)] + ["Ġ", "Ċ", "th"]
    vocabulary = {"<|endoftext|>": 0, **{letter: place + 1 for place, letter in enumerate(letters)}}
    tokenizer = keras_nlp.models.GPT2Tokenizer(vocabulary=vocabulary, merges=["t h"])
    preprocessor = keras_nlp.models.GPT2CausalLMPreprocessor(tokenizer=tokenizer, sequence_length=64)
    backbone = keras_nlp.models.GPT2Backbone(
        vocabulary_size=len(vocabulary), num_layers=1, num_heads=2, hidden_dim=8, intermediate_dim=16,
        max_sequence_length=2_048,
    )  # fmt: skip
    model = keras_nlp.models.GPT2CausalLM(backbone=backbone, preprocessor=preprocessor)
    path = tmp_path_factory.mktemp("preset") / "tiny"
    model.save_to_preset(str(path))
    return path


def test_answers_come_one_a_prompt_and_always_the_same(folder: Path) -> None:
    prompts = [Prompt("Say a word.", f"thing {number}") for number in range(3)]
    model = KerasModel(folder, batch_size=2)

    answers = dict(model.answers(prompts, max_tokens=4))

    assert sorted(answers) == [0, 1, 2]
    assert all(answer.prompt_tokens > 10 and not answer.error for answer in answers.values())
    again = dict(KerasModel(folder, batch_size=2).answers(prompts, max_tokens=4))
    assert [again[place].text for place in range(3)] == [answers[place].text for place in range(3)]
    assert isinstance(model, LanguageModel)
    assert not model.is_remote


def test_spec_opens_it_and_nonsense_leaves_rows_as_they_were(folder: Path) -> None:
    model = open_model(f"keras-nlp:{folder}", batch_size=1)
    items = pd.DataFrame({"item_id": ["a"], "title": ["A star"]})

    done = enrich_items(items, cached(model))

    assert done.frame["llm_what"].isna().all()
    assert (done.outcome.invalid, done.outcome.failed) == (1, 0)
    assert isinstance(open_model(folder), KerasModel)


def test_fingerprint_reads_files_only(folder: Path) -> None:
    model = KerasModel(folder)

    assert model.fingerprint == KerasModel(folder).fingerprint
    assert model.fingerprint != KerasModel(folder, turns="gemma").fingerprint
    assert "_model" not in vars(model)


@pytest.mark.parametrize(
    ("name", "turns"), [("gemma3_instruct_1b", "gemma"), ("hf://google/gemma-3-1b-it", "gemma"), ("gemma3_1b", "plain")]
)
def test_turns_go_by_the_name(name: str, turns: str) -> None:
    assert KerasModel(name).turns == turns


def test_mistakes(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="`batch_size`"):
        KerasModel("x", batch_size=0)
    with pytest.raises(InputError, match="`turns`"):
        KerasModel("x", turns="llama")
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(InputError, match="no CausalLM"):
        KerasModel(tmp_path).complete(["a"])
    with pytest.raises(InputError, match="names such as"):
        KerasModel("no_such_preset").complete(["a"])
