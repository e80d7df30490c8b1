"""Files of meter values in every layout, written from plain lists (E2)."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

OSLO = ZoneInfo("Europe/Oslo")
REGISTERED = datetime(2026, 11, 1, 7, tzinfo=UTC)


def _kwh(wh: int) -> str:
    return f"{wh / 1000:.3f}".replace(".", ",")


def _moments(start: datetime, count: int, minutes: int) -> list[tuple[datetime, datetime]]:
    step = timedelta(minutes=minutes)
    return [(start + n * step, start + (n + 1) * step) for n in range(count)]


def offset_csv(
    path: Path, start: datetime, wh: list[int], *, minutes: int = 60, registered: datetime = REGISTERED
) -> Path:
    """The customer's layout with offsets: byte-order mark, semicolons, decimal comma."""
    lines = ["Fra;Til;Målenavn;Volum;Enhet;Kvalitet;Registreringstidspunkt"]
    for (a, b), value in zip(_moments(start, len(wh), minutes), wh, strict=True):
        times = f"{a.astimezone(OSLO).isoformat()};{b.astimezone(OSLO).isoformat()}"
        lines.append(f"{times};KWH {minutes} Forbruk;{_kwh(value)};kWh;Målt;{registered.isoformat()}")
    path.write_text("\r\n".join(lines) + "\r\n", encoding="utf-8-sig")
    return path


def local_csv(path: Path, start: datetime, wh: list[int], *, minutes: int = 60) -> Path:
    """The customer's older layout: as the clock on the wall showed, quoted decimal commas."""
    lines = [f"Fra,Til,KWH {minutes} Forbruk"]
    for (a, b), value in zip(_moments(start, len(wh), minutes), wh, strict=True):
        wall = [one.astimezone(OSLO).strftime("%d.%m.%Y %H:%M") for one in (a, b)]
        lines.append(f'{wall[0]},{wall[1]},"{_kwh(value)}"')
    path.write_text("\n".join(lines) + "\n")
    return path


def api_json(path: Path, point: str, start: datetime, wh: list[int], *, minutes: int = 60) -> Path:
    """What the hub's API answers."""
    values = [
        {
            "startTime": a.isoformat(), "endTime": b.isoformat(), "direction": "Out", "quantityKwh": value / 1000,
            "resolution": "PT1H" if minutes == 60 else "PT15M", "productCode": "8716867000030", "quality": "Metered",
            "registrationTime": REGISTERED.isoformat(),
        }
        for (a, b), value in zip(_moments(start, len(wh), minutes), wh, strict=True)
    ]  # fmt: skip
    document = {
        "data": [{"id": "1", "type": "metering-points", "attributes": {"meteringPointId": point, "values": values}}]
    }
    path.write_text(json.dumps(document, indent=1))
    return path


def json_lines(path: Path, point: str, start: datetime, wh: list[int], *, minutes: int = 60) -> Path:
    """An object a line."""
    with path.open("w") as out:
        for (a, b), value in zip(_moments(start, len(wh), minutes), wh, strict=True):
            one = {"meteringPointId": point, "startTime": a.isoformat(), "endTime": b.isoformat(), "direction": "Out",
                   "quantityKwh": value / 1000, "registrationTime": REGISTERED.isoformat()}  # fmt: skip
            out.write(json.dumps(one) + "\n")
    return path


def ebix_xml(path: Path, point: str, start: datetime, wh: list[int], *, minutes: int = 60, extra: str = "") -> Path:
    """A message of the market hub, with one series."""
    observations = "".join(
        f'<a:Observation Sequence="{n}"><a:Metered>{value / 1000:.3f}</a:Metered></a:Observation>'
        for n, value in enumerate(wh, 1)
    )
    end = start + timedelta(minutes=minutes) * len(wh)
    path.write_text(
        f"""<?xml version="1.0" encoding="UTF-8"?>{extra}
<a:NotifyValidatedDataForBillingEnergy xmlns:a="urn:example:metering:v1"><a:Header>
<a:Creation>2026-11-02T00:00:00Z</a:Creation>
</a:Header><a:PayloadEnergyTimeSeries><a:RegistrationDateTime>{REGISTERED.isoformat()}</a:RegistrationDateTime>
<a:ObservationPeriodTimeSeriesPeriod><a:ResolutionDuration>{"PT1H" if minutes == 60 else "PT15M"}</a:ResolutionDuration>
<a:Start>{start.isoformat()}</a:Start><a:End>{end.isoformat()}</a:End></a:ObservationPeriodTimeSeriesPeriod>
<a:ProductIncludedProductCharacteristics><a:UnitType>KWH</a:UnitType></a:ProductIncludedProductCharacteristics>
<a:MPDetailMeasurementMeteringPointCharacteristic><a:MeteringPointType>E17</a:MeteringPointType>
</a:MPDetailMeasurementMeteringPointCharacteristic><a:MeteringPointUsedDomainLocation><a:Identification>{point}</a:Identification>
</a:MeteringPointUsedDomainLocation>{observations}</a:PayloadEnergyTimeSeries></a:NotifyValidatedDataForBillingEnergy>
"""
    )
    return path
