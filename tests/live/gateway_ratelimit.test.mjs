// With limits on, more than 120 commands in 60 seconds on one connection end it with 4008.

import assert from 'node:assert/strict';
import test from 'node:test';

import { ok } from '../lib/api.mjs';
import { Gateway, OP } from '../lib/gateway.mjs';
import { useServer } from '../lib/server.mjs';
import { bot, person } from '../lib/world.mjs';

const server = await useServer({ flags: ['--limits.identifies_per_day=3'] });
const owner = await person(server);
const robot = await bot(server, owner);

test('120 heartbeats are answered, the 121st command is one too many', async () => {
    const gateway = await Gateway.connect(server, { heartbeats: false });
    for (let i = 0; i < 121; i += 1)
        gateway.heartbeat();
    await gateway.expectClose(4008);
    assert.equal(gateway.received.filter((payload) => payload.op === OP.ACK).length, 120);
});

test('session starts of a bot are counted, shown, and refused when used up', async () => {
    const limit = async () => (await ok(server, 'GET', '/gateway/bot', {
        token: robot.token,
    })).session_start_limit;
    assert.equal((await limit()).total, 3);
    assert.equal((await limit()).remaining, 3);
    for (let i = 0; i < 3; i += 1)
        await (await Gateway.session(server, robot)).end();
    assert.equal((await limit()).remaining, 0);
    assert.ok((await limit()).reset_after > 0);
    const gateway = await Gateway.connect(server);
    gateway.send({ op: OP.IDENTIFY, d: { token: robot.bare, properties: {}, intents: 1 } });
    const { d } = await gateway.op(OP.INVALID_SESSION);
    assert.equal(d, false);
    await gateway.end();
});
