// Voice messages: one sound with its length and its shape, nothing else, where the permission is.

import assert from 'node:assert/strict';
import test from 'node:test';

import { api, assertError, ok } from '../lib/api.mjs';
import { file, form, FORM_TYPE, payload } from '../lib/forms.mjs';
import { useServer } from '../lib/server.mjs';
import { channel, world } from '../lib/world.mjs';

const VOICE = 1 << 13;
const SEND_VOICE_MESSAGES = 1n << 46n;
const server = await useServer();
const { owner, member, guild } = await world(server);
const sound = Buffer.concat([Buffer.from('OggS\0\u0002', 'latin1'), Buffer.alloc(100)]);
const entry = { id: 0, duration_secs: 1.25, waveform: 'FzYACgA=' };
const ogg = file(0, sound, 'voice-message.ogg');

const send = (parts, { to = guild.channel, token = member.token } = {}) => api(server, 'POST', `/channels/${to}/messages`, {
    token, raw: form(parts), headers: { 'content-type': FORM_TYPE },
});
const voice = (more = {}, entries = [entry]) => payload({ flags: VOICE, attachments: entries, ...more });

test('nothing else goes with it: 50159', async () => {
    for (const more of [
        { content: 'listen' }, { embeds: [{ title: 't' }] },
        { poll: { question: { text: 'q' }, answers: [{ poll_media: { text: 'a' } }] } },
        { components: [{ type: 1, components: [{ type: 2, style: 1, label: 'b', custom_id: 'b' }] }] },
    ])
        assertError(await send([voice(more), ogg]), 400, 50159);
});

test('exactly one sound: 50160', async () => {
    assertError(await send([voice({}, [entry, { ...entry, id: 1 }]), ogg, file(1, sound, 'second.ogg')]), 400, 50160);
    assertError(await send([voice(), file(0, 'a text', 'voice-message.ogg')]), 400, 50160);
});

test('with its length and its shape: 50161', async () => {
    assertError(await send([voice({}, [{ id: 0, waveform: entry.waveform }]), ogg]), 400, 50161);
    assertError(await send([voice({}, [{ id: 0, duration_secs: 1 }]), ogg]), 400, 50161);
});

test('it is not edited: 50162; its author may delete it', async () => {
    const { body: said } = await send([voice(), ogg]);
    assert.equal(said.flags & VOICE, VOICE);
    const path = `/channels/${guild.channel}/messages/${said.id}`;
    assertError(await api(server, 'PATCH', path, { token: member.token, body: { content: 'x' } }), 400, 50162);
    await ok(server, 'DELETE', path, { token: member.token });
});

test('not without the permission: 50173, also by forwarding: 50013', async () => {
    const quiet = await channel(server, owner, guild, {
        name: 'quiet', permission_overwrites: [{ id: guild.id, type: 0, allow: '0', deny: String(SEND_VOICE_MESSAGES) }],
    });
    assertError(await send([voice(), ogg], { to: quiet.id }), 403, 50173);
    const { body: said } = await send([voice(), ogg]);
    const forward = (token) => api(server, 'POST', `/channels/${quiet.id}/messages`, {
        token, body: { message_reference: { type: 1, message_id: said.id, channel_id: guild.channel } },
    });
    assertError(await forward(member.token), 403, 50013);
    assert.equal((await forward(owner.token)).status, 200);
});
