// Files pass through the server, they are never in it: memory does not grow with them, neither with one
// large one nor with many slow ones; and however an upload ends, nothing half-done stays.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import http from 'node:http';
import { join } from 'node:path';
import test from 'node:test';

import { api, assertServes, ok } from '../lib/api.mjs';
import { smallDisk } from '../lib/disk.mjs';
import { BOUNDARY, FORM_TYPE, file, head, largeForm, payload, pour, send } from '../lib/forms.mjs';
import { Raw } from '../lib/raw.mjs';
import { Server, UNLIMITED, atEnd, temporaryFolder } from '../lib/server.mjs';
import { until } from '../lib/wait.mjs';
import { world } from '../lib/world.mjs';

const MIB = 1024 * 1024;
const LARGE = 500 * MIB;
const FLAGS = [...UNLIMITED, `--http.stream_bytes_max=${600 * MIB}`, `--uploads.file_bytes_max=${550 * MIB}`,
    `--uploads.message_bytes_max=${560 * MIB}`, '--http.streams_per_user=128'];
// Sanitizers keep freed memory aside to catch its use: 256 MiB of it, and more for each thread.
const GROWTH_KIB_MAX = process.env.GUILDHALL_TEST_SANITIZER ? 400 * 1024 : 2 * 1024;

