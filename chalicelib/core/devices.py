"""Devices: what kind of browser on what kind of system asks, as its user agent says. Owns the few words for it.

The words are ours and no others, because whoever asks can write anything into a user agent.
"""

from __future__ import annotations

_BROWSERS = (
    ("Edge", ("Edg/", "EdgA/", "EdgiOS/")),
    ("Opera", ("OPR/", "OPX/")),
    ("Samsung Internet", ("SamsungBrowser/",)),
    ("Firefox", ("Firefox/", "FxiOS/")),
    ("Chrome", ("Chrome/", "Chromium/", "CriOS/")),
    ("Safari", ("Safari/",)),
)
"""Which product tells which browser, in order: most browsers name those that they want to be taken for, too."""
_SYSTEMS = (
    ("iPhone", ("iPhone",)),
    ("iPad", ("iPad",)),
    ("Android", ("Android",)),
    ("Windows", ("Windows",)),
    ("ChromeOS", ("CrOS",)),
    ("macOS", ("Macintosh",)),
    ("Linux", ("Linux", "X11")),
)


def kind_of(user_agent: str) -> str:
    """Say what asks, such as "Firefox, Linux"; without a number of a version, so that an update is no new device."""
    named = (
        next((name for name, marks in kinds if any(mark in user_agent for mark in marks)), "")
        for kinds in (_BROWSERS, _SYSTEMS)
    )
    return ", ".join(name for name in named if name)
