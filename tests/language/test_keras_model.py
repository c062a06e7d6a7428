"""A real CausalLM of keras-nlp, tiny and untrained: it speaks nonsense, but by the same route as a large one."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from tfcold.errors import InputError
from tfcold.language import KerasModel, LanguageModel, Prompt, cached, enrich_items, open_model


@pytest.fixture
def folder(causal_folder: Path) -> Path:
    return causal_folder


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
