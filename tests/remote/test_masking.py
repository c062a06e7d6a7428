"""What points to a person is taken out; what does not stays."""

from __future__ import annotations

import pytest

from tfcold.errors import InputError
from tfcold.remote import Masker


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("write to jo.doe+shop@mail.example.co.uk!", "write to [email]!"),
        ("jo (at) example.com", "[email]"),
        ("call +49 30 901820 now", "call [phone] now"),
        ("(212) 555-2368 is ours", "[phone] is ours"),
        ("Tel.: 030 / 90 18 20", "Tel.: [phone]"),
        ("4111 1111 1111 1111", "[card]"),  # the test number of Visa: its Luhn sum is 30
        ("5500-0000-0000-0004, paid", "[card], paid"),
        ("https://jo:pw@shop.example/a", "[url]"),
        ("see https://shop.example/reset?token=abc.", "see [url]."),
        ("https://shop.example/i/3f2504e0-4f89-11d3-9a0c-0305e82c3301", "[url]"),
        ("https://x.example/d/AbCdEf0123456789AbCdEf", "[url]"),
        ("thanks u-4711, says ann_b", "thanks [user_id], says [user_id]"),
        ("by Ann B.!", "by [user_id]!"),
    ],
)
def test_masked(text: str, expected: str) -> None:
    masker = Masker(user_ids=["u-4711", "ann_b", "Ann B."])

    assert masker.mask(text) == expected
    assert sum(masker.counts.values()) == expected.count("[")


@pytest.mark.parametrize(
    "text",
    [
        "12 Monkeys (1995)",
        "OPI Nail Lacquer, 0.5-Fluid Ounce, 15 ml",
        "4111 1111 1111 1112",  # Luhn sum 31: no card
        "ISBN 9783161484100",  # starts with 9
        "https://shop.example/the-matrix-1999-dvd-edition?page=2",
        "u-47110 and xann_b",  # other words that hold an id
        "Blink @ 182",
        "",
    ],
)
def test_stays(text: str) -> None:
    masker = Masker(user_ids=["u-4711", "ann_b", "12"])  # 12 is too short to be told from a number

    assert masker.mask(text) == text
    assert not masker.counts


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, "12 Monkeys, by ann and [user_id]: u10, xu1"),  # letters and digits together are an id from 2 on
        ({"shortest_id": 3}, "12 Monkeys, by [user_id] and [user_id]: u10, xu1"),
        ({"shortest_id": 1}, "[user_id] Monkeys, by [user_id] and [user_id]: u10, xu1"),
    ],
)
def test_short_ids(options: dict[str, int], expected: str) -> None:
    assert Masker(["12", "ann", "u1", "7"], **options).mask("12 Monkeys, by ann and u1: u10, xu1") == expected


def test_shortest_id_must_be_a_length() -> None:
    with pytest.raises(InputError, match="`shortest_id` must be at least 1; received 0"):
        Masker(shortest_id=0)


def test_found_lists_what_was_there() -> None:
    text, masks = Masker().found("a@b.org or c@d.org, +1 212 555 2368")

    assert text == "[email] or [email], [phone]"
    assert [(mask.kind, mask.text) for mask in masks] == [
        ("email", "a@b.org"), ("email", "c@d.org"), ("phone", "+1 212 555 2368"),
    ]  # fmt: skip


def test_region_says_whose_numbers_stand_without_country_code() -> None:
    assert Masker(phone_region="DE").mask("030 901820") == "[phone]"
    assert Masker(phone_region="US").mask("030 901820") == "030 901820"
    with pytest.raises(InputError, match="'XX'"):
        Masker(phone_region="XX")


@pytest.mark.parametrize("text", ["a" * 200_000, "@" * 50_000, "1 " * 20_000, "http://" * 10_000, ".-" * 50_000])
def test_long_texts_take_no_time(text: str) -> None:
    """Quadratic patterns would take minutes here; the suite's own limit would end the test."""
    import time

    start = time.process_time()
    Masker(user_ids=["u-4711"]).mask(text)

    assert time.process_time() - start < 10
