"""A language model of keras-nlp, on this machine."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from tfcold.errors import InputError, one_of
from tfcold.language.model import DEFAULT_MAX_TOKENS, Answer, Completing, Prompt, Schema, utc_now
from tfcold.text.encoders.base import fingerprint_of
from tfcold.text.encoders.preset_files import folder_of_preset, model_files

TURNS: Final = {
    "plain": "{system}\n\n{user}\n",
    "gemma": "<start_of_turn>user\n{system}\n\n{user}<end_of_turn>\n<start_of_turn>model\n",
}
_LENGTH_STEP: Final = 256  # prompts are padded to a multiple of it, so that few shapes are traced


class KerasModel(Completing):
    """A `keras_nlp.models.CausalLM`, always taking the likeliest token: the same prompt has the same answer.

    Args:
        preset: a folder (of keras-nlp, or of transformers where keras-nlp converts it), `"hf://OWNER/MODEL"`,
            `"kaggle://..."`, or the name of a preset.
        batch_size: int, at least 1, default 4. Prompts in one step; the last step is filled up.
        turns: str or None. How a prompt is framed: "plain", or "gemma" for its instruction-tuned models. None takes
            "gemma" where the preset's name says gemma and instruct (or it), else "plain".
        name: str or None. None is the preset's last part.

    Raises:
        InputError: an argument out of range; on first use: nothing to load at `preset`, or no CausalLM in it.
    """

    def __init__(
        self, preset: str | Path, *, batch_size: int = 4, turns: str | None = None, name: str | None = None
    ) -> None:
        if batch_size < 1:
            raise InputError(f"`batch_size` must be at least 1; received {batch_size}")
        self.preset = str(preset)
        self.name = name or self.preset.rstrip("/").rsplit("/", 1)[-1]
        words = self.name.lower().replace("-", "_").split("_")
        if turns is None:
            turns = (
                "gemma" if any(w.startswith("gemma") for w in words) and {"instruct", "it"} & set(words) else "plain"
            )
        self.turns = one_of(TURNS, turns, "turns")
        self.batch_size = batch_size

    @cached_property
    def folder(self) -> Path:
        """Where the preset's files lie; fetched by its hub's own client where they are not local."""
        is_name = "/" not in self.preset and not Path(self.preset).is_dir()
        return folder_of_preset(_handle_of(self.preset) if is_name else self.preset)

    @cached_property
    def fingerprint(self) -> str:
        """sha256 over the preset's files and how prompts are framed."""
        return fingerprint_of("keras-causal-1", model_files(self.folder), {"turns": TURNS[self.turns]})

    @property
    def is_remote(self) -> bool:
        return False

    def answers(
        self, prompts: Iterable[Prompt], *, max_tokens: int = DEFAULT_MAX_TOKENS, schema: Schema | None = None
    ) -> Iterator[tuple[int, Answer]]:
        """As in `LanguageModel`; `schema` is not enforced."""
        source = iter(prompts)
        start = 0
        while batch := list(itertools.islice(source, self.batch_size)):
            yield from enumerate(self._batch(batch, max_tokens), start)
            start += len(batch)

    def _batch(self, prompts: list[Prompt], max_tokens: int) -> list[Answer]:
        texts = [TURNS[self.turns].format(system=prompt.system, user=prompt.user).lstrip() for prompt in prompts]
        sizes = [self._count(text) for text in texts]
        length = -(-(max(sizes) + 2 + max_tokens) // _LENGTH_STEP) * _LENGTH_STEP
        filled = texts + [texts[-1]] * (self.batch_size - len(texts))
        said = self._model.generate(filled, max_length=length, strip_prompt=True)
        answers = []
        for text, size in zip(said, sizes, strict=False):
            words = str(text).partition("<end_of_turn>")[0].strip()
            answers.append(Answer(words, size, self._count(words), at=utc_now()))
        return answers

    def _count(self, text: str) -> int:
        return len(self._model.preprocessor.tokenizer(text))

    @cached_property
    def _model(self) -> Any:
        import tfcold._keras  # noqa: F401  settles tf.keras first

        import keras_nlp  # isort: skip

        try:
            model = keras_nlp.models.CausalLM.from_preset(str(self.folder))
        except (ValueError, OSError, KeyError, TypeError) as error:
            raise InputError(f"`model` holds no CausalLM that keras-nlp can load: {self.preset!r} ({error})") from error
        model.compile(sampler="greedy")
        return model


def _handle_of(name: str) -> str:
    """The handle of a preset that keras-nlp knows by name."""
    import tfcold._keras  # noqa: F401  settles tf.keras first

    import keras_nlp  # isort: skip

    presets = keras_nlp.models.CausalLM.presets
    if name not in presets:
        some = ", ".join(map(repr, sorted(presets)[:3]))
        raise InputError(
            f"`model` must be URL#NAME, 'openai:NAME', a folder, a handle (hf://, kaggle://) or one of {len(presets)} "
            f"names such as {some}; received {name!r}"
        )
    return str(presets[name]["kaggle_handle"])
