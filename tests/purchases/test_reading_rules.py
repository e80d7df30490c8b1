"""The vectors agree with the rules they stand for, value by value (oracles: the kernel's own readers, decimal)."""

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.shops import account_number, card_number
from tillit.kernel.identifiers import IdentifierError, card, email, phone
from tillit.kernel.identifiers import account_number as account
from tillit.parties.digests import Kind, digest
from tillit.purchases.reading import amounts, contacts, moments, numbers

DIGITS = st.text("0123456789", min_size=1, max_size=22)
NUMBERS = st.one_of(
    DIGITS,
    st.integers(0, 10**8).map(card_number),
    st.integers(0, 10**8).map(lambda n: card_number(n, "222100")),
    st.integers(10**9, 10**10 - 10).map(account_number),
    st.integers(0, 10**7).map(account_number),
    st.text("0123456789 .-x", min_size=1, max_size=24),
)


def accepted(texts: list[str], *, accounts_only: bool = False) -> list[str | None]:
    read = numbers.read(pl.Series(texts, dtype=pl.String), accounts_only=accounts_only)
    told = read.unreadable | read.wrong_length | read.wrong_checksum
    values = [None if value is None else f"{value:011d}" for value in read.value.to_list()]
    assert [value is None for value in values] == told.to_list()
    return values


def by_rule(text: str, *, accounts_only: bool = False) -> str | None:
    try:
        number = account.normalise(text) if accounts_only else card.normalise(text)
    except IdentifierError:
        return None
    return None if len(number) > 11 and number[0] == "0" else number


@given(st.lists(NUMBERS, min_size=1, max_size=30))
def test_card_numbers_are_read_as_the_kernel_reads_them(texts: list[str]) -> None:
    assert accepted(texts) == [by_rule(text) for text in texts]


@given(st.lists(NUMBERS, min_size=1, max_size=30))
def test_account_numbers_are_read_as_the_kernel_reads_them(texts: list[str]) -> None:
    assert accepted(texts, accounts_only=True) == [by_rule(text, accounts_only=True) for text in texts]


@given(
    st.lists(
        st.one_of(
            st.integers(0, 10**8).map(card_number),
            st.integers(10**11, 10**19 - 1).map(str),  # 12 to 19 digits
            st.integers(0, 10**11 - 1).map("{:011d}".format),
        ),
        min_size=1,
        max_size=20,
    )
)
def test_digests_stand_beside_their_own_number(values: list[str]) -> None:
    kinds, digests, four = numbers.digests(3, np.array([int(value) for value in values], dtype=np.uint64))
    expected = [Kind.ACCOUNT if len(value) == 11 else Kind.CARD for value in values]
    assert kinds.tolist() == [int(kind) for kind in expected]
    assert [bytes(row) for row in digests] == [
        digest(3, kind, value).bytes for kind, value in zip(expected, values, strict=True)
    ]
    assert [bytes(row).decode() for row in four] == [value[-4:] for value in values]


AMOUNTS = st.one_of(
    st.decimals(min_value=-(10**9), max_value=10**9, places=2).map(str),
    st.integers(-(10**11), 10**11).map(str),
    st.decimals(min_value=-1000, max_value=1000, places=1).map(lambda d: str(d).replace(".", ",")),
    st.sampled_from(["-0", "-0,00", "0", "0,0", "1.234", "NaN", "Infinity", "1e309", "--1", "1,2,3", ".5", "5.", "-"]),
    st.text("0123456789.,-e ", min_size=1, max_size=16),
)


def minor_units(text: str, places: int) -> int | None:
    """The oracle: exact decimal arithmetic on what the format allows."""
    sign, body = text[:1] == "-", text.removeprefix("-")
    whole, mark, decimals = body.replace(",", ".").partition(".")
    shaped = whole.isascii() and whole.isdigit() and len(whole) <= 12
    if (
        not shaped
        or body.count(",") + body.count(".") > 1
        or (mark and not decimals.isdigit())
        or len(decimals) > places
    ):
        return None
    minor = int(Decimal(whole + "." + (decimals or "0")).scaleb(places))
    return None if sign and minor == 0 else (-minor if sign else minor)


@given(st.lists(st.tuples(AMOUNTS, st.sampled_from([0, 2, 3])), min_size=1, max_size=30))
def test_amounts_are_exact(rows: list[tuple[str, int]]) -> None:
    texts, exponents = zip(*rows, strict=True)
    minor, unreadable, too_many, negative_zero = amounts.read(
        pl.Series(texts, dtype=pl.String), pl.Series(exponents, dtype=pl.Int8)
    )
    usable = ~(unreadable | too_many | negative_zero)
    found = [value if fine else None for value, fine in zip(minor.to_list(), usable.to_list(), strict=True)]
    assert found == [minor_units(text, places) for text, places in rows]


@given(
    st.lists(
        st.tuples(
            st.datetimes(min_value=datetime(2, 1, 1), max_value=datetime(9998, 1, 1)),
            st.integers(-14 * 60, 14 * 60),
            st.sampled_from(["T", " "]),
        ),
        min_size=1,
        max_size=20,
    )
)
def test_times_are_the_moments_they_say(rows: list[tuple[datetime, int, str]]) -> None:
    aware = [moment.replace(tzinfo=timezone(timedelta(minutes=offset))) for moment, offset, _ in rows]
    texts = [moment.isoformat(sep) for moment, (_, _, sep) in zip(aware, rows, strict=True)]
    micros, naive, unreadable = moments.read(pl.Series(texts, dtype=pl.String))
    assert not naive.any()
    assert not unreadable.any()
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    assert micros.to_list() == [(moment - epoch) // timedelta(microseconds=1) for moment in aware]


@given(st.lists(st.text("0123456789T:-+.Z ", min_size=0, max_size=30), min_size=1, max_size=20))
def test_no_text_that_python_refuses_is_a_time(texts: list[str]) -> None:
    _, naive, unreadable = moments.read(pl.Series(texts, dtype=pl.String))
    for text, is_naive, is_unreadable in zip(texts, naive.to_list(), unreadable.to_list(), strict=True):
        if not is_unreadable:
            assert (datetime.fromisoformat(text).tzinfo is None) == is_naive


@pytest.mark.parametrize("text", ["2026-10-25T02:30:00+02:00", "2026-10-25T02:30:00+01:00", "2026-10-25T00:30:00Z"])
def test_the_hour_that_comes_twice_is_told_apart(text: str) -> None:
    micros, _, _ = moments.read(pl.Series([text]))
    assert micros[0] == int(datetime.fromisoformat(text).timestamp() * 1_000_000)


EMAILS = st.one_of(
    st.emails(),
    st.from_regex(r"[A-Za-z0-9._+-]{1,10}@[A-Za-z0-9-]{1,8}(\.[A-Za-z0-9-]{1,6}){0,2}", fullmatch=True),
)


def _key(text: str) -> str | None:
    try:
        return email.matching_key(text)
    except IdentifierError:
        return None


@given(EMAILS)
def test_the_short_way_for_email_is_the_kernels(text: str) -> None:
    try:
        found: str | None = contacts.normal_email(text)
    except IdentifierError:
        found = None
    assert found == _key(text)


@given(st.from_regex(r"(\+47|0047)?[49][0-9]{7}", fullmatch=True))
def test_the_short_way_for_mobile_is_the_kernels_where_the_number_is_in_use(text: str) -> None:
    assert contacts.normal_mobile(text) == f"+47{text[-8:]}"
    if phone.is_valid(text):
        assert contacts.normal_mobile(text) == phone.normalise(text)
