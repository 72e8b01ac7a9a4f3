// Caps on connections: beyond them a connection is closed at once, and room comes back.

import assert from 'node:assert/strict';
import test from 'node:test';

import { Raw } from '../lib/raw.mjs';
import { Server } from '../lib/server.mjs';
import { until } from '../lib/wait.mjs';

const REQUEST = 'GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n';

async function serves(server) {
    const raw = await Raw.connect(server);
    raw.write(REQUEST);
    try {
        return (await raw.response()).status === 200;
    } catch {
        return false;
    } finally {
        raw.destroy();
    }
}

const ONE_LOOP = '--server.loops=1';

// Connections that have had an answer, and are idle.
async function hold(server, count) {
    const held = [];
    for (let i = 0; i < count; i += 1) {
        const raw = await Raw.connect(server);
        raw.write(REQUEST);
        assert.equal((await raw.response()).status, 200, `connection ${i} is within the cap`);
        held.push(raw);
    }
    return held;
}

test('connections of one address: the one too many is closed', async () => {
    const server = await Server.start({ flags: ['--limits.connections_per_ip=16'] });
    const held = await hold(server, 16);
    for (let i = 0; i < 8; i += 1) {
        const raw = await Raw.connect(server);
        await raw.end();
        raw.destroy();
    }
    assert.ok(held.every((raw) => !raw.ended));
    held.forEach((raw) => raw.destroy());
    await until(() => serves(server), 'room for new connections');
    await server.stop();
});

test('connections in all: the longest idle make room', async () => {
    const server = await Server.start({
        flags: ['--http.connections_max=16', '--limits.enabled=false', ONE_LOOP],
    });
    const held = await hold(server, 16);
    const more = await hold(server, 8);
    for (const raw of held.slice(0, 8))
        await raw.end();
    assert.ok([...held.slice(8), ...more].every((raw) => !raw.ended));
    [...held, ...more].forEach((raw) => raw.destroy());
    await server.stop();
});
