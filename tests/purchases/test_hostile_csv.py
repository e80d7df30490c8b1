"""Bad input: each bad line is put aside with its line and reason, every good line is in (issue "Bad input")."""

import pytest

from tests.purchases.reading import CARD, HEADER, TIME, chunks, good, lines, read
from tillit.files.dialect import sniff
from tillit.files.errors import FileRefusedError
from tillit.purchases.reading.columns import LAYOUT


def faults(data: bytes, **options: int) -> list[tuple[int, str, str]]:
    return [(r.line, r.field, r.code) for r in read(data, **options)[1]]


BAD_LINES = [
    pytest.param(b"T2;2026", "", "columns", id="too few columns"),
    pytest.param(good(2) + b";more", "", "columns", id="too many columns"),
    pytest.param(b"Total;;;;100,00", "", "columns", id="footer"),
    pytest.param(good(2, "Kaf\0fe"), "", "nul", id="NUL byte"),
    pytest.param(good(2) + b"\xff\xfe", "", "encoding", id="bad UTF-8"),
    pytest.param(good(2, "K" * 70_000), "", "row-too-long", id="long line"),
    pytest.param(good(2, '"Kaffe'), "", "quotes", id="unclosed quote"),
    pytest.param(good(2, '"Kaffe" x'), "", "quotes", id="text after a quote"),
    pytest.param(good(2, "=HYPERLINK(1)"), "product", "formula", id="formula"),
    pytest.param(good(2, "@SUM(A1)"), "product", "formula", id="formula with at"),
    pytest.param(good(2, "+cmd|'/c calc'!A0"), "product", "formula", id="formula with plus"),
    *[
        pytest.param(good(2, text), "product", "formula", id=f"formula {text}")
        for text in ("+A1", "-A1*2", "-1+1", "\uff1d1+1", "\uff0bA1", "\uff0dA1", "\uff20SUM(A1)")
    ],
    pytest.param(good(2, "Kaf\u200bfe"), "product", "control-character", id="invisible"),
    pytest.param(good(2, "Kaf\u202efe"), "product", "control-character", id="direction override"),
    pytest.param(good(2, "K" * 121), "product", "too-long", id="long text"),
    *[
        pytest.param(f"T2;{time};c1;1;1,00;{CARD};".encode(), "time", code, id=f"time {time}")
        for time, code in [
            ("2026-03-02T12:30:00", "time-naive"),
            ("2025-12-31T23:59:60+01:00", "time-unreadable"),
            ("2026-03-02T12:30:00.5", "time-naive"),
            ("2026-03-02", "time-unreadable"),
            ("2026-02-30T12:30:00+01:00", "time-unreadable"),
            ("2026-03-02T24:30:00+01:00", "time-unreadable"),
            ("2026-03-02T12:30:00+15:00", "time-unreadable"),
            ("02.03.2026 12:30", "time-unreadable"),
            ("9999-12-31T23:59:59Z", "time-future"),
            ("0001-01-01T00:00:00+14:00", "time-too-old"),
            ("2024-12-31T23:59:59Z", "time-too-old"),
            ("", "missing"),
        ]
    ],
    *[
        pytest.param(f"T2;{TIME};c1;1;{amount};{CARD};".encode(), "amount", code, id=f"amount {amount}")
        for amount, code in [
            ("NaN", "amount-unreadable"),
            ("Infinity", "amount-unreadable"),
            ("-inf", "amount-unreadable"),
            ("1e309", "too-long" if len("1e309") > 20 else "amount-unreadable"),
            ("1 000,00", "amount-unreadable"),
            ("1.000,00", "amount-unreadable"),
            ("0x10", "amount-unreadable"),
            ("+5", "amount-unreadable"),
            ("１２", "amount-unreadable"),
            ("1000000000000", "amount-unreadable"),
            ("1.234", "amount-decimals"),
            ("-0", "amount-negative-zero"),
            ("-0,00", "amount-negative-zero"),
            ("", "missing"),
        ]
    ],
    *[
        pytest.param(f"T2;{TIME};c1;1;1,00;{number};".encode(), "card", code, id=f"card {number}")
        for number, code in [
            ("4925000000000005", "card-checksum"),
            ("0000000000000000", "card-checksum"),
            ("12345678901", "card-checksum"),
            ("49250000000", "card-checksum"),
            ("4925", "card-length"),
            ("49250000000000041234", "card-length"),
            ("4925x00000000004", "card-unreadable"),
            ("٤٩٢٥٠٠٠٠٠٠٠٠٠٠٠٤", "card-unreadable"),
            ("", "means-missing"),
        ]
    ],
    pytest.param(f"T2;{TIME};c9;1;1,00;{CARD};".encode(), "chain", "unknown-chain", id="unknown chain"),
    pytest.param(f"T2;{TIME};c1;9;1,00;{CARD};".encode(), "store", "unknown-store", id="unknown store"),
    pytest.param(f";{TIME};c1;1;1,00;{CARD};".encode(), "id", "missing", id="no id"),
]


