"""The modules and globals that scripts find: they do what the ones they are named for do."""

from __future__ import annotations

import json

import pytest


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("Buffer.from('ß😀', 'utf8').toString('hex')", "c39ff09f9880"),
        ("Buffer.from('c39ff09f9880', 'hex').toString()", "ß😀"),
        ("Buffer.from('w5/wn5iA', 'base64').toString()", "ß😀"),
        ("Buffer.from('w5_wn5iA', 'base64').toString('base64url')", "w5_wn5iA"),
        ("new Buffer('a:b').toString('base64')", "YTpi"),
        ("Buffer('YTpi', 'base64').toString()", "a:b"),
        ("Buffer.from([0xff, 0x41, 0xc0, 0x80, 0xe2, 0x82]).toString()", "\ufffdA\ufffd\ufffd\ufffd\ufffd"),
        ("Buffer.from('äb', 'latin1').toJSON()", {"type": "Buffer", "data": [228, 98]}),
        ("Buffer.from('ab', 'utf16le').toString('hex')", "61006200"),
        ("Buffer.concat([Buffer.from('a'), Buffer.from('b')]).toString()", "ab"),
        ("Buffer.byteLength('ß')", 2),
        ("[Buffer.isBuffer(Buffer.alloc(1)), Buffer.isBuffer(new Uint8Array(1))]", [True, False]),
        ("Buffer.from('abc').equals(Buffer.from('abc'))", True),
        ("Buffer.from('abcd').slice(1, 3).toString()", "bc"),
        ("Buffer.from([0, 0, 1, 2]).readUInt32BE(0)", 258),
        ("(() => { const b = Buffer.alloc(4); b.writeInt16LE(-2, 1); return [...b]; })()", [0, 254, 255, 0]),
        ("[atob('YTpi'), btoa('a:b')]", ["a:b", "YTpi"]),
        ("new TextDecoder().decode(new TextEncoder().encode('ß'))", "ß"),
        ("require('querystring').stringify({ a: 'b c', d: ['1', '2'], e: true })", "a=b%20c&d=1&d=2&e=true"),
        ("require('querystring').parse('a=b+c&d=1&d=2&e')", {"a": "b c", "d": ["1", "2"], "e": ""}),
        ("new URLSearchParams({ a: 'b c&', d: 'ß' }).toString()", "a=b+c%26&d=%C3%9F"),
        ("[...new URLSearchParams('?a=1&a=2&b=')]", [["a", "1"], ["a", "2"], ["b", ""]]),
        ("require('url').parse('https://u:p@a.example:8443/p/q?x=1&y#h', true).query", {"x": "1", "y": ""}),
        ("require('url').parse('https://a.example/p?x=1').path", "/p?x=1"),
        ("require('url').parse('/only/path?x=1').pathname", "/only/path"),
        ("require('url').format({ protocol: 'https', host: 'a.example', pathname: '/p', query: { x: 'y z' } })", "https://a.example/p?x=y%20z"),
        ("require('url').resolve('https://a.example/one/two', '../three')", "https://a.example/three"),
        ("new URL('/b?c=d', 'https://A.example:443/x').href", "https://a.example/b?c=d"),
        ("new URL('https://u:p@a.example:8443/a/../b%20c?d#e').toString()", "https://u:p@a.example:8443/b%20c?d#e"),
        ("(() => { const u = new URL('https://a.example/'); u.searchParams.append('q', 'ß'); u.hash = 'x'; return u.href; })()", "https://a.example/?q=%C3%9F#x"),
        ("(() => { const u = new URL('https://a.example/b?c=1'); return [u.host, u.origin, u.pathname, u.search, u.searchParams.get('c')]; })()", ["a.example", "https://a.example", "/b", "?c=1", "1"]),
        ("require('util').format('%s=%d', 'a', 1, { b: 2 })", "a=1 { b: 2 }"),
        ("require('util').promisify((x, cb) => cb(null, x + 1))(1)", 2),
        ("new Promise((resolve) => { const t = setInterval(() => { clearInterval(t); resolve('once'); }, 1); })", "once"),
        ("new Promise((resolve) => { clearTimeout(setTimeout(() => resolve('no'), 1)); setTimeout(resolve, 5, 'yes'); })", "yes"),
        ("typeof process.env.AWS_SECRET_ACCESS_KEY", "undefined"),
    ],
)  # fmt: skip
def test_what_node_has(runner, expression, value):
    assert runner.value(expression) == value


