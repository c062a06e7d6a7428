"""Names and numbers of people, taken out of a text before it is sent anywhere."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

from tfcold.errors import InputError
from tfcold.extras import require

MASKED_KINDS: Final = ("url", "email", "card", "phone", "user_id")
SHORTEST_ID: Final = 4  # shorter ids look like words and numbers,
SHORTEST_MIXED_ID: Final = 2  # but not where letters and digits stand together, as in u1

_URL: Final = re.compile(r"(?:https?|ftp)://[^\s<>\"']+|www\.[^\s<>\"']+", re.IGNORECASE)
_EMAIL: Final = re.compile(r"[\w.+%'-]{1,64}(?:@|\s?(?:\(at\)|\[at\])\s?)[\w-]+(?:\.[\w-]+)+", re.IGNORECASE)
_CARD: Final = re.compile(r"(?<![\w.,-])[2-6]\d{2,3}(?:[ -]?\d{2,6}){2,5}(?![\w-])")
_SAID_PHONE: Final = re.compile(
    r"(?:\b(?:tel|phone|fon|telefon|call|fax|mobile|whatsapp)\b[ .:]*)(\+?[\d(][\d ()./-]{4,}\d)", re.IGNORECASE
)
_TOKEN: Final = re.compile(r"[\w@.+:-]+")
_SECRET_NAMES: Final = re.compile(
    r"token|key|sig|auth|session|sid|pass|pwd|secret|ticket|jwt|user|uid|email|login|invite|reset", re.IGNORECASE
)
_SECRET_VALUE: Final = re.compile(r"(?=[\w.~=-]*\d)(?=[\w.~=-]*[A-Za-z])[\w.~=-]{16,}")
_SECRET_PART: Final = re.compile(  # of a path: no words with hyphens between them; a UUID
    r"(?=[\w.~=]*\d)(?=[\w.~=]*[A-Za-z])[\w.~=]{20,}|[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}", re.IGNORECASE
)
_MIXED: Final = re.compile(r"(?=\D*\d)(?=[\W\d_]*[^\W\d_])[\w.:@+-]+")
_ENDS: Final = ".,;:!?)]}"


@dataclass(frozen=True)
class Mask:
    """One thing that was masked: `kind`, one of `MASKED_KINDS`, and the `text` that stood there."""

    kind: str
    text: str


class Masker:
    """Replaces what points to a person by a word in brackets, and counts it.

    - `url`: web addresses with a user, a secret parameter, or a long token in their path or parameters; others stay.
    - `email`: e-mail addresses, `(at)` too.
    - `card`: 13 to 19 digits that start with 2 to 6 and satisfy the check of Luhn.
    - `phone`: valid numbers as `phonenumbers` finds them, with a country code or of `phone_region`; and digits after
      tel, phone, call and the like.
    - `user_id`: the ids given, as whole words: of `shortest_id` characters or more, and of 2 or more where letters and
      digits stand together (`u1`). Others look like words and numbers, and stay.

    It finds what has these forms; a name or an address of a street it does not find.

    Args:
        user_ids: ids to take out.
        shortest_id: int >= 1, default 4. With 1 every id is masked, and so is every word and number that is one.
        phone_region: str, default "US". Two letters; numbers without a country code are read as of there.

    Attributes:
        counts: Counter by kind, of everything masked so far.

    Raises:
        InputError: a region that `phonenumbers` does not know, or `shortest_id` below 1.
        MissingExtraError: `phonenumbers` is not installed.

    Example:
        >>> masker = Masker(user_ids=["u-4711"])
        >>> masker.mask("Ask jo@example.com or u-4711, card 4111 1111 1111 1111")
        'Ask [email] or [user_id], card [card]'
        >>> masker.counts["email"]
        1
    """

    def __init__(
        self, user_ids: Iterable[str] = (), *, phone_region: str = "US", shortest_id: int = SHORTEST_ID
    ) -> None:
        if shortest_id < 1:
            raise InputError(f"`shortest_id` must be at least 1; received {shortest_id}")
        self._phones: Any = require("phonenumbers", extra="language")
        if phone_region not in self._phones.SUPPORTED_REGIONS:
            raise InputError(
                f"`phone_region` must be the two letters of a country, as in 'US' or 'DE'; received {phone_region!r}"
            )
        self.phone_region = phone_region
        self._ids = frozenset(
            text
            for text in map(str, user_ids)
            if len(text) >= shortest_id or (len(text) >= SHORTEST_MIXED_ID and _MIXED.fullmatch(text))
        )
        self._odd_ids = sorted(
            (text for text in self._ids if not _TOKEN.fullmatch(text) or text[-1] in _ENDS), key=len, reverse=True
        )
        self.counts: Counter[str] = Counter()

    def mask(self, text: str) -> str:
        """The text, masked; see `found` for what was there."""
        return self.found(text)[0]

    def found(self, text: str) -> tuple[str, list[Mask]]:
        """The text, masked, and what was masked in it, kind by kind."""
        masks: list[Mask] = []

        def replace(kind: str, wanted: Callable[[str], bool] = lambda _: True) -> Callable[[re.Match[str]], str]:
            def put(match: re.Match[str]) -> str:
                whole = match[0]
                body = whole.rstrip(_ENDS) if kind in ("url", "user_id") and whole not in self._ids else whole
                if not wanted(body):
                    return whole
                masks.append(Mask(kind, body))
                return f"[{kind}]{whole[len(body) :]}"

            return put

        if self._odd_ids:  # with spaces and the like: before anything else takes them apart
            pattern = "|".join(map(re.escape, self._odd_ids))
            text = re.sub(rf"(?<!\w)(?:{pattern})(?!\w)", replace("user_id"), text)
        text = _URL.sub(replace("url", _is_secret), text)
        if self._ids:
            text = _TOKEN.sub(replace("user_id", self._ids.__contains__), text)
        text = _EMAIL.sub(replace("email"), text)
        if len(re.findall(r"\d", text)) >= 5:
            text = _CARD.sub(replace("card", _satisfies_luhn), text)
            text = self._without_phones(text, masks)
        self.counts.update(mask.kind for mask in masks)
        return text, masks

    def _without_phones(self, text: str, masks: list[Mask]) -> str:
        spans = [(match.start(1), match.end(1)) for match in _SAID_PHONE.finditer(text)]
        for match in self._phones.PhoneNumberMatcher(text, self.phone_region):
            if all(match.end <= start or match.start >= end for start, end in spans):
                spans.append((match.start, match.end))
        for start, end in sorted(spans, reverse=True):
            masks.append(Mask("phone", text[start:end]))
            text = f"{text[:start]}[phone]{text[end:]}"
        return text


def _is_secret(url: str) -> bool:
    try:
        parts = urlsplit(url if "://" in url else f"//{url}")
    except ValueError:
        return True
    pairs = [*parse_qsl(parts.query, keep_blank_values=True), *parse_qsl(parts.fragment, keep_blank_values=True)]
    if parts.username or any(_SECRET_NAMES.search(name) or _SECRET_VALUE.search(value) for name, value in pairs):
        return True
    return any(_SECRET_PART.fullmatch(part) for part in (*parts.path.split("/"), parts.fragment))


def _satisfies_luhn(text: str) -> bool:
    digits = [int(digit) for digit in text if digit.isdigit()]
    if not 13 <= len(digits) <= 19:
        return False
    doubled = [sum(divmod(2 * digit, 10)) if place % 2 else digit for place, digit in enumerate(reversed(digits))]
    return sum(doubled) % 10 == 0
