"""Answers of the form, and everything else."""

from __future__ import annotations

import pytest

from tfcold.errors import InputError
from tfcold.language import AnswerError, read_answer
from tfcold.language.structured import check_schema

SCHEMA = {
    "type": "object",
    "properties": {
        "row": {"type": "string"},
        "what": {"type": "string", "maxLength": 10},
        "uses": {"type": "array", "items": {"type": "string", "maxLength": 5}, "maxItems": 2},
    },
    "required": ["row", "what"],
}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"row": "r", "what": "a pan"}', {"what": "a pan"}),
        ('```json\n{"row": "r", "what": "a pan", "uses": ["fry", "fry"]}\n```', {"what": "a pan", "uses": "fry"}),
        ('Sure! {"row": "r", "what": " a\\n\\u0000pan ", "more": 7} Bye', {"what": "a pan"}),
    ],
)
def test_read(text: str, expected: dict[str, str]) -> None:
    assert read_answer(text, SCHEMA, row="r") == expected


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "no JSON object"),
        ("{", "no JSON"),
        ('["row"]', "no JSON object"),
        ("{" * 100_000, "no JSON"),
        ('{"row": "r"}', "'what' is missing"),
        ('{"row": "q", "what": "a pan"}', '"row" must be "r"'),
        ('{"what": "a pan"}', "'row' is missing"),
        ('{"row": "r", "what": 7}', "must be text; received int"),
        ('{"row": "r", "what": "a very long pan"}', "at most 10 characters; it has 15"),
        ('{"row": "r", "what": "a pan", "uses": "fry"}', "must be a list"),
        ('{"row": "r", "what": "a pan", "uses": ["a", "b", "c"]}', "at most 2 members; it has 3"),
        ('{"row": "r", "what": "a pan", "uses": [{}]}', "must be text; received dict"),
        ('{"row": "r", "what": "www.x.org"}', "plain words"),
        ('{"row": "r", "what": "a RED, pan"}', "copied from the example"),
        ('{"row": "r", "what": " "}', "every property is empty"),
    ],
)
def test_refused(text: str, words: str) -> None:
    with pytest.raises(AnswerError, match=words):
        read_answer(text, SCHEMA, row="r", instruction='Say what. Example: "a red pan"')


@pytest.mark.parametrize(
    "schema", [None, [], {"type": "object"}, {"type": "object", "properties": {"what": {"type": "string"}}},
               {"type": "object", "properties": {"row": {"type": "integer"}}}]
)  # fmt: skip
def test_schema_that_cannot_be_checked(schema: object) -> None:
    with pytest.raises(InputError, match=r"`prompt` mine\.v1"):
        check_schema(schema, "mine.v1")
