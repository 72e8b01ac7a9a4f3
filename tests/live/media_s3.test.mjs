// Images and files in an S3-compatible object store: kept, served in ranges, really deleted; a store
// that is away, hangs or is full gives a clear answer and leaves nothing behind.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';

import { api, ok } from '../lib/api.mjs';
import { databaseEnvironment } from '../lib/database.mjs';
import { BUCKET, S3 } from '../lib/s3.mjs';
import { BINARY, Server, UNLIMITED, cleanEnvironment, temporaryFolder } from '../lib/server.mjs';
import { until } from '../lib/wait.mjs';
import { guild, person } from '../lib/world.mjs';

const s3 = await S3.start();
const data = temporaryFolder();
const server = await Server.start({ data, flags: [...UNLIMITED, ...s3.flags], env: s3.env });
const owner = await person(server);
const home = await guild(server, owner, 'Bucket');

// Not `run`, which would stop the object store of this process meanwhile.
function command(args) {
    return new Promise((done) => {
        const of = args.includes('--data') ? databaseEnvironment(args[args.indexOf('--data') + 1]) : {};
        const env = cleanEnvironment({ ...of, ...s3.env });
        execFile(BINARY, args, { env, cwd: temporaryFolder() }, (error, stdout, stderr) =>
            done({ code: error?.code ?? 0, stdout, stderr }));
    });
}

async function send(bytes, name, from = server) {
    const form = new FormData();
    form.set('payload_json', JSON.stringify({ content: name }));
    form.set('files[0]', new Blob([bytes]), name);
    const answer = await fetch(`${from.url}/api/v10/channels/${home.channel}/messages`, {
        method: 'POST', headers: { authorization: owner.token }, body: form,
    });
    return { status: answer.status, body: await answer.json() };
}

function objects() {
    const found = [];
    const walk = (folder) => {
        for (const entry of readdirSync(folder, { withFileTypes: true })) {
            if (entry.isDirectory())
                walk(join(folder, entry.name));
            else if (entry.name.endsWith('_object'))
                found.push(entry.name);
        }
    };
    if (existsSync(join(s3.folder, BUCKET)))
        walk(join(s3.folder, BUCKET));
    return found;
}

// Files below the data folder's media, staged ones included.
function local() {
    const folder = join(data, 'media');
    const files = [];
    const walk = (at) => {
        for (const entry of readdirSync(at, { withFileTypes: true })) {
            if (entry.isDirectory())
                walk(join(at, entry.name));
            else
                files.push(join(at, entry.name));
        }
    };
    if (existsSync(folder))
        walk(folder);
    return files;
}

test('a file goes to the bucket and comes back, whole and in parts', async () => {
    const bytes = randomBytes(3_000_000);
    const sent = await send(bytes, 'large.bin');
    assert.equal(sent.status, 200, JSON.stringify(sent.body));
    const [file] = sent.body.attachments;
    assert.equal(file.size, bytes.length);
    assert.equal(objects().length, 1);
    assert.deepEqual(local(), []);
    assert.deepEqual(Buffer.from(await (await fetch(file.url)).arrayBuffer()), bytes);
    const part = await fetch(file.url, { headers: { range: 'bytes=1000000-1000009' } });
    assert.equal(part.status, 206);
    assert.deepEqual(Buffer.from(await part.arrayBuffer()), bytes.subarray(1000000, 1000010));
    const again = await send(bytes, 'same.bin');
    assert.equal(again.status, 200);
    assert.equal(objects().length, 1, 'equal bytes are one object');
});

test('images too', async () => {
    const png = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==';
    const edited = await ok(server, 'PATCH', `/guilds/${home.id}`, { token: owner.token, body: { icon: `data:image/png;base64,${png}` } });
    const icon = await fetch(`${server.url}/icons/${home.id}/${edited.icon}.png`);
    assert.equal(icon.status, 200);
    assert.deepEqual(Buffer.from(await icon.arrayBuffer()), Buffer.from(png, 'base64'));
});

