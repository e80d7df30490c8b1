"""The electronic membership card (B2): one bit to the supplier, a new code every half minute, nothing remembered."""

import base64
import hmac
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.examples import tried
from tests.support.world import person, publish_examples
from tillit.audit.models import Event
from tillit.declaration.models import Controller
from tillit.faces.jobs.tasks import JOBS
from tillit.kernel import clock
from tillit.kernel.scope import Scope, system
from tillit.membership import card_codes, cards
from tillit.membership.card_models import Card, ShownCode, ShownSalt
from tillit.membership.cards import Issued
from tillit.membership.errors import CardRefusedError
from tillit.parties import operations as parties
from tillit.platform.secrets import secret

NOW = datetime(2026, 5, 4, 10, 0, 7, tzinfo=UTC)
HALF = timedelta(seconds=30)


@pytest.fixture
def union(db: None) -> Controller:
    clock.travel(NOW)
    return publish_examples("union_benefits")["lyngheim"]


def issue(union: Controller, subject: int, *, device: bool = True, held: int | None = None) -> Issued:
    with Scope(system("test", {union.pk}), "membership_card", frozenset({subject})) as scope:
        return cards.issue(
            scope=scope, subject_id=subject, controller_id=union.pk, device=device, held=held, at=clock.now()
        )


def code(subject: int, issued: Issued, steps: int = 0) -> str:
    at = clock.now() + steps * HALF
    return cards.code_now(issued=issued, subject_id=subject, at=at)


def ask(union: Controller, text: str, by: str = "hotel") -> bool:
    return cards.verify(controllers={union.pk}, by=by, code=text, at=clock.now())


def leave(union: Controller, subject: int) -> None:
    with Scope(system("test", {union.pk}), "membership_administration", frozenset({subject})) as scope:
        parties.end_relationship(
            scope=scope,
            subject_id=subject,
            controller_id=union.pk,
            kind="member",
            ended=clock.today(),
            reason="resigned",
        )


def test_b2_a_member_s_card_is_valid_and_a_stranger_s_code_is_not(union: Controller) -> None:
    kari = person(union, given="Kari")
    issued = issue(union, kari)
    shown = code(kari, issued)
    assert ask(union, shown)
    assert ask(union, f"https://min.example/card/#{shown}", by="hotel"), "as a camera gives it"
    forged = card_codes.make(subject_id=kari, card_id=issued.card_id, key=bytes(32), step=cards.step_of(clock.now()))
    for other in ("", "x", forged, shown[:-1], shown[:-2] + "AA", "A" * 115):
        assert not ask(union, other), other
    steinlia = Controller.objects.get(key="steinlia")
    assert not cards.verify(controllers={steinlia.pk}, by="hotel", code=shown, at=clock.now()), "another union"
    assert not cards.verify(controllers=(), by="hotel", code=shown, at=clock.now()), "no frame"


def test_b2_codes_of_one_card_have_nothing_in_common(union: Controller) -> None:
    kari = person(union)
    issued = issue(union, kari)
    one, two = (base64.urlsafe_b64decode(code(kari, issued) + "=") for _ in range(2))
    assert one[0] == two[0] == card_codes.VERSION
    assert not any(one[at : at + 6] in two for at in range(1, len(one) - 6))
    for raw in (one, two):
        for known in (issued.reference, issued.key, str(kari).encode(), kari.to_bytes(8)):
            assert known not in raw


