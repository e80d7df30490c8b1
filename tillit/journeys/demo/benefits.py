"""A made-up catalogue of benefits for the union example: suppliers with their frames, benefits of each kind."""

from datetime import date, datetime

from tillit.benefits import codes, editing
from tillit.benefits.editing import Content
from tillit.benefits.models import Benefit, Kind, PoolCode
from tillit.declaration.models import Controller
from tillit.kernel.scope import system

UNIONS = ("lyngheim", "steinlia", "tangvik")
# Key → name, the declared recipient of its orders, the one for what members are asked about.
_SUPPLIERS = {
    "fjellduft": ("Fjellduft Hoteller", "fjellduft_hoteller", "fjellduft_asked"),
    "vidderaas": ("Vidderås Varer", "vidderaas_varer", ""),
    "lysning": ("Kino Lysning", "", ""),
    "hjulspor": ("Hjulspor Bilutleie", "", ""),
}
_CATEGORIES = {"reise": ("Reise", "Travel"), "fritid": ("Fritid", "Leisure"), "hjem": ("Hjem", "Home")}
_HOTEL = ("order_name", "order_phone")
_GOODS = ("order_name", "order_address", "order_place", "order_phone")
# Key → supplier, category, kind, price and ordinary price in øre, what an order needs, texts in bokmål and English.
_BENEFITS = {
    "hotellrom": (
        "fjellduft", "reise", Kind.ORDER, 99_000, 129_000, _HOTEL,
        ("Rom på Fjellduft", "Overnatting med frokost til medlemspris", "Bestill her, så bekrefter hotellet."),
        ("A room at Fjellduft", "A night with breakfast at member price", "Order here, and the hotel confirms."),
    ),
    "ryggsekk": (
        "vidderaas", "fritid", Kind.ORDER, 64_900, 89_900, _GOODS,
        ("Tursekk 30 liter", "Sekk i resirkulert stoff", "Sendes til adressen du oppgir."),
        ("Rucksack, 30 litres", "Made of recycled cloth", "Sent to the address you give."),
    ),
    "kinobillett": (
        "lysning", "fritid", Kind.SINGLE_CODE, None, None, (),
        ("Kinobillett", "En billett til halv pris med egen kode", "Hent koden og oppgi den i luka."),
        ("Cinema ticket", "A ticket at half price with a code of your own", "Draw the code and give it there."),
    ),
    "leiebil": (
        "hjulspor", "reise", Kind.LINK, None, None, (),
        ("Leiebil", "15 % på leie i hele landet", "Du bestiller på leverandørens eget nettsted."),
        ("Hired car", "15 % off in the whole country", "You order on the supplier's own site."),
    ),
    "verktoy": (
        "vidderaas", "hjem", Kind.SHARED_CODE, None, None, (),
        ("Verktøy", "10 % på alt verktøy i butikk", "Oppgi koden i kassen."),
        ("Tools", "10 % off all tools in the shop", "Give the code at the till."),
    ),
    "frokost": (
        "fjellduft", "reise", Kind.CARD, None, None, (),
        ("Frokost på farten", "Frokost til halv pris når du viser medlemskortet", "Vis kortet i resepsjonen."),
        ("Breakfast on the way", "Half price when you show the membership card", "Show the card at the desk."),
    ),
}  # fmt: skip
_POOL = 200


def set_up(*, on: date, at: datetime) -> int:
    """Suppliers, frames and the catalogue, published; how many benefits there are. The same again changes nothing."""
    unions = {one.key: one for one in Controller.objects.filter(key__in=UNIONS)}
    acting = system("demo", {one.pk for one in unions.values()})
    start = date(on.year, 1, 1)
    suppliers, categories = {}, {}
    for key, (name, recipient, asked) in _SUPPLIERS.items():
        suppliers[key] = editing.add_supplier(key=key, name=name, web=f"https://{key}.example")
        for union in unions.values():
            editing.frame(
                actor=acting,
                supplier=suppliers[key],
                controller=union,
                recipient=recipient,
                asked_recipient=asked,
                starts=start,
            )
    for place, (key, (nb, en)) in enumerate(_CATEGORIES.items()):
        categories[key] = editing.add_category(key=key, names={"nb": nb, "en": en}, position=place)
    for key, (supplier, category, kind, price, ordinary, needs, nb_text, en_text) in _BENEFITS.items():
        texts = {
            language: dict(zip(editing.TEXT_PARTS, said, strict=True))
            for language, said in (("nb", nb_text), ("en", en_text))
        }
        draft = editing.write_draft(
            controllers=acting.controllers,
            maker=unions["lyngheim"],
            key=key,
            supplier=suppliers[supplier],
            category=categories[category],
            content=Content(
                kind=kind,
                texts=texts,
                url=f"https://{supplier}.example/medlem" if kind == Kind.LINK else "",
                code="MEDLEM10" if kind == Kind.SHARED_CODE else "",
                member_price=price,
                ordinary_price=ordinary,
                needs=needs,
            ),
        )
        for union in unions.values():
            editing.make_valid(controllers=acting.controllers, benefit=draft.benefit, controller=union, starts=start)
        if draft.published_at is None:
            editing.publish(actor=acting, controller_id=unions["lyngheim"].pk, benefit=draft.benefit, at=at)
        if kind == Kind.SINGLE_CODE and not PoolCode.objects.filter(benefit=draft.benefit).exists():
            codes.fill(benefit=draft.benefit, codes=[f"LYS-{number:05}" for number in range(_POOL)])
    return Benefit.objects.filter(key__in=_BENEFITS).count()