@pytest.mark.parametrize(("line", "field", "code"), BAD_LINES)
@pytest.mark.parametrize("end", [b"\n", b"\r\n"], ids=["lf", "crlf"])
def test_one_bad_line_costs_only_itself(line: bytes, field: str, code: str, end: bytes) -> None:
    data = end.join([HEADER.strip(), good(1), line, good(3), good(4)]) + end
    checked, rejects = read(data)
    assert [(r.line, r.field, r.code) for r in rejects] == [(3, field, code)]
    assert lines(checked) == [2, 4, 5]


@pytest.mark.parametrize("block", [64, 100, 333, 4096])
def test_lines_are_told_apart_wherever_the_blocks_end(block: int) -> None:
    rows = [good(n, '"Kaffe\nmørk"' if n % 3 == 0 else "Kaffe") for n in range(40)]
    rows[7] = b"broken"
    checked, rejects = read(HEADER + b"\n".join(rows) + b"\n", block=block)
    assert sum(len(c.purchases) for c in checked) == 39
    assert [r.code for r in rejects] == ["columns"]
    assert rejects[0].line == 2 + 7 + 3  # three of the rows before it take two lines


def test_a_break_inside_quotes_becomes_a_blank() -> None:
    checked, rejects = read(HEADER + good(1, '"Kaffe\r\nmork"') + b"\r\n")
    assert not rejects
    assert checked[0].purchases.product.to_list() == ["Kaffe mork"]


def test_mixed_line_ends_and_blank_lines() -> None:
    data = HEADER + good(1) + b"\r\n" + good(2) + b"\r" + good(3) + b"\n\n" + good(4) + b"\n"
    checked, rejects = read(data)
    assert not rejects
    assert lines(checked) == [2, 3, 4, 6]


def test_an_unclosed_quote_far_from_its_end_takes_no_other_line_with_it() -> None:
    rows = [good(n) for n in range(200)]
    rows[5], rows[150] = good(5, '"open'), good(150, '15" skjerm')
    checked, rejects = read(HEADER + b"\n".join(rows) + b"\n", block=2048)
    assert [(r.line, r.code) for r in rejects] == [(7, "quotes")]
    assert len(lines(checked)) == 199


def test_the_last_row_of_a_file_that_may_be_cut_off_is_put_aside() -> None:
    checked, rejects = read(HEADER + good(1) + b"\n" + good(2)[:-1])
    assert [(r.line, r.code) for r in rejects] == [(3, "no-line-end")]
    assert rejects[0].values is not None
    assert rejects[0].values["id"] == "T2"
    assert lines(checked) == [2]


def test_an_endless_line_is_passed_over() -> None:
    data = HEADER + good(1) + b"\n" + b"x" * 3_000_000 + b"\n" + good(3) + b"\n"
    checked, rejects = read(data, block=100_000)
    assert [(r.line, r.code, r.values) for r in rejects] == [(3, "row-too-long", None)]
    assert lines(checked) == [2, 4]


def test_blanks_around_fields_do_not_matter() -> None:
    row = f" T1 ; {TIME};c1 ;1; 100,00 ;4925 0000 0000 0004; Kaffe ".encode()
    checked, rejects = read(HEADER + row + b"\n")
    assert not rejects
    assert checked[0].purchases.id.to_list() == ["T1"]
    assert checked[0].purchases.amount.tolist() == [10000]


