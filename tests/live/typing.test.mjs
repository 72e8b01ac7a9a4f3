// TYPING_START: to those who see the channel and asked for it, in seconds, and kept nowhere.

import assert from 'node:assert/strict';
import test from 'node:test';

import { api, ok } from '../lib/api.mjs';
import { Gateway } from '../lib/gateway.mjs';
import { sessionOf } from '../lib/people.mjs';
import { Server, UNLIMITED, useServer } from '../lib/server.mjs';
import { ALL_INTENTS, INTENTS, channel, world } from '../lib/world.mjs';

const server = await useServer({ flags: [...UNLIMITED] });
const { owner, guild: home, bot: robot, member } = await world(server);
const type = (who, id) => ok(server, 'POST', `/channels/${id}/typing`, { token: who.token });

test('who sees the channel hears of it, who does not ask or does not see it does not', async () => {
    const hidden = await channel(server, owner, home, {
        permission_overwrites: [{ id: home.id, type: 0, allow: '0', deny: `${1 << 10}` }],
    });
    const [eyes, deaf, person] = [
        await Gateway.session(server, robot),
        await Gateway.session(server, robot, { identify: { intents: ALL_INTENTS & ~INTENTS.GUILD_MESSAGE_TYPING } }),
        await sessionOf(server, member),
    ];
    const before = Math.floor(Date.now() / 1000);
    await type(owner, hidden.id);
    await type(owner, home.channel);
    const { d } = await eyes.event('TYPING_START');
    assert.deepEqual([d.channel_id, d.guild_id, d.user_id, d.member.user.id], [home.channel, home.id, owner.id, owner.id]);
    assert.ok(d.timestamp >= before && d.timestamp <= before + 60, 'seconds');
    await person.event('TYPING_START', (e) => e.channel_id === home.channel);
    await Promise.all([eyes, deaf, person].map((g) => g.flush()));
    assert.deepEqual([eyes, deaf, person].map((g) => g.events('TYPING_START').length), [1, 0, 1]);
    const late = await Gateway.session(server, robot);
    await late.flush();
    assert.equal(late.events('TYPING_START').length, 0, 'it ends by itself, at the clients');
    await Promise.all([eyes, deaf, person, late].map((g) => g.end()));
});

test('metered for each who types, in each channel', async () => {
    const limited = await Server.start({ flags: [] });
    try {
        const there = await world(limited);
        const again = async (who, id) => {
            const { status } = await api(limited, 'POST', `/channels/${id}/typing`, { token: who.token });
            return status;
        };
        let answers = [];
        for (let i = 0; i < 12; i += 1)
            answers.push(await again(there.member, there.guild.channel));
        assert.ok(answers.includes(429), `${answers}`);
        assert.equal(await again(there.owner, there.guild.channel), 204, 'another who types');
        const other = await channel(limited, there.owner, there.guild, {});
        assert.equal(await again(there.member, other.id), 204, 'another channel');
    } finally {
        await limited.stop();
    }
});
