"""/api/v2/tenants: the settings of a tenant, and, on the system tenant's host, tenants themselves."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from chalicelib.core.impersonation_links import LONGEST_LINK_LIFETIME
from chalicelib.core.tenants import MAX_SCRIPT_SECONDS, SYSTEM_TENANT, Tenant, unknown_tenant
from chalicelib.web.decoding import given
from chalicelib.web.schemas import Fields, HttpsUrl, Identifier, Paged, Url, choose, moment, paged
from chalicelib.web.surface import Incoming, Nothing, Surface

surface = Surface("tenants")

# It stands in the subject of mails, which is one line.
FriendlyName = Annotated[str, Meta(max_length=200, pattern=r"^[^\x00-\x1f\x7f-\x9f\u2028\u2029]*$(?!\n)")]
LINK_SECONDS = int(LONGEST_LINK_LIFETIME.total_seconds())
HideableClaim = Literal[
    "name",
    "given_name",
    "family_name",
    "nickname",
    "picture",
    "updated_at",
    "email",
    "email_verified",
    "phone_number",
    "phone_number_verified",
]
Hours = Annotated[float, Meta(gt=0, le=87_600, description="Hours.")]


class SessionCookie(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """How long a browser keeps the session's cookie."""

    mode: Literal["persistent", "non-persistent"]


