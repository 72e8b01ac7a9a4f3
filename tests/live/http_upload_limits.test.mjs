// Bodies with files: what is refused, where, and with what; and that nothing of it stays.

import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import test, { afterEach } from 'node:test';

import { api, assertError, assertServes, formCodes, ok } from '../lib/api.mjs';
import { BOUNDARY, FORM_TYPE, file, form, head, largeForm, partHead, payload, pour, send } from '../lib/forms.mjs';
import { Raw } from '../lib/raw.mjs';
import { Server, UNLIMITED, useServer } from '../lib/server.mjs';
import { until } from '../lib/wait.mjs';
import { world } from '../lib/world.mjs';

const FILE_MAX = 3_000_000;
const server = await useServer({
    flags: [...UNLIMITED, '--http.body_timeout_ms=600', '--http.body_bytes_max=65536', '--http.streams_max=4',
        `--uploads.file_bytes_max=${FILE_MAX}`, '--uploads.message_bytes_max=8000000'],
});
const { owner, guild, member } = await world(server);
const path = `/channels/${guild.channel}/messages`;
const post = (parts, more = {}) => send(server, { path, token: owner.token, parts, ...more });

const staged = () => {
    const folder = join(server.data, 'media', '.staging');
    return existsSync(folder) ? readdirSync(folder) : [];
};
const messages = async () => (await ok(server, 'GET', `${path}?limit=100`, { token: owner.token })).length;
let count = await messages();

afterEach(async () => {
    await until(() => staged().length === 0, 'nothing to be left half-way');
    await assertServes(server);
});

const WAYS = [['small, by its length', {}], ['small, in chunks', { chunk: 7 }], ['large, by its length', { large: true }],
    ['large, in chunks', { large: true, chunk: 50_000 }]];
// Beyond body_bytes_max a form streams; below it, it is taken from memory. Chunks always stream.
const bytesOf = (large) => Buffer.alloc(large ? 300_000 : 300, 'bytes ');

for (const [name, { large, chunk }] of WAYS) {
    test(`a form that is right: ${name}`, async () => {
        const bytes = bytesOf(large);
        const answer = await post([payload({ content: 'hello', nonce: '7' }), file(0, bytes), file(3, 'abc', 'b.txt')], { chunk });
        assert.equal(answer.status, 200, answer.text);
        assert.equal(answer.body.content, 'hello');
        assert.equal(answer.body.nonce, '7');
        assert.deepEqual(answer.body.attachments.map((a) => [a.filename, a.size]), [['file0.bin', bytes.length], ['b.txt', 3]]);
        const served = await fetch(answer.body.attachments[0].url);
        assert.ok(Buffer.from(await served.arrayBuffer()).equals(bytes));
        count += 1;
    });

    test(`fields without payload_json: ${name}`, async () => {
        const answer = await post([
            { name: 'content', bytes: 'loose \u00e9' }, { name: 'tts', bytes: 'false' }, { name: 'nonce', bytes: '12' },
            { name: 'flags', bytes: '4096' }, { name: 'file', filename: 'old.txt', bytes: bytesOf(large) },
        ], { chunk });
        assert.equal(answer.status, 200, answer.text);
        assert.equal(answer.body.content, 'loose \u00e9');
        assert.equal(answer.body.attachments.length, 1);
        count += 1;
    });

    test(`eleven files: ${name}`, async () => {
        const files = Array.from({ length: 11 }, (_, n) => file(n, n === 0 ? bytesOf(large) : 'x'));
        assertError(await post([payload({ content: 'x' }), ...files], { chunk }), 400, 30015);
    });

    for (const [what, parts] of [
        ['a part without a name', [{ filename: 'a.bin', bytes: 'x' }]],
        ['two parts of one name', [file(0, 'x'), file(0, 'y')]],
        ['two payloads', [payload({ content: 'a' }), payload({ content: 'b' })]],
        ['a file without a file name', [{ name: 'files[0]', bytes: 'x' }]],
    ])
        test(`${what}: ${name}`, async () => {
            const filler = { name: 'filler', filename: 'filler', bytes: bytesOf(large) };
            assertError(await post([filler, ...parts], { chunk }), 400, 0);
        });

    test(`no end: ${name}`, async () => {
        const all = form([payload({ content: 'x' }), file(0, bytesOf(large))]);
        for (const cut of [all.subarray(0, all.length - 4), all.subarray(0, all.length - BOUNDARY.length - 10), all.subarray(0, 70)])
            assertError(await post(undefined, { bytes: cut, chunk }), 400, 0);
    });

    test(`a payload that is none: ${name}`, async () => {
        const bytes = bytesOf(large);
        assertError(await post([{ name: 'payload_json', bytes: '{' }, file(0, bytes)], { chunk }), 400, 50109);
        const answer = await post([payload({ content: 'x'.repeat(2001) }), file(0, bytes)], { chunk });
        assert.deepEqual(formCodes(answer, 'content'), ['BASE_TYPE_MAX_LENGTH']);
    });
}

test('texts have their bound, though files may be large', async () => {
    const text = JSON.stringify({ content: 'x', pad: 'y'.repeat(70_000) });
    assertError(await post([{ name: 'payload_json', bytes: text }, file(0, 'x')]), 413, 40005);
});

