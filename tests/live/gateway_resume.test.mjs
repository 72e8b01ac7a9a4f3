// Resume: exactly what was missed comes again, in order, with the same sequence numbers; then RESUMED.

import assert from 'node:assert/strict';
import test from 'node:test';

import { assertServes } from '../lib/api.mjs';
import { Gateway, OP } from '../lib/gateway.mjs';
import { UNLIMITED, useServer } from '../lib/server.mjs';
import { rounds } from '../lib/wait.mjs';
import { post, world } from '../lib/world.mjs';

const server = await useServer({
    flags: [...UNLIMITED, '--server.loops=2', '--gateway.replay_events_max=64'],
});
const { owner, guild, bot: robot } = await world(server);

const dispatches = (gateway) => gateway.received.filter((payload) => payload.op === OP.DISPATCH);

async function posts(count, stem = 'missed') {
    const sent = [];
    for (let i = 0; i < count; i += 1)
        sent.push(await post(server, owner, guild.channel, `${stem} ${i}`));
    return sent.map((message) => message.id);
}

test('what was sent while away is replayed exactly', async () => {
    // Two witnesses: the one that stays sees the same run of payloads as the one that resumes.
    const stays = await Gateway.session(server, robot);
    const leaves = await Gateway.session(server, robot);
    await posts(5, 'before');
    await leaves.event('MESSAGE_CREATE', (m) => m.content === 'before 4');
    await leaves.cut();
    await posts(30);
    const back = await Gateway.connect(server);
    await back.resume(robot, leaves.session, leaves.seq);
    await posts(5, 'after');
    const resumed = await back.event('RESUMED');
    assert.equal(typeof resumed.d, 'object');
    assert.ok(resumed.d !== null && !Array.isArray(resumed.d));
    await back.event('MESSAGE_CREATE', (m) => m.content === 'after 4');
    await stays.event('MESSAGE_CREATE', (m) => m.content === 'after 4');
    const seen = [...dispatches(leaves), ...dispatches(back)].filter((p) => p.t === 'MESSAGE_CREATE');
    const whole = dispatches(stays).filter((p) => p.t === 'MESSAGE_CREATE');
    assert.deepEqual(seen.map((p) => p.d), whole.map((p) => p.d));
    await stays.end();
    await back.end();
});

test('what the client had not seen comes again with its old numbers', async () => {
    const first = await Gateway.session(server, robot);
    await posts(10);
    await first.event('MESSAGE_CREATE', (m) => m.content === 'missed 9');
    await first.cut();
    const back = await Gateway.connect(server);
    await back.resume(robot, first.session, 2); // READY and GUILD_CREATE only
    await back.event('RESUMED');
    const told = dispatches(first).slice(2);
    const again = dispatches(back).filter((p) => p.t !== 'RESUMED');
    assert.deepEqual(again.slice(0, told.length), told);
    // Presences are told a little later, perhaps only now.
    assert.deepEqual(again.slice(told.length).filter((p) => p.t !== 'PRESENCE_UPDATE'), []);
    await back.end();
});

const STREAM = rounds(120);

test('resuming many times, also in the midst of a stream, loses and repeats nothing', async () => {
    let gateway = await Gateway.session(server, robot);
    const { session } = gateway;
    const seen = [];
    const stream = (async () => {
        const ids = [];
        for (let i = 0; i < STREAM; i += 1)
            ids.push((await post(server, owner, guild.channel, `stream ${i}`)).id);
        return ids;
    })();
    // The last of them may come as part of a replay, so they are counted, not the posts.
    while (seen.length + gateway.events('MESSAGE_CREATE').length < STREAM) {
        const from = gateway.mark();
        await gateway.event('MESSAGE_CREATE', () => true, { from });
        await gateway.cut();
        seen.push(...gateway.events('MESSAGE_CREATE').map((d) => d.id));
        const next = await Gateway.connect(server);
        await next.resume(robot, session, gateway.seq);
        gateway = next;
        await gateway.event('RESUMED');
    }
    const ids = await stream;
    const last = await post(server, owner, guild.channel, 'stream is over');
    await gateway.event('MESSAGE_CREATE', (m) => m.id === last.id);
    seen.push(...gateway.events('MESSAGE_CREATE').map((d) => d.id));
    assert.deepEqual(seen, [...ids, last.id]);
    await gateway.end();
});

test('with "Bot " before the token', async () => {
    const first = await Gateway.session(server, robot);
    await first.cut();
    const back = await Gateway.connect(server);
    await back.resume({ token: robot.token }, first.session, first.seq);
    await back.event('RESUMED');
    await back.end();
});

test('a sequence that the server never sent: 4007', async () => {
    const first = await Gateway.session(server, robot);
    await first.cut();
    const back = await Gateway.connect(server);
    await back.resume(robot, first.session, first.seq + 1);
    await back.expectClose(4007);
    await assertServes(server);
});

test('somebody else\'s session is unknown', async () => {
    const first = await Gateway.session(server, robot);
    await first.cut();
    const thief = await Gateway.connect(server);
    await thief.resume(owner, first.session, first.seq);
    const { d } = await thief.op(OP.INVALID_SESSION);
    assert.equal(d, false);
    await thief.end();
    const back = await Gateway.connect(server); // and the owner's own is unharmed
    await back.resume(robot, first.session, first.seq);
    await back.event('RESUMED');
    await back.end();
});

test('after a close with 1000 the session is over', async () => {
    const first = await Gateway.session(server, robot);
    await first.end(1000);
    const back = await Gateway.connect(server);
    await back.resume(robot, first.session, first.seq);
    const { d } = await back.op(OP.INVALID_SESSION);
    assert.equal(d, false);
    await back.end();
});

test('after a close with 4000 it goes on', async () => {
    const first = await Gateway.session(server, robot);
    await first.end(4000);
    const back = await Gateway.connect(server);
    await back.resume(robot, first.session, first.seq);
    await back.event('RESUMED');
    await back.end();
});

test('a session that missed more than the buffer holds is honestly invalid', async () => {
    const first = await Gateway.session(server, robot);
    await first.cut();
    await posts(80);
    const back = await Gateway.connect(server);
    await back.resume(robot, first.session, first.seq);
    const { d } = await back.op(OP.INVALID_SESSION);
    assert.equal(d, false);
    await back.identify(robot); // on the same socket
    await back.end();
});

test('the newest connection of a session wins', async () => {
    const first = await Gateway.session(server, robot);
    const second = await Gateway.connect(server);
    await second.resume(robot, first.session, first.seq);
    await second.event('RESUMED');
    await first.expectClose(4000);
    const [id] = await posts(1);
    await second.event('MESSAGE_CREATE', (m) => m.id === id);
    await second.end();
});

test('heartbeats let the buffer go; what they did not confirm is still there', async () => {
    const first = await Gateway.session(server, robot);
    for (let round = 0; round < 4; round += 1) { // more than the buffer, confirmed in between
        const ids = await posts(30);
        await first.event('MESSAGE_CREATE', (m) => m.id === ids.at(-1));
        await first.flush();
    }
    const confirmed = first.seq;
    const ids = await posts(10, 'unconfirmed');
    await first.event('MESSAGE_CREATE', (m) => m.id === ids.at(-1));
    await first.cut();
    const back = await Gateway.connect(server);
    await back.resume(robot, first.session, confirmed);
    await back.event('RESUMED');
    assert.deepEqual(back.events('MESSAGE_CREATE').map((d) => d.id), ids);
    await back.end();
});
