"""/dashboard/t/{tenant}: what is to be done in an empty tenant; on to its users once it is."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from chalicelib.core.paging import PageRequest
from chalicelib.core.user_walks import Wanted
from chalicelib.web.dashboard.addresses import START, within
from chalicelib.web.dashboard.shell import dashboard_surface, page
from chalicelib.web.forms import redirect
from chalicelib.web.surface import Incoming, Nothing, Rendered

if TYPE_CHECKING:
    from collections.abc import Sequence

surface = dashboard_surface("start")

LOOKED_AT = 50
"""Applications and users that are looked at."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Task:
    """One thing to do, and whether it is done."""

    title: str
    text: str
    section: str
    link: str
    done: bool


@surface.endpoint("GET", START, summary="Show what is to be done in an empty tenant", scopes=("read:users",))
def get_start(incoming: Incoming[Nothing, None]) -> Rendered:
    """Show the three things to do, or lead on to the users."""
    tenant, tasks = incoming.caller.tenant, _tasks(incoming)
    if all(task.done for task in tasks):
        return redirect(within(tenant, "users"))
    return page(incoming, "dashboard/start.html", title="Getting started", tasks=tasks, home=within(tenant))


def _tasks(incoming: Incoming[Nothing, None]) -> Sequence[Task]:
    core, caller = incoming.core, incoming.caller
    clients = islice(core.clients.store.walk(caller.tenant), LOOKED_AT)
    applications = [each for each in clients if not each.is_global]
    users = core.user_lists.list(caller, Wanted(), PageRequest(per_page=LOOKED_AT)).items
    open_to_users = any(core.connections.enabled_for(caller.tenant, each.client_id) for each in applications)
    return (
        Task(
            title="Register an application",
            text="Say where your application is, and switch on the connection whose users may sign in to it.",
            section="applications",
            link="Applications",
            done=open_to_users,
        ),
        Task(
            title="Add a user",
            text="Create somebody by hand, or let people sign up for themselves.",
            section="users",
            link="Users",
            done=bool(users),
        ),
        Task(
            title="Sign in for the first time",
            text="Let somebody sign in to your application. What happened is then in the logs.",
            section="logs",
            link="Logs",
            done=any(user.logins_count for user in users),
        ),
    )