test('a store that refuses, hangs up or is full: 5xx, and nothing is left', async () => {
    const before = await ok(server, 'GET', `/channels/${home.channel}/messages`, { token: owner.token });
    for (const mode of ['down', 'full', 'hang']) {
        s3.mode = mode;
        const sent = await send(randomBytes(50_000), `${mode}.bin`);
        assert.ok(sent.status === 503 || sent.status === 507, `${mode}: ${sent.status} ${JSON.stringify(sent.body)}`);
        assert.equal(typeof sent.body.message, 'string');
        s3.back();
    }
    const after = await ok(server, 'GET', `/channels/${home.channel}/messages`, { token: owner.token });
    assert.deepEqual(after.map(({ id }) => id), before.map(({ id }) => id));
    assert.deepEqual(local(), [], 'no staged file');
    assert.equal((await send(randomBytes(50_000), 'fine.bin')).status, 200);
});

test('messages without files go on while the store is away; files answer 503', async () => {
    const { body } = await send(randomBytes(1000), 'there.bin');
    s3.away();
    const text = await api(server, 'POST', `/channels/${home.channel}/messages`, { token: owner.token, body: { content: 'text' } });
    assert.equal(text.status, 200);
    const gone = await fetch(body.attachments[0].url);
    assert.equal(gone.status, 503);
    s3.back();
    await until(async () => (await fetch(body.attachments[0].url)).status === 200, 'the store to be back');
});

test('doctor looks into the bucket', async () => {
    const found = await command(['doctor', '--data', data, ...s3.flags]);
    assert.match(found.stdout, /files, all of them known|files that belong to nothing/);
});

test('media copy, there and back', async () => {
    const place = temporaryFolder();
    const disk = await Server.start({ data: place, flags: UNLIMITED });
    const who = await person(disk);
    const where = await guild(disk, who, 'Disk');
    const bytes = randomBytes(1_500_000);
    const form = new FormData();
    form.set('files[0]', new Blob([bytes]), 'a.bin');
    const sent = await (await fetch(`${disk.url}/api/v10/channels/${where.channel}/messages`, {
        method: 'POST', headers: { authorization: who.token }, body: form,
    })).json();
    assert.equal(sent.attachments?.length, 1, JSON.stringify(sent));
    const flags = [`--media.s3_prefix=copy/`, ...s3.flags.filter((flag) => !flag.startsWith('--media.store'))];
    await disk.stop();
    const first = await command(['media', 'copy', '--to', 's3', '--data', place, ...flags]);
    assert.equal(first.code, 0, first.stderr + first.stdout);
    assert.match(first.stdout, /^1 files copied, 0 were there already/m);
    const second = await command(['media', 'copy', '--to', 's3', '--data', place, ...flags]);
    assert.match(second.stdout, /^0 files copied, 1 were there already/m);
    const moved = await Server.start({ data: place, flags: [...UNLIMITED, '--media.store=s3', ...flags], env: s3.env });
    const [message] = await ok(moved, 'GET', `/channels/${where.channel}/messages`, { token: who.token });
    assert.deepEqual(Buffer.from(await (await fetch(message.attachments[0].url)).arrayBuffer()), bytes);
    await moved.stop();
});

test('a deleted message takes its object along', async () => {
    const bytes = randomBytes(20_000);
    const { body } = await send(bytes, 'gone.bin');
    const all = objects().length;
    await ok(server, 'DELETE', `/channels/${home.channel}/messages/${body.id}`, { token: owner.token });
    assert.equal((await fetch(body.attachments[0].url)).status, 404);
    await server.stop();
    // What lost its last reference goes an hour later: let that hour be over.
    await server.sql('UPDATE blobs SET review_ms = 1 WHERE review_ms > 0');
    const again = await Server.start({ data, flags: [...UNLIMITED, ...s3.flags], env: s3.env });
    await until(() => objects().length < all, 'the object to be removed');
    // The row goes after its object, and those of the tests before go, too.
    await until(async () => String((await again.sql('SELECT COUNT(*) FROM blobs WHERE review_ms <> 0'))[0]) === '0',
        'all that nothing refers to to be removed');
    await again.stop();
});

test('every request was signed rightly', () => {
    assert.deepEqual(s3.wrong, []);
    assert.ok(s3.requests.length > 10);
});
