// X-Request-Id: taken over if it is well-formed, else made; always returned and logged.

import assert from 'node:assert/strict';
import test from 'node:test';

import { api } from '../lib/api.mjs';
import { Raw } from '../lib/raw.mjs';
import { UNLIMITED, useServer } from '../lib/server.mjs';
import { until } from '../lib/wait.mjs';
import { PASSWORD, person } from '../lib/world.mjs';

const server = await useServer({ flags: [...UNLIMITED, '--log.level=debug', '--log.format=json'] });
const owner = await person(server);

const MADE = /^[A-Za-z0-9._-]{1,64}$/;

for (const id of ['a', 'trace-1.2_3', 'X'.repeat(64)]) {
    test(`"${id.slice(0, 20)}" is returned as it is`, async () => {
        const answer = await api(server, 'GET', '/users/@me', {
            token: owner.token, headers: { 'x-request-id': id },
        });
        assert.equal(answer.headers.get('x-request-id'), id);
    });
}

for (const id of ['', 'X'.repeat(65), 'with space', 'a"b', 'a{}', 'ä']) {
    test(`"${id.slice(0, 20)}" is replaced`, async () => {
        const answer = await api(server, 'GET', '/users/@me', {
            token: owner.token, headers: { 'x-request-id': id },
        });
        assert.notEqual(answer.headers.get('x-request-id'), id);
        assert.match(answer.headers.get('x-request-id'), MADE);
    });
}

test('every answer has one, also refusals, and each another', async () => {
    const seen = new Set();
    for (const path of ['/gateway', '/users/@me', '/nothing', '/guilds/abc']) {
        const answer = await api(server, 'GET', path);
        assert.match(answer.headers.get('x-request-id') ?? '', MADE, path);
        seen.add(answer.headers.get('x-request-id'));
    }
    assert.equal(seen.size, 4);
});

test('the log has it, as JSON, without secrets', async () => {
    await api(server, 'GET', '/users/@me', { token: owner.token, headers: { 'x-request-id': 'find-me' } });
    await api(server, 'POST', '/auth/login', { body: { login: owner.username, password: PASSWORD } });
    const line = await until(() => server.stderr.split('\n').find((text) => text.includes('find-me')),
        'the log line');
    const fields = JSON.parse(line);
    assert.ok(Object.values(fields).includes('find-me'));
    for (const text of server.stderr.split('\n').filter((each) => each !== ''))
        assert.equal(typeof JSON.parse(text), 'object');
    assert.equal(server.stderr.includes(owner.token), false, 'no token in the log');
    assert.equal(server.stderr.includes(PASSWORD), false, 'no password in the log');
});

test('malformed requests get an answer and leave the log readable', async () => {
    const raw = await Raw.connect(server);
    raw.write('GET /\u0001 HTTP/1.1\r\nHost: x\r\n\r\n');
    const answer = await raw.response();
    assert.equal(answer.status, 400);
    raw.destroy();
});

const HEAD = 'POST /api/v10/auth/login HTTP/1.1\r\nHost: x\r\n';
for (const [name, bytes, status, id] of [
    ['a malformed line', 'GET /\u0001 HTTP/1.1\r\nHost: x\r\n\r\n', 400, MADE],
    ['an oversized header', `${HEAD}A: ${'b'.repeat(20000)}\r\n\r\n`, 431, MADE],
    ['a body over the limit', `${HEAD}X-Request-Id: too-big\r\nContent-Length: 99999999\r\n\r\n`, 413, /^too-big$/],
    ['a bad chunk', `${HEAD}X-Request-Id: bad-chunk\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n`, 400, /^bad-chunk$/],
    ['two Hosts', `${HEAD}Host: y\r\nX-Request-Id: a b\r\n\r\n`, 400, MADE],
]) {
    test(`${name}: refused before any route, with an id that is logged`, async () => {
        const raw = await Raw.connect(server);
        raw.write(bytes);
        const answer = await raw.response();
        assert.equal(answer.status, status);
        const given = answer.headers.get('x-request-id') ?? '';
        assert.match(given, id);
        await until(() => server.stderr.includes(`"${given}"`), 'the log line');
        raw.destroy();
    });
}
