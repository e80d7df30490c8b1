"""What the power domain answers for."""

from tillit.declaration.registry import (
    domain_check,
    domain_trial,
    not_personal,
    personal,
    segment_fact,
    simulated,
    transient,
)
from tillit.power import proof, segments, supply_proof
from tillit.power.models import (
    AppAccount,
    Contract,
    GridCompany,
    Household,
    MeteringPoint,
    QuarantinedReading,
    ReadingCorrection,
    ReadingDay,
    ReadingFile,
    ReadingMonth,
)
from tillit.power.switch_models import Switch

_SUMS = "what customers used together is not counted from what is disposed of"
personal(MeteringPoint, category="metering_point", clocks={})
personal(Household, category="power_contract", clocks={})
personal(Contract, category="power_contract", clocks={})
personal(Switch, category="power_contract", clocks={})
# No link of their own to the subject: the one to the point, which has it, is enough.
personal(ReadingDay, category="consumption", clocks={"measured": "day"}, figures=_SUMS, subject_link=False)
personal(ReadingCorrection, category="consumption", clocks={"measured": "day"}, figures=_SUMS, subject_link=False)
personal(
    ReadingMonth,
    category="consumption",
    clocks={"measured": "month"},
    figures=_SUMS,
    subject_link=False,
    not_exported={"wh": "the values of its days, which are exported"},
)
personal(AppAccount, category="device", clocks={"app_deleted": "ended_at"})
not_personal(GridCompany, because="companies that own grids")
not_personal(ReadingFile, because="counts of a file")
transient(QuarantinedReading, because="rows waiting for repair", kept="P90D", clock_column="quarantined_at")
_PICKED = (__file__, "segments")
_SUPPLIED = ("metering_point", "power_contract")
segment_fact("price_area", *_SUPPLIED, kind="choice", at=(*_PICKED, "price_area"), options=segments.areas)
segment_fact("municipality", *_SUPPLIED, kind="text", at=(*_PICKED, "municipality"))
segment_fact("contract_kind", "power_contract", kind="choice", at=(*_PICKED, "contract_kind"), options=segments.kinds)
domain_trial(
    "power_cost",
    trial=proof.cost,
    promised=lambda declared: "activities.service_payments" if declared.activity("power_supply") else "",
)
domain_check(
    "power_readings",
    __file__,
    "promises",
    "power_readings",
    promised=lambda declared: "activities.power_supply" if declared.activity("power_supply") else "",
)
domain_trial(
    "power_supply",
    trial=supply_proof.supply_faults,
    promised=lambda declared: "activities.power_supply" if declared.activity("power_supply") else "",
)
domain_trial("energy_app", trial=supply_proof.app_faults, promised=supply_proof.ends_with_the_app)
simulated("tillit.power.simulated")
