"""/dashboard/tenants: one's tenants, and how to make another."""

from __future__ import annotations

from typing import Any

from chalicelib.core.errors import Conflict, Invalid
from chalicelib.core.roles import CREATE_TENANTS
from chalicelib.web.dashboard.addresses import NEW_TENANT, TENANTS, within
from chalicelib.web.dashboard.door import Form
from chalicelib.web.dashboard.shell import dashboard_surface, done, page
from chalicelib.web.surface import Incoming, Nothing, Rendered

surface = dashboard_surface("tenants")

MAX_FRIENDLY_NAME = 200


class TenantForm(Form, kw_only=True):
    """What a new tenant is called, as its host and by people."""

    name: str = ""
    friendly_name: str = ""


@surface.endpoint("GET", TENANTS, summary="List one's tenants")
def get_tenants(incoming: Incoming[Nothing, None]) -> Rendered:
    """Show the tenants that one is a member of."""
    return page(incoming, "dashboard/tenants.html", title="Your tenants")


@surface.endpoint("GET", NEW_TENANT, summary="Show the form for a new tenant", scopes=(CREATE_TENANTS,))
def get_new_tenant(incoming: Incoming[Nothing, None]) -> Rendered:
    """Ask what the tenant is called."""
    return _asked(incoming, TenantForm(), {})


@surface.endpoint(
    "POST", NEW_TENANT, summary="Create a tenant in the dashboard", scopes=(CREATE_TENANTS,), body=TenantForm, form=True
)
def post_new_tenant(incoming: Incoming[Nothing, TenantForm]) -> Rendered:
    """Make a tenant that belongs to whoever made it."""
    core, form = incoming.core, incoming.body
    name, friendly = form.name.strip().lower(), " ".join(form.friendly_name.split())
    if len(friendly) > MAX_FRIENDLY_NAME or not friendly.isprintable():
        return _asked(incoming, form, {"friendly_name": f"Use at most {MAX_FRIENDLY_NAME} characters that show."})
    try:
        core.operators.create_tenant(incoming.caller, name, {"friendly_name": friendly} if friendly else {})
    except Invalid:
        said = "Use 3 to 63 of a-z, 0-9 and -, beginning and ending with a letter or a digit."
        return _asked(incoming, form, {"name": said})
    except Conflict as error:
        if error.code != "tenant_exists":
            raise
        return _asked(incoming, form, {"name": "This name is taken. Choose another."}, status=409)
    return done(incoming, f"The tenant {name} was created, and you are its owner.", within(name))


def _asked(incoming: Incoming[Any, Any], form: TenantForm, errors: dict[str, str], *, status: int = 400) -> Rendered:
    return page(
        incoming,
        "dashboard/new_tenant.html",
        title="Create a tenant",
        crumbs=(("Your tenants", TENANTS),),
        status=status if errors else 200,
        form=form,
        errors=errors,
        action=NEW_TENANT,
        domain=incoming.core.hosts.base_domain,
    )
