// A client never makes the server grow without bound: one that does not read is closed, resumable, once
// its queue passes the cap; the others are served on, and the memory comes back.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';

import { assertServes } from '../lib/api.mjs';
import { Gateway, OP } from '../lib/gateway.mjs';
import { RawWs } from '../lib/raw.mjs';
import { UNLIMITED, useServer } from '../lib/server.mjs';
import { until } from '../lib/wait.mjs';
import { ALL_INTENTS, post, world } from '../lib/world.mjs';

const server = await useServer({
    flags: [...UNLIMITED, '--server.loops=1', '--gateway.session_bytes_max=1048576', '--metrics.enabled=true',
        '--gateway.replay_events_max=256'],
});
const { owner, guild, bot: robot } = await world(server);

async function metric(name) {
    const text = await (await fetch(`${server.url}/metrics`)).text();
    return Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)[1]);
}

const rssKib = () => Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${server.pid}/status`, 'utf8'))[1]);

const LONG = 'x'.repeat(1900);
// Sanitizers keep freed memory aside to catch its use (ASan: 256 MiB), and double the rest.
const GROWTH_KIB_MAX = (process.env.GUILDHALL_TEST_SANITIZER ? 640 : 64) * 1024;

async function flood(count) {
    for (let sent = 0; sent < count; sent += 20)
        await Promise.all(Array.from({ length: 20 }, () => post(server, owner, guild.channel, LONG)));
}

test('sessions that never read are closed; who reads gets everything', async () => {
    const reader = await Gateway.session(server, robot);
    const deaf = [];
    for (let i = 0; i < 8; i += 1) {
        const ws = await RawWs.connect(server);
        await ws.payload();
        ws.text({ op: OP.IDENTIFY, d: { token: robot.bare, properties: {}, intents: ALL_INTENTS } });
        assert.equal((await ws.payload()).t, 'READY');
        ws.raw.socket.pause();
        deaf.push(ws);
    }
    const before = rssKib();
    let posted = 0;
    await until(async () => {
        await flood(200);
        posted += 200;
        await reader.flush();
        return await metric('guildhall_gateway_slow_closed_total') >= deaf.length;
    }, 'the deaf sessions to be closed');
    const last = await post(server, owner, guild.channel, 'the last');
    await reader.event('MESSAGE_CREATE', (d) => d.id === last.id);
    assert.equal(reader.events('MESSAGE_CREATE').length, posted + 1, 'the reader missed nothing');
    // Eight megabytes of queues, and what the allocator keeps; far less than what was posted to nine.
    assert.ok(rssKib() - before < GROWTH_KIB_MAX, `grew by ${rssKib() - before} KiB`);
    deaf.forEach((ws) => ws.destroy());
    await reader.end();
    await assertServes(server);
});

test('pings without end by a client that does not read the pongs', async () => {
    const ws = await RawWs.connect(server);
    await ws.payload();
    ws.raw.socket.pause();
    const gone = new Promise((done) => {
        ws.raw.socket.once('close', done);
    });
    const pings = Buffer.concat(Array.from({ length: 200 }, () => RawWs.frame(9, 'y'.repeat(125))));
    const before = rssKib();
    const timer = setInterval(() => {
        if (ws.raw.socket.writableLength < 1 << 20)
            ws.raw.socket.write(pings);
    }, 1);
    try {
        await until(async () => ws.raw.error !== undefined || await Promise.race([gone.then(() => true),
            Promise.resolve(false)]), 'the server to end it');
    } finally {
        clearInterval(timer);
        ws.destroy();
    }
    assert.ok(rssKib() - before < 16 * 1024, `grew by ${rssKib() - before} KiB`);
    await assertServes(server);
});

test('connections that say nothing cost little', async () => {
    const before = rssKib();
    const open = [];
    for (let i = 0; i < 10; i += 1)
        open.push(...await Promise.all(Array.from({ length: 50 }, () => Gateway.connect(server))));
    const perConnection = (rssKib() - before) / open.length;
    assert.ok(perConnection < 16, `${perConnection.toFixed(1)} KiB each before they identified`);
    await Promise.all(open.map((gateway) => gateway.cut()));
});
