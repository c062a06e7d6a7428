"""Prompts as files with versions, and data put into them where it can do no harm."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any, Final

from tfcold.errors import InputError
from tfcold.language.model import Prompt, Schema
from tfcold.language.structured import check_schema

ROW: Final = "row"
_HEAD: Final = re.compile(r"^--- (\w+) ---$", re.MULTILINE)
_PLACE: Final = re.compile(r"\{\{(\w+)\}\}")
_ROW_DIGITS: Final = 8


@dataclass(frozen=True)
class PromptTemplate:
    """A prompt with a place for one row of data, and the schema of its answer.

    Args:
        version: str. `"enrich.v1"`; of a file of one's own its name and the start of its hash.
        system: str.
        user: str. Holds `{{data}}`, and may hold `{{row}}`.
        schema: JSON schema of the answer; its property `row` must come back as it was sent.
        max_tokens: int. The longest answer.
    """

    version: str
    system: str
    user: str
    schema: Schema
    max_tokens: int

    @property
    def fields(self) -> tuple[str, ...]:
        """What an answer holds, `row` left out."""
        return tuple(name for name in self.schema["properties"] if name != ROW)

    def require(self, field: str) -> None:
        """Nothing, where every answer holds the field.

        Raises:
            InputError: its schema does not require it.
        """
        if field not in self.schema.get("required", ()) or field not in self.fields:
            raise InputError(f"`prompt` {self.version}: its schema must require the property {field!r}")

    def filled(self, data: Mapping[str, Any]) -> tuple[str, Prompt]:
        """The key of a row, and the prompt about it.

        The key is a hash of the data: equal rows are one question, no id of anybody is sent, and nobody can write
        into their own row the key of somebody else's question. The data is JSON in which `<` and `>` are escaped, so
        it cannot end the field that it stands in.
        """
        content = json.dumps(dict(data), sort_keys=True, ensure_ascii=False)
        key = hashlib.sha256(f"{self.version}\n{content}".encode("utf-8", "surrogatepass")).hexdigest()[:_ROW_DIGITS]
        text = json.dumps({ROW: key, **data}, ensure_ascii=False).replace("<", "\\u003c").replace(">", "\\u003e")
        values = {"data": text, ROW: key}
        # one pass: places in the data are not places
        return key, Prompt(self.system, _PLACE.sub(lambda found: values.get(found[1], found[0]), self.user))


def prompt_template(name: str) -> PromptTemplate:
    """The prompt of a version that tfcold brings, or of a file.

    Args:
        name: `"enrich.v1"`, `"profile.v1"`, `"explain.v1"`, or the path of a file of the same form (`.txt`).

    Raises:
        InputError: neither, or a file that lacks a section or holds a schema that cannot be checked.
    """
    if name.endswith(".txt"):
        path = Path(name)
        if not path.is_file():
            raise InputError(f"`prompt` names a file that does not exist: {name!r}")
        text = path.read_text(encoding="utf-8")
        version = f"{path.name.removesuffix('.txt')}+{hashlib.sha256(text.encode()).hexdigest()[:8]}"
        return _parsed(text, version)
    known = {file.name.removesuffix(".txt"): file for file in _folder().iterdir() if file.name.endswith(".txt")}
    if name not in known:
        raise InputError(
            f"`prompt` must be one of {', '.join(sorted(known))} or the path of a .txt file; received {name!r}"
        )
    return _parsed(known[name].read_text(encoding="utf-8"), name)


def _folder() -> Any:
    return resources.files("tfcold.language").joinpath("prompts")


def _parsed(text: str, version: str) -> PromptTemplate:
    parts = _HEAD.split(text)
    sections = {name: body.strip() for name, body in zip(parts[1::2], parts[2::2], strict=True)}
    missing = [name for name in ("schema", "system", "user") if not sections.get(name)]
    if missing:
        raise InputError(f"`prompt` {version} lacks the section --- {missing[0]} ---")
    if "{{data}}" not in sections["user"]:
        raise InputError(f"`prompt` {version} must have {{{{data}}}} in its section --- user ---")
    try:
        schema = json.loads(sections["schema"])
        max_tokens = int(sections.get("max_tokens", "200"))
    except ValueError as error:
        raise InputError(f"`prompt` {version} has a section that cannot be read: {error}") from error
    check_schema(schema, version)
    return PromptTemplate(version, sections["system"], sections["user"], schema, max_tokens)
