// HTTP as it should be: keep-alive, pipelining, chunked bodies, Expect, HEAD, HTTP/1.0, OPTIONS.

import assert from 'node:assert/strict';
import test from 'node:test';

import { api } from '../lib/api.mjs';
import { Raw } from '../lib/raw.mjs';
import { useServer } from '../lib/server.mjs';
import { guild, person } from '../lib/world.mjs';

const server = await useServer();
const owner = await person(server);
const home = await guild(server, owner);

const get = (path, more = '') => `GET ${path} HTTP/1.1\r\nHost: x\r\n${more}\r\n`;

test('many requests on one connection', async () => {
    const raw = await Raw.connect(server);
    for (let i = 0; i < 50; i += 1) {
        raw.write(get('/api/v10/gateway'));
        const answer = await raw.response();
        assert.equal(answer.status, 200);
        assert.ok(answer.headers.has('date'));
        assert.ok(answer.headers.has('via'));
        assert.equal(answer.headers.get('content-type'), 'application/json');
    }
    raw.destroy();
});

test('a hundred pipelined requests are answered in order', async () => {
    const raw = await Raw.connect(server);
    const paths = Array.from({ length: 100 }, (_, i) => (i % 3 === 0 ? '/api/v10/users/@me' : '/api/v10/gateway'));
    raw.write(paths.map((path) => get(path, `Authorization: ${owner.token}\r\n`)).join(''));
    for (const path of paths) {
        const answer = await raw.response();
        assert.equal(answer.status, 200);
        assert.ok(path.endsWith('@me') ? answer.body.id === owner.id : answer.body.url !== undefined);
    }
    raw.destroy();
});

test('requests that come byte by byte', async () => {
    const raw = await Raw.connect(server);
    for (const byte of get('/api/v10/gateway'))
        raw.write(byte);
    assert.equal((await raw.response()).status, 200);
    raw.destroy();
});

test('a chunked body', async () => {
    const raw = await Raw.connect(server);
    raw.write(`POST /api/v10/channels/${home.channel}/messages HTTP/1.1\r\nHost: x\r\n` +
        `Authorization: ${owner.token}\r\nContent-Type: application/json\r\n` +
        'Transfer-Encoding: chunked\r\n\r\n4\r\n{"co\r\n7;ext=1\r\nntent":\r\n9\r\n"chunky"}\r\n0\r\nTrailer: x\r\n\r\n');
    const answer = await raw.response();
    assert.equal(answer.status, 200, answer.text);
    assert.equal(answer.body.content, 'chunky');
    raw.destroy();
});

test('Expect: 100-continue', async () => {
    const body = '{"content":"expected"}';
    const raw = await Raw.connect(server);
    raw.write(`POST /api/v10/channels/${home.channel}/messages HTTP/1.1\r\nHost: x\r\n` +
        `Authorization: ${owner.token}\r\nContent-Type: application/json\r\n` +
        `Content-Length: ${body.length}\r\nExpect: 100-continue\r\n\r\n`);
    assert.equal((await raw.response()).status, 100);
    raw.write(body);
    const answer = await raw.response();
    assert.equal(answer.status, 200);
    assert.equal(answer.body.content, 'expected');
    raw.destroy();
});

test('Expect: 100-continue for a body over the limit: 413 at once', async () => {
    const raw = await Raw.connect(server);
    raw.write('POST /api/v10/auth/login HTTP/1.1\r\nHost: x\r\nContent-Length: 2000000\r\n' +
        'Expect: 100-continue\r\n\r\n');
    assert.equal((await raw.response()).status, 413);
    raw.destroy();
});

test('HEAD has the head of GET and no body', async () => {
    const raw = await Raw.connect(server);
    raw.write('HEAD /api/v10/gateway HTTP/1.1\r\nHost: x\r\n\r\n');
    const head = await raw.response({ head: true });
    assert.equal(head.status, 200);
    assert.ok(Number(head.headers.get('content-length')) > 0);
    raw.write(get('/api/v10/gateway'));
    assert.equal((await raw.response()).status, 200);
    raw.destroy();
});

test('Connection: close is obeyed', async () => {
    const raw = await Raw.connect(server);
    raw.write(get('/api/v10/gateway', 'Connection: close\r\n'));
    const answer = await raw.response();
    assert.equal(answer.headers.get('connection'), 'close');
    await raw.end();
    raw.destroy();
});

test('HTTP/1.0 closes, unless it asks not to', async () => {
    const raw = await Raw.connect(server);
    raw.write('GET /api/v10/gateway HTTP/1.0\r\nHost: x\r\n\r\n');
    assert.equal((await raw.response()).status, 200);
    await raw.end();
    const kept = await Raw.connect(server);
    for (let i = 0; i < 2; i += 1) {
        kept.write('GET /api/v10/gateway HTTP/1.0\r\nHost: x\r\nConnection: keep-alive\r\n\r\n');
        const answer = await kept.response();
        assert.equal(answer.headers.get('connection'), 'keep-alive');
    }
    kept.destroy();
});

test('browsers may call from other origins', async () => {
    const preflight = await fetch(`${server.url}/api/v10/channels/${home.channel}/messages`, {
        method: 'OPTIONS',
        headers: {
            origin: 'https://elsewhere.example', 'access-control-request-method': 'POST',
            'access-control-request-headers': 'authorization,content-type',
        },
    });
    assert.equal(preflight.status, 204);
    assert.equal(preflight.headers.get('access-control-allow-origin'), '*');
    assert.match(preflight.headers.get('access-control-allow-methods'), /POST/);
    assert.match(preflight.headers.get('access-control-allow-headers').toLowerCase(), /authorization/);
    const answer = await api(server, 'GET', '/users/@me', { token: owner.token });
    assert.equal(answer.headers.get('access-control-allow-origin'), '*');
});

test('the start page says what this is and needs nothing else', async () => {
    const answer = await fetch(`${server.url}/`);
    assert.equal(answer.status, 200);
    assert.match(answer.headers.get('content-type'), /^text\/html/);
    assert.ok(answer.headers.get('content-security-policy'));
    const page = await answer.text();
    assert.match(page, /Guildhall/);
    assert.match(page, /auth\/register/);
    assert.doesNotMatch(page, /(src|href)="(https?:)?\/\//, 'no outside resources');
});

test('health', async () => {
    for (const path of ['/healthz', '/readyz'])
        assert.equal((await fetch(`${server.url}${path}`)).status, 200);
});

test('metrics are off unless configured', async () => {
    assert.equal((await fetch(`${server.url}/metrics`)).status, 404);
});
