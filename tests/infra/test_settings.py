"""What moves the local stack, and what of a person's own set-up the app must not see."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from chalicelib.settings import Settings
from infra.local.settings import LocalSettings, set_environment


def test_without_variables_it_is_where_the_readme_says():
    settings = LocalSettings.read({})

    assert (settings.port, settings.tls_port) == (8000, 8443)
    assert settings.data_dir == Path(".local").resolve()


def test_each_variable_moves_one_thing(tmp_path):
    settings = LocalSettings.read({"PORT": "9000", "TLS_PORT": "0", "DATA_DIR": str(tmp_path)})

    assert settings == LocalSettings(port=9000, tls_port=0, data_dir=tmp_path)


def test_an_empty_variable_is_none():
    assert LocalSettings.read({"PORT": "", "TLS_PORT": "", "DATA_DIR": ""}) == LocalSettings.read({})


def test_a_relative_folder_is_where_the_command_was_given(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    assert LocalSettings.read({"DATA_DIR": "data"}).data_dir == tmp_path / "data"


@pytest.mark.parametrize("name", ["PORT", "TLS_PORT"])
@pytest.mark.parametrize("text", ["65536", "-1", "80a", " 80", "8_0", "\u0668", "http"])
def test_what_is_no_port_is_told_in_a_sentence(name, text):
    with pytest.raises(SystemExit) as told:
        LocalSettings.read({name: text})

    assert str(told.value) == f"{name} must be a port number, not {text!r}."


@pytest.fixture
def environment(monkeypatch):
    """Give a process environment of the test's own."""
    mine = {"PATH": "/bin", "AWS_PROFILE": "work", "AWS_ENDPOINT_URL": "https://aws.example", "NO_PROXY": "intra"}
    monkeypatch.setattr(os, "environ", mine)
    set_environment(endpoint="http://127.0.0.1:4566", kms_key="key-1", base_domain="localhost:8443")
    return mine


def test_the_app_sees_the_emulated_aws_and_no_other(environment):
    assert environment["GATEHOUSE_AWS_ENDPOINT"] == "http://127.0.0.1:4566"
    assert {"AWS_PROFILE", "AWS_ENDPOINT_URL"}.isdisjoint(environment)
    assert environment["AWS_CONFIG_FILE"] == environment["AWS_SHARED_CREDENTIALS_FILE"] == os.devnull
    assert environment["PATH"] == "/bin"


def test_a_proxy_is_not_asked_for_this_machine(environment):
    assert environment["NO_PROXY"].split(",") == ["intra", "127.0.0.1", "localhost", "::1"]


def test_nobodys_tests_are_held_up_by_a_limit_of_rate(environment):
    settings = Settings.read(environment)

    assert settings.management_requests_per_minute == settings.authentication_requests_per_minute == 60_000


def test_who_wants_to_see_a_limit_may_set_one(environment):
    environment["GATEHOUSE_MANAGEMENT_REQUESTS_PER_MINUTE"] = "20"

    set_environment(endpoint="http://127.0.0.1:4566", kms_key="key-1", base_domain="localhost:8443")

    assert Settings.read(environment).management_requests_per_minute == 20


def test_the_app_takes_it_for_its_settings(environment):
    settings = Settings.read(environment)

    assert (settings.table, settings.kms_key, settings.base_domain) == ("gatehouse", "key-1", "localhost:8443")
