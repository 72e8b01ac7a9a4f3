// Malformed HTTP: each request gets its status and the connection is closed; the server serves on.

import assert from 'node:assert/strict';
import test, { afterEach } from 'node:test';

import { assertServes } from '../lib/api.mjs';
import { Raw } from '../lib/raw.mjs';
import { useServer } from '../lib/server.mjs';

const server = await useServer();

afterEach(() => assertServes(server));

const CASES = [
    ['no HTTP at all', 'hello\r\n\r\n', 400],
    ['a TLS greeting', Buffer.from([0x16, 3, 1, 0, 5, 1, 0, 0, 1, 3]), 400],
    ['an unknown version', 'GET / HTTP/9.9\r\nHost: x\r\n\r\n', 400],
    ['HTTP/2 preface', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 400],
    ['no Host', 'GET / HTTP/1.1\r\n\r\n', 400],
    ['two Hosts', 'GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n', 400],
    ['a header without a colon', 'GET / HTTP/1.1\r\nHost: x\r\nnonsense\r\n\r\n', 400],
    ['a space before the colon', 'GET / HTTP/1.1\r\nHost: x\r\nA : b\r\n\r\n', 400],
    ['a folded header', 'GET / HTTP/1.1\r\nHost: x\r\nA: b\r\n c\r\n\r\n', 400],
    ['a NUL in a header', 'GET / HTTP/1.1\r\nHost: x\r\nA: b\0c\r\n\r\n', 400],
    ['a bare line feed', 'GET / HTTP/1.1\nHost: x\n\n', 400],
    ['a control character in the target', 'GET /\u0001 HTTP/1.1\r\nHost: x\r\n\r\n', 400],
    ['Content-Length that is no number', 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: abc\r\n\r\n', 400],
    ['Content-Length negative', 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n', 400],
    ['two Content-Lengths', 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab', 400],
    ['Content-Length with chunked', 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n' +
        'Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n', 400],
    ['a chunk size that is no number', 'POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n', 400],
    ['a transfer coding that we do not have', 'POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n', 501],
    ['an oversized header', `GET / HTTP/1.1\r\nHost: x\r\nA: ${'b'.repeat(20000)}\r\n\r\n`, 431],
    ['many headers', `GET / HTTP/1.1\r\nHost: x\r\n${'A: b\r\n'.repeat(200)}\r\n`, 431],
    ['a long target', `GET /${'a'.repeat(9000)} HTTP/1.1\r\nHost: x\r\n\r\n`, 414],
    ['an endless request line', `GET /${'a'.repeat(40000)}`, 414],
    ['an endless header', `GET / HTTP/1.1\r\nHost: x\r\nA: ${'b'.repeat(40000)}`, 431],
    ['a declared body over the limit', 'POST /api/v10/auth/login HTTP/1.1\r\nHost: x\r\n' +
        'Content-Length: 99999999\r\n\r\n', 413],
    ['a length beyond 64 bits', 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999999\r\n\r\n', 400],
];

for (const [name, bytes, status] of CASES) {
    test(`${name}: ${status}`, async () => {
        const raw = await Raw.connect(server);
        raw.write(bytes);
        const answer = await raw.response();
        assert.equal(answer.status, status, answer.text);
        assert.equal(answer.headers.get('content-type'), 'application/json');
        assert.equal(typeof answer.body.message, 'string');
        assert.equal(typeof answer.body.code, 'number');
        assert.equal(answer.headers.get('connection'), 'close');
        assert.ok(answer.headers.has('via'));
        await raw.end();
        raw.destroy();
    });
}

test('a chunked body over the limit: 413', async () => {
    const raw = await Raw.connect(server);
    raw.write('POST /api/v10/auth/login HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n');
    const chunk = `10000\r\n${'x'.repeat(65536)}\r\n`;
    for (let i = 0; i < 20; i += 1)
        raw.write(chunk);
    const answer = await raw.response();
    assert.equal(answer.status, 413);
    raw.destroy();
});

test('a method that does not exist: 405', async () => {
    const raw = await Raw.connect(server);
    raw.write('PROPFIND /api/v10/gateway HTTP/1.1\r\nHost: x\r\n\r\n');
    const answer = await raw.response();
    assert.ok(answer.status === 405 || answer.status === 400, String(answer.status));
    raw.destroy();
});

test('percent-encodings that are none, and paths that climb', async () => {
    for (const path of ['/api/v10/channels/%zz', '/api/v10/%00', '/api/v10/../../etc/passwd',
        '/api/v10/invites/%2e%2e%2f', '//api//v10', '/api/v10/channels/%ff']) {
        const raw = await Raw.connect(server);
        raw.write(`GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
        const answer = await raw.response();
        assert.ok(answer.status >= 400 && answer.status < 500, `${path}: ${answer.status}`);
        raw.destroy();
    }
});

test('clients that leave in the middle of anything', async () => {
    const whole = 'POST /api/v10/auth/login HTTP/1.1\r\nHost: x\r\nContent-Length: 40\r\n\r\n{"login":"a","password":"b"            }';
    for (let cut = 1; cut < whole.length; cut += 3) {
        const raw = await Raw.connect(server);
        raw.write(whole.slice(0, cut));
        raw.destroy();
    }
});
