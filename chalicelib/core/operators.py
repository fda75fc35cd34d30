"""Operators: the people of the dashboard. Owns who is a member of which tenant, and with what role.

They are users of the system tenant. Where somebody is a member is written twice in one transaction: as a member of the
tenant, for its list, and among the person's own memberships, which are what lets them in: these go with the person.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING, Protocol

from chalicelib.core.accounts import email_address
from chalicelib.core.callers import Caller
from chalicelib.core.entities import retrying
from chalicelib.core.errors import Conflict, Invalid, NotFound
from chalicelib.core.handles import SECRET_CHARACTERS
from chalicelib.core.logs import done
from chalicelib.core.paging import Page, cut
from chalicelib.core.roles import CREATE_TENANTS, OWNER, READ_MEMBERS, ROLES, UPDATE_MEMBERS
from chalicelib.core.tenants import DEFAULT_CONNECTION, SYSTEM_TENANT

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from chalicelib.core.ambient import Ambient
    from chalicelib.core.documents import Document
    from chalicelib.core.logs import LogEvent
    from chalicelib.core.paging import PageRequest
    from chalicelib.core.password_resets import PasswordResets
    from chalicelib.core.tenants import NewTenant, Tenants
    from chalicelib.core.users import User, Users

MAX_TENANTS = 1_000
"""That one person may be a member of: they lie in one item, which each request to the dashboard reads."""
WITNESSES = 100
"""Members that are looked at for another owner."""
INVITED = "invited"
"""In the app_metadata of an account that was made here, so that nobody but the reader of its mail can have it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Member:
    """Somebody with a role in a tenant. `added_by` is the id of who let them in; nobody's, for the first."""

    user_id: str
    role: str
    created_at: datetime
    updated_at: datetime
    added_by: str = ""
    version: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Memberships:
    """Where one person is a member: the role in each tenant."""

    user_id: str
    roles: Mapping[str, str] = field(default_factory=dict)
    version: int = 0

    @property
    def owns_any(self) -> bool:
        """Whether the person owns a tenant."""
        return OWNER in self.roles.values()

    def having(self, tenant: str, role: str) -> Memberships:
        """Give them with a role in a tenant, or without the tenant for no role."""
        others = {name: kept for name, kept in self.roles.items() if name != tenant}
        return replace(self, roles={**others, tenant: role} if role else others)


@dataclass(frozen=True, kw_only=True, slots=True)
class Alteration:
    """What is written together: the member as it becomes, or as it was when `leaves`, and the person's memberships.

    `witness` is another owner as they were read, who must still be one. A `newcomer` must still be there.
    """

    member: Member
    memberships: Memberships
    leaves: bool = False
    newcomer: bool = False
    witness: Member | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Colleague:
    """A member and who that is; None when the person was deleted at this moment."""

    member: Member
    person: User | None


class OperatorStore(Protocol):
    """Where members and memberships lie."""

    def find(self, tenant: str, user_id: str) -> Member | None:
        """Read a member of a tenant."""

    def walk(self, tenant: str, start_after: str | None = None) -> Iterator[Member]:
        """Read the members of a tenant in order of id, lazily."""

    def memberships(self, user_id: str) -> Memberships:
        """Read where a person is a member; nowhere, of somebody who is not there."""

    def people(self, user_ids: Sequence[str]) -> Mapping[str, User]:
        """Read the profiles of people, by id; those that are gone are left out."""

    def alter(self, tenant: str, alteration: Alteration, event: LogEvent) -> None:
        """Write an alteration over what was read; a conflict if it changed."""


