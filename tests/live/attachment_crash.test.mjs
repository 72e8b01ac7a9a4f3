// kill -9 while messages with files are posted, edited, deleted, and files are sent ahead: whatever was
// acknowledged is there with its bytes, nothing is there in part, and what nobody refers to is found by
// the sweep. And a full disk: a clear refusal, neither row nor file.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';

import { api, ok } from '../lib/api.mjs';
import { databaseEnvironment, sql } from '../lib/database.mjs';
import { smallDisk } from '../lib/disk.mjs';
import { file, form, FORM_TYPE, payload } from '../lib/forms.mjs';
import { png, sha256 } from '../lib/media.mjs';
import { Server, UNLIMITED, atEnd, run, temporaryFolder } from '../lib/server.mjs';
import { rounds, until } from '../lib/wait.mjs';
import { world } from '../lib/world.mjs';

const ROUNDS = rounds(5);
const STREAMS = 4;
const AFTER = 12; // acknowledged in a round before the server is ended

const fileOf = (data, hash) => join(data, 'media', hash.slice(0, 2), hash.slice(2));
const lines = (text) => text.split('\n').filter(Boolean).map((line) => line.split('|'));

function post(server, who, path, parts, method = 'POST') {
    return api(server, method, path, {
        token: who.token, raw: form(parts), headers: { 'content-type': FORM_TYPE },
    });
}

// Every row has its message, its reference and its file; every reference its row; every blob's row its
// file or a review to come; every file a row; and what is counted is what is there.
function assertWhole(data, ask = (text) => sql(data, text)) {
    const rows = (text) => lines(ask(text));
    const none = (text) => assert.deepEqual(rows(text), [], text);
    none('SELECT a.id FROM attachments a LEFT JOIN messages m ON m.channel_id = a.channel_id AND m.id = a.message_id WHERE m.id IS NULL');
    none('SELECT a.id FROM attachments a LEFT JOIN blob_references r ON r.hash = a.hash AND r.kind = 13 AND r.owner_id = a.id WHERE r.hash IS NULL');
    none('SELECT r.owner_id FROM blob_references r LEFT JOIN attachments a ON a.id = r.owner_id WHERE r.kind = 13 AND a.id IS NULL');
    none('SELECT r.owner_id FROM blob_references r LEFT JOIN uploads u ON u.id = r.owner_id AND u.hash = r.hash WHERE r.kind = 14 AND u.id IS NULL');
    none('SELECT u.id FROM uploads u LEFT JOIN blob_references r ON r.hash = u.hash AND r.kind = 14 AND r.owner_id = u.id WHERE u.hash IS NOT NULL AND r.hash IS NULL');
    none('SELECT u.id FROM media_usage u WHERE kind = 1 AND bytes <> (SELECT COALESCE(SUM(size), 0) FROM attachments WHERE uploader_id = u.id)');
    none('SELECT u.id FROM media_usage u WHERE kind = 2 AND bytes <> (SELECT COALESCE(SUM(size), 0) FROM attachments WHERE guild_id = u.id)');
    none('SELECT b.hash FROM blobs b LEFT JOIN blob_references r ON r.hash = b.hash WHERE r.hash IS NULL AND b.review_ms = 0');
    for (const [hash] of rows('SELECT DISTINCT hash FROM blob_references')) {
        assert.ok(existsSync(fileOf(data, hash)), `${hash} has no file`);
        assert.equal(sha256(readFileSync(fileOf(data, hash))), hash);
    }
    const known = new Set(rows('SELECT hash FROM blobs').map(([hash]) => hash));
    for (const fan of readdirSync(join(data, 'media')).filter((name) => /^[0-9a-f]{2}$/.test(name)))
        for (const name of readdirSync(join(data, 'media', fan)).filter((one) => !one.startsWith('.')))
            assert.ok(known.has(fan + name), `${fan}${name} has no row`);
}

async function assertServed(url, bytes, text = url) {
    const answer = await fetch(url);
    assert.equal(answer.status, 200, text);
    assert.ok(Buffer.from(await answer.arrayBuffer()).equals(bytes), text);
}

// What one stream does over and over; each step tells the book what was acknowledged.
const ACTIONS = [
    async (x) => {
        const bytes = [x.bytes(), x.bytes()];
        const answer = await post(x.server, x.member, x.path, [
            payload({ content: 'two' }), file(0, bytes[0]), file(1, bytes[1]),
        ]);
        assert.equal(answer.status, 200, answer.text);
        x.book.set(answer.body.id, bytes);
    },
    async (x) => {
        const bytes = x.bytes();
        const { attachments: [ticket] } = await ok(x.server, 'POST', `/channels/${x.channel}/attachments`, {
            token: x.member.token, body: { files: [{ id: '0', filename: 'a.bin', file_size: bytes.length }] },
        });
        const put = await fetch(ticket.upload_url, { method: 'PUT', body: bytes });
        assert.equal(put.status, 200);
        const message = await ok(x.server, 'POST', x.path, {
            token: x.member.token, body: { attachments: [{ id: '0', uploaded_filename: ticket.upload_filename }] },
        });
        x.book.set(message.id, [bytes]);
    },
    async (x) => {
        const [id] = [...x.book.keys()].slice(-1);
        if (id === undefined || x.busy.has(id))
            return;
        x.busy.add(id);
        const bytes = x.bytes(), before = x.book.get(id);
        x.book.delete(id); // until it is answered it may be either
        x.either.set(id, [before, [bytes]]);
        const answer = await post(x.server, x.member, `${x.path}/${id}`, [payload({ attachments: [] }), file(0, bytes)], 'PATCH');
        assert.equal(answer.status, 200, answer.text);
        x.either.delete(id);
        x.book.set(id, [bytes]);
        x.busy.delete(id);
    },
    async (x) => {
        const [id] = x.book.keys();
        if (id === undefined || x.busy.has(id) || x.book.size < 8)
            return;
        x.busy.add(id);
        const before = x.book.get(id);
        x.book.delete(id);
        x.either.set(id, [before, null]);
        assert.equal((await api(x.server, 'DELETE', `${x.path}/${id}`, { token: x.member.token })).status, 204);
        x.either.set(id, [null]);
    },
];

