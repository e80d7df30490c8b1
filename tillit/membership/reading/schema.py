"""The JSON Schema of a member in a union's file (docs/formats/member.schema.json)."""

from typing import Any

from tillit.membership.reading.columns import COLUMNS


def schema() -> dict[str, Any]:
    """An object of text, a field a column; names that unions use are read, too."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Member",
        "type": "object",
        "properties": {
            one.name: {
                "type": "string" if one.required else ["string", "null"],
                "maxLength": one.longest,
                "description": f"Also: {', '.join(one.called)}",
            }
            for one in COLUMNS.values()
        },
        "required": [one.name for one in COLUMNS.values() if one.required],
    }
