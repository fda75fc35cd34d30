"""What people call a browser, as its User-Agent tells: "Firefox on Windows". To recognise it by; it proves nothing."""

from __future__ import annotations

_PROGRAMS = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Vivaldi/", "Vivaldi"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("Chrome/", "Chrome"),
    ("CriOS/", "Chrome"),
    ("Safari/", "Safari"),
)
"""Signs and names. Most pretend to be Chrome, and Chrome to be Safari: the first sign that is found counts."""
_SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
)


def browser_parts(user_agent: str) -> tuple[str, str]:
    """Give the names of program and system. A program that nobody knows is called what it calls itself; "" is none."""
    program = next((name for sign, name in _PROGRAMS if sign in user_agent), "")
    system = next((name for sign, name in _SYSTEMS if sign in user_agent), "")
    own_name = user_agent.partition(" ")[0].partition("/")[0][:40]
    return program or ("" if own_name == "Mozilla" else own_name), system