const rssKib = (server) => Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${server.pid}/status`, 'utf8'))[1]);
const stagedIn = (data) => {
    const folder = join(data, 'media', '.staging');
    return existsSync(folder) ? readdirSync(folder) : [];
};
const path = (guild) => `/channels/${guild.channel}/messages`;

// The most that it grows to while `work` runs, over what it had before.
async function growth(server, work) {
    const before = rssKib(server);
    let most = before;
    const timer = setInterval(() => {
        most = Math.max(most, rssKib(server));
    }, 2);
    try {
        const result = await work();
        most = Math.max(most, rssKib(server));
        return { result, grown: most - before };
    } finally {
        clearInterval(timer);
    }
}

async function begin(server, token, to, size) {
    const raw = await Raw.connect(server);
    raw.socket.on('error', () => {});
    const { before, after, length } = largeForm(size);
    raw.write(head('POST', to, token, { 'Content-Type': FORM_TYPE, 'Content-Length': length })).write(before);
    return { raw, after };
}

async function upload(server, token, to, size) {
    const { raw, after } = await begin(server, token, to, size);
    await pour(raw, size);
    raw.write(after);
    const answer = await raw.response();
    raw.destroy();
    return answer;
}

// {size, sha}, read without keeping it.
function download(url) {
    return new Promise((done, fail) => {
        http.get(url, { agent: false }, (response) => {
            const hash = createHash('sha256');
            let size = 0;
            response.on('data', (chunk) => {
                hash.update(chunk);
                size += chunk.length;
            }).on('end', () => done({ status: response.statusCode, size, sha: hash.digest('hex') })).on('error', fail);
        }).on('error', fail);
    });
}

function patternHash(size) {
    const block = Buffer.alloc(65536, 'guildhall '), hash = createHash('sha256');
    for (let left = size; left > 0; left -= block.length)
        hash.update(left < block.length ? block.subarray(0, left) : block);
    return hash.digest('hex');
}

test('500 MB up and down: less than 2 MB of memory', { timeout: 300000 }, async () => {
    const server = await Server.start({ flags: FLAGS });
    const { owner, guild } = await world(server);
    for (let i = 0; i < 3; i += 1) { // what threads and caches take once
        const { body } = await upload(server, owner.token, path(guild), 3 * MIB);
        await download(body.attachments[0].url);
    }
    const up = await growth(server, () => upload(server, owner.token, path(guild), LARGE));
    assert.equal(up.result.status, 200, up.result.text);
    const [attachment] = up.result.body.attachments;
    assert.equal(attachment.size, LARGE);
    assert.ok(up.grown < GROWTH_KIB_MAX, `up: grew by ${up.grown} KiB`);
    const down = await growth(server, () => download(attachment.url));
    assert.deepEqual(down.result, { status: 200, size: LARGE, sha: patternHash(LARGE) });
    assert.ok(down.grown < GROWTH_KIB_MAX, `down: grew by ${down.grown} KiB`);
    await server.stop();
    rmSync(server.data, { recursive: true });
});

// Where it is cut: how much of the form is sent before the peer leaves.
const CUTS = [
    ['after the head', 0], ['in a part\'s header', 60], ['in the payload', 150], ['behind a file\'s header', 345],
    ['in a file', 100_000], ['far in a file', 2_000_000], ['in the last delimiter', -10], ['before the last byte', -1],
];

test('who leaves in the middle leaves nothing behind', async () => {
    const server = await Server.start({ flags: FLAGS });
    const { owner, guild } = await world(server);
    for (const [where, cut] of CUTS) {
        const size = 2_500_000;
        const { before, after, length } = largeForm(size);
        const all = Buffer.concat([before, Buffer.alloc(size, 'x'), after]);
        assert.equal(all.length, length);
        for (const end of ['destroy', 'end']) {
            const raw = await Raw.connect(server);
            raw.socket.on('error', () => {});
            raw.write(head('POST', path(guild), owner.token, { 'Content-Type': FORM_TYPE, 'Content-Length': length }));
            const sent = all.subarray(0, cut >= 0 ? cut : length + cut);
            await pour(raw, sent.length, sent.length > 0 ? sent : undefined);
            if (cut > 50_000 || cut < 0)
                await until(() => stagedIn(server.data).length > 0, `a stage, cut ${where}`);
            raw.socket[end]();
            await raw.end();
            await until(() => stagedIn(server.data).length === 0, `nothing to be left, cut ${where}`);
            raw.destroy();
        }
    }
    assert.deepEqual(await ok(server, 'GET', path(guild), { token: owner.token }), []);
    assert.equal((await server.sql('SELECT count(*) FROM blobs')).trim(), '0');
    await server.stop();
});

test('a hundred slow ones: bounded memory, and everybody else is served', { timeout: 120000 }, async () => {
    const server = await Server.start({ flags: FLAGS });
    const { owner, guild } = await world(server);
    const COUNT = 100, EACH = 1_200_000;
    await upload(server, owner.token, path(guild), 3 * MIB);
    const { result, grown } = await growth(server, async () => {
        const all = await Promise.all(Array.from({ length: COUNT }, () => begin(server, owner.token, path(guild), EACH)));
        for (let sent = 0; sent < EACH; sent += 200_000) {
            for (const { raw } of all)
                raw.write(Buffer.alloc(200_000, 'x'));
            await assertServes(server);
            const post = await api(server, 'POST', path(guild), { token: owner.token, body: { content: 'meanwhile' } });
            assert.equal(post.status, 200);
        }
        await until(() => stagedIn(server.data).length === COUNT, 'all to be under way');
        for (const { raw, after } of all)
            raw.write(after);
        return Promise.all(all.map(async ({ raw }) => {
            const answer = await raw.response();
            raw.destroy();
            return answer.status;
        }));
    });
    assert.deepEqual(result, Array.from({ length: COUNT }, () => 200));
    assert.ok(grown < (process.env.GUILDHALL_TEST_SANITIZER ? 400 : 40) * 1024, `grew by ${grown} KiB`);
    assert.deepEqual(stagedIn(server.data), []);
    await server.stop();
});

test('a full disk: 507, nothing of it stays, and then there is room again', async (t) => {
    const disk = await smallDisk('48m');
    if (disk === null) {
        t.skip('needs a mount namespace');
        return;
    }
    const server = await Server.start({ flags: FLAGS, data: disk.data, prefix: disk.enter });
    atEnd(() => server.exit ?? server.kill());
    const { owner, guild } = await world(server);
    for (let i = 0; i < 2; i += 1) {
        const { raw } = await begin(server, owner.token, path(guild), 100 * MIB);
        await pour(raw, 100 * MIB);
        const answer = await raw.response();
        assert.equal(answer.status, 507, answer.text);
        raw.destroy();
        await until(() => stagedIn(disk.inside).length === 0, 'nothing to be left half-way');
    }
    await until(async () => (await api(server, 'GET', '/readyz', { base: '' })).status === 200, 'the store to be well');
    const after = await send(server, {
        path: path(guild), token: owner.token, parts: [payload({ content: 'fits' }), file(0, Buffer.alloc(4 * MIB))],
    });
    assert.equal(after.status, 200, after.text);
    const messages = await ok(server, 'GET', path(guild), { token: owner.token });
    assert.deepEqual(messages.map((m) => m.content), ['fits']);
    await server.stop();
});

test('kill -9 in the middle: the next start sweeps', async () => {
    const data = temporaryFolder();
    let server = await Server.start({ flags: FLAGS, data });
    const { owner, guild } = await world(server);
    const done = await upload(server, owner.token, path(guild), 300_000);
    assert.equal(done.status, 200);
    const open = [];
    for (let i = 0; i < 5; i += 1) {
        open.push(await begin(server, owner.token, path(guild), 3 * MIB));
        await pour(open[i].raw, MIB * (i + 1) / 2);
    }
    await until(() => stagedIn(data).length === 5, 'five to be under way');
    await server.kill();
    open.forEach(({ raw }) => raw.destroy());
    assert.equal(stagedIn(data).length, 5);
    server = await Server.start({ flags: FLAGS, data });
    await until(() => stagedIn(data).length === 0, 'the sweep');
    const [message] = await ok(server, 'GET', path(guild), { token: owner.token });
    assert.equal(message.id, done.body.id);
    const kept = await download(message.attachments[0].url);
    assert.equal(kept.size, 300_000);
    assert.equal((await server.sql('SELECT count(*) FROM blobs')).trim(), '1');
    await server.stop();
});

test('one account takes only its share', async () => {
    const server = await Server.start({ flags: [...UNLIMITED, '--http.streams_per_user=3'] });
    const { owner, guild, member } = await world(server);
    const held = [];
    for (let i = 0; i < 3; i += 1) {
        held.push(await begin(server, owner.token, path(guild), 2 * MIB));
        held[i].raw.write(Buffer.alloc(100_000));
        await until(() => stagedIn(server.data).length === i + 1, 'it to be under way');
    }
    const refused = await begin(server, owner.token, path(guild), 2 * MIB);
    assert.equal((await refused.raw.response()).status, 503);
    refused.raw.destroy();
    // Others have theirs, and what is small does not count.
    assert.equal((await upload(server, member.token, path(guild), 2 * MIB)).status, 200);
    const small = await send(server, { path: path(guild), token: owner.token, parts: [file(0, 'small')] });
    assert.equal(small.status, 200, small.text);
    held.forEach(({ raw }) => raw.destroy());
    await until(() => stagedIn(server.data).length === 0, 'them to be gone');
    assert.equal((await upload(server, owner.token, path(guild), 2 * MIB)).status, 200);
    await server.stop();
});

test('sent ahead, as it is: PUT', async () => {
    const server = await Server.start({ flags: FLAGS });
    const { owner, guild } = await world(server);
    const bytes = Buffer.alloc(3 * MIB, 'ahead ');
    const announce = async () => {
        const body = { files: [{ id: '0', filename: 'a.bin', file_size: bytes.length }] };
        const made = await ok(server, 'POST', `/channels/${guild.channel}/attachments`, { token: owner.token, body });
        return made.attachments[0];
    };
    const { upload_url: url, upload_filename: name } = await announce();
    const put = async (to, body) => (await fetch(to, { method: 'PUT', body })).status;
    const cut = await Raw.connect(server);
    cut.write(`PUT ${new URL(url).pathname} HTTP/1.1\r\nHost: x\r\nContent-Length: ${bytes.length}\r\n\r\n`);
    await pour(cut, MIB);
    await until(() => stagedIn(server.data).length === 1, 'it to be under way');
    cut.destroy();
    await until(() => stagedIn(server.data).length === 0, 'nothing to be left');
    assert.equal(await put(url, bytes), 200);
    const { attachments } = await ok(server, 'POST', path(guild), {
        token: owner.token, body: { attachments: [{ id: '0', filename: 'a.bin', uploaded_filename: name }] },
    });
    assert.equal((await download(attachments[0].url)).size, bytes.length);
    // As much as was announced.
    assert.equal(await put((await announce()).upload_url, Buffer.alloc(bytes.length + 1)), 413);
    assert.equal(await put(`${server.url}/uploads/nonsense`, bytes), 404);
    await until(() => stagedIn(server.data).length === 0, 'nothing to be left');
    await server.stop();
});

test('a boundary that is nearly in the file', async () => {
    const server = await Server.start({ flags: FLAGS });
    const { owner, guild } = await world(server);
    const near = Buffer.from(`\r\n--${BOUNDARY.slice(0, -1)}\r\r\n-\n`);
    const bytes = Buffer.concat(Array.from({ length: 40_000 }, () => near));
    for (const chunk of [undefined, 999]) {
        const answer = await send(server, { path: path(guild), token: owner.token, parts: [file(0, bytes)], chunk });
        assert.equal(answer.status, 200, answer.text);
        const served = await fetch(answer.body.attachments[0].url);
        assert.ok(Buffer.from(await served.arrayBuffer()).equals(bytes));
    }
    await server.stop();
});