class ClientPolicy(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """What impersonators do not get at one application."""

    denied_scopes: Annotated[list[Annotated[str, Meta(max_length=100)]], Meta(max_length=100)] = []
    denied_claims: Annotated[list[HideableClaim], Meta(max_length=100)] = []


class Impersonation(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Who may sign in as whom: ours, Auth0 has no such settings. Lifetimes in seconds."""

    enabled: bool | UnsetType = UNSET
    classic_links: Annotated[bool, Meta(description="Links whose plain GET answers the application unasked.")] | (
        UnsetType
    ) = UNSET
    confirm: Annotated[bool, Meta(description="Whether a link of the newer form asks first unless told otherwise.")] | (
        UnsetType
    ) = UNSET
    reason_required: bool | UnsetType = UNSET
    max_link_lifetime: Annotated[int, Meta(ge=1, le=LINK_SECONDS)] | UnsetType = UNSET
    token_lifetime: Annotated[int, Meta(ge=60, le=86_400)] | UnsetType = UNSET
    notify_user: Annotated[bool, Meta(description="Tell the user by mail.")] | UnsetType = UNSET
    protected_users: Annotated[list[Identifier], Meta(max_length=1_000)] | UnsetType = UNSET
    protected_roles: (
        Annotated[
            list[Annotated[str, Meta(min_length=1, max_length=100)]],
            Meta(max_length=100, description="Roles in app_metadata: nobody who has one can be impersonated."),
        ]
        | UnsetType
    ) = UNSET
    excluded_clients: Annotated[list[Identifier], Meta(max_length=1_000)] | UnsetType = UNSET
    client_policies: (
        Annotated[dict[Identifier, ClientPolicy], Meta(max_length=1_000, description="By client id.")] | UnsetType
    ) = UNSET


class TenantSettings(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A tenant's settings. A null gives one its default back."""

    friendly_name: FriendlyName | None | UnsetType = UNSET
    picture_url: HttpsUrl | None | UnsetType = UNSET
    support_email: Annotated[str, Meta(max_length=320, pattern=r"^([^@\s]+@[^@\s]+)?$(?!\n)")] | None | UnsetType = (
        UNSET
    )
    support_url: HttpsUrl | None | UnsetType = UNSET
    allowed_logout_urls: Annotated[list[Url], Meta(max_length=100)] | None | UnsetType = UNSET
    default_audience: Annotated[str, Meta(max_length=600)] | None | UnsetType = UNSET
    default_directory: Annotated[str, Meta(max_length=128)] | None | UnsetType = UNSET
    default_redirection_uri: HttpsUrl | None | UnsetType = UNSET
    enabled_locales: (
        Annotated[
            list[Annotated[str, Meta(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$(?!\n)")]],
            Meta(min_length=1, max_length=100),
        ]
        | None
        | UnsetType
    ) = UNSET
    flags: dict[Annotated[str, Meta(max_length=100)], bool] | None | UnsetType = UNSET
    sandbox_version: Annotated[str, Meta(max_length=8)] | None | UnsetType = UNSET
    session_cookie: SessionCookie | None | UnsetType = UNSET
    session_lifetime: Hours | None | UnsetType = UNSET
    idle_session_lifetime: Hours | None | UnsetType = UNSET
    impersonation: Impersonation | None | UnsetType = UNSET
    tell_of_new_places: bool | None | UnsetType = UNSET
    script_time_limit: (
        Annotated[
            float,
            Meta(
                ge=1,
                le=MAX_SCRIPT_SECONDS,
                description="Seconds for the rules of a sign-in, or a database script.",
            ),
        ]
        | None
        | UnsetType
    ) = UNSET


class TenantCreate(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A new tenant. Its name becomes its host: `<name>.<base domain>`."""

    name: Annotated[str, Meta(min_length=3, max_length=63)]
    friendly_name: FriendlyName = ""


class TenantAnswer(msgspec.Struct, kw_only=True):
    """A tenant."""

    name: str
    domain: str
    created_at: str
    friendly_name: str = ""


class NewTenantAnswer(TenantAnswer, kw_only=True):
    """A tenant just made, with its global client; the secret is shown this once."""

    client_id: str
    client_secret: str


@surface.endpoint(
    "GET",
    "/api/v2/tenants/settings",
    summary="Get tenant settings",
    scopes=("read:tenant_settings",),
    query=Fields,
    answer=TenantSettings,
)
def get_settings(incoming: Incoming[Fields, None]) -> Any:
    """Give the settings of the tenant."""
    return choose(incoming.core.tenants.settings(incoming.caller), incoming.query)


@surface.endpoint(
    "PATCH",
    "/api/v2/tenants/settings",
    summary="Update tenant settings",
    scopes=("update:tenant_settings",),
    body=TenantSettings,
    example={"friendly_name": "Acme", "support_email": "help@example.com"},
    answer=TenantSettings,
)
def update_settings(incoming: Incoming[Nothing, TenantSettings]) -> Any:
    """Change the settings of the tenant."""
    return incoming.core.tenants.update_settings(incoming.caller, given(incoming.body))


@surface.endpoint(
    "GET",
    "/api/v2/tenants",
    summary="List tenants",
    description="Only on the system tenant's host.",
    scopes=("read:tenants",),
    query=Paged,
    answer=list[TenantAnswer],
)
def list_tenants(incoming: Incoming[Paged, None]) -> Any:
    """List all tenants."""
    _demand_system(incoming)
    page = incoming.core.tenants.list(incoming.query.request())
    return paged(page, "tenants", incoming.query, lambda tenant: rendered(incoming, tenant))


@surface.endpoint(
    "POST",
    "/api/v2/tenants",
    summary="Create a tenant",
    description="Only on the system tenant's host.",
    scopes=("create:tenants",),
    body=TenantCreate,
    example={"name": "acme", "friendly_name": "Acme"},
    answer=NewTenantAnswer,
    status=201,
)
def create_tenant(incoming: Incoming[Nothing, TenantCreate]) -> NewTenantAnswer:
    """Make a tenant with keys, a database connection, the Management API and a global client."""
    _demand_system(incoming)
    body = incoming.body
    new = incoming.core.tenants.create(incoming.caller, body.name, {"friendly_name": body.friendly_name})
    shown = rendered(incoming, new.tenant)
    return NewTenantAnswer(
        name=shown.name,
        domain=shown.domain,
        created_at=shown.created_at,
        friendly_name=shown.friendly_name,
        client_id=new.client.client_id,
        client_secret=new.client_secret,
    )


def _demand_system(incoming: Incoming[Any, Any]) -> None:
    """Elsewhere there is no such resource: a scope of that name means nothing there."""
    if incoming.caller.tenant != SYSTEM_TENANT:
        raise unknown_tenant()


def rendered(incoming: Incoming[Any, Any], tenant: Tenant) -> TenantAnswer:
    """Show a tenant."""
    return TenantAnswer(
        name=tenant.name,
        domain=incoming.core.hosts.domain(tenant.name),
        created_at=moment(tenant.created_at),
        friendly_name=str(tenant.settings.get("friendly_name", "")),
    )