@pytest.mark.parametrize(("steps", "counts"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
def test_b2_a_screenshot_is_refused_and_a_clock_may_be_half_a_minute_off(
    union: Controller, steps: int, counts: bool
) -> None:
    kari = person(union)
    assert ask(union, code(kari, issue(union, kari), steps)) is counts


def test_b2_the_same_code_counts_at_one_supplier_only(union: Controller) -> None:
    kari = person(union)
    issued = issue(union, kari)
    shown = code(kari, issued)
    assert ask(union, shown, "hotel")
    assert ask(union, shown, "hotel"), "the till was slow, or the cashier pressed twice"
    assert not ask(union, shown, "shop")
    assert not ask(union, code(kari, issued), "shop"), "sealed anew, it is the same code"
    clock.advance(timedelta(seconds=23))
    assert ask(union, code(kari, issued), "shop"), "the next half minute"
    assert ask(union, shown, "hotel"), "within half a minute"
    clock.advance(timedelta(seconds=7))
    assert not ask(union, shown, "hotel"), "a picture of it"
    clock.advance(4 * HALF)
    assert not ask(union, shown, "hotel")
    assert ask(union, code(kari, issued), "shop")
    assert ShownCode.objects.count() == 1, "those that can no longer be shown are gone"


def test_b2_an_ended_membership_a_restriction_and_a_lost_phone_hold_at_once(union: Controller) -> None:
    kari, ola, eva = (person(union) for _ in range(3))
    with_cards = {who: issue(union, who) for who in (kari, ola, eva)}
    assert all(ask(union, code(who, issued)) for who, issued in with_cards.items())
    clock.advance(HALF)
    leave(union, kari)
    assert not ask(union, code(kari, with_cards[kari]))
    with Scope(system("test", {union.pk}), "membership_card", frozenset({ola})) as scope:
        given_back = {"scope": scope, "subject_id": ola, "controller_id": union.pk, "at": clock.now()}
        assert cards.take_back(card_id=with_cards[ola].card_id, **given_back)  # type: ignore[arg-type]
        assert not cards.take_back(card_id=with_cards[ola].card_id, **given_back)  # type: ignore[arg-type]
    assert not ask(union, code(ola, with_cards[ola]))
    from tillit.declaration.registry import PERSONAL
    from tillit.parties.models import Subject

    Subject.objects.filter(id=eva).update(state=1)
    with Scope(system("test", {union.pk}), "retention"):
        for table in ("membership_card", "parties_relationship"):
            PERSONAL[table].model._default_manager.filter(subject_id=eva).update(state=1)
    assert not ask(union, code(eva, with_cards[eva]))
    with pytest.raises(CardRefusedError):
        issue(union, kari)


def test_b2_a_phone_works_seven_days_without_a_network_and_is_renewed_with_one(union: Controller) -> None:
    kari = person(union)
    first = issue(union, kari)
    clock.advance(timedelta(hours=2))
    assert issue(union, kari, held=first.card_id).card_id == first.card_id
    clock.advance(timedelta(days=6, hours=21))
    assert ask(union, code(kari, first))
    renewed = issue(union, kari, held=first.card_id)
    assert (renewed.card_id, renewed.valid_until) == (first.card_id, clock.now() + cards.LIFE)
    clock.advance(cards.LIFE)
    assert not ask(union, code(kari, renewed))
    assert ask(union, code(kari, issue(union, kari, held=first.card_id)))


def test_b2_a_person_has_few_cards_on_phones_and_one_on_pages(union: Controller) -> None:
    kari = person(union)
    phones = []
    for _ in range(cards.MOST_DEVICES + 1):
        phones.append(issue(union, kari))
        clock.advance(timedelta(minutes=1))
    assert len({issue(union, kari, device=False).card_id for _ in range(3)}) == 1
    with Scope(system("test", {union.pk}), "membership_card"):
        standing = cards.on_phones(subject_id=kari, controller_id=union.pk, at=clock.now())
    assert [one.id for one in standing] == [one.card_id for one in phones[:0:-1]]
    assert phones[-1].card_id == phones[0].card_id, "the row of the oldest, with a key of its own"
    assert not ask(union, code(kari, phones[0]))
    assert ask(union, code(kari, phones[-1]))
    ola = person(union)
    stolen = issue(union, ola, held=phones[1].card_id)
    assert stolen.card_id != phones[1].card_id, "another person's card is not handed out"


def test_b2_nothing_of_a_verification_is_in_the_database(union: Controller, capfd: Any) -> None:
    kari = person(union, given="Kari", family="Nordseth")
    issued = issue(union, kari)
    shown = code(kari, issued)
    before = _everything(union)
    assert str(kari) in before["membership_card"], "a search that finds what is there"
    capfd.readouterr()
    assert ask(union, shown)
    after = _everything(union)
    new = {table: rows for table, rows in after.items() if rows != before[table]}
    assert set(new) == {"membership_shown_code", "membership_shown_salt"}
    held = new["membership_shown_code"]
    for told in (shown, str(kari), f"{kari:x}", str(issued.card_id), "Nordseth", "hotel", issued.key.hex()):
        assert told not in held
    assert "".join(capfd.readouterr()) == ""


def test_b2_whose_code_was_shown_cannot_be_told_again_with_the_database_and_every_secret(union: Controller) -> None:
    people = [person(union) for _ in range(4)]
    got = {who: issue(union, who) for who in people}
    assert ask(union, code(people[2], got[people[2]]), "shop")
    stolen = ShownCode.objects.values_list("digest", "by").get()
    first = cards.step_of(NOW) - 20

    def shown_by() -> list[tuple[int, int]]:
        """Whom the stolen digests lead to, for who has the secret and what the database has now."""
        keys = [b"", *(bytes(salt) for salt in ShownSalt.objects.values_list("salt", flat=True))]
        return [
            (who, step)
            for who in people
            for step in range(first, first + 40)
            for salt in keys
            if _digest(salt, f"shown {who}:{got[who].card_id}:{step}") == stolen[0]
            or _digest(salt, f"asked shop {who}:{got[who].card_id}:{step}") == stolen[1]
        ]

    assert shown_by() == [(people[2], cards.step_of(NOW))], "while it may be shown again"
    later = NOW + timedelta(seconds=90)
    with clock.travel(later):
        JOBS["card_codes"].work()
        assert shown_by() == []
        assert not ShownCode.objects.exists()
        assert not ShownSalt.objects.exists()
    assert JOBS["card_codes"].apart <= timedelta(minutes=1)


def _digest(salt: bytes, text: str) -> UUID:
    return UUID(bytes=hmac.digest(secret("membership_cards") + salt, text.encode(), "sha256")[:16])


def test_b2_what_verifications_leave_goes_with_the_next_one_however_many(union: Controller) -> None:
    people = [person(union) for _ in range(60)]
    for who in people:
        assert ask(union, code(who, issue(union, who)))
    assert ShownCode.objects.count() == 60
    clock.advance(timedelta(seconds=90))
    with Scope(system("proof", {union.pk}), "proof"):
        assert list(cards.faults(union.pk, clock.today())) == []
    assert not ask(union, code(people[0], issue(union, people[0]), 5)), "an answer of no, as well"
    clock.advance(timedelta(minutes=11))
    ShownCode.objects.create(digest=uuid4(), by=uuid4(), again=NOW, until=NOW)
    assert any("kept after its time" in fault for fault in cards.faults(union.pk, clock.today()))


def _everything(union: Controller) -> dict[str, str]:
    """Every row of every table, as text, by table."""
    from django.db import connection

    with Scope(system("test", {union.pk}), "retention"), connection.cursor() as cursor:
        cursor.execute("SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace")
        tables = [row[0] for row in cursor.fetchall()]
        found = {}
        for table in tables:
            cursor.execute(f"SELECT has_table_privilege('{table}', 'SELECT')")
            if cursor.fetchone()[0]:
                cursor.execute(f"SELECT coalesce(string_agg(t::text, E'\\n' ORDER BY t::text), '') FROM \"{table}\" t")
                found[table] = cursor.fetchone()[0]
    return found


def test_b2_a_verification_is_two_statements_and_waits_for_no_disk(union: Controller) -> None:
    kari, ola = (person(union) for _ in range(2))
    first, second = (code(who, issue(union, who)) for who in (kari, ola))
    assert ask(union, first), "the first of a half minute makes its salt"
    with CaptureQueriesContext(connection) as asked:
        assert ask(union, second)
    mine = [one["sql"] for one in asked if "membership_" in one["sql"]]
    assert len(mine) == 2, "what it looks up, and what is remembered"
    assert not ask(union, second, "shop")
    kept = [ShownCode._meta.db_table, ShownSalt._meta.db_table]
    with connection.cursor() as cursor:
        cursor.execute("SELECT relpersistence FROM pg_class WHERE relname = ANY (%s)", [kept])
        assert cursor.fetchall() == [("u",), ("u",)], "in no write-ahead log"


def test_b2_issuing_is_on_record_and_verifying_is_not(union: Controller) -> None:
    kari = person(union)
    issued = issue(union, kari)
    with Scope(system("test", {union.pk}), "security_log"):
        assert Event.objects.filter(type="membership.card_issued", subject_id=kari).exists()
        count = Event.objects.count()
    ask(union, code(kari, issued))
    with Scope(system("test", {union.pk}), "security_log"):
        assert Event.objects.count() == count


@settings(max_examples=tried(60))
@given(
    text=st.one_of(
        st.text(max_size=130), st.binary(max_size=90).map(lambda raw: base64.urlsafe_b64encode(raw).decode())
    )
)
def test_b2_what_is_no_code_is_read_as_none(text: str) -> None:
    assert card_codes.read(text) is None


def test_b2_the_card_goes_with_the_person_and_its_nonce_is_told_to_nobody(union: Controller) -> None:
    from tillit.declaration.registry import PERSONAL

    assert "nonce" in PERSONAL["membership_card"].not_exported
    kari = person(union, started=date(2026, 1, 1))
    issue(union, kari)
    with Scope(system("test", {union.pk}), "membership_card"):
        assert Card.objects.filter(subject_id=kari).count() == 1
