"""The product in one piece: every noun with what can be done with it, for a surface to call."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from chalicelib.core.errors import Unauthenticated
from chalicelib.core.throttles import MANAGEMENT

if TYPE_CHECKING:
    from chalicelib.core.account_page import AccountPage
    from chalicelib.core.account_sign_in import AccountSignIn
    from chalicelib.core.attack_protection import AttackProtection
    from chalicelib.core.backfill import Backfill
    from chalicelib.core.callers import Caller
    from chalicelib.core.client_grants import ClientGrants
    from chalicelib.core.client_keys import ClientKeys
    from chalicelib.core.clients import Clients
    from chalicelib.core.connections import Connections
    from chalicelib.core.consents import Consents
    from chalicelib.core.dashboard_sign_in import DashboardSignIn
    from chalicelib.core.deployment import Deployment
    from chalicelib.core.device_credentials import DeviceCredentials
    from chalicelib.core.ending import Ending
    from chalicelib.core.hosts import Hosts
    from chalicelib.core.impersonation_links import ImpersonationLinks
    from chalicelib.core.jobs import Jobs
    from chalicelib.core.links import Links
    from chalicelib.core.log_seals import LogSeals
    from chalicelib.core.log_verification import LogVerification
    from chalicelib.core.logs import Logs
    from chalicelib.core.oauth.authorize import Authorize
    from chalicelib.core.oauth.discovery import Discovery
    from chalicelib.core.oauth.impersonate import Impersonate
    from chalicelib.core.oauth.logout import Logout
    from chalicelib.core.oauth.revocation import Revocation
    from chalicelib.core.oauth.token import TokenEndpoint
    from chalicelib.core.oauth.tokens import AccessTokens
    from chalicelib.core.oauth.userinfo import UserInfo
    from chalicelib.core.operators import Operators
    from chalicelib.core.outbox import Outbox
    from chalicelib.core.password_resets import PasswordResets
    from chalicelib.core.places import Locator
    from chalicelib.core.refresh_tokens import RefreshTokens
    from chalicelib.core.resource_servers import ResourceServers
    from chalicelib.core.rule_trials import RuleTrials
    from chalicelib.core.rules import Rules
    from chalicelib.core.rules_configs import RulesConfigs
    from chalicelib.core.sandbox import Requests, Sandbox
    from chalicelib.core.sessions import Sessions
    from chalicelib.core.sign_ins import SignIns
    from chalicelib.core.sign_ups import SignUps
    from chalicelib.core.signing_keys import SigningKeys
    from chalicelib.core.sweep import Sweep
    from chalicelib.core.tenants import Tenants
    from chalicelib.core.throttles import Throttles
    from chalicelib.core.user_blocks import UserBlocks
    from chalicelib.core.user_lists import UserLists
    from chalicelib.core.users import Users
    from chalicelib.core.verification import Verification


@dataclass(frozen=True, kw_only=True, slots=True)
class Core:
    """Gatehouse."""

    hosts: Hosts
    locator: Locator
    throttles: Throttles
    sandbox: Sandbox
    outgoing: Requests
    tenants: Tenants
    signing_keys: SigningKeys
    tokens: AccessTokens
    token_endpoint: TokenEndpoint
    revocation: Revocation
    userinfo: UserInfo
    authorize: Authorize
    account_sign_in: AccountSignIn
    account_page: AccountPage
    dashboard_sign_in: DashboardSignIn
    operators: Operators
    logout: Logout
    sign_ins: SignIns
    sign_ups: SignUps
    attack_protection: AttackProtection
    verification: Verification
    password_resets: PasswordResets
    user_blocks: UserBlocks
    outbox: Outbox
    jobs: Jobs
    sessions: Sessions
    refresh_tokens: RefreshTokens
    ending: Ending
    consents: Consents
    discovery: Discovery
    clients: Clients
    client_keys: ClientKeys
    client_grants: ClientGrants
    resource_servers: ResourceServers
    connections: Connections
    users: Users
    user_lists: UserLists
    backfill: Backfill
    links: Links
    device_credentials: DeviceCredentials
    logs: Logs
    impersonation_links: ImpersonationLinks
    impersonate: Impersonate
    rules: Rules
    rule_trials: RuleTrials
    rules_configs: RulesConfigs
    log_seals: LogSeals
    log_verification: LogVerification
    sweep: Sweep
    deployment: Deployment

    def authenticate(self, caller: Caller, token: str) -> Caller:
        """Say who holds a Management API token of the caller's tenant, or raise Unauthenticated.

        The request is counted as soon as the token is known to be good, before anything is read for it; without a good
        token none is, so that nobody else can use up what a tenant's programs may send.
        """
        try:
            claims = self.tokens.check_management(caller.tenant, token)
        except Unauthenticated:
            self.impersonation_links.refuse_token(caller, token)
            raise
        self.throttles.count(caller, MANAGEMENT)
        if "gen" in claims:
            self._demand_standing(caller.tenant, claims["sub"], claims["gen"])
        scopes = claims.get("scope")
        return replace(
            caller,
            subject=claims["sub"],
            client_id=str(claims.get("azp") or ""),
            scopes=frozenset(scopes.split() if isinstance(scopes, str) else ()),
        )

    def _demand_standing(self, tenant: str, user_id: str, generation: object) -> None:
        """Refuse the token of a user who is gone or blocked, or whose sessions were ended since it was issued (S18)."""
        user = self.users.store.find(tenant, user_id)
        if user is None or user.blocked or user.generation != generation:
            raise Unauthenticated("Invalid token", detail="the user's sessions were ended")
