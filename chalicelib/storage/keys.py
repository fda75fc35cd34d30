"""Every key pattern of the table, on one page. No key can be made without a tenant.

Names that people choose (user ids, e-mail addresses) stand last in a key, or in a place whose neighbours cannot hold
the separator, so that no name can reach into another's pattern: tenant names and connection ids have no `#`.
"""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from datetime import datetime

TENANT = "TENANT"
PROFILE = "PROFILE"
LINKED = "LINKED"
LOGIN = "LOGIN"
IDENTITY = "IDENTITY"
LOG = "LOG#"
TRACE = "TRACE#"
LOG_SEAL = "LOG_SEAL#"
NEWEST_LOG_SEAL = "NEWEST"
DEVICE = "DEVICE#"
PUBLIC_KEYS = "PUBLIC_KEYS"
CLIENT = "CLIENT#"
CLIENT_GRANT = "CLIENT_GRANT#"
CONNECTION = "CONNECTION#"
CONNECTION_NAME = "CONNECTION_NAME#"
CONNECTIONS = "CONNECTIONS"
CONNECTION_SCRIPT = "CONNECTION_SCRIPT#"
RESOURCE_SERVER = "RESOURCE_SERVER#"
SIGNING_KEY = "SIGNING_KEY#"
PASSWORD_HISTORY = "PASSWORD_HISTORY#"  # noqa: S105 - the name of an item, not a secret
WORK = "WORK#"
SESSION = "SESSION#"
CODE = "CODE"
FAILURES = "FAILURES#"
REVOKED = "REVOKED#"
CONSENT = "CONSENT#"
TICKET = "TICKET#"
MAIL = "MAIL"
ASSERTION = "ASSERTION"
LINK = "LINK"
CONTINUED = "CONTINUED"
IMPERSONATION = "IMPERSONATION#"
REQUESTS = "REQUESTS"
RULE = "RULE#"
RULE_NAME = "RULE_NAME#"
RULE_ORDER = "RULE_ORDER#"
RULE_TALLY = "RULE_TALLY"
RULE_CONFIG = "RULE_CONFIG#"
RULE_CONFIG_TALLY = "RULE_CONFIG_TALLY"
DATA_KEY = "DATA_KEY#"
JOB = "JOB"
MEMBER = "MEMBER#"
MEMBERSHIPS = "MEMBERSHIPS"
DASHBOARD = "DASHBOARD#"

TENANTS = "TENANTS"
"""Partition of the index by time that lists the tenants themselves."""
PENDING_WORK = "WORK"
"""Partition of the index by time that lists work to finish, of all tenants: deletions too large for one transaction."""
PENDING_MAIL = "MAIL"
"""Partition of the index by time that lists mails to send, of all tenants, by when they are due."""

PENDING_LINKS = "LINKS"
"""Partition of impersonation links that were not used yet, of all tenants, by when they expire.

It is an index that holds whole items: what expires is found, consistently, in one query.
"""
_WORD_ENDS = "\x1f"
"""No word has it, and it sorts before everything that one has."""


class Key(NamedTuple):
    """Where an item lies, in the table or in an index."""

    pk: str
    sk: str


USER_ENTRIES = Key("BACKFILL", "USER_ENTRIES")
"""How far the backfill is, over all tenants."""


def tenant(name: str) -> Key:
    """The tenant itself."""
    return Key(configuration(name), TENANT)


def tenant_of(key: Key) -> str:
    """Give the name of the tenant that a key is of."""
    return key.pk.split("#")[1]


def configuration(tenant: str) -> str:
    """The partition of everything small that configures a tenant."""
    return f"T#{tenant}"


def entity(tenant: str, prefix: str, entity_id: str) -> Key:
    """A piece of a tenant's configuration."""
    return Key(configuration(tenant), prefix + sorting(entity_id))


def connections(tenant: str) -> Key:
    """What all connections of a tenant take together."""
    return Key(configuration(tenant), CONNECTIONS)


def memberships(tenant: str, user_id: str) -> Key:
    """Of which tenants a person is a member: with the person, in the system tenant."""
    return Key(user(tenant, user_id), MEMBERSHIPS)


def connection_script(tenant: str, connection_id: str, name: str) -> Key:
    """A script of a custom database: beside its connection, so that only who runs it reads it."""
    return Key(configuration(tenant), f"{CONNECTION_SCRIPT}{sorting(connection_id)}#{name}")


def user(tenant: str, user_id: str) -> str:
    """The partition of one user: the profile, history, devices, sessions."""
    return f"T#{tenant}#U#{folded(user_id)}"


def linked(tenant: str, user_id: str) -> Key:
    """What stands where a user was whose account is now one of another user's; guards that its id is used once."""
    return Key(user(tenant, user_id), LINKED)


def public_keys(tenant: str, user_id: str) -> Key:
    """How many public keys a user has."""
    return Key(user(tenant, user_id), PUBLIC_KEYS)


def login(tenant: str, connection_id: str, name: str) -> Key:
    """A sign-in name (an e-mail address or user name) at a database connection; guards that it is used once."""
    return Key(f"T#{tenant}#L#{connection_id}#{folded(name)}", LOGIN)


def identity(tenant: str, connection_id: str, identity_id: str) -> Key:
    """An account at a connection, and whose it is."""
    return Key(f"T#{tenant}#I#{connection_id}#{folded(identity_id)}", IDENTITY)


def history(tenant: str, user_id: str, date: datetime) -> str:
    """The partition of a log event: its user's, or its hour of the tenant."""
    return user(tenant, user_id) if user_id else f"T#{tenant}#H#{date:%Y%m%d%H}"


