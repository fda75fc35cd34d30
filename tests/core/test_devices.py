"""What kind of device asks, as its user agent says."""

from __future__ import annotations

import pytest

from chalicelib.core.devices import kind_of

MOZILLA = "Mozilla/5.0"
WEBKIT = "AppleWebKit/537.36 (KHTML, like Gecko)"
KINDS = {
    f"{MOZILLA} (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0": "Firefox, Linux",
    f"{MOZILLA} (Windows NT 10.0; Win64; x64) {WEBKIT} Chrome/140.0.0.0 Safari/537.36": "Chrome, Windows",
    f"{MOZILLA} (Windows NT 10.0; Win64; x64) {WEBKIT} Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0": "Edge, Windows",
    f"{MOZILLA} (Macintosh; Intel Mac OS X 10_15_7) {WEBKIT} Version/18.6 Safari/605.1.15": "Safari, macOS",
    f"{MOZILLA} (Macintosh; Intel Mac OS X 10_15_7) {WEBKIT} Chrome/140.0.0.0 Safari/537.36 OPR/121.0": "Opera, macOS",
    f"{MOZILLA} (iPhone; CPU iPhone OS 18_6 like Mac OS X) {WEBKIT} CriOS/140.0 Mobile Safari/604.1": "Chrome, iPhone",
    f"{MOZILLA} (iPad; CPU OS 18_6 like Mac OS X) {WEBKIT} Version/18.6 Mobile Safari/604.1": "Safari, iPad",
    f"{MOZILLA} (Linux; Android 10; K) {WEBKIT} Chrome/140.0.0.0 Mobile Safari/537.36": "Chrome, Android",
    f"{MOZILLA} (Linux; Android 10; K) {WEBKIT} SamsungBrowser/28.0 Chrome/130.0 Safari/537.36": (
        "Samsung Internet, Android"
    ),
    f"{MOZILLA} (X11; CrOS x86_64 14541.0.0) {WEBKIT} Chrome/140.0.0.0 Safari/537.36": "Chrome, ChromeOS",
    "okhttp/4.12.0": "",
    "": "",
    "<script>alert(1)</script>\r\nBcc: eve@example.com": "",
}


@pytest.mark.parametrize("user_agent", KINDS)
def test_a_device_is_a_browser_on_a_system_or_nothing_that_was_sent(user_agent):
    assert kind_of(user_agent) == KINDS[user_agent]


def test_an_update_of_a_browser_is_no_new_device():
    before, after = (f"{MOZILLA} (X11; Linux x86_64; rv:{n}.0) Gecko/20100101 Firefox/{n}.0" for n in (139, 140))

    assert kind_of(before) == kind_of(after)
