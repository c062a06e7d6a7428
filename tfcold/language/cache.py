"""Answers on disk, found again by who was asked what."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Final

from tfcold.assets import cache_folder
from tfcold.errors import InputError
from tfcold.language.model import DEFAULT_MAX_TOKENS, Answer, Completing, LanguageModel, Prompt, Schema

FILE: Final = "answers-1.sqlite"
_WAIT_SECONDS: Final = 60.0  # for another process that writes


class AnswerStore:
    """A folder that remembers every answer it was given.

    An entry is found by `sha256(model fingerprint, prompt, longest answer, schema)`; so another model, prompt version
    or text never finds an old one. What was asked is not stored, only that hash. An answer is on disk before it is
    passed on; several processes may write at once.

    Args:
        folder: where it lies; made on first use. Default: `language` under the cache folder (`TFCOLD_CACHE`).

    Raises:
        InputError: the file in it is damaged, or nobody may write there.
    """

    def __init__(self, folder: str | Path | None = None) -> None:
        self.folder = cache_folder() / "language" if folder is None else Path(folder)

    def get(self, key: str) -> Answer | None:
        """The answer, or None."""
        if not (self.folder / FILE).is_file():
            return None
        with closing(self._opened()) as base:
            row = base.execute(
                "SELECT text, prompt_tokens, completion_tokens, at FROM answers WHERE key = ?", (key,)
            ).fetchone()
        return None if row is None else Answer(row[0], row[1], row[2], row[3], is_cached=True)

    def put(self, key: str, answer: Answer) -> None:
        """Keeps an answer; the first one of a key stays."""
        row = (key, answer.text, answer.prompt_tokens, answer.completion_tokens, answer.at)
        with closing(self._opened()) as base, base:
            base.execute("INSERT OR IGNORE INTO answers VALUES (?, ?, ?, ?, ?)", row)

    def _opened(self) -> sqlite3.Connection:
        path = self.folder / FILE
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            base = sqlite3.connect(path, timeout=_WAIT_SECONDS)
            base.execute(
                "CREATE TABLE IF NOT EXISTS answers (key TEXT PRIMARY KEY, text TEXT NOT NULL, "
                "prompt_tokens INTEGER NOT NULL, completion_tokens INTEGER NOT NULL, at TEXT NOT NULL)"
            )
        except (sqlite3.Error, OSError) as error:
            raise InputError(
                f"`folder` cannot keep answers: {str(path)!r} ({error}). Delete it if it is damaged, or set "
                "TFCOLD_CACHE to a folder that can be written"
            ) from error
        return base


class _Cached(Completing):
    def __init__(self, model: LanguageModel, store: AnswerStore) -> None:
        self.model, self.store, self.name = model, store, model.name

    @property
    def fingerprint(self) -> str:
        return self.model.fingerprint

    @property
    def is_remote(self) -> bool:
        return self.model.is_remote

    def known(self, prompt: Prompt, *, max_tokens: int, schema: Schema | None) -> Answer | None:
        """The answer of an earlier run, or None; asks nobody."""
        return self.store.get(_key(self.fingerprint, prompt, max_tokens, schema))

    def answers(
        self, prompts: Iterable[Prompt], *, max_tokens: int = DEFAULT_MAX_TOKENS, schema: Schema | None = None
    ) -> Iterator[tuple[int, Answer]]:
        places: dict[str, list[int]] = {}
        missing: dict[str, Prompt] = {}
        for place, prompt in enumerate(prompts):
            key = _key(self.fingerprint, prompt, max_tokens, schema)
            if key not in missing and (answer := self.store.get(key)) is not None:
                yield place, answer
                continue
            places.setdefault(key, []).append(place)
            missing[key] = prompt
        keys = list(missing)
        for at, answer in self.model.answers(missing.values(), max_tokens=max_tokens, schema=schema):
            if not answer.error:
                self.store.put(keys[at], answer)
            for place in places[keys[at]]:
                yield place, answer


def cached(model: LanguageModel, folder: str | Path | None = None) -> LanguageModel:
    """The model, asked only what it was never asked before.

    Equal prompts are asked once. Failures are not kept: they are asked again by the next run.

    Args:
        model: whom to ask. Where it is `budgeted`, what is known already costs nothing of the budget.
        folder: see `AnswerStore`.
    """
    return _Cached(model, AnswerStore(folder))


def _key(fingerprint: str, prompt: Prompt, max_tokens: int, schema: Schema | None) -> str:
    content = ["answer-1", fingerprint, prompt.system, prompt.user, max_tokens, schema]
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
