// Requests to the HTTP API by fetch. Bodies are JSON both ways; the answer is a plain object.

import assert from 'node:assert/strict';
import http from 'node:http';

import { TIMEOUT_MS, within } from './wait.mjs';

function address(server, path, base) {
    return `${server.url}${base}${path}`;
}

// {status, headers, text, body}. `token` is sent as it is: bots' with "Bot " in front.
export async function api(server, method, path, options = {}) {
    const { token, body, raw, base = '/api/v10', headers = {} } = options;
    const sent = { ...headers };
    if (token !== undefined)
        sent.authorization = token;
    if (body !== undefined && sent['content-type'] === undefined)
        sent['content-type'] = 'application/json';
    const answer = await fetch(address(server, path, base), {
        method,
        headers: sent,
        body: body !== undefined ? JSON.stringify(body) : raw,
        redirect: 'manual',
        signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    const text = await answer.text();
    const json = answer.headers.get('content-type') === 'application/json';
    return {
        status: answer.status, headers: answer.headers, text, body: json ? JSON.parse(text) : undefined,
    };
}

// The same, for requests that must succeed: the body.
export async function ok(server, method, path, options = {}) {
    const answer = await api(server, method, path, options);
    assert.ok(answer.status >= 200 && answer.status < 300,
        `${method} ${path} answered ${answer.status}: ${answer.text}`);
    return answer.body;
}

// Discord's error body, and nothing else in it.
export function assertError(answer, status, code, message) {
    assert.equal(answer.status, status, answer.text);
    assert.equal(answer.headers.get('content-type'), 'application/json');
    assert.equal(answer.body.code, code, answer.text);
    assert.equal(typeof answer.body.message, 'string');
    if (message !== undefined)
        assert.equal(answer.body.message, message);
}

// The codes at `path` ("a.b.0", "" for the body itself) of a 50035 tree.
export function formCodes(answer, path) {
    assertError(answer, 400, 50035, 'Invalid Form Body');
    let node = answer.body.errors;
    for (const key of path === '' ? [] : path.split('.'))
        node = node?.[key];
    assert.ok(Array.isArray(node?._errors), `no errors at "${path}": ${answer.text}`);
    for (const error of node._errors) {
        assert.equal(typeof error.code, 'string');
        assert.equal(typeof error.message, 'string');
    }
    return node._errors.map((error) => error.code);
}

// On a connection of its own: one of fetch's may just have been closed for being idle.
export async function assertServes(server) {
    const answer = await within(new Promise((done, fail) => {
        http.get(`${server.url}/api/v10/gateway`, { agent: false }, (response) => {
            let text = '';
            response.setEncoding('utf8').on('data', (chunk) => {
                text += chunk;
            }).on('end', () => done({ status: response.statusCode, text }));
        }).on('error', fail);
    }), 'the server to serve on');
    assert.equal(answer.status, 200);
    assert.match(JSON.parse(answer.text).url, /^wss?:\/\//);
}
