// Identify: READY and the guilds, for bots (token with and without "Bot ") and for people.

import assert from 'node:assert/strict';
import test from 'node:test';

import { ok } from '../lib/api.mjs';
import { Gateway, OP } from '../lib/gateway.mjs';
import { useServer } from '../lib/server.mjs';
import { bot, person, post, world } from '../lib/world.mjs';

const server = await useServer();
const { owner, guild, bot: robot, member } = await world(server);

function assertWholeGuild(d) {
    assert.equal(d.id, guild.id);
    assert.equal(d.name, guild.name);
    assert.equal(d.owner_id, owner.id);
    assert.equal(d.member_count, 3);
    assert.equal(d.large, false);
    assert.match(d.joined_at, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+00:00$/);
    for (const list of ['channels', 'roles', 'members', 'threads', 'presences', 'voice_states', 'emojis',
        'stickers', 'stage_instances', 'guild_scheduled_events', 'soundboard_sounds', 'features'])
        assert.ok(Array.isArray(d[list]), `${list} is an array`);
    assert.ok([60, 300, 900, 1800, 3600].includes(d.afk_timeout));
    const everyone = d.roles.find((role) => role.id === guild.id);
    assert.equal(everyone.name, '@everyone');
    assert.match(everyone.permissions, /^\d+$/);
    assert.deepEqual(d.channels.map((channel) => channel.id).sort(),
        guild.channels.map((channel) => channel.id).sort());
}

for (const prefix of ['', 'Bot ']) {
    test(`a bot identifies with "${prefix}" before its token`, async () => {
        const gateway = await Gateway.connect(server);
        const ready = await gateway.identify({ token: prefix + robot.bare });
        assert.equal(ready.v, 10);
        assert.equal(ready.user.id, robot.id);
        assert.equal(ready.user.bot, true);
        assert.ok('email' in ready.user && 'verified' in ready.user);
        assert.deepEqual(ready.guilds, [{ id: guild.id, unavailable: true }]);
        assert.deepEqual(ready.private_channels, []);
        assert.equal(ready.application.id, robot.application);
        assert.equal(typeof ready.application.flags, 'number');
        assert.equal(typeof ready.session_id, 'string');
        assert.equal(ready.resume_gateway_url, server.ws);
        const d = await gateway.guild(guild.id);
        assertWholeGuild(d);
        assert.ok(d.members.some((m) => m.user.id === robot.id), 'its own member is there');
        const first = gateway.received.find((payload) => payload.op === OP.DISPATCH);
        assert.equal(first.t, 'READY');
        assert.equal(first.s, 1);
        await gateway.end();
    });
}

test('a bot may ask by version 9', async () => {
    const gateway = await Gateway.connect(server, { path: '/?v=9&encoding=json' });
    const ready = await gateway.identify(robot);
    assert.equal(ready.v, 9);
    await gateway.end();
});

test('a person gets whole guilds', async () => {
    const gateway = await Gateway.connect(server);
    const ready = await gateway.identify(member, { intents: undefined });
    assert.equal(ready.user.id, member.id);
    assert.equal(ready.user.email, member.email);
    assert.equal(ready.guilds.length, 1);
    assertWholeGuild(await gateway.guild(guild.id));
    const message = await post(server, owner, guild.channel, 'for the person');
    const { d } = await gateway.event('MESSAGE_CREATE', (m) => m.id === message.id);
    assert.equal(d.content, 'for the person');
    await gateway.end();
});

test('a person without guilds is ready with none', async () => {
    const loner = await person(server);
    const gateway = await Gateway.session(server, loner);
    assert.deepEqual(gateway.ready.guilds, []);
    await gateway.end();
});

test('the old $-names of properties, presence, compress and large_threshold are accepted', async () => {
    const gateway = await Gateway.connect(server);
    await gateway.identify(robot, {
        properties: { $os: 'linux', $browser: 'x', $device: 'y' }, compress: true, large_threshold: 250,
        presence: { since: null, activities: [], status: 'online', afk: false },
        guild_subscriptions: true,
    });
    await gateway.end();
});

test('a shard gets its guilds and no others, and READY names it', async () => {
    const mine = Number((BigInt(guild.id) >> 22n) % 2n);
    for (const id of [0, 1]) {
        const gateway = await Gateway.session(server, robot, { identify: { shard: [id, 2] } });
        assert.deepEqual(gateway.ready.shard, [id, 2]);
        assert.equal(gateway.ready.guilds.length, id === mine ? 1 : 0);
        await gateway.end();
    }
});

test('two sessions of one bot both get events, each with its own sequence', async () => {
    const one = await Gateway.session(server, robot);
    const two = await Gateway.session(server, robot);
    assert.notEqual(one.session, two.session);
    const message = await post(server, owner, guild.channel, 'to both');
    for (const gateway of [one, two]) {
        const { s } = await gateway.event('MESSAGE_CREATE', (m) => m.id === message.id);
        assert.equal(s, 3); // READY, GUILD_CREATE, this
        await gateway.end();
    }
});

test('a new bot token ends the old one and its sessions', async () => {
    const other = await bot(server, owner);
    const gateway = await Gateway.session(server, other);
    const { token } = await ok(server, 'POST', `/applications/${other.application}/bot`, {
        token: owner.token, body: {},
    });
    assert.notEqual(token, other.bare);
    await gateway.expectClose(4004);
    const again = await Gateway.connect(server);
    again.send({ op: OP.IDENTIFY, d: { token: other.bare, properties: {}, intents: 1 } });
    await again.expectClose(4004);
    await Gateway.session(server, { token }).then((fresh) => fresh.end());
});
