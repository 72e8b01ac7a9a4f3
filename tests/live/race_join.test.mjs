// Joining while others post: a connected session gets GUILD_CREATE and from there on every message.

import assert from 'node:assert/strict';
import test from 'node:test';

import { Gateway } from '../lib/gateway.mjs';
import { UNLIMITED, useServer } from '../lib/server.mjs';
import { invite, join, person, post, world } from '../lib/world.mjs';

const NEWCOMERS = 12;

const server = await useServer({ flags: [...UNLIMITED, '--server.loops=2'] });
const { owner, guild } = await world(server);

test('newcomers see all from their GUILD_CREATE on', async () => {
    const { code } = await invite(server, owner, guild.channel);
    const newcomers = [];
    for (let i = 0; i < NEWCOMERS; i += 1) {
        const who = await person(server);
        newcomers.push({ who, gateway: await Gateway.session(server, who) });
    }
    const ids = [];
    let going = true;
    const posting = (async () => {
        while (going)
            ids.push((await post(server, owner, guild.channel, `message ${ids.length}`)).id);
    })();
    for (const { who, gateway } of newcomers) {
        await join(server, who, code);
        await gateway.event('GUILD_CREATE', (d) => d.id === guild.id);
    }
    going = false;
    await posting;
    const last = await post(server, owner, guild.channel, 'the last');
    ids.push(last.id);
    for (const { gateway } of newcomers) {
        await gateway.event('MESSAGE_CREATE', (d) => d.id === last.id);
        const { d } = gateway.received.find((p) => p.t === 'GUILD_CREATE');
        const stamp = d.channels.find((c) => c.id === guild.channel).last_message_id ?? '0';
        assert.deepEqual(gateway.events('MESSAGE_CREATE').map((m) => m.id),
            ids.filter((id) => BigInt(id) > BigInt(stamp)));
        await gateway.end();
    }
});
