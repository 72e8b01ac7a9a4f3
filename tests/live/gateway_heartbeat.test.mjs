// Deadlines: who does not heartbeat is closed but may resume; who never identifies is closed too.

import assert from 'node:assert/strict';
import test from 'node:test';

import { Gateway, OP } from '../lib/gateway.mjs';
import { UNLIMITED, useServer } from '../lib/server.mjs';
import { within } from '../lib/wait.mjs';
import { bot, person } from '../lib/world.mjs';

const server = await useServer({
    flags: [...UNLIMITED, '--gateway.heartbeat_interval_ms=500', '--gateway.identify_timeout_ms=700'],
});
const owner = await person(server);
const robot = await bot(server, owner);

test('Hello says the interval of the configuration', async () => {
    const gateway = await Gateway.connect(server);
    assert.equal(gateway.hello.d.heartbeat_interval, 500);
    await gateway.end();
});

test('who misses heartbeats is closed, and may resume', async () => {
    const gateway = await Gateway.session(server, robot, { heartbeats: false });
    const began = Date.now();
    const close = await within(gateway.closed, 'the server to close');
    assert.ok(close.code >= 4000 && ![4004, 4007, 4009].includes(close.code) && close.code < 4010,
        `${close.code} lets libraries resume`);
    assert.ok(Date.now() - began >= 450, 'not before the interval is over');
    const again = await Gateway.connect(server);
    await again.resume(robot, gateway.session, gateway.seq);
    await again.event('RESUMED');
    await again.end();
});

test('who heartbeats stays', async () => {
    const gateway = await Gateway.session(server, robot);
    for (let acks = 0; acks < 6; acks += 1) {
        const from = gateway.mark();
        await gateway.op(OP.ACK, { from });
    }
    assert.equal(gateway.close, undefined);
    await gateway.end();
});

test('who never identifies is closed, heartbeats or not', async () => {
    const gateway = await Gateway.connect(server);
    const close = await within(gateway.closed, 'the server to close');
    assert.ok(close.code >= 4000, `closed with ${close.code}`);
});
