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

for (const [name, flags] of [
    ['of one address', ['--limits.connections_per_ip=16']],
    ['in all', ['--http.connections_max=16', '--limits.enabled=false']],
]) {
    test(`connections ${name}`, async () => {
        const server = await Server.start({ flags });
        const held = [];
        for (let i = 0; i < 16; i += 1) {
            const raw = await Raw.connect(server);
            raw.write(REQUEST);
            assert.equal((await raw.response()).status, 200, `connection ${i} is within the cap`);
            held.push(raw);
        }
        for (let i = 0; i < 8; i += 1) {
            const raw = await Raw.connect(server);
            await raw.end();
            raw.destroy();
        }
        held.forEach((raw) => raw.destroy());
        await until(() => serves(server), 'room for new connections');
        await server.stop();
    });
}
