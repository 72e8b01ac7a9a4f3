// Time limits at every stage: slow heads, slow bodies, silence, readers that do not read.

import assert from 'node:assert/strict';
import test, { afterEach } from 'node:test';

import { assertServes } from '../lib/api.mjs';
import { Raw } from '../lib/raw.mjs';
import { UNLIMITED, useServer } from '../lib/server.mjs';
import { within } from '../lib/wait.mjs';

const server = await useServer({
    flags: [...UNLIMITED, '--http.head_timeout_ms=400', '--http.body_timeout_ms=600', '--http.idle_timeout_ms=800',
        '--http.write_timeout_ms=700'],
});

afterEach(() => assertServes(server));

// Sends a byte whenever the clock allows until the server has enough.
async function drip(raw, bytes) {
    let at = 0;
    const timer = setInterval(() => {
        if (!raw.ended)
            raw.write(bytes[at % bytes.length]);
        at += 1;
    }, 50);
    try {
        await raw.end();
    } finally {
        clearInterval(timer);
        raw.destroy();
    }
}

test('a slow head, one byte at a time: closed in time', async () => {
    const raw = await Raw.connect(server);
    const began = Date.now();
    raw.write('GET / HTTP/1.1\r\nHost: x\r\nA: ');
    await drip(raw, 'bcdefgh');
    assert.ok(Date.now() - began >= 350, 'not before the limit');
    assert.ok(Date.now() - began < 5000, 'not long after it');
    assert.match(raw.bytes.toString(), /^(HTTP\/1.1 408|$)/);
});

test('a slow body, one byte at a time: closed in time', async () => {
    const raw = await Raw.connect(server);
    const began = Date.now();
    raw.write('POST /api/v10/auth/login HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n');
    await drip(raw, ' ');
    assert.ok(Date.now() - began < 5000, `not after ${Date.now() - began} ms`); // may be earlier: too little progress
    assert.match(raw.bytes.toString(), /^(HTTP\/1.1 408|$)/);
});

test('a connection that never says anything', async () => {
    const raw = await Raw.connect(server);
    const began = Date.now();
    await raw.end();
    assert.ok(Date.now() - began >= 350 && Date.now() - began < 5000);
    raw.destroy();
});

test('silence after a request', async () => {
    const raw = await Raw.connect(server);
    raw.write('GET /api/v10/gateway HTTP/1.1\r\nHost: x\r\n\r\n');
    assert.equal((await raw.response()).status, 200);
    const began = Date.now();
    await raw.end();
    assert.ok(Date.now() - began >= 700 && Date.now() - began < 5000);
    raw.destroy();
});

test('who asks without end and never reads is closed', async () => {
    const raw = await Raw.connect(server);
    raw.socket.pause();
    const request = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(200);
    const gone = new Promise((done) => {
        raw.socket.once('close', done);
    });
    raw.socket.on('error', () => {});
    // The kernel's buffers fill up, then the server's write limit ends it.
    const timer = setInterval(() => {
        if (raw.socket.writableLength < 1 << 20)
            raw.socket.write(request);
    }, 5);
    try {
        await within(gone, 'the server to close the connection');
    } finally {
        clearInterval(timer);
        raw.destroy();
    }
});

test('two hundred slow clients at once do not stop the others', async () => {
    const slow = await Promise.all(Array.from({ length: 200 }, () => Raw.connect(server)));
    for (const raw of slow)
        raw.write('GET / HTTP/1.1\r\nHo');
    await assertServes(server);
    await Promise.all(slow.map((raw) => raw.end()));
    slow.forEach((raw) => raw.destroy());
});
