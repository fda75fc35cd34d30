"""The name of a tenant that people read: it stands in the subject of mails, so it is one line."""

import pytest

SETTINGS, TENANTS = "/api/v2/tenants/settings", "/api/v2/tenants"


@pytest.mark.parametrize("name", ["Acme", "Bäckerei Jürg & Söhne <Zürich>", "パン屋 👩‍🍳", "{acme}", ""])
def test_a_friendly_name_is_any_one_line(api, name):
    answer = api.patch(SETTINGS, {"friendly_name": name})

    assert answer.status == 200
    assert answer.json["friendly_name"] == name


@pytest.mark.parametrize("ending", ["\r\nBcc: eve@example.com", "\n", "\r", "\x00", "\x7f", "\x85", "\u2028", "\u2029"])
def test_a_friendly_name_that_ends_a_line_is_refused(api, system, ending):
    changed = api.patch(SETTINGS, {"friendly_name": f"Acme{ending}"})
    created = system.post(TENANTS, {"name": "globex", "friendly_name": f"Globex{ending}"})

    assert (changed.status, created.status) == (400, 400)
    assert "friendly_name" in changed.json["message"]
