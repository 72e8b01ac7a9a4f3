// A disk that is full, and one that may only be read: said as what they are; nothing is acknowledged that
// is not kept, reads go on, and writes too once there is room. The disk is a small one in memory, in a
// mount namespace of its own, which only root may have.

import assert from 'node:assert/strict';
import { appendFileSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join as joinPath } from 'node:path';
import test from 'node:test';

import { api, ok } from '../lib/api.mjs';
import { smallDisk } from '../lib/disk.mjs';
import { Gateway } from '../lib/gateway.mjs';
import { Server, UNLIMITED, atEnd, temporaryFolder } from '../lib/server.mjs';
import { until } from '../lib/wait.mjs';
import { post, world } from '../lib/world.mjs';

const DISK = '12m';

// Until not a byte fits any more.
function fill(file) {
    writeFileSync(file, '');
    for (let size = 1024 * 1024; size >= 1;) {
        try {
            appendFileSync(file, Buffer.alloc(size));
        } catch (error) {
            assert.equal(error.code, 'ENOSPC');
            size = Math.floor(size / 2);
        }
    }
}

async function readAll(server, owner, channel) {
    const ids = new Set();
    for (let after = '0'; ;) {
        const page = await ok(server, 'GET', `/channels/${channel}/messages?after=${after}&limit=100`, {
            token: owner.token,
        });
        if (page.length === 0)
            return ids;
        for (const { id } of page)
            ids.add(id);
        [{ id: after }] = page;
    }
}

const ready = (server) => api(server, 'GET', '/readyz', { base: '' });

test('a full disk, and then one that may only be read', async (t) => {
    const disk = await smallDisk(DISK);
    if (disk === null) {
        t.skip('needs a mount namespace');
        return;
    }
    const { data, inside, enter } = disk;
    const filler = joinPath(inside, 'filler');
    let server = await Server.start({ data, prefix: enter });
    atEnd(() => server.kill()); // of a test that failed
    const { owner, guild, bot } = await world(server);
    const gateway = await Gateway.session(server, bot);
    const kept = [(await post(server, owner, guild.channel, 'there is room')).id];

    fill(filler);
    const message = { token: owner.token, body: { content: 'x'.repeat(1900) } };
    const path = `/channels/${guild.channel}/messages`;
    const refused = await until(async () => {
        const answer = await api(server, 'POST', path, message);
        if (answer.status === 200) // the log has room of its own at first
            kept.push(answer.body.id);
        return answer.status !== 200 && answer;
    }, 'a write that finds no room');
    assert.equal(refused.status, 507, refused.text);
    const trouble = await ready(server);
    assert.equal(trouble.status, 503);
    assert.deepEqual(trouble.body, { status: 'not ready', reason: 'the disk is full' });
    assert.equal(trouble.headers.get('retry-after'), '1');
    assert.match(server.stderr, /the disk is full/);
    assert.doesNotMatch(server.stderr, /xxxxx/, 'no message text in the log');
    assert.deepEqual([...await readAll(server, owner, guild.channel)].sort(), [...kept].sort());
    assert.equal((await api(server, 'POST', path, message)).status, 507, 'it stays refused');

    rmSync(filler);
    await until(async () => (await ready(server)).status === 200, 'the store to find that there is room again');
    assert.match(server.stderr, /accepts writes again/);
    const next = await post(server, owner, guild.channel, 'there is room again');
    kept.push(next.id);
    await gateway.event('MESSAGE_CREATE', (d) => d.id === next.id);
    // Each once, and none that was refused.
    assert.deepEqual(gateway.events('MESSAGE_CREATE').map((d) => d.id), kept);
    await gateway.end();
    await server.stop();

    server = await Server.start({ data, prefix: enter });
    assert.deepEqual([...await readAll(server, owner, guild.channel)].sort(), [...kept].sort());
    await server.stop();

    disk.command('mount', '-o', 'remount,ro', data);
    await assert.rejects(Server.start({ data, prefix: enter }), /code 1,.*read-only/is);
    disk.command('mount', '-o', 'remount,rw', data);
    server = await Server.start({ data, prefix: enter });
    kept.push((await post(server, owner, guild.channel, 'back again')).id);
    assert.deepEqual([...await readAll(server, owner, guild.channel)].sort(), [...kept].sort());
    await server.stop();
});

// Its own files are in the way: a folder where the log of the database should be.
test('a log that cannot be opened is a failing disk, named at start', async () => {
    const data = temporaryFolder();
    await (await Server.start({ data, flags: UNLIMITED })).stop();
    mkdirSync(joinPath(data, 'guildhall.db-wal'));
    await assert.rejects(Server.start({ data }), /code 1,.*guildhall\.db/s);
    rmSync(joinPath(data, 'guildhall.db-wal'), { recursive: true });
    await (await Server.start({ data })).stop();
});