REFUSED = [
    pytest.param(b"", "empty", id="empty"),
    pytest.param(b"\xef\xbb\xbf", "empty", id="only a byte order mark"),
    pytest.param(b" \n \n", "empty", id="blank"),
    pytest.param(b"\x1f\x8b\x08\x00", "compressed", id="gzip"),
    pytest.param(b"PK\x03\x04", "compressed", id="zip"),
    pytest.param(b"\x28\xb5\x2f\xfd", "compressed", id="zstd"),
    pytest.param("id;time\n".encode("utf-16"), "encoding", id="UTF-16"),
    pytest.param(b";".join(b"c%d" % n for n in range(200_000)) + b"\n", "header-too-long", id="many columns"),
    pytest.param(b"time;chain;store;amount;card\n", "columns-missing", id="no id column"),
    pytest.param(b"id;time;chain;store;amount\n", "columns-missing", id="no means"),
    pytest.param(b"id;time;chain;store;amount;mobile\n", "columns-missing", id="mobile alone"),
    pytest.param(b"id;id;time;chain;store;amount;card\n", "columns-doubled", id="doubled"),
    pytest.param(b"id;time;chain;store;amount;card;name\n", "columns-unknown", id="unknown"),
    pytest.param(good(1) + b"\n", "columns-missing", id="no header"),
]


@pytest.mark.parametrize(("head", "code"), REFUSED)
def test_files_that_are_no_purchase_files_are_refused(head: bytes, code: str) -> None:
    with pytest.raises(FileRefusedError) as refused:
        sniff(head, LAYOUT, whole=True)
    assert refused.value.code == code
    assert CARD not in str(refused.value)


@pytest.mark.parametrize("delimiter", [";", ",", "\t", "|"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"], ids=["plain", "bom"])
def test_delimiters_and_byte_order_mark(delimiter: str, mark: bytes) -> None:
    data = mark + (HEADER + good(1) + b"\n").replace(b"100,00", b"100.00").replace(b";", delimiter.encode())
    checked, rejects = read(data)
    assert not rejects
    assert checked[0].purchases.amount.tolist() == [10000]


def test_windows_1252_is_recognised_by_its_letters_and_shown() -> None:
    data = (HEADER + good(1, "Brød") + b"\n" + good(2, "Kjøtt") + b"\n").decode().encode("cp1252")
    assert "cp1252" in sniff(data, LAYOUT, whole=True).describe()
    checked, rejects = read(data)
    assert not rejects
    assert checked[0].purchases.product.to_list() == ["Brød", "Kjøtt"]


def test_a_row_in_another_encoding_does_not_change_the_others() -> None:
    data = HEADER + good(1, "Brød") + b"\n" + good(2, "Kjøtt").decode().encode("cp1252") + b"\n"
    assert sniff(data, LAYOUT, whole=True).encoding == "utf-8"
    assert faults(data) == [(3, "", "encoding")]


def test_straight_and_careful_ways_agree() -> None:
    plain = HEADER + b"".join(good(n) + b"\n" for n in range(50))
    quoted = plain.replace(b"Kaffe", b'"Kaffe"')
    (one,), (other,) = chunks(plain), chunks(quoted)
    assert one.plain
    assert not other.plain
    assert one.frame.equals(other.frame)


def test_values_of_a_reject_are_not_shown() -> None:
    _, rejects = read(HEADER + good(1).replace(b"c1", b"c9") + b"\n")
    assert rejects[0].values is not None
    assert rejects[0].values["card"] == CARD
    assert CARD not in repr(rejects)


@pytest.mark.parametrize("text", ["-50 %", "+3,5", "-1.000,00", "10 - 12 år", "A+B = C", "2 % fett"])
def test_a_number_with_a_sign_is_no_formula(text: str) -> None:
    checked, rejects = read(b"\n".join([HEADER, good(1, text), b""]))
    assert not rejects
    assert [name for one in checked for name in one.purchases.product.to_list()] == [text]