@pytest.mark.parametrize("address", ["nothing", "http:", "http:/x", "//a.example", "http://a:99999/"])
def test_an_address_that_is_none_is_refused(runner, address):
    outcome = runner.database(f"(callback) => callback(null, new URL('{address}').href)")

    assert outcome.message == f"Invalid URL: {address}"


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("_.get({ a: [{ b: { c: 3 } }] }, 'a[0].b.c')", 3),
        ("_.get({ 'https://x/y.z': 1 }, 'https://x/y.z')", 1),
        ("_.get({ a: null }, 'a.b', 'else')", "else"),
        ("_.set({}, 'a.b[1]', 2)", {"a": {"b": [None, 2]}}),
        ("_.has({ a: { b: undefined } }, 'a.b')", True),
        ("_.pick({ a: 1, b: { c: 2, d: 3 } }, ['a', 'b.c'])", {"a": 1, "b": {"c": 2}}),
        ("_.omit({ a: 1, b: { c: 2, d: 3 } }, 'a', 'b.c')", {"b": {"d": 3}}),
        ("_.merge({ a: { b: 1 }, l: [1, 2] }, { a: { c: 2 }, l: [3] })", {"a": {"b": 1, "c": 2}, "l": [3, 2]}),
        ("_.defaults({ a: 1 }, { a: 2, b: 3 })", {"a": 1, "b": 3}),
        ("_.map([{ a: 1 }, { a: 2 }], 'a')", [1, 2]),
        ("_.filter([{ a: 1 }, { a: 2 }], { a: 2 })", [{"a": 2}]),
        ("_.find([{ a: 1, b: 1 }, { a: 2, b: 2 }], ['a', 2])", {"a": 2, "b": 2}),
        ("_.reduce({ a: 1, b: 2 }, (sum, value, name) => sum + name + value, '')", "a1b2"),
        ("_.uniq([1, 2, 1])", [1, 2]),
        ("_.uniqBy([{ a: 1, n: 1 }, { a: 1, n: 2 }], 'a')", [{"a": 1, "n": 1}]),
        ("_.union([1], [2, 1], [3])", [1, 2, 3]),
        ("_.intersection([1, 2, 3], [2, 3], [3])", [3]),
        ("_.difference([1, 2, 3], [2], [3])", [1]),
        ("_.groupBy([1.2, 1.9, 2.1], Math.floor)", {"1": [1.2, 1.9], "2": [2.1]}),
        ("_.keyBy([{ id: 'a' }], 'id')", {"a": {"id": "a"}}),
        ("_.sortBy([{ a: 2 }, { a: 1 }], 'a')", [{"a": 1}, {"a": 2}]),
        ("_.orderBy([{ a: 1, b: 1 }, { a: 1, b: 2 }, { a: 0, b: 0 }], ['a', 'b'], ['asc', 'desc'])", [{"a": 0, "b": 0}, {"a": 1, "b": 2}, {"a": 1, "b": 1}]),
        ("_.mapValues({ a: 1 }, (value) => value * 2)", {"a": 2}),
        ("_.includes({ a: 1 }, 1) && _.includes('abc', 'b') && _.includes([1], 1)", True),
        ("_.isEqual({ a: [1, { b: new Date(0) }] }, { a: [1, { b: new Date(0) }] })", True),
        ("_.isEqual({ a: 1 }, { a: 1, b: 2 }) || _.isEqual([], {})", False),
        ("[_.isEmpty({}), _.isEmpty([1]), _.isEmpty(null), _.isEmpty(5)]", [True, False, True, True]),
        ("_.cloneDeep({ a: [{ b: 1 }] })", {"a": [{"b": 1}]}),
        ("[_.camelCase('one two-three'), _.kebabCase('oneTwo'), _.snakeCase('One Two'), _.startCase('one-two')]", ["oneTwoThree", "one-two", "one_two", "One Two"]),
        ("[_.capitalize('ABC'), _.upperFirst('abc'), _.trim(' a '), _.escape('<a&b>')]", ["Abc", "Abc", "a", "&lt;a&amp;b&gt;"]),
        ("_.chunk([1, 2, 3], 2)", [[1, 2], [3]]),
        ("_.compact([0, 1, '', 2])", [1, 2]),
        ("_.flattenDeep([1, [2, [3]]])", [1, 2, 3]),
        ("_.some([1, 2], (n) => n > 1) && _.every([1, 2]) && !_.some([])", True),
        ("[_.first([1, 2]), _.last([1, 2]), _.size({ a: 1 }), _.sum([1, 2])]", [1, 2, 1, 3]),
        ("_.partition([1, 2, 3], (n) => n % 2)", [[1, 3], [2]]),
        ("_.zipObject(['a', 'b'], [1, 2])", {"a": 1, "b": 2}),
        ("_.times(3, (n) => n * n).concat(_.range(1, 4))", [0, 1, 4, 1, 2, 3]),
        ("_.extend({ a: 1 }, { b: 2 })", {"a": 1, "b": 2}),
    ],
)  # fmt: skip
def test_what_lodash_has(runner, expression, value):
    assert runner.value(f"((_) => {expression})(require('lodash'))") == value