def traces(tenant: str, date: datetime) -> str:
    """The partition of what the events of deleted users left, by the day of the events."""
    return f"T#{tenant}#G#{date:%Y%m%d}"


def log_seals(tenant: str) -> str:
    """The partition of the log seals of a tenant, and of the note of the newest."""
    return f"T#{tenant}#S"


def work(tenant: str, work_id: str) -> Key:
    """A deletion that still has items to remove."""
    return Key(f"T#{tenant}#W#{work_id}", WORK)


def mail(tenant: str, letter_id: str) -> Key:
    """A mail that waits to be sent."""
    return Key(f"T#{tenant}#M#{letter_id}", MAIL)


def job(tenant: str, job_id: str) -> Key:
    """What goes on after a request, and how it went."""
    return Key(f"T#{tenant}#J#{folded(job_id)}", JOB)


def one_time(tenant: str, digest: str, kind: str) -> Key:
    """What a one-time secret leads to, by the digest of the secret."""
    return Key(f"T#{tenant}#O#{digest}", kind)


def impersonation(tenant: str, user_id: str, link_id: str) -> Key:
    """An impersonation link by its id, with the user whom it leads to."""
    return Key(user(tenant, user_id), IMPERSONATION + sorting(link_id))


def pending_link(tenant: str, digest: str, expires_at: datetime) -> Key:
    """An impersonation link among those that were not used yet."""
    return Key(PENDING_LINKS, moment(expires_at, f"{tenant}#{digest}"))


def failures(tenant: str, connection_id: str, name: str, ip: str) -> Key:
    """A counter of failed attempts: of a name at a connection from an address; without a name, of the address."""
    return Key(f"T#{tenant}#F#{connection_id}#{folded(name)}", FAILURES + folded(ip, 900))


def requests(tenant: str, kind: str, ends: int) -> Key:
    """A counter of a tenant's requests of a kind within the minute that ends at this epoch second."""
    return Key(f"T#{tenant}#R#{kind}#{ends}", REQUESTS)


def sign_ups(tenant: str, network: str, now: datetime) -> Key:
    """A counter of sign-ups from an address, on one day."""
    return Key(f"T#{tenant}#S#{folded(network)}", f"{FAILURES}{now:%Y%m%d}")


def by_email(tenant: str, email: str) -> str:
    """Index: the users that carry an e-mail address."""
    return f"T#{tenant}#E#{folded(email)}"


def users_by_creation(tenant: str, shard: int) -> str:
    """Index by time: the users of a tenant, one shard of them."""
    return f"T#{tenant}#USERS#{shard}"


def blocked_users(tenant: str, shard: int) -> str:
    """The partition of entries that list the blocked users of a tenant by creation, one shard of them."""
    return f"T#{tenant}#B#{shard}"


def pending_users(tenant: str, shard: int) -> str:
    """The partition of entries that list the users who never signed in, by creation, one shard of them."""
    return f"T#{tenant}#P#{shard}"


def user_words(tenant: str, shard: int) -> str:
    """The partition of entries that list the users of a tenant by words, one shard of them."""
    return f"T#{tenant}#N#{shard}"


def user_word(tenant: str, shard: int, word: str, user_id: str) -> Key:
    """A word by which a user is found."""
    return Key(user_words(tenant, shard), f"{word}{_WORD_ENDS}{digest(user_id)[:24]}")


def word_of(sort_key: str) -> str:
    """Give the word of an entry; of one that is listed by time there is none."""
    word, ends, _ = sort_key.partition(_WORD_ENDS)
    return word if ends else ""


def logs_by_time(tenant: str, shard: int) -> str:
    """Index by time: the log events of a tenant, one shard of them."""
    return f"T#{tenant}#LOGS#{shard}"


def accounts_of(tenant: str, connection_id: str) -> str:
    """Index by time: the accounts at a connection."""
    return f"T#{tenant}#C#{connection_id}"


def devices_of(tenant: str) -> str:
    """Index by time: the device credentials of a tenant."""
    return f"T#{tenant}#DEVICES"


def sessions_of(tenant: str) -> str:
    """Index by time: the sessions of a tenant, by their id."""
    return f"T#{tenant}#SESSIONS"


def consents_of(tenant: str) -> str:
    """Index by time: the consents of a tenant, by their id."""
    return f"T#{tenant}#CONSENTS"


def moment(date: datetime, name: str) -> str:
    """Sort an item of an index by time; a digest of its name tells apart what was made in one millisecond."""
    return f"{int(date.timestamp() * 1000):013d}#{digest(name)[:24]}"


def digest(name: str) -> str:
    """Fold a name of any length into 64 characters, for sort keys, which DynamoDB limits to 1,024 bytes."""
    return sha256(name.encode()).hexdigest()


def folded(name: str, limit: int = 1_500) -> str:
    """Keep a name that fits a key; a longer one, which nobody was ever given, becomes one that nobody can have.

    DynamoDB takes 2,048 bytes of partition key and 1,024 of sort key, and answers an error to more.
    """
    return name if len(name.encode()) <= limit else f"\x7f{digest(name)}"


def sorting(name: str) -> str:
    """Keep an id that fits a sort key with its prefix; a longer one finds nothing there."""
    return folded(name, 900)


def shard(name: str, shards: int) -> int:
    """Choose the shard of a name; the same for ever, as long as the number of shards is."""
    return int(digest(name)[:8], 16) % shards
