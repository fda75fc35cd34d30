"""How a tenant's data key is made, sealed for it and opened again, and what it encrypts."""

from __future__ import annotations

import base64
from dataclasses import replace

import pytest
from botocore.exceptions import ClientError

from chalicelib.adapters.kms import KmsSealer
from chalicelib.core.errors import Unavailable
from chalicelib.crypto import vault as vaults
from chalicelib.crypto.vault import GcmVault


@pytest.fixture
def sealer(settings):
    return KmsSealer(settings.kms_key, settings.region)


@pytest.fixture
def new_vault(sealer, ambient):
    """Make a vault that has opened no key yet, as a new process has."""
    return lambda: GcmVault(sealer, ambient)


@pytest.fixture
def vault(new_vault):
    return new_vault()


@pytest.mark.parametrize("secret", ["", "s3cret", "😀\x00\n", "x" * 100_000])
def test_another_process_opens_what_was_sealed(vault, new_vault, secret):
    key = vault.make("main")

    sealed = vault.seal("main", key, "a name", secret)

    assert new_vault().open("main", key, "a name", sealed) == secret


def test_a_key_has_256_bits_and_every_one_is_another(vault, sealer):
    first, second = vault.make("main"), vault.make("main")

    opened = [
        sealer.open(base64.b64decode(key.sealed), {"tenant": "main", "data_key": key.id}) for key in (first, second)
    ]

    assert [len(plain) for plain in opened] == [32, 32]
    assert opened[0] != opened[1]
    assert opened[0] not in base64.b64decode(first.sealed)


def test_of_two_keys_that_were_made_at_once_each_opens_its_own(vault):
    first, second = vault.make("main"), vault.make("main")

    sealed = vault.seal("main", second, "a name", "s3cret")

    assert vault.open("main", second, "a name", sealed) == "s3cret"
    with pytest.raises(Unavailable):
        vault.open("main", first, "a name", sealed)


@pytest.mark.security(33)
def test_a_key_that_is_copied_to_another_tenant_cannot_be_opened_there(vault):
    key = vault.make("main")
    sealed = vault.seal("main", key, "a name", "s3cret")

    with pytest.raises(ClientError) as refused:
        vault.open("acme", key, "a name", sealed)

    assert refused.value.response["Error"]["Code"] == "InvalidCiphertextException"


def test_a_secret_opens_under_its_own_name_only(vault):
    key = vault.make("main")
    sealed = vault.seal("main", key, "a name", "s3cret")

    for name in ("a nam", "a name ", "A name", ""):
        with pytest.raises(Unavailable):
            vault.open("main", key, name, sealed)


@pytest.mark.parametrize("text", ["", "AAAA", "not base64", "é", "A" * 64])
def test_what_was_never_sealed_is_unavailable_and_says_no_secret(vault, text):
    key = vault.make("main")

    with pytest.raises(Unavailable) as refused:
        vault.open("main", key, "a name", text)

    assert refused.value.detail == "main: a name"


def test_a_process_keeps_so_many_keys_open_and_no_more(vault, monkeypatch):
    monkeypatch.setattr(vaults, "_MOST_OPEN", 3)
    keys = {tenant: vault.make(tenant) for tenant in ("one", "two", "three", "four")}

    sealed = {tenant: vault.seal(tenant, key, "a name", tenant) for tenant, key in keys.items()}

    assert len(vault._open) <= 3
    assert {tenant: vault.open(tenant, keys[tenant], "a name", text) for tenant, text in sealed.items()} == {
        tenant: tenant for tenant in keys
    }


def test_a_key_that_was_changed_does_not_open(vault, new_vault):
    key = vault.make("main")
    raw = base64.b64decode(key.sealed)
    changed = replace(key, sealed=base64.b64encode(raw[:-1] + bytes([raw[-1] ^ 1])).decode())

    with pytest.raises(ClientError):
        new_vault().seal("main", changed, "a name", "s3cret")
