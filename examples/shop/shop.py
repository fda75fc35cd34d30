"""A shop that signs people in through Gatehouse, and that says so when somebody else acts as the customer.

The ordinary code flow, by Authlib: state, nonce and a proof key are its own, so it believes no answer it did not ask
for. An impersonation link leads to /login, and what comes back is a sign-in like any other, but for one claim.

Reads AUTH0_DOMAIN, GATEHOUSE_SHOP_CLIENT_ID and GATEHOUSE_SHOP_CLIENT_SECRET; FLASK_SECRET_KEY keeps people signed in
when the program starts again, and FLASK_SESSION_COOKIE_SECURE=true belongs to https.
"""

from __future__ import annotations

import os
import secrets
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import requests
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.flask_client import OAuth
from flask import Flask, abort, flash, redirect, render_template, request, session, url_for
from joserfc.errors import JoseError

if TYPE_CHECKING:
    from werkzeug.exceptions import HTTPException
    from werkzeug.wrappers import Response

ISSUER = f"https://{os.environ['AUTH0_DOMAIN']}/"
KEPT = ("sub", "name", "email", "impersonated", "impersonator")
"""The claims that the shop remembers of who signed in."""
HEADERS = {
    # A form may end at Gatehouse: signing out leads there.
    "Content-Security-Policy": f"default-src 'none'; style-src 'self'; img-src data:; form-action 'self' {ISSUER};"
    " frame-ancestors 'none'; base-uri 'none'",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}

app = Flask(__name__)
app.config.update(SECRET_KEY=secrets.token_hex(), SESSION_COOKIE_NAME="shop", SESSION_COOKIE_SAMESITE="Lax")
app.config.from_prefixed_env()
gatehouse = OAuth(app).register(
    "gatehouse",
    client_id=os.environ["GATEHOUSE_SHOP_CLIENT_ID"],
    client_secret=os.environ["GATEHOUSE_SHOP_CLIENT_SECRET"],
    server_metadata_url=f"{ISSUER}.well-known/openid-configuration",
    client_kwargs={"scope": "openid profile email", "code_challenge_method": "S256", "timeout": 10},
)


@app.get("/")
def home() -> str:
    """Show who is signed in. While somebody acts as a customer, ask each time whether they still may."""
    if acted_for() and ask("GET", "userinfo").status_code != requests.codes.ok:
        session.clear()
        flash("The impersonation is over.")
    return render_template("home.html", user=session.get("user"))


@app.get("/login")
def login() -> Response:
    """Begin to sign in: where "Sign in" leads, and where Gatehouse leads whoever follows an impersonation link.

    Whoever leads here says for which issuer (OpenID Connect Core 1.0, 4); this shop has one.
    """
    if request.args.get("iss", ISSUER) != ISSUER:
        abort(400, "This shop does not sign people in there.")
    return gatehouse.authorize_redirect(url_for("callback", _external=True))


@app.get("/callback")
def callback() -> Response:
    """Come back from Gatehouse: the answer must be to what this browser asked, and the ID token good."""
    try:
        tokens = gatehouse.authorize_access_token()
        user = {name: tokens["userinfo"][name] for name in KEPT if name in tokens["userinfo"]}
    except (AuthlibBaseError, JoseError, KeyError) as error:
        app.logger.warning("Signing in failed: %r", error)
        abort(400, "This is no answer to what the shop asked for you. Nobody was signed in by it.")
    session.clear()  # nothing of whoever was here before
    session.update(user=user, access_token=tokens["access_token"])
    return redirect(url_for("home"))


@app.post("/stop")
def stop() -> Response:
    """End the impersonation: at Gatehouse, wherever a copy of the token may be, and here."""
    if acted_for() and ask("POST", "impersonation/stop").status_code >= requests.codes.server_error:
        abort(502, "Gatehouse did not answer, so the impersonation goes on. Go back and press Stop again.")
    session.clear()
    flash("You stopped. You are not signed in here any more.")
    return redirect(url_for("home"))


@app.post("/logout")
def logout() -> Response:
    """Sign out, here and at Gatehouse. Whoever acts as a customer has a session of their own there, which stays."""
    if acted_for():
        return stop()
    session.clear()
    back = {"client_id": gatehouse.client_id, "post_logout_redirect_uri": url_for("home", _external=True)}
    return redirect(f"{ISSUER}oidc/logout?{urlencode(back)}")


def acted_for() -> bool:
    """Whether it is somebody else who acts as the customer. A shop would refuse them what is the customer's alone."""
    return bool(session.get("user", {}).get("impersonated"))


def ask(method: str, path: str) -> requests.Response:
    """Send Gatehouse a request with the access token."""
    bearer = {"Authorization": f"Bearer {session['access_token']}"}
    return requests.request(method, ISSUER + path, headers=bearer, timeout=10)


@app.before_request
def refuse_forms_of_others() -> None:
    """Let no other site press a button here."""
    if request.method == "POST" and request.headers.get("Origin") != request.host_url.rstrip("/"):
        abort(403, "This form was sent from another site.")


@app.after_request
def protect(response: Response) -> Response:
    """Add the headers; a page with somebody's name is kept nowhere."""
    response.headers.update(HEADERS)
    if request.endpoint != "static":
        response.headers["Cache-Control"] = "no-store"
    return response


@app.errorhandler(400)
@app.errorhandler(403)
@app.errorhandler(502)
def refuse(error: HTTPException) -> tuple[str, int]:
    """Say what is wrong on a page."""
    return render_template("refused.html", why=error.description), error.code or 400
