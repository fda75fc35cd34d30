"""Where requests come from: CloudFront's word, when it is CloudFront's, else the registries', and what is nowhere."""

import subprocess
import sys
from dataclasses import replace

import pytest

from chalicelib.adapters.places import Places, _countries
from chalicelib.core.places import Place

GHENT = {
    "cloudfront-viewer-country": "BE",
    "cloudfront-viewer-country-name": "Belgium",
    "cloudfront-viewer-country-region": "VOV",
    "cloudfront-viewer-city": "Ghent",
    "cloudfront-viewer-latitude": "51.05000",
    "cloudfront-viewer-longitude": "3.71667",
    "cloudfront-viewer-time-zone": "Europe/Brussels",
    "cloudfront-viewer-address": "198.51.100.10:46532",
}
IN_GHENT = Place(
    country_code="BE",
    country_code3="BEL",
    country_name="Belgium",
    city_name="Ghent",
    latitude=51.05,
    longitude=3.71667,
    time_zone="Europe/Brussels",
    continent_code="EU",
)
GOOGLE, BELNET = "8.8.8.8", "193.190.198.27"

behind = Places(behind_cloudfront=True)
alone = Places(behind_cloudfront=False)


# What CloudFront tells


def test_cloudfront_tells_city_country_zone_and_position():
    assert behind.locate("198.51.100.10", GHENT) == IN_GHENT


@pytest.mark.parametrize(
    ("sent", "city"),
    [
        ("M%C3%BCnchen", "München"),
        ("S%c3%a3o%20Paulo", "São Paulo"),
        ("%E6%9D%B1%E4%BA%AC", "東京"),
        ("Frankfurt am Main", "Frankfurt am Main"),
        ("L'Aquila", "L'Aquila"),
    ],
)
def test_the_name_of_a_city_is_percent_decoded(sent, city):
    place = behind.locate("198.51.100.10", {**GHENT, "cloudfront-viewer-city": sent})

    assert place.city_name == city


@pytest.mark.parametrize("sent", ["Ghent%0D%0ABcc: eve", "Gh\x00ent", "%00", ""])
def test_a_city_that_is_no_text_of_one_line_is_left_out(sent):
    place = behind.locate("198.51.100.10", {**GHENT, "cloudfront-viewer-city": sent})

    assert place == replace(IN_GHENT, city_name="")


def test_a_name_is_cut_at_100_characters():
    place = behind.locate("198.51.100.10", {**GHENT, "cloudfront-viewer-city": "G" * 101})

    assert place.city_name == "G" * 100


@pytest.mark.parametrize(
    "sent", ["nan", "inf", "1e1", "90.1", "-90.1", "", "51,05", "north", "0x10", "51.05\n", "\u0665\u0661"]
)
def test_a_latitude_that_makes_no_sense_is_left_out(sent):
    place = behind.locate("198.51.100.10", {**GHENT, "cloudfront-viewer-latitude": sent})

    assert place.latitude is None


@pytest.mark.parametrize(
    ("latitude", "longitude"), [("90", "180"), ("-90", "-180"), ("0", "0"), ("-33.86882", "151.2")]
)
def test_positions_reach_from_pole_to_pole_and_around(latitude, longitude):
    sent = {"cloudfront-viewer-latitude": latitude, "cloudfront-viewer-longitude": longitude}

    place = behind.locate("198.51.100.10", {**GHENT, **sent})

    assert (place.latitude, place.longitude) == (float(latitude), float(longitude))


@pytest.mark.parametrize("sent", ["Europe/Brussels\n", "<b>", "a" * 65, "Europe Brussels"])
def test_a_time_zone_that_is_none_is_left_out(sent):
    place = behind.locate("198.51.100.10", {**GHENT, "cloudfront-viewer-time-zone": sent})

    assert place.time_zone == ""


def test_a_country_that_cloudfront_names_by_its_code_alone_has_the_rest_from_iso_3166():
    place = behind.locate("198.51.100.10", {"cloudfront-viewer-country": "KR"})

    assert place == Place(country_code="KR", country_code3="KOR", country_name="South Korea", continent_code="AS")


@pytest.mark.parametrize("code", ["", "ZZ", "EU", "B", "BEL", "<b", "B\n"])
def test_without_a_country_that_exists_the_address_decides(code):
    place = behind.locate(BELNET, {**GHENT, "cloudfront-viewer-country": code})

    assert place == Place(country_code="BE", country_code3="BEL", country_name="Belgium", continent_code="EU")


