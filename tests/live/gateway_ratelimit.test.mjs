// What one connection, one bot and one account may do in a time, with limits on.

import assert from 'node:assert/strict';
import test from 'node:test';

import { ok } from '../lib/api.mjs';
import { Gateway, OP } from '../lib/gateway.mjs';
import { RawWs } from '../lib/raw.mjs';
import { useServer } from '../lib/server.mjs';
import { until } from '../lib/wait.mjs';
import { bot, person } from '../lib/world.mjs';

const PLACES = 4;
const server = await useServer({
    flags: ['--limits.identifies_per_day=6', `--limits.identify_concurrency=${PLACES}`,
        '--limits.sessions_per_user=3'],
});
const owner = await person(server);
const limit = async (robot) => (await ok(server, 'GET', '/gateway/bot', {
    token: robot.token,
})).session_start_limit;
const identify = (robot, more = {}) => ({
    op: OP.IDENTIFY, d: { token: robot.bare ?? robot.token, properties: {}, intents: 1, ...more },
});

async function expectRefusal(robot, more) {
    const gateway = await Gateway.connect(server);
    gateway.send(identify(robot, more));
    assert.equal((await gateway.op(OP.INVALID_SESSION)).d, false);
    assert.equal(gateway.close, undefined, 'the connection stays, for another Identify');
    await gateway.end();
}

test('120 heartbeats are answered, the 121st command is one too many', async () => {
    const gateway = await Gateway.connect(server, { heartbeats: false });
    for (let i = 0; i < 121; i += 1)
        gateway.heartbeat();
    await gateway.expectClose(4008);
    assert.equal(gateway.received.filter((payload) => payload.op === OP.ACK).length, 120);
});

test('heartbeats of a session count, too', async () => {
    const robot = await bot(server, owner);
    const gateway = await Gateway.session(server, robot, { heartbeats: false });
    for (let i = 0; i < 120; i += 1)
        gateway.heartbeat();
    await gateway.expectClose(4008);
    assert.equal(gateway.received.filter((payload) => payload.op === OP.ACK).length, 119);
});

for (const [name, opcode] of [['pings', 9], ['pongs that nobody asked for', 10]]) {
    test(`120 ${name} are taken, the 121st is one too many`, async () => {
        const ws = await RawWs.connect(server);
        assert.equal((await ws.payload()).op, OP.HELLO);
        for (let i = 0; i < 121; i += 1)
            ws.send(opcode, '');
        let pongs = 0;
        for (;;) {
            const frame = await ws.frame();
            if (frame.opcode === 8) {
                assert.equal(frame.data.readUInt16BE(0), 4008);
                break;
            }
            pongs += 1;
        }
        assert.equal(pongs, opcode === 9 ? 120 : 0);
        ws.destroy();
    });
}

test('one session in 5 seconds for each shard_id % max_concurrency', async () => {
    const robot = await bot(server, owner);
    assert.equal((await limit(robot)).max_concurrency, PLACES);
    const first = await Gateway.session(server, robot, { identify: { shard: [1, 8] } });
    await expectRefusal(robot, { shard: [1, 8] });
    await expectRefusal(robot, { shard: [5, 8] });
    assert.equal((await limit(robot)).remaining, 5, 'what is refused does not count');
    const second = await Gateway.session(server, robot, { identify: { shard: [2, 8] } });
    // Another bot has its own places.
    const other = await bot(server, owner);
    const third = await Gateway.session(server, other, { identify: { shard: [1, 8] } });
    await Promise.all([first, second, third].map((gateway) => gateway.end()));
    // And after 5 seconds the place is free again.
    await until(async () => {
        const again = await Gateway.connect(server);
        again.send(identify(robot, { shard: [5, 8] }));
        const answer = await again.wait((p) => p.op === OP.INVALID_SESSION || p.t === 'READY');
        await again.end();
        return answer.t === 'READY';
    }, 'the place to be free');
});

test('session starts of a bot are counted, shown, and refused when used up', async () => {
    const robot = await bot(server, owner);
    assert.equal((await limit(robot)).total, 6);
    assert.equal((await limit(robot)).remaining, 6);
    let left = 6;
    await until(async () => {
        const gateway = await Gateway.connect(server);
        gateway.send(identify(robot, { shard: [left % PLACES, PLACES] }));
        const answer = await gateway.wait((p) => p.op === OP.INVALID_SESSION || p.t === 'READY');
        await gateway.end();
        if (answer.t !== 'READY')
            return false;
        left -= 1;
        assert.equal((await limit(robot)).remaining, left);
        return left === 0;
    }, 'all to be used');
    assert.ok((await limit(robot)).reset_after > 0);
    // Not because of the 5 seconds: no place is ever free again.
    for (let shard = 0; shard < PLACES; shard += 1)
        await expectRefusal(robot, { shard: [shard, PLACES] });
});

test('sessions of one account: a bot may come again later, a person is told which it is', async () => {
    const robot = await bot(server, owner);
    const of = [];
    for (let i = 0; i < 3; i += 1)
        of.push(await Gateway.session(server, robot, { identify: { shard: [i, 4] } }));
    await expectRefusal(robot, { shard: [3, 4] });
    await of[0].cut(); // may be resumed, and counts
    await expectRefusal(robot, { shard: [3, 4] });
    await of[1].end();
    await until(async () => {
        const gateway = await Gateway.connect(server);
        gateway.send(identify(robot, { shard: [3, 4] }));
        const answer = await gateway.wait((p) => p.op === OP.INVALID_SESSION || p.t === 'READY');
        of.push(gateway);
        return answer.t === 'READY';
    }, 'room for one more');
    const someone = await person(server);
    const mine = [];
    for (let i = 0; i < 3; i += 1)
        mine.push(await Gateway.session(server, someone));
    const more = await Gateway.connect(server);
    more.send(identify(someone));
    await more.expectClose(4015);
    await Promise.all([...of.slice(2), ...mine].map((gateway) => gateway.end()));
});
