// Before Identify: Hello comes by itself, heartbeats are answered, and every address form that clients
// use leads to the gateway.

import assert from 'node:assert/strict';
import test from 'node:test';

import { Gateway, OP } from '../lib/gateway.mjs';
import { ok } from '../lib/api.mjs';
import { useServer } from '../lib/server.mjs';
import { bot, person } from '../lib/world.mjs';

const server = await useServer();

for (const path of ['/', '/?v=10', '/?v=10&encoding=json', '?v=10', '?v=10&encoding=json', '/gateway',
    '/gateway/', '/gateway?v=10&encoding=json', '/?v=9&encoding=json', '/?encoding=json&v=9']) {
    test(`Hello comes at "${path}"`, async () => {
        const gateway = await Gateway.connect(server, { path });
        const hello = gateway.received[0];
        assert.equal(hello.op, OP.HELLO);
        assert.equal(hello.d.heartbeat_interval, 41250);
        assert.equal(hello.s, null);
        assert.equal(hello.t, null);
        await gateway.end();
    });
}

test('a heartbeat before Identify is acknowledged, d null or a number', async () => {
    const gateway = await Gateway.connect(server);
    for (const d of [null, 0, 251]) {
        const from = gateway.mark();
        gateway.send({ op: OP.HEARTBEAT, d });
        const ack = await gateway.op(OP.ACK, { from });
        assert.equal(ack.s, null);
    }
    await gateway.end();
});

test('GET /gateway and /gateway/bot name an address that works', async () => {
    const owner = await person(server);
    const robot = await bot(server, owner);
    const plain = await ok(server, 'GET', '/gateway');
    assert.deepEqual(Object.keys(plain), ['url']);
    assert.equal(plain.url, server.ws);
    const full = await ok(server, 'GET', '/gateway/bot', { token: robot.token });
    assert.equal(full.url, plain.url);
    assert.ok(full.shards >= 1);
    const limit = full.session_start_limit;
    assert.ok(limit.total > 0 && limit.remaining <= limit.total && limit.max_concurrency >= 1);
    assert.equal(typeof limit.reset_after, 'number');
    const gateway = await Gateway.connect({ ws: full.url });
    await gateway.end();
});
