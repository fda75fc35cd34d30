// require("url") and URL, for http and https. The host reads an address again by its own rules before it connects: what is
// written here decides nothing about where a request may go.

const SPLIT = /^([a-z][a-z0-9+.-]*:)?(\/\/)?(?:([^/?#@]*)@)?([^/?#]*)?([^?#]*)(\?[^#]*)?(#.*)?$/is;
const PORTS = { __proto__: null, "http:": "80", "https:": "443" };

function resolved(path) {
  const kept = [];
  const parts = path.split("/");
  parts.forEach((part, i) => {
    if (part === "..") kept.length > 1 && kept.pop();
    else if (part !== ".") kept.push(part);
    if ((part === ".." || part === ".") && i === parts.length - 1) kept.push("");
  });
  return kept.join("/");
}

function encodedPart(value, kept) {
  return value.replace(/[^\x21-\x7e]|["<>`{}\\^|]/gu, (mark) => (kept.includes(mark) ? mark : encodeURIComponent(mark.toWellFormed())));
}

function invalid(address) {
  return coded(new TypeError(`Invalid URL: ${address}`), "ERR_INVALID_URL");
}

class URL {
  #parts;
  #search;

  constructor(address, base) {
    const given = text(address).trim();
    const found = SPLIT.exec(given);
    if (!found[1] && base === undefined) throw invalid(given);
    if (found[1] && !found[2]) {
      if (PORTS[found[1].toLowerCase()]) throw invalid(given);
      this.#parts = { protocol: found[1].toLowerCase(), name: "", pass: "", host: "", port: "", path: given.slice(found[1].length).replace(/[?#].*$/s, ""), search: found[6] || "", hash: found[7] || "" };
    } else {
      this.#parts = found[2] ? this.#whole(found, found[1] || new URL(base).protocol, given) : this.#relative(found, new URL(base));
    }
    this.#search = new URLSearchParams(this.#parts.search, (changed) => {
      this.#parts.search = changed.size ? `?${changed}` : "";
    });
  }

  #whole(found, scheme, given) {
    const protocol = scheme.toLowerCase();
    const [, host, port = ""] = /^(\[[0-9a-f:.]+\]|[^:]*)(?::(\d*))?$/i.exec(found[4] || "") || [];
    if (!host || port > 65535) throw invalid(given);
    const [, name, pass = ""] = /^([^:]*):?(.*)$/s.exec(found[3] || "");
    return {
      protocol, name, pass,
      host: host.toLowerCase(),
      port: port === PORTS[protocol] ? "" : port,
      path: encodedPart(resolved(found[5] || "/"), ""),
      search: found[6] && found[6] !== "?" ? encodedPart(found[6], "{}^|`\\") : "",
      hash: found[7] && found[7] !== "#" ? found[7] : "",
    };
  }

  #relative(found, base) {
    const path = (found[4] || "") + found[5];
    const above = path.startsWith("/") ? path : path ? base.pathname.replace(/[^/]*$/, path) : base.pathname;
    return {
      protocol: base.protocol, name: base.username, pass: base.password, host: base.hostname, port: base.port,
      path: encodedPart(resolved(above), ""),
      search: found[6] ? encodedPart(found[6], "{}^|`\\") : path ? "" : base.search,
      hash: found[7] || "",
    };
  }

  get protocol() { return this.#parts.protocol; }
  set protocol(value) { this.#parts.protocol = `${text(value).replace(/:$/, "")}:`; }
  get username() { return this.#parts.name; }
  set username(value) { this.#parts.name = encodeURIComponent(value); }
  get password() { return this.#parts.pass; }
  set password(value) { this.#parts.pass = encodeURIComponent(value); }
  get hostname() { return this.#parts.host; }
  set hostname(value) { this.#parts.host = text(value).toLowerCase(); }
  get port() { return this.#parts.port; }
  set port(value) { this.#parts.port = text(value) === PORTS[this.protocol] ? "" : text(value); }
  get host() { return this.hostname + (this.port && `:${this.port}`); }
  get origin() { return PORTS[this.protocol] ? `${this.protocol}//${this.host}` : "null"; }
  get pathname() { return this.#parts.path; }
  set pathname(value) { this.#parts.path = encodedPart(resolved(text(value).replace(/^(?!\/)/, "/")), "").replace(/\?/g, "%3F").replace(/#/g, "%23"); }
  get search() { return this.#parts.search; }
  get searchParams() { return this.#search; }
  get hash() { return this.#parts.hash; }
  set hash(value) { this.#parts.hash = value ? text(value).replace(/^(?!#)/, "#") : ""; }

  set search(value) {
    const plain = text(value).replace(/^\?/, "");
    this.#parts.search = plain ? `?${encodedPart(plain, "{}^|`\\").replace(/#/g, "%23")}` : "";
    this.#search = new URLSearchParams(plain, (changed) => {
      this.#parts.search = changed.size ? `?${changed}` : "";
    });
  }

  get href() {
    const { protocol, name, pass, host, path, search, hash } = this.#parts;
    if (!host) return `${protocol}${path}${search}${hash}`;
    const who = name || pass ? `${name}${pass && `:${pass}`}@` : "";
    return `${protocol}//${who}${this.host}${path}${search}${hash}`;
  }

  toString() { return this.href; }
  toJSON() { return this.href; }
}

// Node's older form: an object of parts, which also takes addresses without a scheme.
function parseUrl(address, withQuery) {
  const given = text(address).trim();
  const found = SPLIT.exec(given);
  const slashes = Boolean(found[1] && found[2]);
  const host = slashes ? (found[4] || "").toLowerCase() : null;
  const path = slashes ? found[5] || "/" : (found[4] || "") + found[5];
  const [, name, port] = /^(.*?)(?::(\d+))?$/.exec(host || "");
  const search = found[6] || null;
  return {
    protocol: found[1] ? found[1].toLowerCase() : null,
    slashes: slashes || null,
    auth: found[3] ? unescapeQuery(found[3]) : null,
    host,
    hostname: host === null ? null : name.replace(/^\[|\]$/g, ""),
    port: port || null,
    pathname: path || null,
    search: search || (withQuery ? "" : null),
    query: withQuery ? parseQuery((search || "").slice(1)) : search && search.slice(1),
    hash: found[7] || null,
    path: path + (search || "") || null,
    href: given,
  };
}

function formatUrl(parts) {
  if (typeof parts === "string" || parts instanceof URL) return text(parts);
  const protocol = parts.protocol ? `${parts.protocol.replace(/:$/, "")}:` : "";
  const host = parts.host || (parts.hostname ? parts.hostname + (parts.port ? `:${parts.port}` : "") : "");
  const query = parts.search || (isObject(parts.query) ? writePairs(nestedPairs(parts.query)) : parts.query) || "";
  const search = query && text(query).replace(/^(?!\?)/, "?");
  const path = parts.pathname ? (host ? parts.pathname.replace(/^(?!\/)/, "/") : parts.pathname) : "";
  const hash = parts.hash ? parts.hash.replace(/^(?!#)/, "#") : "";
  const slashes = host || parts.slashes ? "//" : "";
  return `${protocol}${slashes}${parts.auth ? `${parts.auth}@` : ""}${host}${path}${search}${hash}`;
}

modules.url = {
  URL,
  URLSearchParams,
  parse: parseUrl,
  format: formatUrl,
  resolve: (from, to) => new URL(to, from).href,
};
shown("URL", URL);
