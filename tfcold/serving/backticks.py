"""Names in backticks, as in pandas' `query`: read by Python's parser under other names, and given back."""

from __future__ import annotations

import ast
import re
import unicodedata
from typing import Final

_STRING: Final = r'"""(?:\\.|[^\\])*?"""|' r"'''(?:\\.|[^\\])*?'''|" r'"(?:\\.|[^"\\\n])*"|' r"'(?:\\.|[^'\\\n])*'"
_STRING_OR_NAME: Final = re.compile(rf"(?:{_STRING})|`(?P<name>[^`\n]+)`", re.DOTALL)


def parsed(text: str) -> ast.expr:
    """The expression that a text is; `` `in stock` `` in it is the name `in stock`. Nothing is evaluated.

    Backticks in strings are letters like others.

    Raises:
        SyntaxError, ValueError, RecursionError, MemoryError: as `ast.parse`.
    """
    stem = "_"
    while stem in unicodedata.normalize("NFKC", text):  # as Python reads names: nothing in the text is called so
        stem += "_"
    names: dict[str, str] = {}

    def renamed(found: re.Match[str]) -> str:
        if found["name"] is None:
            return found[0]
        other = f"{stem}{len(names)}"
        names[other] = found["name"]
        return f" {other} "

    tree = ast.parse(_STRING_OR_NAME.sub(renamed, text).strip(), mode="eval").body
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            node.id = names.get(node.id, node.id)
    return tree
