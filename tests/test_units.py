"""Amounts as people write them."""

from __future__ import annotations

import pytest

from optplan import units
from optplan.units import Money


@pytest.mark.parametrize(
    ("text", "hours"),
    [
        ("48h", 48),
        ("2 days", 48),
        ("90 min", 1.5),
        ("1 week", 168),
        ("3 months", 2160),
        ("48小时", 48),
        ("1.5 d", 36),
    ],
)
def test_times_read_as_hours(text: str, hours: float) -> None:
    assert units.hours(text) == hours


def test_hours_written_in_full_read_back_exactly() -> None:
    for value in (0.1, 1 / 3, 47.99999999999999, 1e-7):
        assert units.hours(f"{value!r}h") == value


@pytest.mark.parametrize("text", ["48", "48 GB", "", "soon", "nan h", "1e999 h", None, True, "12:30"])
def test_what_is_no_time_is_refused_in_plain_words(text: object) -> None:
    with pytest.raises(ValueError, match="48h, 3 days or 90 min"):
        units.hours(text)


@pytest.mark.parametrize(
    ("text", "count"),
    [("9B", 9e9), ("200k", 2e5), ("1,000", 1000), ("2 万", 2e4), ("1e9", 1e9), (5, 5), ("010", 10)],
)
def test_counts(text: object, count: float) -> None:
    assert units.count(text) == count


def test_gb_is_not_gib() -> None:
    assert units.size_bytes("1GB") == 1e9
    assert units.size_bytes("1GiB") == 2**30


@pytest.mark.parametrize(
    ("text", "money"),
    [
        ("5000 CNY", Money(5000, "CNY")),
        ("$5,000", Money(5000, "USD")),
        ("5k usd", Money(5000, "USD")),
        ("¥3", Money(3, "CNY")),
        ("3万元", Money(30000, "CNY")),
        ("20 CHF", Money(20, "CHF")),
    ],
)
def test_money_keeps_its_currency(text: str, money: Money) -> None:
    assert units.money(text) == money


@pytest.mark.parametrize("text", ["5000", "lots", "5000 dollhairs"])
def test_the_currency_of_money_is_never_guessed(text: str) -> None:
    with pytest.raises(ValueError, match=r"5000 USD|USD, CNY or EUR"):
        units.money(text)


def test_numbers_read_as_people_write_them() -> None:
    assert [units.number(v) for v in (0, 12345.0, 0.0123, 312, float("inf"))] == [
        "0",
        "12,345",
        "0.0123",
        "312",
        "unlimited",
    ]
