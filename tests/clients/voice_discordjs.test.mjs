// An unmodified discord.js bot sees who is in voice, moves people, and is in a channel itself.

import '../lib/plain.mjs';

import assert from 'node:assert/strict';
import test from 'node:test';
import { Client, Events, GatewayIntentBits } from 'discord.js';

import { Gateway } from '../lib/gateway.mjs';
import { UNLIMITED, atEnd, useServer } from '../lib/server.mjs';
import { within } from '../lib/wait.mjs';
import { VOICE, authorize, bot, channel, guild, invite, join, person } from '../lib/world.mjs';

const server = await useServer({ flags: [...UNLIMITED] });
const [owner, guest] = [await person(server), await person(server)];
const home = await guild(server, owner);
await join(server, guest, (await invite(server, owner, home.channel)).code);
const [lounge, den] = [
    await channel(server, owner, home, { name: 'lounge', type: VOICE }),
    await channel(server, owner, home, { name: 'den', type: VOICE }),
];
const stage = await channel(server, owner, home, { name: 'stage', type: 13 });
const robot = await bot(server, owner);
await authorize(server, owner, robot, home, String(1n << 3n));

const client = new Client({
    intents: [GatewayIntentBits.Guilds, GatewayIntentBits.GuildVoiceStates],
    rest: { api: `${server.url}/api` },
});
const own = await Gateway.session(server, guest, { identify: { intents: null } });
const enter = (id) => own.send({ op: 4, d: { guild_id: home.id, channel_id: id, self_mute: true, self_deaf: false } });
atEnd(async () => {
    await client.destroy();
    await own.end();
});

const next = (matches) => within(new Promise((done) => {
    const listen = (before, after) => {
        if (!matches(before, after))
            return;
        client.off(Events.VoiceStateUpdate, listen);
        done([before, after]);
    };
    client.on(Events.VoiceStateUpdate, listen);
}), 'a voice state of the client');

test('who was there before the bot came is there for it, as a member too', async () => {
    enter(lounge.id);
    await own.event('VOICE_STATE_UPDATE');
    const ready = within(new Promise((done) => {
        client.once(Events.ClientReady, done);
    }), 'ready');
    await client.login(robot.bare);
    await ready;
    const here = client.guilds.cache.get(home.id);
    const state = here.voiceStates.cache.get(guest.id);
    assert.equal(state.channelId, lounge.id);
    assert.equal(state.selfMute, true);
    assert.deepEqual([...here.channels.cache.get(lounge.id).members.keys()], [guest.id]);
});

test('moving, muting, disconnecting', async () => {
    const here = client.guilds.cache.get(home.id);
    const member = here.members.cache.get(guest.id);
    let seen = next((_, after) => after.channelId === den.id);
    await member.voice.setChannel(den.id, 'more room');
    assert.equal((await seen)[0].channelId, lounge.id);
    seen = next((_, after) => after.serverMute);
    await member.voice.setMute(true);
    await seen;
    assert.equal(here.members.cache.get(guest.id).voice.serverMute, true);
    seen = next((_, after) => after.channelId === null);
    await member.voice.disconnect();
    await seen;
    assert.equal(here.channels.cache.get(den.id).members.size, 0);
    await assert.rejects(member.voice.setChannel(den.id), { code: 40032 });
});

test('the bot in a channel, and on a stage', async () => {
    const here = client.guilds.cache.get(home.id);
    const go = (channel_id) => here.shard.send({ op: 4, d: { guild_id: home.id, channel_id, self_mute: false, self_deaf: true } });
    let seen = next((_, after) => after.id === client.user.id && after.channelId === lounge.id);
    go(lounge.id);
    await seen;
    assert.equal(here.members.me.voice.selfDeaf, true);
    seen = next((_, after) => after.id === client.user.id && after.channelId === stage.id);
    go(stage.id);
    assert.equal((await seen)[1].suppress, true);
    seen = next((_, after) => after.requestToSpeakTimestamp !== null);
    await here.members.me.voice.setRequestToSpeak(true);
    await seen;
    seen = next((_, after) => after.suppress === false);
    await here.members.me.voice.setSuppressed(false);
    await seen;
    seen = next((_, after) => after.id === client.user.id && after.channelId === null);
    go(null);
    await seen;
});
