/**
 * Signs people in by the authorization code flow with PKCE (RFC 6749, RFC 7636, OpenID Connect Core 1.0), checks the ID
 * token, refreshes and signs out. Tokens are held in memory alone.
 *
 * What must be known of Gatehouse stands in the page: the client's id and the issuer. An application on another host
 * reads the addresses from the issuer's discovery document; this one is served by Gatehouse and names the paths.
 */

const { clientId, issuer, email } = document.body.dataset;
const HERE = location.origin + location.pathname;
const BEGUN = "sign-in";
const CLOCK_SKEW_S = 60;

const MEANINGS = {
  sub: "who it is",
  name: "the whole name",
  given_name: "the first name",
  family_name: "the last name",
  nickname: "the short name",
  picture: "where the picture is",
  updated_at: "when the profile last changed",
  email: "the e-mail address",
  email_verified: "whether it is known to be theirs",
  iss: "who says so",
  aud: "to which application",
  iat: "since when the token is good",
  exp: "until when",
  auth_time: "when they proved who they are",
  nonce: "of this page's request",
  sid: "the session of the browser",
  at_hash: "ties the access token to it",
};
const TIMES = new Set(["iat", "exp", "auth_time", "updated_at"]);

let tokens = {};
let claims = {};

const element = (id) => document.getElementById(id);

// --- the flow ---

async function signIn() {
  const begun = { verifier: random(), state: random(), nonce: random() };
  sessionStorage.setItem(BEGUN, JSON.stringify(begun));
  go("/authorize", {
    client_id: clientId,
    response_type: "code",
    redirect_uri: HERE,
    scope: "openid profile email offline_access",
    state: begun.state,
    nonce: begun.nonce,
    code_challenge: base64url(await crypto.subtle.digest("SHA-256", utf8(begun.verifier))),
    code_challenge_method: "S256",
    login_hint: email,
  });
}

async function comeBack(answer) {
  const begun = JSON.parse(sessionStorage.getItem(BEGUN));
  sessionStorage.removeItem(BEGUN);
  demand(begun && answer.get("state") === begun.state, "This is not the answer to what this page asked.");
  demand(answer.get("iss") === issuer, "The answer is from somebody else.");
  demand(!answer.has("error"), answer.get("error_description") || answer.get("error"));
  await getTokens({
    grant_type: "authorization_code",
    code: answer.get("code"),
    redirect_uri: HERE,
    code_verifier: begun.verifier,
  });
  demand(claims.nonce === begun.nonce, "The ID token is of another request.");
}

async function refresh() {
  const { sub } = claims;
  await getTokens({ grant_type: "refresh_token", refresh_token: tokens.refresh_token });
  demand(claims.sub === sub, "The ID token is somebody else's.");
}

function signOut() {
  go("/v2/logout", { client_id: clientId, returnTo: HERE });
}

async function getTokens(form) {
  const answer = await fetch("/oauth/token", {
    method: "POST",
    body: new URLSearchParams({ client_id: clientId, ...form }),
  });
  const given = await answer.json();
  demand(answer.ok, given.error_description);
  claims = await check(given.id_token);
  tokens = given;
}

/** Give the claims of an ID token that is good (OpenID Connect Core 1.0, 3.1.3.7). */
async function check(token) {
  const [head, body, signature] = token.split(".");
  const { alg, kid } = parse(head);
  const { keys } = await (await fetch("/.well-known/jwks.json")).json();
  const jwk = keys.find((key) => key.kid === kid);
  demand(alg === "RS256" && jwk, "The ID token is signed by an unknown key.");
  const kind = { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" };
  const key = await crypto.subtle.importKey("jwk", jwk, kind, false, ["verify"]);
  const isSigned = await crypto.subtle.verify(kind.name, key, bytes(signature), utf8(`${head}.${body}`));
  demand(isSigned, "The signature of the ID token is wrong.");
  const found = parse(body);
  demand(found.iss === issuer && found.aud === clientId, "The ID token is for somebody else.");
  demand(found.exp + CLOCK_SKEW_S > Date.now() / 1000, "The ID token has expired.");
  return found;
}

// --- what is shown ---

function show(notice = "") {
  const isSomebody = "sub" in claims;
  element("nobody").hidden = isSomebody;
  element("somebody").hidden = !isSomebody;
  if (!isSomebody) return;
  const name = claims.name ?? claims.sub;
  element("name").textContent = name;
  element("email").textContent = claims.email === name ? "" : claims.email ?? "";
  element("monogram").textContent = [...name][0].toUpperCase();
  element("notice").textContent = notice;
  element("claims").replaceChildren(...Object.entries(claims).map(row));
}

function row([name, value]) {
  const line = document.createElement("tr");
  const head = line.appendChild(document.createElement("th"));
  head.scope = "row";
  head.append(name);
  if (name in MEANINGS) head.appendChild(document.createElement("span")).append(MEANINGS[name]);
  line.appendChild(document.createElement("td")).append(TIMES.has(name) ? time(value) : readable(value));
  return line;
}

function time(value) {
  const moment = new Date(typeof value === "number" ? value * 1000 : value);
  const shown = document.createElement("time");
  shown.dateTime = moment.toISOString();
  shown.append(moment.toLocaleString(undefined, { dateStyle: "medium", timeStyle: "medium" }));
  return shown;
}

function readable(value) {
  if (typeof value === "boolean") return value ? "yes" : "no";
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

/** Do something that may be refused; a refusal is shown, and nobody is signed in any more. */
async function attempt(action, notice) {
  const buttons = document.querySelectorAll("button");
  buttons.forEach((button) => { button.disabled = true; });
  element("alert").hidden = true;
  try {
    await action();
  } catch (error) {
    tokens = {};
    claims = {};
    element("alert").textContent = error.message;
    element("alert").hidden = false;
  } finally {
    buttons.forEach((button) => { button.disabled = false; });
  }
  show(notice);
}

// --- small parts ---

function demand(condition, message) {
  if (!condition) throw new Error(message);
}

function go(path, query) {
  location.assign(`${path}?${new URLSearchParams(query)}`);
}

const random = () => base64url(crypto.getRandomValues(new Uint8Array(32)));
const utf8 = (text) => new TextEncoder().encode(text);
const base64url = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
const bytes = (text) =>
  Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (character) => character.charCodeAt(0));
const parse = (part) => JSON.parse(new TextDecoder().decode(bytes(part)));

// --- the page begins ---

element("sign-in").addEventListener("click", () => attempt(signIn));
element("sign-out").addEventListener("click", signOut);
element("refresh").addEventListener("click", () =>
  attempt(refresh, "There are new tokens, and the refresh token that gave them is spent."));

const answer = new URLSearchParams(location.search);
if (answer.has("state")) {
  // A code has no place in the history, nor in an address that somebody may copy.
  history.replaceState(null, "", HERE);
  attempt(() => comeBack(answer), "The ID token is good: signature, issuer, audience, nonce and time were checked.");
} else {
  show();
}
