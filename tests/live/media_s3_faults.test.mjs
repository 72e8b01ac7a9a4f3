// An object store that is ill in the middle of things: what it says wrongly is not believed, what it does
// not say is nobody's wait but of those few who asked.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';

import { api, ok } from '../lib/api.mjs';
import { file, send } from '../lib/forms.mjs';
import { S3 } from '../lib/s3.mjs';
import { Server, UNLIMITED } from '../lib/server.mjs';
import { until } from '../lib/wait.mjs';
import { world } from '../lib/world.mjs';

const s3 = await S3.start();
const start = (data) => Server.start({ data, flags: [...UNLIMITED, ...s3.flags], env: s3.env });
const server = await start();
const { owner, guild } = await world(server);
const path = `/channels/${guild.channel}/messages`;
const post = (bytes) => send(server, { path, token: owner.token, parts: [file(0, bytes)] });
const staged = () => {
    const folder = join(server.data, 'media', '.staging');
    return existsSync(folder) ? readdirSync(folder) : [];
};

const large = randomBytes(3_000_000);
const { body: message } = await post(large);
const [{ url }] = message.attachments;

// How it answers a GET of a part from the third on.
const ILLS = {
    'hangs up': (request, response) => response.destroy(),
    'fails': (request, response) => response.writeHead(500).end('no'),
    'refuses': (request, response) => response.writeHead(403).end('<Error><Code>AccessDenied</Code></Error>'),
    'has no bucket': (request, response) => response.writeHead(404).end('<Error><Code>NoSuchBucket</Code></Error>'),
    'sends less': (request, response) => response.writeHead(206, { 'content-length': 100 }).end(Buffer.alloc(100)),
    'stops in the middle': (request, response) => {
        response.writeHead(206, { 'content-length': 65536 }).write(Buffer.alloc(100), () => response.destroy());
    },
    'knows no ranges': (request, response) => {
        const [, from, to] = /bytes=(\d+)-(\d+)/.exec(request.headers.range);
        response.writeHead(200).end(Buffer.alloc(Number(to) - Number(from) + 1));
    },
};

test('a download that breaks off never looks complete', async () => {
    for (const [name, ill] of Object.entries(ILLS)) {
        let gets = 0;
        s3.mode = (request, response) => {
            gets += request.method === 'GET' ? 1 : 0;
            if (gets < 3)
                return false;
            request.resume();
            ill(request, response);
            return true;
        };
        const answer = await fetch(url);
        assert.equal(answer.status, 200, name);
        await assert.rejects(answer.arrayBuffer(), undefined, `${name}: it must not look complete`);
        s3.back();
        assert.deepEqual(Buffer.from(await (await fetch(url)).arrayBuffer()), large, `after it ${name}`);
    }
});

test('a bucket that is not there says nothing about what was in it', async () => {
    s3.mode = 'no bucket';
    const gone = await fetch(url);
    assert.equal(gone.status, 503, 'not 404, which would be believed');
    const refused = await post(randomBytes(1000));
    assert.equal(refused.status, 503);
    assert.deepEqual(staged(), []);
    s3.back();
    assert.equal((await fetch(url)).status, 200);
});

test('an upload that breaks off there leaves nothing here', async () => {
    const count = async () => Number((await server.sql('SELECT count(*) FROM blob_references')).trim());
    const before = await count();
    for (const ill of ['hangs up', 'refuses']) {
        s3.mode = (request, response) => {
            if (request.method !== 'PUT')
                return false;
            request.once('data', () => ILLS[ill](request, response)).resume();
            return true;
        };
        const answer = await post(randomBytes(2_000_000));
        assert.equal(answer.status, 503, ill);
        assert.deepEqual(staged(), [], ill);
        s3.back();
    }
    assert.equal(await count(), before);
});

test('far away: a large file is not a request for each piece', async () => {
    const before = s3.requests.length;
    assert.equal((await (await fetch(url)).arrayBuffer()).byteLength, large.length);
    const requests = s3.requests.length - before;
    assert.ok(requests <= 8, `${requests} requests for 3 MB`);
});

test('a hundred downloads at once', async () => {
    const all = await Promise.all(Array.from({ length: 100 }, async () => {
        const answer = await fetch(url);
        return Buffer.from(await answer.arrayBuffer()).equals(large);
    }));
    assert.ok(all.every(Boolean));
});

test('a store that hangs keeps nobody else waiting', async () => {
    s3.mode = 'hang';
    const answers = Array.from({ length: 300 }, async () => (await fetch(url)).status);
    await until(() => s3.requests.filter((line) => line.startsWith('GET')).length > 20, 'the store to be asked');
    let worst = 0;
    for (let i = 0; i < 100; i += 1) {
        const begun = Date.now();
        assert.equal((await api(server, 'GET', path, { token: owner.token })).status, 200);
        worst = Math.max(worst, Date.now() - begun);
    }
    assert.ok(worst < 3000, `somebody waited ${worst} ms for what has nothing to do with files`);
    s3.back(); // ends those that hang
    for (const status of await Promise.all(answers)) // some still wait when it is back
        assert.ok(status === 503 || status === 200, `${status}`);
    assert.equal((await fetch(url)).status, 200);
});

// The last: it ends the server.
test('what is deleted while the bucket is away is deleted when it is back', async () => {
    await ok(server, 'DELETE', `${path}/${message.id}`, { token: owner.token });
    await server.stop();
    await server.sql('UPDATE blobs SET review_ms = 1 WHERE review_ms > 0'); // an hour later
    s3.mode = 'no bucket';
    const before = s3.requests.length;
    let again = await start(server.data);
    await until(() => s3.requests.slice(before).some((line) => line.startsWith('DELETE')), 'the collection to try');
    await again.stop();
    assert.notEqual((await again.sql('SELECT count(*) FROM blobs')).trim(), '0', 'the row stays as long as the bytes');
    s3.back();
    again = await start(server.data);
    await until(async () => (await again.sql('SELECT count(*) FROM blobs')).trim() === '0', 'it to be collected');
    await again.stop();
    assert.deepEqual(s3.wrong, []);
});