def sent(host):
    (asked,) = host.asked
    return {name: value for name, value in asked[1].items() if value not in ({}, None)}


@pytest.mark.parametrize(
    ("call", "request_"),
    [
        ("request.get('https://a.example/', back)", {"method": "GET", "url": "https://a.example/"}),
        ("request({ uri: 'https://a.example/x', qs: { a: [1, 2], b: { c: 3 } } }, back)", {"url": "https://a.example/x?a%5B0%5D=1&a%5B1%5D=2&b%5Bc%5D=3"}),
        ("request.post({ url: 'https://a.example/', json: { a: 1 } }, back)", {"method": "POST", "text": '{"a":1}', "headers": {"accept": "application/json", "content-type": "application/json"}, "redirects": 0}),
        ("request.post('https://a.example/', { form: { a: 'b c' } }, back)", {"text": "a=b%20c", "headers": {"content-type": "application/x-www-form-urlencoded"}}),
        ("request.get({ url: 'https://a.example/', auth: { user: 'u', pass: 'p' } }, back)", {"headers": {"authorization": "Basic dTpw"}}),
        ("request.get({ url: 'https://a.example/', auth: { bearer: 't' }, headers: { 'X-A': 1 } }, back)", {"headers": {"authorization": "Bearer t", "X-A": 1}}),
        ("request.put({ baseUrl: 'https://a.example/v2/', uri: '/x', body: 'text', timeout: 1500 }, back)", {"method": "PUT", "url": "https://a.example/v2/x", "text": "text"}),
        ("request.defaults({ headers: { A: '1' } }).del('https://a.example/', back)", {"method": "DELETE", "headers": {"A": "1"}}),
        ("rp({ uri: 'https://a.example/', method: 'patch', body: { a: 1 }, json: true }).then(() => back())", {"method": "PATCH", "text": '{"a":1}'}),
        ("axios.get('https://a.example/', { params: { a: [1, 2], b: null, c: { d: 1 } } }).then(() => back())", {"url": "https://a.example/?a%5B%5D=1&a%5B%5D=2&c=%7B%22d%22%3A1%7D"}),
        ("axios.post('https://a.example/', { a: 1 }, { headers: { A: '1' }, timeout: 500 }).then(() => back())", {"method": "POST", "text": '{"a":1}', "headers": {"A": "1", "accept": "application/json, text/plain, */*", "content-type": "application/json"}}),
        ("axios({ method: 'put', url: '/x', baseURL: 'https://a.example', data: new URLSearchParams({ a: 'b' }), auth: { username: 'u', password: 'p' } }).then(() => back())", {"method": "PUT", "url": "https://a.example/x", "text": "a=b"}),
        ("axios.create({ baseURL: 'https://a.example/v1/' }).delete('x').then(() => back())", {"method": "DELETE", "url": "https://a.example/v1/x"}),
        ("fetch('https://a.example/', { method: 'post', body: Buffer.from([255]), headers: [['A', '1']] }).then(() => back())", {"method": "POST", "base64": "/w==", "headers": {"a": "1"}}),
        ("require('node-fetch')('https://a.example/', { redirect: 'manual' }).then(() => back())", {"method": "GET", "redirects": 0}),
    ],
)  # fmt: skip
def test_what_clients_of_http_send(runner, host, call, request_):
    outcome = runner.database(
        f"""(callback) => {{
          const request = require('request'), rp = require('request-promise'), axios = require('axios');
          const back = (error) => callback(error);
          {call};
        }}"""
    )

    assert getattr(outcome, "message", "") == ""
    assert {name: sent(host).get(name) for name in request_} == request_


ANSWER = {"status": 201, "statusText": "Created", "headers": {"x-a": "1", "set-cookie": ["a=1"]}, "text": '{"a":"ß"}'}


