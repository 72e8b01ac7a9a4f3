// What is asked of a guild over the gateway: soundboard sounds (op 31) and channel info (op 43).

import assert from 'node:assert/strict';
import test from 'node:test';

import { ok } from '../lib/api.mjs';
import { Gateway } from '../lib/gateway.mjs';
import { dataUri, mp3 } from '../lib/media.mjs';
import { UNLIMITED, useServer } from '../lib/server.mjs';
import { ALL_INTENTS, VOICE, channel, guild, person, world } from '../lib/world.mjs';

const server = await useServer({ flags: [...UNLIMITED] });
const { owner, guild: home, bot: robot } = await world(server);
const session = await Gateway.session(server, robot, { identify: { intents: ALL_INTENTS | 1 << 7 } });
const ask = (op, d) => session.send({ op, d });

test('op 31: the sounds of each guild that the session is in', async () => {
    const sound = await ok(server, 'POST', `/guilds/${home.id}/soundboard-sounds`, {
        token: owner.token, body: { name: 'quack', sound: dataUri(mp3(1000), 'audio/mpeg') },
    });
    const foreign = await guild(server, await person(server), 'Elsewhere');
    const from = session.mark();
    ask(31, { guild_ids: [home.id, foreign.id, home.id, '5'] });
    const { d } = await session.event('SOUNDBOARD_SOUNDS', () => true, { from });
    const { user, ...rest } = sound;
    assert.equal(user.id, owner.id);
    assert.deepEqual(d, { guild_id: home.id, soundboard_sounds: [rest] });
    await session.flush();
    assert.equal(session.events('SOUNDBOARD_SOUNDS').length, 1);
});

test('op 43: the status of the voice channels that it sees', async () => {
    const [stage, hidden] = [
        await channel(server, owner, home, { name: 'stage', type: VOICE }),
        await channel(server, owner, home, {
            name: 'hidden', type: VOICE, permission_overwrites: [{ id: home.id, type: 0, allow: '0', deny: `${1 << 10}` }],
        }),
    ];
    await ok(server, 'PUT', `/channels/${stage.id}/voice-status`, { token: owner.token, body: { status: 'on air' } });
    await session.event('VOICE_CHANNEL_STATUS_UPDATE');
    const info = async (fields) => {
        const from = session.mark();
        ask(43, { guild_id: home.id, fields });
        const { d } = await session.event('CHANNEL_INFO', () => true, { from });
        assert.equal(d.guild_id, home.id);
        assert.ok(!d.channels.some((c) => c.id === hidden.id));
        return d.channels.find((c) => c.id === stage.id);
    };
    assert.deepEqual(await info(['status']), { id: stage.id, status: 'on air' });
    assert.deepEqual(await info(['status', 'voice_start_time', 'more']), { id: stage.id, status: 'on air', voice_start_time: null });
    assert.deepEqual(await info([]), { id: stage.id });
    ask(4, { guild_id: home.id, channel_id: stage.id, self_mute: false, self_deaf: false });
    await session.event('VOICE_STATE_UPDATE', (d) => d.channel_id === stage.id);
    const { voice_start_time: at } = await info(['voice_start_time']);
    assert.ok(Math.abs(Date.now() / 1000 - at) < 60, 'seconds, since somebody has been there');
});

test('a guild that it is not in has no answer', async () => {
    const foreign = await guild(server, await person(server), 'Elsewhere');
    const from = session.mark();
    ask(43, { guild_id: foreign.id, fields: ['status'] });
    await session.flush();
    assert.ok(!session.received.slice(from).some((p) => p.t === 'CHANNEL_INFO'));
});

test('what is wrong is answered with 4002', async () => {
    for (const [op, d] of [
        [31, null], [31, {}], [31, { guild_ids: '5' }], [31, { guild_ids: [{}] }], [31, { guild_ids: ['x'] }],
        [31, { guild_ids: Array.from({ length: 101 }, (_, i) => `${i + 1}`) }],
        [43, null], [43, {}], [43, { guild_id: home.id }], [43, { guild_id: home.id, fields: 'status' }],
        [43, { guild_id: 'x', fields: [] }],
    ]) {
        const gateway = await Gateway.session(server, robot);
        gateway.send({ op, d });
        await gateway.expectClose(4002);
    }
});