async function contentsOf(server, member, path, id) {
    const answer = await api(server, 'GET', `${path}/${id}`, { token: member.token });
    if (answer.status === 404)
        return null;
    return Promise.all(answer.body.attachments.map(async ({ url }) => {
        const bytes = await fetch(url);
        assert.equal(bytes.status, 200, url);
        return Buffer.from(await bytes.arrayBuffer());
    }));
}

const same = (a, b) => a === b || (a !== null && b !== null && a.length === b.length && a.every((one, n) => one.equals(b[n])));

test('what was acknowledged is there, after every end', async () => {
    const data = temporaryFolder();
    let server = await Server.start({ data });
    const { member, guild } = await world(server);
    const path = `/channels/${guild.channel}/messages`;
    const book = new Map(), either = new Map();
    let serial = 0;
    const bytes = () => {
        serial += 1;
        return serial % 3 === 0 ? png({ seed: serial }) : Buffer.alloc(serial % 5 * 40000 + 3, `file ${serial} `);
    };
    for (let round = 0; round < ROUNDS; round += 1) {
        const x = { server, member, channel: guild.channel, path, book, either, bytes, busy: new Set() };
        let count = 0, ended = false;
        const stream = async (n) => {
            for (let k = n; !ended; k += 1) {
                try {
                    await ACTIONS[k % ACTIONS.length](x);
                } catch (error) {
                    if (!ended)
                        throw error;
                    return;
                }
                count += 1;
            }
        };
        const streams = Promise.all(Array.from({ length: STREAMS }, (_, n) => stream(n)));
        await Promise.race([streams, until(() => count >= AFTER, 'some messages')]);
        ended = true;
        await server.kill();
        await streams;
        server = await Server.start({ data });
        assertWhole(data);
        for (const [id, expected] of book)
            assert.ok(same(await contentsOf(server, member, path, id), expected), `message ${id} as it was acknowledged`);
        for (const [id, possible] of either) {
            const now = await contentsOf(server, member, path, id);
            assert.ok(possible.some((one) => same(now, one)), `message ${id} as before or after`);
        }
        either.clear();
    }
    await server.stop();
    const doctor = run(['doctor', '--data', data]);
    assert.equal(doctor.code, 0, `${doctor.stdout}${doctor.stderr}`);
});

test('a full disk takes nothing in part', async (t) => {
    const disk = await smallDisk('14m');
    if (disk === null) {
        t.skip('needs a mount namespace');
        return;
    }
    const server = await Server.start({ data: disk.data, prefix: disk.enter, flags: UNLIMITED });
    atEnd(() => server.stop());
    const { member, guild } = await world(server);
    const path = `/channels/${guild.channel}/messages`;
    const small = await post(server, member, path, [file(0, 'small')]);
    assert.equal(small.status, 200, small.text);
    const staged = () => {
        const folder = join(disk.inside, 'media', '.staging');
        return existsSync(folder) ? readdirSync(folder).length : 0;
    };
    let refused = null;
    for (let n = 0; n < 6 && refused === null; n += 1) {
        const answer = await post(server, member, path, [file(0, Buffer.alloc(4_000_000, `${n} `))]);
        if (answer.status !== 200)
            refused = answer;
    }
    assert.ok(refused !== null, 'the disk became full');
    assert.ok([503, 507].includes(refused.status), `${refused.status}: ${refused.text}`);
    await until(() => staged() === 0, 'no staged file to be left');
    // What is there still is, and a message without a file, too.
    await assertServed(small.body.attachments[0].url, Buffer.from('small'));
    const page = await ok(server, 'GET', path, { token: member.token });
    for (const message of page)
        for (const one of message.attachments)
            assert.equal((await fetch(one.url)).status, 200);
    assertWhole(disk.inside, (text) => {
        if ('GUILDHALL_STORE_URL' in databaseEnvironment(disk.data))
            return sql(disk.data, text);
        const line = [...disk.enter, 'sqlite3', join(disk.data, 'guildhall.db'), text];
        const asked = spawnSync(line[0], line.slice(1), { encoding: 'utf8' });
        assert.equal(asked.status, 0, asked.stderr);
        return asked.stdout;
    });
    // Room again: it goes on.
    disk.command('mount', '-o', 'remount,size=60m', disk.data);
    const after = await until(async () => {
        const answer = await post(server, member, path, [file(0, Buffer.alloc(4_000_000, 'y'))]);
        return answer.status === 200 ? answer : undefined;
    }, 'a file to be taken again');
    await assertServed(after.body.attachments[0].url, Buffer.alloc(4_000_000, 'y'));
});
