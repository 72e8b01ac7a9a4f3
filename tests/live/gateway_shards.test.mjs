// Shards of several counts at once: each guild is in exactly one shard of each count, by the formula
// (guild_id >> 22) % count; what is about the bot alone, direct messages above all, goes to shard 0.

import assert from 'node:assert/strict';
import test from 'node:test';

import { ok } from '../lib/api.mjs';
import { Gateway } from '../lib/gateway.mjs';
import { useServer } from '../lib/server.mjs';
import { authorize, bot, guild, person, post } from '../lib/world.mjs';

const COUNTS = [1, 2, 3, 5];
const GUILDS = 7;
const DIRECT = (1 << 0) | (1 << 9) | (1 << 12); // GUILDS, GUILD_MESSAGES, DIRECT_MESSAGES

const server = await useServer();
const owner = await person(server);
const robot = await bot(server, owner);
const guilds = [];
for (let n = 0; n < GUILDS; n += 1) {
    guilds.push(await guild(server, owner, `Guild ${n}`));
    await authorize(server, owner, robot, guilds.at(-1));
}

const shardOf = (id, count) => Number((BigInt(id) >> 22n) % BigInt(count));
const sessions = [];
for (const count of COUNTS) {
    for (let id = 0; id < count; id += 1) {
        const gateway = await Gateway.session(server, robot, { identify: { intents: DIRECT, shard: [id, count] } });
        sessions.push({ id, count, gateway });
    }
}
const flushed = () => Promise.all(sessions.map(({ gateway }) => gateway.flush()));
const who = (matches) => sessions.filter(({ gateway }) => gateway.received.some(matches))
    .map(({ id, count }) => `${id}/${count}`);
const times = (matches) => sessions.reduce((sum, { gateway }) => sum + gateway.received.filter(matches).length, 0);

test('READY and GUILD_CREATE of each shard are of its guilds', () => {
    for (const { id, count, gateway } of sessions) {
        const expected = guilds.filter((one) => shardOf(one.id, count) === id).map((one) => one.id).sort();
        assert.deepEqual(gateway.ready.shard, [id, count]);
        assert.deepEqual(gateway.ready.guilds.map((one) => one.id).sort(), expected);
        assert.deepEqual(gateway.events('GUILD_CREATE').map((one) => one.id).sort(), expected);
    }
});

test('a message reaches one shard of each count, once', async () => {
    for (const home of guilds) {
        const made = await post(server, owner, home.channel, 'to one shard each');
        const matches = (p) => p.t === 'MESSAGE_CREATE' && p.d.id === made.id;
        for (const { id, count, gateway } of sessions) {
            if (shardOf(home.id, count) === id)
                await gateway.event('MESSAGE_CREATE', (d) => d.id === made.id);
        }
        await flushed();
        assert.deepEqual(who(matches), COUNTS.map((count) => `${shardOf(home.id, count)}/${count}`));
        assert.equal(times(matches), COUNTS.length);
    }
});

test('a guild that is joined and left comes to, and goes from, one shard of each count', async () => {
    const late = await guild(server, owner, 'Late');
    await authorize(server, owner, robot, late);
    const expected = COUNTS.map((count) => `${shardOf(late.id, count)}/${count}`);
    for (const name of ['GUILD_CREATE', 'GUILD_DELETE']) {
        if (name === 'GUILD_DELETE')
            await ok(server, 'DELETE', `/guilds/${late.id}/members/${robot.id}`, { token: owner.token });
        for (const { id, count, gateway } of sessions) {
            if (shardOf(late.id, count) === id)
                await gateway.event(name, (d) => d.id === late.id);
        }
        await flushed();
        assert.deepEqual(who((p) => p.t === name && p.d.id === late.id), expected);
    }
});

test('direct messages go to shard 0 of each count', async () => {
    const dm = await ok(server, 'POST', '/users/@me/channels', {
        token: robot.token, body: { recipient_id: owner.id },
    });
    const made = await post(server, owner, dm.id, 'just between us');
    const matches = (p) => p.t === 'MESSAGE_CREATE' && p.d.id === made.id;
    for (const { id, gateway } of sessions) {
        if (id === 0)
            await gateway.event('MESSAGE_CREATE', (d) => d.id === made.id);
    }
    await flushed();
    assert.deepEqual(who(matches), COUNTS.map((count) => `0/${count}`));
});