def test_headers_of_anybody_who_reaches_us_directly_are_not_believed():
    place = alone.locate(GOOGLE, GHENT)

    assert place.country_code == "US"
    assert place.city_name == ""


# Whose address it is


@pytest.mark.parametrize(
    ("sent", "address"),
    [
        ("198.51.100.10:46532", "198.51.100.10"),
        ("2001:db8::10:46532", "2001:db8::10"),
        ("2001:0db8:0000:0000:0000:0000:0000:0010:46532", "2001:db8::10"),
        ("[2001:db8::10]:46532", "2001:db8::10"),
        ("::ffff:198.51.100.10:46532", "198.51.100.10"),
    ],
)
def test_behind_cloudfront_the_address_is_the_viewers(sent, address):
    assert behind.address("203.0.113.1", {"cloudfront-viewer-address": sent}) == address


@pytest.mark.parametrize("sent", ["", "198.51.100.10", "somebody:80", ":80", "198.51.100.300:1", "1.2.3.4, 5.6.7.8:1"])
def test_behind_cloudfront_an_address_that_is_none_is_that_of_who_connected(sent):
    assert behind.address("203.0.113.1", {"cloudfront-viewer-address": sent}) == "203.0.113.1"


def test_an_address_that_anybody_sends_is_not_believed():
    assert alone.address("203.0.113.1", GHENT) == "203.0.113.1"


# What the registries know


@pytest.mark.parametrize(
    ("address", "country"),
    [
        (GOOGLE, "US"),
        (BELNET, "BE"),
        ("2a02:a03f::1", "BE"),
        ("2001:4860:4860::8888", "US"),
        ("[2001:4860:4860::8888]", "US"),
        ("::ffff:193.190.198.27", "BE"),
    ],
)
def test_an_address_is_in_the_country_it_was_assigned_to(address, country):
    assert alone.locate(address, {}).country_code == country


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "::1",
        "10.0.0.1",
        "172.16.0.1",
        "192.168.1.1",
        "100.64.0.1",
        "169.254.169.254",
        "fe80::1",
        "fe80::1%eth0",
        "fd00::1",
        "::ffff:10.0.0.1",
        "0.0.0.1",
        "255.255.255.255",
        "192.0.2.1",
        "2001:db8::1",
    ],
)
def test_private_and_loopback_addresses_have_no_place(address):
    assert alone.locate(address, {}) is None


@pytest.mark.parametrize(
    "address", ["", "nonsense", "8.8.8", "8.8.8.8\n", "8.8.8.8, 1.1.1.1", "8.8.8.8:80", "1" * 5_000]
)
def test_what_is_no_address_has_no_place(address):
    assert alone.locate(address, {}) is None


def test_every_country_has_two_codes_a_continent_and_a_name_of_its_own():
    countries = _countries().values()

    assert len({country.country_code for country in countries}) == 250
    assert len({country.country_code3 for country in countries if len(country.country_code3) == 3}) == 250
    assert len({country.country_name for country in countries if country.country_name}) == 250
    assert {country.continent_code for country in countries} == {"AF", "AN", "AS", "EU", "NA", "OC", "SA"}


@pytest.mark.parametrize("headers", [{}, GHENT])
def test_the_database_is_not_loaded_while_cloudfront_tells(headers):
    script = (
        "import sys\nfrom chalicelib.adapters.places import Places\n"
        f"Places(behind_cloudfront=True).locate('8.8.8.8', {headers!r})\n"
        "sys.exit('iptocc' in sys.modules)"
    )

    finished = subprocess.run([sys.executable, "-c", script], check=False)

    assert finished.returncode == (0 if headers else 1)


# A place itself


def test_a_place_in_a_log_event_says_what_is_known_and_nothing_else():
    known = Place(country_code="BE", country_code3="BEL", latitude=0.0, longitude=0.0)

    assert known.document() == {"country_code": "BE", "country_code3": "BEL", "latitude": 0.0, "longitude": 0.0}


@pytest.mark.parametrize(
    ("place", "name"),
    [
        (IN_GHENT, "Ghent, Belgium"),
        (replace(IN_GHENT, city_name=""), "Belgium"),
        (Place(country_code="BE"), "BE"),
    ],
)
def test_a_place_is_called_by_its_city_and_country(place, name):
    assert place.name == name
