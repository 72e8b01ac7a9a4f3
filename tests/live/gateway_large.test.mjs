// Payloads larger than what a loop encodes at once (256 KiB) go out whole, in parts, and again on Resume.

import assert from 'node:assert/strict';
import test from 'node:test';

import { Gateway } from '../lib/gateway.mjs';
import { UNLIMITED, useServer } from '../lib/server.mjs';
import { channel, post, world } from '../lib/world.mjs';

const CHANNELS = 300;
const TOPIC = 'é'.repeat(1000);

const server = await useServer({ flags: UNLIMITED });
const { owner, guild, bot: robot, member } = await world(server);
for (let i = 0; i < CHANNELS; i += 1)
    await channel(server, owner, guild, { name: `room-${i}`, topic: TOPIC });

function assertWhole(object) {
    const rooms = object.channels.filter((c) => c.name.startsWith('room-'));
    assert.equal(rooms.length, CHANNELS);
    assert.ok(rooms.every((c) => c.topic === TOPIC));
    assert.equal(object.members.length, 1);
    assert.equal(object.roles.length, 2);
}

test('GUILD_CREATE of a bot', async () => {
    const gateway = await Gateway.session(server, robot);
    assertWhole(await gateway.guild(guild.id));
    await gateway.end();
});

test('READY of a person, again on Resume, and what follows it', async () => {
    const first = await Gateway.session(server, member);
    assertWhole(first.ready.guilds.find((g) => g.id === guild.id));
    await first.cut();
    const message = await post(server, owner, guild.channel, 'meanwhile');
    const back = await Gateway.connect(server);
    await back.resume(member, first.session, 0);
    const { d, s } = await back.event('READY');
    assert.equal(s, 1);
    assertWhole(d.guilds.find((g) => g.id === guild.id));
    await back.event('MESSAGE_CREATE', (m) => m.id === message.id);
    await back.event('RESUMED');
    await back.end();
});

test('many sessions of different people share the guild and not each other\'s keys', async () => {
    const sessions = await Promise.all([owner, member, owner, member].map((who) => Gateway.session(server, who)));
    for (const [i, gateway] of sessions.entries()) {
        const mine = gateway.ready.guilds.find((g) => g.id === guild.id);
        assertWhole(mine);
        assert.equal(mine.members[0].user.id, [owner, member][i % 2].id);
        await gateway.end();
    }
});
