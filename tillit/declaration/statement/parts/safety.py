"""Security, backup, breach, and the bonus programme's terms (H11, H12, H18, C6–C9)."""

from tillit.declaration.statement.document import Block, Bullets, Cell, Facts, Paragraph, Section
from tillit.declaration.statement.wording import Words


def security(words: Words) -> Section:
    """The measures that may be told, how many are left out, and whom staff may look up."""
    declared = words.declaration.security
    told = tuple(words.of(item.text) for item in declared if item.disclosed)
    withheld = len(declared) - len(told)
    blocks: list[Block] = [Bullets(told)] if told else []
    if withheld:
        blocks.append(Paragraph(words("security.withheld", number=str(withheld))))
    blocks.append(Paragraph(words("security.logged")))
    access = words.declaration.staff_access
    inner: tuple[Section, ...] = ()
    if access:
        row = (words("security.reach"), (words(f"security.reaches.{access.reach}"),))
        readers = words.words("roles", access.protected_for) if access.protected_for else (words("security.nobody"),)
        rows = Facts((row, (words("security.protected"), readers)))
        inner = (Section("staff-access", words("security.staff"), (Paragraph(words.of(access.text)), rows)),)
    return Section("security", words("security.title"), tuple(blocks), inner)


def backup(words: Words) -> Section:
    """How backups are taken, kept, read and used."""
    declared = words.declaration.backup
    rows: tuple[tuple[str, Cell], ...] = (
        (words("backup.every"), (words.period(declared.every),)),
        (words("backup.kept"), (words.period(declared.kept),)),
        (words("backup.levels"), (words.of(declared.levels),)),
        (words("backup.readers"), words.words("roles", declared.readers)),
        (words("backup.used_for"), (words.of(declared.used_for),)),
    )
    return Section("backup", words("backup.title"), (Facts(rows), Paragraph(words("backup.erased"))))


def breach(words: Words) -> Section:
    """What happens when something goes wrong."""
    declared = words.declaration.breach
    hours = words("breach.hours", number=str(declared.authority_within_hours))
    rows: list[tuple[str, Cell]] = [
        (words("breach.authority"), (hours,)),
        (words("breach.person_notice"), (words.of(declared.person_notice),)),
    ]
    if declared.supplier_report:
        rows.append((words("breach.supplier_report"), (words.of(declared.supplier_report),)))
    if declared.business_notice:
        rows.append((words("breach.business_notice"), (words.of(declared.business_notice),)))
    police = words("breach.police_yes" if declared.police_report else "breach.police_no")
    return Section("breach", words("breach.title"), (Facts(tuple(rows)), Paragraph(police)))


def programme(words: Words) -> Section | None:
    """The bonus programme's terms, or None where there is no programme."""
    declared = words.declaration.programme
    if declared is None:
        return None
    months, offline = str(declared.validity_months or ""), str(declared.voucher_offline_hours)
    after, usable = (
        str(declared.available_after_days),
        "usable_after" if declared.available_after_days else "usable_now",
    )
    rows: tuple[tuple[str, Cell], ...] = (
        (words("programme.validity"), (words(f"programme.validities.{declared.validity}", number=months),)),
        (words("programme.available_after_days"), (words(f"programme.{usable}", number=after),)),
        (words("programme.rounding"), (words(f"programme.roundings.{declared.rounding}"),)),
        (words("programme.minimum_age"), (words("children.years", number=str(declared.minimum_age)),)),
        (words("programme.warn_before_expiry"), (words.period(declared.warn_before_expiry),)),
        (words("programme.voucher_minutes"), (words("programme.minutes", number=str(declared.voucher_minutes)),)),
        (
            words("programme.voucher_offline_hours"),
            (words("programme.hours", number=offline),),
        ),
        (words("programme.voucher_barcode"), (words(f"programme.barcodes.{declared.voucher_barcode}"),)),
        (words("programme.saldo_sms_price"), (words("programme.price", number=str(declared.saldo_sms_price)),)),
        (words("programme.gift_card_months"), (words("programme.months", number=str(declared.gift_card_months)),)),
        (words("programme.stacking"), (words(f"programme.stackings.{declared.stacking}"),)),
    )
    own_chain = "earning_chain_yes" if declared.only_in_earning_chain else "earning_chain_no"
    cash = "cash_yes" if declared.cash_earns else "cash_no"
    refund = "gift_card_refund_yes" if declared.gift_card_refund else "gift_card_refund_no"
    bullets = Bullets((words(f"programme.{own_chain}"), words(f"programme.{cash}"), words(f"programme.{refund}")))
    blocks = (Paragraph(words.of(declared.terms)), Facts(rows), bullets)
    return Section("programme", words("programme.title"), blocks)
