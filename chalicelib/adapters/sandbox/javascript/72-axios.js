// require("axios").

class AxiosError extends Error {
  constructor(message, code, config, response) {
    super(message);
    Object.assign(this, { name: "AxiosError", code, config, response, request: {}, isAxiosError: true });
    if (response) this.status = response.status;
  }

  toJSON() {
    return { message: this.message, name: this.name, code: this.code, status: this.status };
  }
}

function axiosBody(data, headers) {
  if (data === undefined || data === null) return { headers };
  if (data instanceof URLSearchParams) return { headers: withHeader(headers, "content-type", "application/x-www-form-urlencoded"), body: text(data) };
  if (typeof data === "string" || ArrayBuffer.isView(data)) return { headers: withHeader(headers, "content-type", "application/x-www-form-urlencoded"), body: data };
  const kind = header(headers, "content-type");
  if (kind && headers[kind].includes("urlencoded")) return { headers, body: writePairs(nestedPairs(data)) };
  return { headers: withHeader(headers, "content-type", "application/json"), body: stringify(data) };
}

function axiosRequest(config) {
  const given = text(config.url ?? "");
  const base = config.baseURL && !/^[a-z][a-z0-9+.-]*:/i.test(given) ? `${config.baseURL.replace(/\/$/, "")}/` : "";
  const params = config.params instanceof URLSearchParams ? text(config.params) : config.params && writePairs(axiosPairs(config.params));
  let headers = withHeader({ ...config.headers }, "accept", "application/json, text/plain, */*");
  if (config.auth) headers = { ...headers, authorization: basic(config.auth.username, config.auth.password) };
  return {
    method: config.method,
    url: withQuery(base + (base ? given.replace(/^\//, "") : given), params),
    redirects: config.maxRedirects ?? 5,
    seconds: config.timeout / 1000,
    ...axiosBody(config.data, headers),
  };
}

// Lists as name[]=1, objects as JSON.
function axiosPairs(params) {
  return Object.keys(params).flatMap((name) => {
    const value = params[name];
    if (value === undefined || value === null) return [];
    if (Array.isArray(value)) return value.map((one) => [`${name}[]`, one]);
    return [[name, value instanceof Date ? value.toISOString() : isObject(value) ? stringify(value) : value]];
  });
}

function axiosData(response, kind) {
  if (kind === "arraybuffer") return bufferOf(response);
  return kind === "text" ? textOf(response) : jsonOr(textOf(response));
}

async function axiosSend(config) {
  let answer;
  try {
    answer = await send(axiosRequest(config));
  } catch (error) {
    throw new AxiosError(error.message, error.code === "ETIMEDOUT" ? "ECONNABORTED" : error.code || "ERR_NETWORK", config);
  }
  const response = { data: axiosData(answer, config.responseType), status: answer.status, statusText: answer.statusText, headers: answer.headers, config, request: { responseURL: answer.url } };
  const valid = config.validateStatus === undefined ? answer.status >= 200 && answer.status < 300 : !config.validateStatus || config.validateStatus(answer.status);
  if (valid) return response;
  const code = answer.status < 500 ? "ERR_BAD_REQUEST" : "ERR_BAD_RESPONSE";
  throw new AxiosError(`Request failed with status code ${answer.status}`, code, config, response);
}

function axiosOf(preset) {
  const defaults = { headers: {}, ...preset };
  const common = () => ({ ...defaults.headers.common, ...Object.fromEntries(Object.entries(defaults.headers).filter(([, value]) => !isObject(value))) });
  const run = (config) => axiosSend({ ...defaults, ...config, headers: { ...common(), ...config.headers } });
  const axios = (first, second) => run(typeof first === "string" ? { ...second, url: first } : first);
  for (const name of ["get", "delete", "head", "options"]) axios[name] = (url, config) => run({ ...config, url, method: name });
  for (const name of ["post", "put", "patch"]) axios[name] = (url, data, config) => run({ ...config, url, data, method: name });
  return Object.assign(axios, { request: axios, defaults, create: (config) => axiosOf({ ...config, headers: { ...config?.headers } }) });
}

const axios = axiosOf({});
modules.axios = Object.assign(axios, {
  default: axios,
  AxiosError,
  isAxiosError: (error) => isObject(error) && error.isAxiosError === true,
  all: (promises) => Promise.all(promises),
  spread: (run) => (values) => run(...values),
});
