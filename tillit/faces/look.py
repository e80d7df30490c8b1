"""The look of a controller: one accent colour, and every shade derived from it with its contrast assured (WCAG 2.2).

Shades keep the hue and are darkened until text on them, or they on white, reach the ratio asked for. Colours are
`#rrggbb`; ratios are WCAG's, from 1 to 21.
"""

from hashlib import sha256

ACCENTS = {
    "fjord": "#0b5c8a",
    "forest": "#1d6b4f",
    "heather": "#6a4a8c",
    "lingon": "#7d3a5c",
    "slate": "#3f5566",
    "amber": "#8a5a00",
    "spruce": "#0f6b6b",
    "dusk": "#41519c",
}
"""Accents to choose from; one a controller."""

TEXT, LARGE = 4.5, 3.0
Colour = tuple[int, int, int]


def accent_for(key: str) -> str:
    """The accent of a controller that has chosen none: always the same one for the same key."""
    names = sorted(ACCENTS)
    return names[sha256(key.encode()).digest()[0] % len(names)]


def tokens(accent: str) -> dict[str, str]:
    """Designsystemet's accent tokens, and ours, from one colour."""
    base = _darken(_rgb(accent), against=_rgb("#ffffff"), ratio=TEXT)
    tints = {step: _mix(base, _rgb("#ffffff"), part) for step, part in _TINTS.items()}
    darkest_tint = tints["surface-active"]
    shades = {
        "border-default": _darken(base, against=tints["surface-tinted"], ratio=LARGE),
        "border-strong": _darken(base, against=darkest_tint, ratio=TEXT),
        "text-subtle": _darken(base, against=darkest_tint, ratio=TEXT),
        "text-default": _darken(base, against=darkest_tint, ratio=7.0),
        "base-default": base,
        "base-hover": _mix(base, (0, 0, 0), 0.82),
        "base-active": _mix(base, (0, 0, 0), 0.66),
        "base-contrast-subtle": _mix(base, _rgb("#ffffff"), 0.1),
        "base-contrast-default": (255, 255, 255),
        "background-default": (255, 255, 255),
        "surface-default": (255, 255, 255),
    }
    return {f"--ds-color-accent-{name}": _hex(colour) for name, colour in sorted({**tints, **shades}.items())}


_TINTS = {
    "background-tinted": 0.05,
    "surface-tinted": 0.1,
    "surface-hover": 0.16,
    "surface-active": 0.24,
    "border-subtle": 0.4,
}


def stylesheet(accent: str) -> str:
    """The tokens as a style sheet."""
    body = "".join(f"{name}:{value};" for name, value in tokens(accent).items())
    return f":root{{{body}--ds-link-color-visited:var(--ds-color-text-subtle)}}\n"


def contrast(one: str, other: str) -> float:
    """WCAG's contrast ratio of two colours."""
    return _ratio(_rgb(one), _rgb(other))


def _rgb(text: str) -> Colour:
    return int(text[1:3], 16), int(text[3:5], 16), int(text[5:7], 16)


def _hex(colour: Colour) -> str:
    return "#{:02x}{:02x}{:02x}".format(*colour)


def _mix(colour: Colour, into: Colour, part: float) -> Colour:
    mixed = [round(a * part + b * (1 - part)) for a, b in zip(colour, into, strict=True)]
    return mixed[0], mixed[1], mixed[2]


def _luminance(colour: Colour) -> float:
    linear = [c / 255 / 12.92 if c <= 10 else ((c / 255 + 0.055) / 1.055) ** 2.4 for c in colour]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _ratio(one: Colour, other: Colour) -> float:
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _darken(colour: Colour, *, against: Colour, ratio: float) -> Colour:
    """`colour`, as much towards black as it takes to reach `ratio` against a lighter one."""
    for part in range(100, -1, -2):
        found = _mix(colour, (0, 0, 0), part / 100)
        if _ratio(found, against) >= ratio:
            return found
    return 0, 0, 0