test('a file that is too large: in the middle, and when the length says so', async () => {
    assert.equal((await post([file(0, Buffer.alloc(FILE_MAX))])).status, 200);
    count += 1;
    assertError(await post([file(0, Buffer.alloc(FILE_MAX + 1))]), 413, 40005);
    assertError(await post([file(0, Buffer.alloc(FILE_MAX + 1))], { chunk: 60_000 }), 413, 40005);
    const raw = await Raw.connect(server);
    raw.write(head('POST', path, owner.token, { 'Content-Type': FORM_TYPE, 'Content-Length': 500_000_000 }));
    assertError(await raw.response(), 413, 40005);
    raw.destroy();
});

test('whoever may not, is told before they send', async () => {
    const more = { 'Content-Type': FORM_TYPE, 'Content-Length': 1_000_000, Expect: '100-continue' };
    for (const [token, to, status, code] of [
        [undefined, path, 401, 0], ['nonsense', path, 401, 0], [owner.token, '/channels/5/messages', 404, 10003],
        [owner.token, '/channels/x/messages', 400, 0],
    ]) {
        const raw = await Raw.connect(server);
        raw.write(head('POST', to, token, more));
        assertError(await raw.response(), status, code);
        raw.destroy();
    }
    const raw = await Raw.connect(server);
    const { before, after, length } = largeForm(900_000);
    raw.write(head('POST', path, owner.token, { ...more, 'Content-Length': length }));
    assert.equal((await raw.response()).status, 100);
    raw.write(before);
    await pour(raw, 900_000);
    raw.write(after);
    assert.equal((await raw.response()).status, 200);
    count += 1;
    raw.destroy();
});

test('without ATTACH_FILES: a form, but no file', async () => {
    await ok(server, 'PUT', `/channels/${guild.channel}/permissions/${member.id}`, {
        token: owner.token, body: { type: 1, deny: String(1 << 15) },
    });
    for (const bytes of [Buffer.alloc(10), Buffer.alloc(200_000)])
        assertError(await post([payload({ content: 'x' }), file(0, bytes)], { token: member.token }), 403, 50013);
    assert.equal((await post([payload({ content: 'x' })], { token: member.token })).status, 200);
    count += 1;
});

test('a large body that is no form', async () => {
    const answer = await api(server, 'POST', path, { token: owner.token, body: { content: 'x', pad: 'y'.repeat(70_000) } });
    assertError(answer, 413, 40005);
});

// Sends `step` bytes whenever the clock allows, until all are sent or the server has enough.
async function drip(raw, size, step) {
    let left = size;
    const sent = new Promise((done) => {
        const timer = setInterval(() => {
            if (left <= 0 || raw.ended) {
                clearInterval(timer);
                done();
                return;
            }
            raw.write(Buffer.alloc(Math.min(step, left)));
            left -= step;
        }, 50);
    });
    await sent;
}

async function begin(size) {
    const raw = await Raw.connect(server);
    const { before, after, length } = largeForm(size);
    raw.write(head('POST', path, owner.token, { 'Content-Type': FORM_TYPE, 'Content-Length': length })).write(before);
    return { raw, after };
}

test('slow but moving: taken, though it takes longer than any limit', async () => {
    const { raw, after } = await begin(400_000);
    const began = Date.now();
    await drip(raw, 400_000, 10_000);
    raw.write(after);
    assert.equal((await raw.response()).status, 200);
    assert.ok(Date.now() - began > 1200, 'or it was not slow');
    count += 1;
    raw.destroy();
});

test('a trickle: cut off', async () => {
    const { raw } = await begin(400_000);
    await drip(raw, 400_000, 50);
    assertError(await raw.response(), 408, 0);
    raw.destroy();
});

test('so many at once, and room for more afterwards', async () => {
    const held = [];
    for (let i = 0; i < 4; i += 1) {
        held.push(await begin(400_000));
        held[i].raw.write(Buffer.alloc(40_000));
    }
    await until(() => staged().length === 4, 'four to be under way');
    const { raw } = await begin(400_000);
    assertError(await raw.response(), 503, 130000);
    raw.destroy();
    await assertServes(server);
    held.forEach((one) => one.raw.destroy());
    await until(() => staged().length === 0, 'them to be gone');
    assert.equal((await post([file(0, bytesOf(true))])).status, 200);
    count += 1;
});

test('what was refused has left no message and no blob', async () => {
    assert.equal(await messages(), count);
    const rows = await server.sql('SELECT count(*) FROM blobs WHERE hash NOT IN (SELECT hash FROM blob_references)');
    assert.equal(rows.trim(), '0');
});

test('a part\'s header that is too long', async () => {
    const bytes = Buffer.from(`${partHead({ name: 'a'.repeat(3000) })}x\r\n--${BOUNDARY}--\r\n`);
    assertError(await post(undefined, { bytes }), 413, 40005);
});

test('refused at the head is refused: who keeps being it is not looked at any more', async () => {
    const INVALID_MAX = 10_000, LANES = 20; // docs, "Invalid Request Limit"
    const limited = await Server.start({ flags: [] });
    const statuses = new Map();
    const one = async () => {
        const raw = await Raw.connect(limited);
        raw.write(head('POST', '/channels/1/messages', 'nobody', { 'Content-Type': FORM_TYPE, 'Content-Length': 5_000_000 }));
        const { status } = await raw.response();
        raw.destroy();
        statuses.set(status, (statuses.get(status) ?? 0) + 1);
    };
    await Promise.all(Array.from({ length: LANES }, async () => {
        for (let i = 0; i < INVALID_MAX / LANES + 5; i += 1)
            await one();
    }));
    assert.deepEqual([...statuses.keys()].sort(), [401, 429]);
    assert.ok(statuses.get(401) >= INVALID_MAX && statuses.get(401) < INVALID_MAX + LANES, `${statuses.get(401)}`);
    await limited.stop();
});
