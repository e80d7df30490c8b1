"""A declaration file is read or refused with its line; never a traceback, never more memory than a declaration (A2)."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.declaration.wrong import FIXTURE, edited, line_of
from tests.support.examples import tried
from tillit.declaration.checks import load_checked
from tillit.declaration.errors import DeclarationRefusedError
from tillit.declaration.loader import load

TEXT = FIXTURE.read_text(encoding="utf-8")
BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{b}: &{b} [*{a}, *{a}, *{a}, *{a}, *{a}, *{a}, *{a}, *{a}, *{a}]\n"
    for a, b in zip("abcdefgh", "bcdefghi", strict=True)
)


def refusal(path: Path) -> list[tuple[int, str]]:
    """(line, code) of everything that refuses the file."""
    with pytest.raises(DeclarationRefusedError) as caught:
        load(path)
    assert all(problem.file == str(path) for problem in caught.value.problems)
    return [(problem.line, problem.code) for problem in caught.value.problems]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", (1, "empty")),
        ("- a\n- b\n", (1, "not-a-mapping")),
        ("a: 1\nb: [1, 2\n", (3, "yaml")),
        ("a: 1\nb: 2\na: 3\n", (3, "duplicate-key")),
        ("a: 1\nb: 2026-13-45\n", (2, "unreadable-value")),
        ("a: 1\nb: !!python/object/apply:os.system ['true']\n", (2, "missing")),
        ("a: 1\nb: !!int x\n", (2, "unreadable-value")),
        ("a: &a\n  b: *a\n", (1, "too-large")),
        (BOMB, (1, "too-large")),
        ("[" * 20_000, (1, "too-large")),
        ("a:\n  " + "[" * 300_000 + "]" * 300_000, (2, "too-large")),
        ("a: \x07\n", (0, "yaml")),
        ("extends: ../secret.yaml\n", (1, "extends-elsewhere")),
        ("schema: 1\nextends: own.yaml\n", (2, "extends-loop")),
        ("extends: _nobody.yaml\n", (0, "no-file")),
    ],
    ids=lambda value: repr(value)[:30],
)
def test_a2_a_hostile_file_is_refused_with_its_line(tmp_path: Path, text: str, found: tuple[int, str]):
    path = tmp_path / "own.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(DeclarationRefusedError) as caught:
        load(path)
    codes = [(problem.line, problem.code) for problem in caught.value.problems]
    assert found in codes or (found[1] == "missing" and "missing" in {code for _, code in codes}), codes


def test_a2_a_file_that_is_no_text_or_no_file_is_refused(tmp_path: Path):
    path = tmp_path / "own.yaml"
    path.write_bytes(b"schema: \xff\xfe\n")
    assert refusal(path) == [(0, "encoding")]
    assert refusal(tmp_path) == [(0, "no-file")]
    path.write_bytes(b"# " + b"x" * (5 * 1024 * 1024))
    assert refusal(path) == [(0, "too-large")]


def test_a2_each_fault_of_form_has_its_own_line(tmp_path: Path):
    path = edited(
        tmp_path,
        ('  phone: "+47 400 00 011"', "  phone: [1]"),
        ("minimum_group: 12", "minimum_group: 4"),
        ("every: P1D", "every: P1X"),
        ("disposal: archive", "disposal: burn"),
        ("rights:\n", "rights:\n  colour: blue\n"),
    )
    found = refusal(path)
    for snippet in ("phone: [1]", "minimum_group: 4", "every: P1X", "disposal: burn", "colour: blue"):
        assert line_of(path, snippet) in [line for line, _ in found], snippet


def test_a2_a_base_is_merged_by_key_and_a_fault_points_into_the_file_it_stands_in(tmp_path: Path):
    base = tmp_path / "_base.yaml"
    base.write_text(TEXT, encoding="utf-8")
    own = tmp_path / "own.yaml"
    own.write_text(
        "extends: _base.yaml\n"
        "controller: {key: own, name: Own}\n"
        "retention:\n"
        "  - key: mail\n"
        "    clock: moon_phase\n"
        "  - {key: claims_paid, remove: true}\n"
        "backup:\n"
        "  kept: P2Y\n",
        encoding="utf-8",
    )
    declaration, _ = load(own)
    assert declaration.controller.name == "Own"
    assert declaration.controller.organisation_number == "310000019"
    assert "claims_paid" not in {rule.key for rule in declaration.retention}
    with pytest.raises(DeclarationRefusedError) as caught:
        load_checked(own)
    places = {(Path(p.file).name, p.line, p.code) for p in caught.value.problems}
    assert ("own.yaml", 5, "unknown-clock-event") in places
    assert ("own.yaml", 8, "backup-too-long") in places
    assert ("_base.yaml", line_of(base, "- key: paid_claim"), "no-retention") in places


@settings(max_examples=tried(150), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.tuples(
            st.integers(0, len(TEXT)),
            st.integers(0, 40),
            st.one_of(
                st.text(max_size=12),
                st.sampled_from(
                    ["P9999Y", "*", "[]", "{}", "\n", ": ", "- ", "null", "1e9", "2026-02-30", "&a ", "*a"]
                ),
            ),
        ),
        min_size=1,
        max_size=4,
    )
)
@example([(TEXT.index("P3M"), 3, "P9999Y")])
def test_a2_no_edit_of_a_declaration_escapes_as_a_traceback(tmp_path: Path, edits):
    text = TEXT
    for at, length, new in edits:
        text = text[:at] + new + text[at + length :]
    path = tmp_path / "own.yaml"
    path.write_text(text, encoding="utf-8", errors="ignore")
    assert accepted(path) in {True, False}


def accepted(path: Path) -> bool:
    """Whether the file is accepted; whatever is not a refusal escapes."""
    try:
        return load_checked(path)[0].schema_version == 1
    except DeclarationRefusedError as refused:
        return not refused.problems
