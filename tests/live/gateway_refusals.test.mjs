// What the gateway refuses, each with its close code; afterwards it serves on.

import assert from 'node:assert/strict';
import test, { afterEach } from 'node:test';

import { assertServes } from '../lib/api.mjs';
import { Gateway, OP } from '../lib/gateway.mjs';
import { useServer } from '../lib/server.mjs';
import { within } from '../lib/wait.mjs';
import { world } from '../lib/world.mjs';

const server = await useServer();
const { guild, bot: robot } = await world(server);

afterEach(() => assertServes(server));

const properties = { os: 'linux', browser: 'test', device: 'test' };
const identify = (more) => ({
    op: OP.IDENTIFY, d: { token: robot.bare, properties, intents: 1, ...more },
});

const BEFORE_IDENTIFY = [
    ['not JSON', 'hello there', 4002],
    ['cut JSON', '{"op":1,', 4002],
    ['JSON that is no object', '[1,2]', 4002],
    ['a text', '"op"', 4002],
    ['no op', { d: null }, 4002],
    ['op of a wrong type', { op: '1', d: null }, 4002],
    ['op null', { op: null }, 4002],
    ['deep nesting', `{"op":1,"d":${'['.repeat(200)}${']'.repeat(200)}}`, 4002],
    ['an unknown opcode', { op: 9999, d: null }, 4001],
    ['a negative opcode', { op: -1, d: null }, 4001],
    ['a server opcode', { op: OP.HELLO, d: {} }, 4001],
    ['a presence update', { op: OP.PRESENCE, d: {} }, 4003],
    ['a members request', { op: OP.MEMBERS, d: { guild_id: guild.id, query: '', limit: 0 } }, 4003],
    ['a voice state update', { op: 4, d: { guild_id: guild.id, channel_id: null } }, 4003],
    ['Identify without d', { op: OP.IDENTIFY }, 4002],
    ['Identify with d null', { op: OP.IDENTIFY, d: null }, 4002],
    ['Identify with d a list', { op: OP.IDENTIFY, d: [] }, 4002],
    ['Identify without token', { op: OP.IDENTIFY, d: { properties, intents: 1 } }, 4002],
    ['Identify with token a number', identify({ token: 7 }), 4002],
    ['Identify without properties', { op: OP.IDENTIFY, d: { token: 'x', intents: 1 } }, 4002],
    ['Identify with intents a text', identify({ intents: 'all' }), 4002],
    ['a bad token', identify({ token: 'no.such.token' }), 4004],
    ['an empty token', identify({ token: '' }), 4004],
    ['a token that is only the prefix', identify({ token: 'Bot ' }), 4004],
    ['a token of 3000 bytes', identify({ token: 'x'.repeat(3000) }), 4004],
    ['undefined intents', identify({ intents: 2 ** 30 }), 4013],
    ['negative intents', identify({ intents: -1 }), 4013],
    ['shard beyond its count', identify({ shard: [2, 2] }), 4010],
    ['shard negative', identify({ shard: [-1, 2] }), 4010],
    ['shard of none', identify({ shard: [0, 0] }), 4010],
    ['shard not a pair', identify({ shard: [0] }), 4010],
    ['shard of texts', identify({ shard: ['0', '1'] }), 4010],
    ['Resume without session', { op: OP.RESUME, d: { token: robot.bare, seq: 1 } }, 4002],
    ['Resume with a text seq', { op: OP.RESUME, d: { token: robot.bare, session_id: 'x', seq: '1' } }, 4002],
    ['a heartbeat of a wrong type', { op: OP.HEARTBEAT, d: 'soon' }, 4002],
];

for (const [name, payload, code] of BEFORE_IDENTIFY) {
    test(`${name}: ${code}`, async () => {
        const gateway = await Gateway.connect(server);
        gateway.send(payload);
        const { reason } = await gateway.expectClose(code);
        assert.notEqual(reason, '', 'the reason is given');
    });
}

const AFTER_IDENTIFY = [
    ['Identify twice', identify({}), 4005],
    ['Resume when identified', { op: OP.RESUME, d: { token: robot.bare, session_id: 'x', seq: 0 } }, 4005],
    ['an unknown opcode', { op: 99, d: null }, 4001],
    ['not JSON', '}{', 4002],
    ['a command of more than 4096 bytes', { op: OP.PRESENCE, d: { x: 'y'.repeat(5000) } }, 4002],
];

for (const [name, payload, code] of AFTER_IDENTIFY) {
    test(`identified, ${name}: ${code}`, async () => {
        const gateway = await Gateway.session(server, robot);
        gateway.send(payload);
        await gateway.expectClose(code);
    });
}

test('Identify twice in one write: 4005', async () => {
    const gateway = await Gateway.connect(server);
    gateway.send(identify({}));
    gateway.send(identify({}));
    await gateway.expectClose(4005);
});

for (const version of ['8', '11', '0', 'x', '']) {
    test(`version "${version}": 4012`, async () => {
        const gateway = await Gateway.connect(server, { path: `/?v=${version}&encoding=json` });
        await gateway.expectClose(4012);
    });
}

test('a binary frame of JSON: 4002', async () => {
    const gateway = await Gateway.connect(server);
    gateway.socket.send(Buffer.from('{"op":1,"d":null}'), { binary: true });
    await gateway.expectClose(4002);
});

test('Resume of an unknown session: Invalid Session, not resumable, and Identify still works', async () => {
    const gateway = await Gateway.connect(server);
    for (const session_id of ['x', 'f'.repeat(32), '0'.repeat(32), '']) {
        const from = gateway.mark();
        gateway.send({ op: OP.RESUME, d: { token: robot.bare, session_id, seq: 0 } });
        const { d } = await gateway.op(OP.INVALID_SESSION, { from });
        assert.equal(d, false);
    }
    await gateway.identify(robot);
    await gateway.end();
});

test('two hundred connections that only come and go', async () => {
    for (let i = 0; i < 10; i += 1) {
        const batch = await Promise.all(Array.from({ length: 20 }, () => Gateway.connect(server)));
        await Promise.all(batch.map((gateway) => gateway.cut()));
    }
    await within(assertServes(server), 'the server to answer');
});