@pytest.mark.parametrize(
    ("call", "value"),
    [
        ("new Promise((resolve) => request.get('https://a.example/', (e, r, body) => resolve([e, r.statusCode, r.headers['x-a'], body])))", [None, 201, "1", '{"a":"ß"}']),
        ("new Promise((resolve) => request.get({ url: 'https://a.example/', json: true }, (e, r, body) => resolve([body, r.body])))", [{"a": "ß"}] * 2),
        ("new Promise((resolve) => request.get({ url: 'https://a.example/', encoding: null }, (e, r, body) => resolve(body.toString('hex'))))", b'{"a":"\xc3\x9f"}'.hex()),
        ("new Promise((resolve) => request.get('https://a.example/').on('response', (r) => resolve(r.statusCode)))", 201),
        ("require('request-promise')('https://a.example/')", '{"a":"ß"}'),
        ("require('request-promise')({ uri: 'https://a.example/', json: true, resolveWithFullResponse: true }).then((r) => [r.statusCode, r.body])", [201, {"a": "ß"}]),
        ("require('axios')('https://a.example/').then((r) => [r.data, r.status, r.statusText, r.headers['x-a'], r.config.url])", [{"a": "ß"}, 201, "Created", "1", "https://a.example/"]),
        ("require('axios').get('https://a.example/', { responseType: 'text' }).then((r) => r.data)", '{"a":"ß"}'),
        ("fetch('https://a.example/').then(async (r) => [r.ok, r.status, r.headers.get('X-A'), await r.json()])", [True, 201, "1", {"a": "ß"}]),
        ("fetch('https://a.example/').then((r) => r.buffer()).then((b) => b.length)", 10),
    ],
)  # fmt: skip
def test_what_clients_of_http_give(runner, host, call, value):
    host.answers["request"] = ANSWER

    assert runner.value(call) == value


def test_a_response_that_is_no_text_comes_as_bytes(runner, host):
    host.answers["request"] = {"base64": "/wA="}

    assert runner.value(
        "fetch('https://a.example/').then((r) => r.arrayBuffer()).then((b) => [...new Uint8Array(b)])"
    ) == [255, 0]


@pytest.mark.parametrize(
    ("call", "value"),
    [
        ("new Promise((resolve) => request.get('https://a.example/', (e, r) => resolve([e, r.statusCode])))", [None, 404]),
        ("require('request-promise')('https://a.example/').catch((e) => [e.name, e.statusCode, e.message])", ["StatusCodeError", 404, "404 - no"]),
        ("require('request-promise')({ uri: 'https://a.example/', simple: false })", "no"),
        ("require('axios')('https://a.example/').catch((e) => [e.message, e.code, e.response.status, require('axios').isAxiosError(e)])", ["Request failed with status code 404", "ERR_BAD_REQUEST", 404, True]),
        ("require('axios')({ url: 'https://a.example/', validateStatus: () => true }).then((r) => r.status)", 404),
        ("fetch('https://a.example/').then((r) => [r.ok, r.status])", [False, 404]),
    ],
)  # fmt: skip
def test_what_clients_of_http_make_of_a_refusal(runner, host, call, value):
    host.answers["request"] = {"status": 404, "statusText": "Not Found", "text": "no"}

    assert runner.value(call) == value


@pytest.mark.parametrize(
    ("call", "value"),
    [
        ("new Promise((resolve) => request.get('https://a.example/', (e) => resolve([e.code, e.message])))", ["ENOTFOUND", "gone"]),
        ("require('request-promise')('https://a.example/').catch((e) => [e.name, e.message])", ["RequestError", "Error: gone"]),
        ("require('axios')('https://a.example/').catch((e) => [e.code, e.message])", ["ENOTFOUND", "gone"]),
        ("fetch('https://a.example/').catch((e) => [e.name, e.code])", ["FetchError", "ENOTFOUND"]),
    ],
)  # fmt: skip
def test_what_clients_of_http_make_of_a_failure(runner, host, call, value):
    from chalicelib.core.sandbox import OperationRefused

    def fail(request):
        raise OperationRefused("gone", "ENOTFOUND")

    host.answers["request"] = fail

    assert runner.value(call) == value


def test_requests_wait_for_each_other_only_when_they_have_to(runner, host):
    import threading

    together = threading.Barrier(5, timeout=5)
    host.answers["request"] = lambda request: {"text": json.dumps(together.wait() >= 0)}

    said = runner.value("Promise.all([1, 2, 3, 4, 5].map(() => fetch('https://a.example/').then((r) => r.json())))")

    assert said == [True] * 5


def test_an_error_in_a_listener_ends_the_script(runner):
    outcome = runner.database(
        "(callback) => require('request').get('https://a.example/', () => { throw new Error('mine'); })"
    )

    assert outcome.message == "mine"


def test_user_utilities_keep_metadata_in_a_namespace(runner, host):
    outcome = runner.rules(
        """async function (user, context, callback) {
          const { Auth0UserUpdateUtilities } = require('@auth0/rule-utilities');
          const utilities = new Auth0UserUpdateUtilities(user, auth0, 'ours');
          utilities.setAppMeta('level', 2);
          await utilities.updateAppMeta();
          callback(null, { level: utilities.getAppMeta('level'), none: utilities.getUserMeta('none') });
        }"""
    )

    assert outcome.result["user"] == {"level": 2}
    assert host.asked == [("updateAppMetadata", "auth0|1", {"plan": "gold", "ours": {"level": 2}})]
