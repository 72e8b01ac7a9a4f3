// Blobs are served in pieces: ranges, tags, HEAD; of the smallest and of one that is larger than a piece.

import assert from 'node:assert/strict';
import test from 'node:test';

import { ok } from '../lib/api.mjs';
import { dataUri, png } from '../lib/media.mjs';
import { Raw } from '../lib/raw.mjs';
import { useServer } from '../lib/server.mjs';
import { world } from '../lib/world.mjs';

const server = await useServer();
const { owner, guild } = await world(server);
const bytes = png({ seed: 3, extra: 300_000 });
const { icon } = await ok(server, 'PATCH', `/guilds/${guild.id}`, { token: owner.token, body: { icon: dataUri(bytes) } });
const path = `/icons/${guild.id}/${icon}.png`;
const size = bytes.length;

const get = async (headers = {}, method = 'GET') => {
    const answer = await fetch(`${server.url}${path}`, { method, headers });
    return { status: answer.status, headers: answer.headers, bytes: Buffer.from(await answer.arrayBuffer()) };
};
const whole = await get();
const etag = whole.headers.get('etag');

test('the whole', () => {
    assert.equal(whole.status, 200);
    assert.ok(whole.bytes.equals(bytes));
    assert.equal(whole.headers.get('content-type'), 'image/png');
    assert.equal(whole.headers.get('accept-ranges'), 'bytes');
    assert.match(whole.headers.get('cache-control'), /immutable/);
    assert.match(etag, /^"[0-9a-f]{32}"$/);
});

for (const [range, from, to] of [
    ['bytes=0-0', 0, 1], ['bytes=0-99', 0, 100], [`bytes=${size - 1}-`, size - 1, size], ['bytes=65000-140000', 65000, 140001],
    ['bytes=100-', 100, size], ['bytes=-1', size - 1, size], ['bytes=-70000', size - 70000, size],
    [`bytes=-${size + 5}`, 0, size], [`bytes=10-${size + 1000}`, 10, size], ['bytes=5-99999999999999999', 5, size],
]) {
    test(`a range: ${range}`, async () => {
        const answer = await get({ range });
        assert.equal(answer.status, 206);
        assert.equal(answer.headers.get('content-range'), `bytes ${from}-${to - 1}/${size}`);
        assert.equal(answer.headers.get('content-length'), String(to - from));
        assert.equal(answer.headers.get('content-type'), 'image/png');
        assert.ok(answer.bytes.equals(bytes.subarray(from, to)));
    });
}

for (const range of [`bytes=${size}-`, `bytes=${size + 7}-${size + 9}`, 'bytes=-0']) {
    test(`nothing there: ${range}`, async () => {
        const answer = await get({ range });
        assert.equal(answer.status, 416);
        assert.equal(answer.headers.get('content-range'), `bytes */${size}`);
        assert.equal(answer.bytes.length, 0);
    });
}

for (const range of ['bytes=5-3', 'bytes=0-1,5-6', 'bytes=', 'bytes=-', 'bytes=a-b', 'bytes=1-2x', 'lines=0-3', 'bytes=--5']) {
    test(`no range that is understood: ${range}`, async () => {
        const answer = await get({ range });
        assert.equal(answer.status, 200);
        assert.ok(answer.bytes.equals(bytes));
    });
}

test('a range of this version, or of another', async () => {
    const same = await get({ range: 'bytes=1-2', 'if-range': etag });
    assert.equal(same.status, 206);
    for (const other of ['"something-else"', `W/${etag}`, 'Sat, 21 Nov 2026 01:39:41 GMT']) {
        const answer = await get({ range: 'bytes=1-2', 'if-range': other });
        assert.equal(answer.status, 200);
        assert.ok(answer.bytes.equals(bytes));
    }
});

test('what the client has is not sent again, whatever the range', async () => {
    for (const headers of [{}, { range: 'bytes=1-2' }, { range: `bytes=${size}-` }]) {
        const answer = await get({ 'if-none-match': `"x", W/${etag}`, ...headers });
        assert.equal(answer.status, 304);
        assert.equal(answer.headers.get('etag'), etag);
        assert.equal(answer.bytes.length, 0);
    }
});

test('HEAD says how long it is, and the connection goes on', async () => {
    const raw = await Raw.connect(server);
    const request = (method, more = '') => raw.write(`${method} ${path} HTTP/1.1\r\nHost: x\r\n${more}\r\n`);
    request('HEAD');
    const head = await raw.response({ head: true });
    assert.equal(head.status, 200);
    assert.equal(head.headers.get('content-length'), String(size));
    request('HEAD', 'Range: bytes=0-9\r\n');
    const ranged = await raw.response({ head: true });
    assert.equal(ranged.status, 200, 'ranges are of GET');
    // And two that are sent at once.
    request('GET', 'Range: bytes=0-99999\r\n');
    request('GET', 'Range: bytes=-3\r\n');
    const first = await raw.response();
    assert.equal(first.status, 206);
    assert.equal(first.headers.get('content-length'), '100000');
    assert.equal((await raw.response()).headers.get('content-length'), '3');
    raw.destroy();
});

test('who leaves in the middle takes nothing with them', async () => {
    for (let i = 0; i < 20; i += 1) {
        const raw = await Raw.connect(server);
        raw.write(`GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`);
        await raw.when((seen) => (seen.length > 100 ? true : undefined), 'a beginning');
        raw.destroy();
    }
    assert.ok((await get()).bytes.equals(bytes));
});
