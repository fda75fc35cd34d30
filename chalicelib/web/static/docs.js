/**
 * Draws the API reference from the OpenAPI document. Owns nothing but this page.
 *
 * One file on purpose: an import would name a sibling without its fingerprint.
 * Text from the document reaches the page only through textContent and ids.
 */

const METHODS = ["get", "post", "put", "patch", "delete", "head", "options"];
const FEW = 8;
const DEPTH = 6;
const PATIENCE_MS = 30_000;

// --- Elements ---------------------------------------------------------------

function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== undefined) node.setAttribute(name, value);
  }
  node.append(...children.flat().filter((child) => child != null));
  return node;
}

const byId = (id) => document.getElementById(id);
const code = (text) => el("code", {}, String(text));
const small = (kind, ...children) => el("span", { class: kind }, ...children);

/** Build the content when it is first opened: long or endless schemas then cost nothing. */
function disclosure(summary, build) {
  const details = el("details", {}, el("summary", {}, ...summary));
  details.addEventListener("toggle", () => details.append(...[build()].flat()), { once: true });
  return details;
}

/** Paragraphs and `code` are all the Markdown our descriptions use. */
function prose(text) {
  return (text ?? "").split(/\n\s*\n/).filter((part) => part.trim()).map((part) =>
    el("p", {}, part.split(/`+([^`]+)`+/).map((piece, at) => (at % 2 ? code(piece) : piece))));
}

// --- Reading the document ---------------------------------------------------

function pointed(doc, ref) {
  const steps = ref.startsWith("#/") ? ref.slice(2).split("/") : [];
  const found = steps
    .map((step) => step.replaceAll("~1", "/").replaceAll("~0", "~"))
    .reduce((node, step) => (node && Object.hasOwn(node, step) ? node[step] : undefined), doc);
  return found === doc ? undefined : found;
}

const branches = (schema) => schema.anyOf ?? schema.oneOf ?? [];
const isNull = (schema) => schema?.type === "null" || schema?.const === null;

/**
 * Follow references, join allOf and take "X or null" apart, giving {name, nullable, schema}.
 * `seen` ends references that lead back to themselves.
 */
function follow(doc, given, seen = new Set()) {
  // Since JSON Schema 2020-12 `true` is a schema too, and keys may stand beside $ref.
  let { $ref, allOf, ...schema } = typeof given === "object" && given ? given : {};
  if ($ref) {
    if (seen.has($ref)) return { name: $ref.split("/").pop(), schema: {} };
    seen = new Set(seen).add($ref);
    const target = follow(doc, pointed(doc, $ref), seen);
    return { ...target, name: $ref.split("/").pop(), schema: { ...target.schema, ...schema } };
  }
  if (allOf) schema = joined([...allOf.map((part) => follow(doc, part, seen).schema), schema]);
  const options = branches(schema).filter((option) => !isNull(option));
  if (options.length !== 1) return { schema };
  const { anyOf, oneOf, ...beside } = schema;
  const only = follow(doc, options[0], seen);
  const nullable = only.nullable || branches(schema).length > 1;
  return { ...only, nullable, schema: { ...only.schema, ...beside } };
}

function joined(parts) {
  return Object.assign({}, ...parts, {
    properties: Object.assign({}, ...parts.map((part) => part.properties)),
    required: parts.flatMap((part) => part.required ?? []),
  });
}

function typesOf(schema) {
  if (schema.type) return [schema.type].flat();
  if (schema.properties || schema.additionalProperties) return ["object"];
  if (schema.items) return ["array"];
  return schema.enum ? [...new Set(schema.enum.map((value) => (value === null ? "null" : typeof value)))] : ["any"];
}

/** Say a type in words: `array of User or null`. Named shapes stop here, so this ends. */
function words(doc, given) {
  const { name, nullable, schema } = follow(doc, given);
  const options = branches(schema);
  const types = typesOf(schema);
  const isShape = options.length > 0 || types.includes("object") || types.includes("array");
  if (name && isShape) return nullable ? `${name} or null` : name;
  const all = options.length
    ? options.map((option) => words(doc, option))
    : types.map((type) => oneType(doc, schema, type));
  return [...new Set(nullable ? [...all, "null"] : all)].join(" or ");
}

function oneType(doc, schema, type) {
  if ("const" in schema) return JSON.stringify(schema.const);
  if (type === "array") return schema.items ? `array of ${words(doc, schema.items)}` : "array";
  const values = schema.additionalProperties;
  // Python's dict says {"additionalProperties": {}}, which adds nothing to "object".
  const isMap = type === "object" && !schema.properties && Object.keys(Object(values)).length;
  if (isMap) return `map of ${words(doc, values)}`;
  return schema.format && type !== "null" ? `${type} (${schema.format})` : type;
}

const LIMITS = {
  enum: "one of", default: "default", minLength: "min length", maxLength: "max length", minimum: "min",
  maximum: "max", exclusiveMinimum: "more than", exclusiveMaximum: "less than", multipleOf: "multiple of",
  minItems: "min items", maxItems: "max items", minProperties: "min keys", maxProperties: "max keys",
  pattern: "pattern", example: "example", examples: "such as",
};

/** Give the schema of an array's items or a map's values, if there is one. */
function heldBy(schema) {
  const held = schema.items ?? (schema.properties ? undefined : schema.additionalProperties);
  return typeof held === "object" ? held : undefined;
}

/** List what a value must satisfy as [label, values]; a list tells the limits of its items too. */
function limits(doc, schema, prefix = "", depth = 0) {
  // An empty default means that nothing is asked for, which needs no words.
  const own = Object.keys(LIMITS).filter((key) => key in schema && schema[key] !== "").map((key) =>
    [prefix + LIMITS[key], ["enum", "examples"].includes(key) ? schema[key] : [schema[key]]]);
  const inner = (part, label) => {
    const target = follow(doc, part);
    const isTooFar = depth === DEPTH || (target.name && prefix);
    return isTooFar || isDeep(doc, part) ? [] : limits(doc, target.schema, label, depth + 1);
  };
  const options = branches(schema).flatMap((option) => inner(option, prefix));
  const held = heldBy(schema);
  return [...own, ...options, ...(held ? inner(held, "each ") : [])];
}

const hasProperties = (schema) => Object.keys(schema.properties ?? {}).length > 0;

/** Look through arrays and maps, also one that holds itself, at the shape they hold. */
function coreOf(doc, given, depth = 0) {
  const found = follow(doc, given);
  const held = heldBy(found.schema);
  return held && depth < DEPTH && !branches(found.schema).length ? coreOf(doc, held, depth + 1) : found;
}

/** Tell whether there is more to show than the type in words. */
function isDeep(doc, given, depth = 0) {
  const { schema } = coreOf(doc, given);
  return hasProperties(schema)
    || (depth < DEPTH && branches(schema).some((option) => isDeep(doc, option, depth + 1)));
}

/** Give the lists of scopes any one of which opens the operation; undefined: no token needed. */
function scopesOf(doc, operation) {
  const needed = operation.security ?? doc.security ?? [];
  const named = needed.map((choice) => Object.values(choice).flat()).filter((scopes) => scopes.length);
  const extra = [operation["x-scopes"] ?? []].flat();
  if (!named.length && extra.length) return [extra];
  return needed.some((choice) => Object.keys(choice).length) ? named : undefined;
}

function parametersOf(doc, item, operation) {
  const all = [...(item.parameters ?? []), ...(operation.parameters ?? [])];
  const parameters = all.map((parameter) => follow(doc, parameter).schema);
  // A parameter of the operation replaces its namesake of the path.
  return [...new Map(parameters.map((one) => [`${one.in} ${one.name}`, one])).values()];
}

function contentOf(doc, given) {
  const { schema: holder } = follow(doc, given);
  const types = Object.keys(holder.content ?? {});
  const type = types.find((name) => name.includes("json")) ?? types[0];
  return { ...holder, type, media: type && holder.content[type] };
}

function operationsOf(doc) {
  return Object.entries(doc.paths).flatMap(([path, item]) =>
    METHODS.filter((method) => item[method]).map((method) => readOperation(doc, path, item, method)));
}

function readOperation(doc, path, item, method) {
  const operation = item[method];
  return {
    ...operation, path, method,
    id: operation.operationId ?? `${method}${path.replace(/\W+/g, "-")}`,
    title: operation.summary ?? operation.operationId ?? path,
    tag: operation.tags?.[0] ?? "Other",
    scopes: scopesOf(doc, operation),
    parameters: parametersOf(doc, item, operation),
    body: operation.requestBody && contentOf(doc, operation.requestBody),
    responses: Object.entries(operation.responses ?? {}).map(([status, one]) => [status, contentOf(doc, one)]),
  };
}

/** Group by tag, in the order the document declares its tags. */
function groupsOf(doc, operations) {
  const names = [...(doc.tags ?? []).map((tag) => tag.name), ...operations.map((one) => one.tag)];
  return [...new Set(names)]
    .map((name) => ({
      name,
      description: doc.tags?.find((tag) => tag.name === name)?.description,
      operations: operations.filter((one) => one.tag === name),
    }))
    .filter((group) => group.operations.length);
}

// --- Examples ---------------------------------------------------------------

const SAMPLES = [
  [/email/, "ana@example.com"], [/ur[il]s?$|callbacks|origins/, "https://app.example.com"],
  [/date-time|_at$/, "2026-01-31T12:00:00Z"], [/password/, "correct horse battery staple"],
];

function sampleText(schema, key) {
  const hint = `${schema.format ?? ""} ${key}`;
  return SAMPLES.find(([pattern]) => pattern.test(hint))?.[1] ?? "string";
}

/** Make up a value a schema accepts; undefined where it would repeat itself. */
function sample(doc, given, key = "", trail = []) {
  const { name, schema } = follow(doc, given);
  const said = [schema.example, schema.examples?.[0], schema.const, schema.default ?? undefined, schema.enum?.[0]];
  const chosen = said.find((value) => value !== undefined);
  if (chosen !== undefined) return chosen;
  if (name && trail.includes(name)) return undefined;
  const next = name ? [...trail, name] : trail;
  if (branches(schema).length) return sample(doc, branches(schema)[0], key, next);
  const type = typesOf(schema)[0];
  if (type === "object") return sampleObject(doc, schema, next);
  if (type === "array") return [sample(doc, schema.items, key, next)].filter((item) => item !== undefined);
  if (type === "integer" || type === "number") return schema.minimum ?? 1;
  return { boolean: true, null: null }[type] ?? sampleText(schema, key);
}

/** Show the required keys, or the first few where none is. */
function sampleObject(doc, schema, trail) {
  const keys = Object.keys(schema.properties ?? {}).filter((key) => !schema.properties[key].readOnly);
  const required = keys.filter((key) => schema.required?.includes(key));
  const shown = required.length ? required : keys.slice(0, 2);
  return Object.fromEntries(shown.map((key) => [key, sample(doc, schema.properties[key], key, trail)]));
}

const quoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;

function serverOf(doc) {
  const server = doc.servers?.[0] ?? {};
  const filled = (server.url ?? "/").replace(/\{(\w+)\}/g, (whole, name) => server.variables?.[name]?.default ?? whole);
  // Relative server addresses count from the document (OpenAPI 3.1, 4.8.5).
  const from = byId("page-spec").href;
  return (URL.canParse(filled, from) ? new URL(filled, from).href : location.origin).replace(/\/$/, "");
}

function addressOf(doc, operation) {
  const example = (one) => one.example ?? follow(doc, one.schema).schema.examples?.[0] ?? one.name.toUpperCase();
  const value = (one) => encodeURIComponent(example(one));
  const find = (name) => operation.parameters.find((one) => one.in === "path" && one.name === name);
  const path = operation.path.replace(/\{(\w+)\}/g, (_, name) => value(find(name) ?? { name }));
  const query = operation.parameters.filter((one) => one.in === "query" && one.required);
  const search = query.map((one) => `${one.name}=${value(one)}`).join("&");
  return serverOf(doc) + path + (search && `?${search}`);
}

function bodyFlags(doc, { type, media }) {
  if (!type) return [];
  const value = media.example ?? Object.values(media.examples ?? {})[0]?.value ?? sample(doc, media.schema);
  if (type.includes("json")) {
    return [`-H 'Content-Type: ${type}'`, `-d ${quoted(JSON.stringify(value, null, 2) ?? "{}")}`];
  }
  const flag = type.startsWith("multipart/") ? "-F" : "--data-urlencode";
  return Object.entries(Object(value)).map(([key, one]) => `${flag} ${quoted(`${key}=${one}`)}`);
}

function curl(doc, operation) {
  const flags = operation.body ? bodyFlags(doc, operation.body) : [];
  if (operation.scopes) flags.unshift('-H "Authorization: Bearer $TOKEN"');
  if (operation.method !== "get") flags.unshift(`-X ${operation.method.toUpperCase()}`);
  return [`curl ${quoted(addressOf(doc, operation))}`, ...flags].join(" \\\n  ");
}

// --- Drawing ----------------------------------------------------------------

function drawLimit([label, values]) {
  const list = () => values.flatMap((value) => [code(typeof value === "string" ? value : JSON.stringify(value)), " "]);
  if (values.length > FEW) return disclosure([`${label} ${values.length} values`], () => el("p", {}, list()));
  return small("limit", `${label} `, list());
}

/** Draw what a value is: its type, its text, its limits, and what it holds. */
function drawValue(doc, given, description, trail) {
  const { schema } = follow(doc, given);
  const found = limits(doc, schema).map(drawLimit);
  const flags = ["readOnly", "writeOnly", "deprecated"].filter((flag) => schema[flag]);
  return [
    ...flags.map((flag) => small("flag", { readOnly: "read only", writeOnly: "write only" }[flag] ?? flag)),
    ...prose(description ?? schema.description),
    found.length ? el("div", { class: "limits" }, found) : null,
    isDeep(doc, given) ? drawNested(doc, given, trail) : null,
  ];
}

function drawNested(doc, given, trail) {
  const { name } = coreOf(doc, given);
  if (name && trail.includes(name)) return el("p", { class: "quiet" }, "Same shape as ", code(name), " above.");
  return disclosure(["Inside ", code(words(doc, given))], () => drawShape(doc, given, trail));
}

/** Draw the inside of a shape: its properties or its choices. */
function drawShape(doc, given, trail = []) {
  const { name, schema } = coreOf(doc, given);
  const next = name ? [...trail, name] : trail;
  if (hasProperties(schema)) return drawProperties(doc, schema, next);
  return branches(schema).filter((option) => isDeep(doc, option)).map((option) => drawNested(doc, option, next));
}

function drawProperties(doc, schema, trail) {
  const rows = Object.entries(schema.properties).map(([key, value]) =>
    drawProperty(doc, key, value, schema.required?.includes(key), trail));
  const others = schema.additionalProperties;
  if (others && typeof others === "object") rows.push(drawProperty(doc, "any other key", others, false, trail));
  const closed = others === false ? el("p", { class: "quiet" }, "No other properties are accepted.") : null;
  return [el("ul", { class: "properties" }, rows), closed].filter(Boolean);
}

function drawProperty(doc, key, value, required, trail) {
  return el("li", {}, code(key), " ", small("type", words(doc, value)), " ",
    required ? small("required", "required") : null, " ", drawValue(doc, value, undefined, trail));
}

function drawParameter(doc, parameter) {
  const schema = parameter.schema ?? contentOf(doc, parameter).media?.schema;
  return el("tr", {},
    el("th", { scope: "row" }, code(parameter.name), small("type", parameter.in), " ",
      parameter.required ? small("required", "required") : null),
    el("td", {}, small("type", words(doc, schema)), " ", parameter.deprecated ? small("flag", "deprecated") : null,
      drawValue(doc, schema, parameter.description, [])));
}

function drawParameters(doc, { parameters }) {
  if (!parameters.length) return [];
  const head = el("thead", {}, el("tr", {}, ["Name", "Description"].map((text) => el("th", { scope: "col" }, text))));
  const rows = parameters.map((one) => drawParameter(doc, one));
  return [el("h4", {}, "Parameters"), el("table", {}, head, el("tbody", {}, rows))];
}

function drawBody(doc, { body }) {
  if (!body) return [];
  const schema = body.media?.schema;
  return [
    el("h4", {}, "Request body"),
    el("p", {}, small("type", words(doc, schema)), " ", small("type", body.type ?? ""), " ",
      body.required ? small("required", "required") : null),
    ...prose(body.description), ...[drawShape(doc, schema)].flat(),
  ];
}

function drawResponse(doc, [status, response]) {
  const line = [small(`status s${status[0]}`, status), " ", response.description ?? ""];
  const schema = response.media?.schema;
  if (!schema) return el("p", { class: "plain" }, line);
  return disclosure(line, () => [el("p", {}, small("type", words(doc, schema)), " ", small("type", response.type)),
    drawShape(doc, schema)].flat());
}

function drawScopes({ scopes }) {
  if (!scopes) return el("p", { class: "scopes" }, "No token needed");
  if (!scopes.length) return el("p", { class: "scopes" }, "Any valid token");
  const between = (word) => (parts) => parts.flatMap((part, at) => (at ? [` ${word} `, part] : [part])).flat();
  const choices = scopes.map((choice) => between("and")(choice.map(code)));
  return el("p", { class: "scopes" }, scopes.flat().length > 1 ? "Scopes " : "Scope ", between("or")(choices));
}

function drawExample(doc, operation) {
  const copy = el("button", { type: "button", "aria-describedby": operation.id }, "Copy");
  const text = curl(doc, operation);
  copy.addEventListener("click", async () => {
    // Without HTTPS there is no clipboard: say so and let people select.
    const writing = navigator.clipboard?.writeText(text).then(() => "Copied", () => "Not allowed");
    copy.textContent = await writing ?? "No clipboard";
  });
  return el("div", { class: "example" }, el("h4", {}, "Example"), copy, el("pre", {}, el("code", {}, text)));
}

const hashOf = ({ id }) => `#${encodeURIComponent(id)}`;
const badge = (method) => small(`method ${method}`, method.toUpperCase());

function drawOperation(doc, operation) {
  const anchor = el("a", { href: hashOf(operation) }, operation.title);
  return el("article", { "aria-labelledby": operation.id },
    el("h3", { id: operation.id }, anchor),
    el("p", { class: "route" }, badge(operation.method), " ", code(operation.path), " ",
      operation.deprecated ? small("flag", "deprecated") : null),
    el("div", { class: "text" }, prose(operation.description), drawScopes(operation),
      drawParameters(doc, operation), drawBody(doc, operation),
      el("h4", {}, "Responses"), operation.responses.map((one) => drawResponse(doc, one))),
    drawExample(doc, operation));
}

function drawLink({ id, method, title }) {
  return el("a", { href: hashOf({ id }) }, badge(method), " ", small("name", title));
}

const hay = (one) => [one.method, one.path, one.title, one.id, one.tag, one.scopes].flat(3).join(" ").toLowerCase();

/** Draw each group twice, in the menu and in the text, and keep what the filter has to show or hide. */
function drawGroup(doc, group) {
  const entries = group.operations.map((one) => (
    { text: hay(one), link: el("li", {}, drawLink(one)), article: drawOperation(doc, one) }));
  const menu = el("section", {}, el("h2", {}, group.name), el("ul", {}, entries.map((entry) => entry.link)));
  const text = el("section", { class: "group" }, el("h2", {}, group.name), prose(group.description),
    entries.map((entry) => entry.article));
  return { entries, menu, text };
}

// --- The page ---------------------------------------------------------------

/** Show the operations that contain every word. */
function filter(groups, query) {
  const wanted = query.toLowerCase().split(/\s+/).filter(Boolean);
  for (const { entries, menu, text } of groups) {
    for (const entry of entries) entry.shown = wanted.every((word) => entry.text.includes(word));
    for (const { link, article, shown } of entries) link.hidden = article.hidden = !shown;
    menu.hidden = text.hidden = !entries.some((entry) => entry.shown);
  }
  const all = groups.flatMap((group) => group.entries);
  const count = all.filter((entry) => entry.shown).length;
  byId("page-count").textContent = wanted.length ? `${count} of ${all.length} operations` : `${all.length} operations`;
}

/** Go where the address points: the browser looked before there was anything to find. */
function reveal(groups) {
  const here = (link) => link.hash === location.hash;
  const target = [...document.querySelectorAll("h3 a")].find(here);
  if (!target) return;
  if (target.closest("[hidden]")) filter(groups, (byId("page-filter").value = ""));
  for (const link of document.querySelectorAll("nav a")) {
    link.ariaCurrent = here(link) ? "true" : null;
    if (here(link)) link.scrollIntoView({ block: "nearest" });
  }
  target.focus({ preventScroll: true });
  target.scrollIntoView();
}

/** Fold the menu on small screens, where it would push the text away. */
function foldMenu() {
  const wide = matchMedia("(min-width: 56rem)");
  const menu = byId("page-menu");
  menu.open = wide.matches;
  wide.addEventListener("change", () => { menu.open = wide.matches; });
  byId("page-nav").addEventListener("click", (event) => {
    if (event.target.closest("a")) menu.open = wide.matches;
  });
}

function show(doc) {
  const groups = groupsOf(doc, operationsOf(doc)).map((group) => drawGroup(doc, group));
  byId("page-version").textContent = doc.info?.version ? `version ${doc.info.version}` : "";
  for (const node of document.querySelectorAll("[data-server]")) {
    // Tokens are for the address the tenant is known by, which need not be the one this page was opened at.
    node.textContent = node.textContent.replaceAll("https://YOUR_DOMAIN", serverOf(doc));
  }
  byId("page-about").replaceChildren(...prose(doc.info?.description));
  byId("page-nav").replaceChildren(...groups.map((group) => group.menu));
  byId("page-operations").replaceChildren(...groups.map((group) => group.text));
  byId("page-filter").addEventListener("input", (event) => filter(groups, event.target.value));
  byId("page-search").addEventListener("submit", (event) => event.preventDefault());
  byId("page-search").hidden = document.querySelector("nav").hidden = false;
  foldMenu();
  filter(groups, byId("page-filter").value);
  addEventListener("hashchange", () => reveal(groups));
  reveal(groups);
}

function tell(message, canRetry = false) {
  byId("page-state").hidden = !message;
  byId("page-message").textContent = message;
  byId("page-retry").hidden = !canRetry;
  byId("page-content").setAttribute("aria-busy", String(Boolean(message) && !canRetry));
}

async function fetchDocument() {
  const response = await fetch(byId("page-spec").href, { signal: AbortSignal.timeout(PATIENCE_MS) })
    .catch(() => ({ status: "nothing" }));
  if (!response.ok) throw new Error(`The server answered ${response.status}.`);
  const doc = await response.json().catch(() => null);
  if (!doc?.paths) throw new Error("What the server sent is no OpenAPI document.");
  return doc;
}

async function load() {
  tell("Loading the reference…");
  try {
    show(await fetchDocument());
    tell("");
  } catch (error) {
    console.error(error);
    tell(`The reference could not be loaded. ${error.message}`, true);
  }
}

byId("page-retry").addEventListener("click", async () => {
  await load();
  // The button was hidden under the reader's finger: hand the focus on.
  byId(byId("page-retry").hidden ? "page-content" : "page-retry").focus();
});
load();
