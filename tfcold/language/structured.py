"""Answers that must be JSON of a form, checked before anything is made of them."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Final

from tfcold.errors import InputError
from tfcold.language.model import Schema

_FENCE: Final = re.compile(r"^```\w*\s*|\s*```$")
_ADDRESS: Final = re.compile(r"https?://|www\.|<[a-z/!]", re.IGNORECASE)
_NO_LETTER: Final = re.compile(r"[\W_]+")
COPIED_WORDS: Final = 3
DEFAULT_MAX_LENGTH: Final = 1_000


class AnswerError(ValueError):
    """An answer is not of the form it should be; says what is wrong, for the model to read."""


def check_schema(schema: Any, version: str) -> None:
    """Nothing, where `read_answer` can check answers by the schema.

    It may say: an object with `properties`, `required`, and each property a `string` (`maxLength`) or an `array` of
    strings (`maxItems`); `row` must be among them.

    Raises:
        InputError: anything else.
    """
    properties = schema.get("properties") if isinstance(schema, dict) else None
    if not isinstance(properties, dict) or schema.get("type") != "object" or "row" not in properties:
        raise InputError(f"`prompt` {version}: its schema must be an object with `properties`, `row` among them")
    for name, rule in properties.items():
        kind = rule.get("type") if isinstance(rule, dict) else None
        inner = rule.get("items", {}).get("type") if kind == "array" else "string"
        if kind not in ("string", "array") or inner != "string":
            raise InputError(f"`prompt` {version}: property {name!r} must be a string or an array of strings")


def read_answer(text: str, schema: Schema, *, row: str, instruction: str = "") -> dict[str, str]:
    """The fields of an answer as text, `row` left out; lists are joined by commas.

    Words around the JSON object and properties that the schema does not name are passed over. Web addresses and tags
    of HTML are not let through: what a title smuggles into its answer must not become a link in a shop.

    Args:
        text: what the model said.
        schema: see `check_schema`.
        row: what the answer must give as its `row`.
        instruction: what the model was told. Small models copy its examples: a property of three words or more that
            stands in it is none.

    Raises:
        AnswerError: no JSON object, a property missing, of another type, too long, or copied, or the wrong row.

    Example:
        >>> schema = {"properties": {"row": {"type": "string"}, "what": {"type": "string"}}, "required": ["row"]}
        >>> read_answer('Here: {"row": "r1", "what": " a  pan"}', schema, row="r1")
        {'what': 'a pan'}
    """
    content = _object_in(text)
    fields = {}
    for name, rule in schema["properties"].items():
        if name in content:
            fields[name] = _value(name, content[name], rule)
        elif name in schema.get("required", ()):
            raise AnswerError(f"the property {name!r} is missing")
    if fields.pop("row", None) != row:
        raise AnswerError(f'"row" must be "{row}"; received {json.dumps(content.get("row"))[:40]}')
    if not any(fields.values()):
        raise AnswerError("every property is empty")
    told = f" {_letters(instruction)} "
    for name, value in fields.items():
        if len(value.split()) >= COPIED_WORDS and f" {_letters(value)} " in told:
            raise AnswerError(f"the property {name!r} is copied from the example; say it of this row")
    return fields


def _letters(text: str) -> str:
    """Lower case, with single spaces for everything that is no letter and no digit."""
    return " ".join(_NO_LETTER.sub(" ", text.lower()).split())


def _object_in(text: str) -> dict[str, Any]:
    text = _FENCE.sub("", text.strip())
    start = text.find("{")
    if start < 0:
        raise AnswerError("there is no JSON object in it")
    try:
        content, _ = json.JSONDecoder().raw_decode(text[start:])
    except (ValueError, RecursionError) as error:
        raise AnswerError(f"it is no JSON: {error}") from None
    if not isinstance(content, dict):
        raise AnswerError("it is no JSON object")
    return content


def _value(name: str, value: Any, rule: Mapping[str, Any]) -> str:
    if rule["type"] == "string":
        return _words(name, value, rule)
    if not isinstance(value, list):
        raise AnswerError(f"the property {name!r} must be a list of strings")
    if len(value) > rule.get("maxItems", len(value)):
        raise AnswerError(f"the property {name!r} must have at most {rule['maxItems']} members; it has {len(value)}")
    words = [_words(name, member, rule["items"]) for member in value]
    return ", ".join(dict.fromkeys(word for word in words if word))


def _words(name: str, value: Any, rule: Mapping[str, Any]) -> str:
    if not isinstance(value, str):
        raise AnswerError(f"the property {name!r} must be text; received {type(value).__name__}")
    text = " ".join("".join(char if char.isprintable() else " " for char in value).split())
    longest = rule.get("maxLength", DEFAULT_MAX_LENGTH)
    if len(text) > longest:
        raise AnswerError(f"the property {name!r} must have at most {longest} characters; it has {len(text)}")
    if _ADDRESS.search(text):
        raise AnswerError(f"the property {name!r} must hold plain words, no address of a page and no HTML")
    return text