@dataclass(frozen=True, slots=True)
class Operators:
    """What can be done with members. The rules on roles are kept here, whatever page or program asks."""

    store: OperatorStore
    tenants: Tenants
    users: Users
    password_resets: PasswordResets
    ambient: Ambient

    def list(self, caller: Caller, request: PageRequest) -> Page[Colleague]:
        """List the members of the caller's tenant in order of id, with who they are."""
        caller.demand(READ_MEMBERS)
        page = cut(self.store.walk(caller.tenant, request.start_after), request, "user_id")
        people = self.store.people([member.user_id for member in page.items])
        colleagues = [Colleague(member=member, person=people.get(member.user_id)) for member in page.items]
        return Page(items=colleagues, start=page.start, limit=page.limit, total=page.total, next=page.next)

    def get(self, caller: Caller, user_id: str) -> Colleague:
        """Give one member of the caller's tenant."""
        caller.demand(READ_MEMBERS)
        member = self._get(caller.tenant, user_id)
        return Colleague(member=member, person=self.store.people([user_id]).get(user_id))

    def memberships(self, user_id: str) -> Memberships:
        """Say of which tenants a person is a member."""
        return self.store.memberships(user_id)

    def add(self, caller: Caller, user_id: str, role: str) -> Member:
        """Let a person of the system tenant into the caller's tenant; a conflict if they are a member already."""
        caller.demand(UPDATE_MEMBERS)
        _demand_role(role)
        return retrying(lambda: self._add(caller, user_id, role))

    def invite(self, caller: Caller, email: str, role: str) -> Member:
        """Let in whoever has an address: the account that proved it, or a new one whose password is chosen by mail.

        An account that has not proven the address may be anybody's, so it is let in only if it was made here.
        """
        caller.demand(UPDATE_MEMBERS)
        _demand_role(role)
        address, there = email_address(email), replace(caller, tenant=SYSTEM_TENANT)
        person = self.person_with(address) or self._enrol(there, address)
        member = self.add(caller, person.user_id, role)
        if not person.email_verified:
            connection = self.users.connections.named(SYSTEM_TENANT, person.main.connection)
            self.password_resets.request(there, None, connection, address)
        return member

    def appoint(self, email: str, tenant: str) -> tuple[User, bool]:
        """Have an owner of a tenant, from the command line: nobody asks who may. Doing it twice changes nothing.

        Says whether they have yet to choose a password.
        """
        operation = "Appoint an owner from the command line"
        caller = Caller(tenant=tenant, subject="command line", scopes=ROLES[OWNER], operation=operation)
        self.tenants.get(tenant)
        address = email_address(email)
        person = self.person_with(address) or self._enrol(replace(caller, tenant=SYSTEM_TENANT), address)
        role = self.store.memberships(person.user_id).roles.get(tenant)
        if role is None:
            self.add(caller, person.user_id, OWNER)
        elif role != OWNER:
            self.change(caller, person.user_id, OWNER)
        return person, not person.email_verified

    def change(self, caller: Caller, user_id: str, role: str) -> Member:
        """Give a member another role. The last owner keeps theirs."""
        caller.demand(UPDATE_MEMBERS)
        _demand_role(role)
        return retrying(lambda: self._change(caller, user_id, role))

    def remove(self, caller: Caller, user_id: str) -> None:
        """Let a member in no more. The last owner stays."""
        caller.demand(UPDATE_MEMBERS)
        retrying(lambda: self._remove(caller, user_id))

    def create_tenant(self, caller: Caller, name: str, settings: Document | None = None) -> NewTenant:
        """Make a tenant that belongs to the caller, in one transaction: only for somebody who owns one already."""
        caller.demand(CREATE_TENANTS)
        return retrying(lambda: self._create_tenant(caller, name, settings))

    def person_with(self, address: str) -> User | None:
        """Find who has an address in the system tenant; a conflict if nobody has proven it and somebody holds it."""
        found = self.users.store.with_email(SYSTEM_TENANT, address)
        trusted = [each for each in found if each.email_verified or each.app_metadata.get(INVITED) is True]
        if found and not trusted:
            raise Conflict(
                f"Somebody signed up as {address} and has not proven the address yet.", code="address_not_proven"
            )
        return trusted[0] if trusted else None

    def _enrol(self, caller: Caller, address: str) -> User:
        attributes = {
            "connection": DEFAULT_CONNECTION,
            "email": address,
            "password": f"{self.ambient.new_secret(SECRET_CHARACTERS)}-Gh1",
            "app_metadata": {INVITED: True},
            "verify_email": False,
        }
        return self.users.create(caller, attributes)

    def _add(self, caller: Caller, user_id: str, role: str) -> Member:
        memberships = self.store.memberships(user_id)
        if caller.tenant in memberships.roles:
            raise Conflict("They are a member already.", code="member_exists")
        _demand_room(memberships)
        member = self._new(user_id, role, caller.subject)
        after = memberships.having(caller.tenant, role)
        self._write(caller, Alteration(member=member, memberships=after, newcomer=True))
        return member

    def _change(self, caller: Caller, user_id: str, role: str) -> Member:
        member = self._get(caller.tenant, user_id)
        if member.role == role:
            return member
        witness = self._another_owner(caller.tenant, user_id) if member.role == OWNER else None
        memberships = self.store.memberships(user_id).having(caller.tenant, role)
        changed = replace(member, role=role, updated_at=self.ambient.now())
        self._write(caller, Alteration(member=changed, memberships=memberships, witness=witness))
        return changed

    def _remove(self, caller: Caller, user_id: str) -> None:
        member = self._get(caller.tenant, user_id)
        witness = self._another_owner(caller.tenant, user_id) if member.role == OWNER else None
        memberships = self.store.memberships(user_id).having(caller.tenant, "")
        self._write(caller, Alteration(member=member, memberships=memberships, leaves=True, witness=witness))

    def _create_tenant(self, caller: Caller, name: str, settings: Document | None) -> NewTenant:
        memberships = self.store.memberships(caller.subject)
        _demand_room(memberships)
        owner = Alteration(
            member=self._new(caller.subject, OWNER, ""), memberships=memberships.having(name, OWNER), newcomer=True
        )
        return self.tenants.create(caller, name, settings, owner=owner)

    def _new(self, user_id: str, role: str, added_by: str) -> Member:
        now = self.ambient.now()
        return Member(user_id=user_id, role=role, created_at=now, updated_at=now, added_by=added_by)

    def _get(self, tenant: str, user_id: str) -> Member:
        member = self.store.find(tenant, user_id)
        if member is None:
            raise no_member()
        return member

    def _another_owner(self, tenant: str, user_id: str) -> Member:
        """Find an owner who can let others in, so that the one who goes is not the last."""
        members = islice(self.store.walk(tenant), WITNESSES)
        owners = {each.user_id: each for each in members if each.role == OWNER and each.user_id != user_id}
        people = self.store.people(list(owners))
        able = next((owner for name, owner in owners.items() if name in people and not people[name].blocked), None)
        if able is None:
            raise Conflict("A tenant keeps at least one owner. Make somebody else an owner first.", code="last_owner")
        return able

    def _write(self, caller: Caller, alteration: Alteration) -> None:
        member = alteration.member
        role = "" if alteration.leaves else member.role
        event = done(self.ambient, caller, details={"member": {"user_id": member.user_id, "role": role}})
        self.store.alter(caller.tenant, alteration, event)


def no_member() -> NotFound:
    """Say that somebody is no member of the tenant."""
    return NotFound("They are no member of this tenant.", code="inexistent_member")


def no_person() -> NotFound:
    """Say that the dashboard knows no such person."""
    return NotFound("There is no such person.", code="inexistent_user")


def _demand_role(role: str) -> None:
    if role not in ROLES:
        raise Invalid(f"A role is one of {', '.join(ROLES)}.", code="invalid_role")


def _demand_room(memberships: Memberships) -> None:
    if len(memberships.roles) >= MAX_TENANTS:
        raise Conflict(f"Nobody is a member of more than {MAX_TENANTS} tenants.", code="too_many_tenants")
