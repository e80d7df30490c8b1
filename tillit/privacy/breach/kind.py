"""The case that ties a person to a breach: what they were told, and when (category `breach_record`)."""

from tillit.cases.kinds import Field, Kind, step

BREACH = "breach"

KIND = Kind(
    BREACH,
    category="breach_record",
    activity="breach_handling",
    fields={"reference": Field("code", required=True)},
    steps={
        "told": step("received", "told", after="told", shown=True, answers=True),
        "note": step("received", "told"),
        "closed": step("received", "told", after="closed", closes=True),
    },
)
