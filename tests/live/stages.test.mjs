// Stage instances and voice as data.

import assert from 'node:assert/strict';
import test from 'node:test';

import { api, assertError, formCodes, ok } from '../lib/api.mjs';
import { useServer } from '../lib/server.mjs';
import { audited, bits, change, watch } from '../lib/structure.mjs';
import { VOICE, authorize, bot, channel, world } from '../lib/world.mjs';

const server = await useServer();
const { owner, guild: home, member } = await world(server);
const eyes = await watch(server, owner);
const guest = await watch(server, member);
const stage = await channel(server, owner, home, { name: 'Stage', type: 13 });

const open = (who, body) => api(server, 'POST', '/stage-instances', { token: who.token, body });
const at = `/stage-instances/${stage.id}`;

test('opened, changed, closed: members are told each time', async () => {
    assertError(await api(server, 'GET', at, { token: member.token }), 404, 10067);
    let from = eyes.mark();
    const answer = await open(owner, { channel_id: stage.id, topic: 'Talk', privacy_level: 2 });
    assert.equal(answer.status, 200, answer.text);
    const made = answer.body;
    assert.deepEqual(made, {
        id: made.id, guild_id: home.id, channel_id: stage.id, topic: 'Talk', privacy_level: 2,
        discoverable_disabled: true, guild_scheduled_event_id: null,
    });
    assert.deepEqual((await guest.event('STAGE_INSTANCE_CREATE')).d, made);
    const entry = await audited(eyes, from, 83, { target_id: made.id, options: { channel_id: stage.id } });
    assert.deepEqual(change(entry, 'topic'), { key: 'topic', new_value: 'Talk' });
    assert.deepEqual(await ok(server, 'GET', at, { token: member.token }), made);
    assertError(await open(owner, { channel_id: stage.id, topic: 'again' }), 400, 150006);
    from = eyes.mark();
    const changed = await ok(server, 'PATCH', at, { token: owner.token, body: { topic: 'More talk' } });
    assert.deepEqual(changed, { ...made, topic: 'More talk' });
    assert.deepEqual((await guest.event('STAGE_INSTANCE_UPDATE')).d, changed);
    await audited(eyes, from, 84);
    // Who comes now is told in GUILD_CREATE.
    const late = await watch(server, member);
    assert.deepEqual((await late.guild(home.id)).stage_instances, [changed]);
    await late.end();
    from = eyes.mark();
    const closed = await api(server, 'DELETE', at, { token: owner.token });
    assert.equal(closed.status, 204);
    assert.deepEqual((await guest.event('STAGE_INSTANCE_DELETE')).d, changed);
    await audited(eyes, from, 85);
    assertError(await api(server, 'DELETE', at, { token: owner.token }), 404, 10067);
    assertError(await api(server, 'PATCH', at, { token: owner.token, body: { topic: 'x' } }), 404, 10067);
});

test('for its moderators: MANAGE_CHANNELS, MUTE_MEMBERS and MOVE_MEMBERS, all three', async () => {
    const robot = await bot(server, owner), half = await bot(server, owner);
    await authorize(server, owner, robot, home, bits('MANAGE_CHANNELS', 'MUTE_MEMBERS', 'MOVE_MEMBERS'));
    await authorize(server, owner, half, home, bits('MANAGE_CHANNELS', 'MUTE_MEMBERS'));
    for (const who of [half, member])
        assertError(await open(who, { channel_id: stage.id, topic: 'x' }), 403, 50013);
    assert.equal((await open(robot, { channel_id: stage.id, topic: 'x' })).status, 200);
    for (const who of [half, member]) {
        assertError(await api(server, 'PATCH', at, { token: who.token, body: { topic: 'y' } }), 403, 50013);
        assertError(await api(server, 'DELETE', at, { token: who.token }), 403, 50013);
    }
    assert.equal((await api(server, 'DELETE', at, { token: robot.token })).status, 204);
});

test('refusals', async () => {
    assertError(await open(owner, { channel_id: home.channel, topic: 'x' }), 400, 50024);
    assertError(await open(owner, { channel_id: '1', topic: 'x' }), 404, 10003);
    assertError(await open(owner, { channel_id: stage.id, topic: 'x', guild_scheduled_event_id: '5' }), 404, 10070);
    assert.equal(formCodes(await open(owner, { channel_id: stage.id }), 'topic').length, 1);
    assert.equal(formCodes(await open(owner, { topic: 'x' }), 'channel_id').length, 1);
    assert.equal(formCodes(await open(owner, { channel_id: stage.id, topic: 'x'.repeat(121) }), 'topic').length, 1);
    assert.equal(formCodes(await open(owner, { channel_id: stage.id, topic: 'x', privacy_level: 1 }), 'privacy_level').length, 1);
});

test('it ends with its channel', async () => {
    const short = await channel(server, owner, home, { name: 'Short', type: 13 });
    assert.equal((await open(owner, { channel_id: short.id, topic: 'brief' })).status, 200);
    const from = guest.mark();
    await ok(server, 'DELETE', `/channels/${short.id}`, { token: owner.token });
    await guest.event('STAGE_INSTANCE_DELETE', (d) => d.channel_id === short.id, { from });
    await guest.event('CHANNEL_DELETE', (d) => d.id === short.id, { from });
    assertError(await api(server, 'GET', `/stage-instances/${short.id}`, { token: owner.token }), 404, 10003);
});

test('the status line of a voice channel', async () => {
    const voice = await channel(server, owner, home, { name: 'Voice', type: VOICE });
    const put = (who, id, body) => api(server, 'PUT', `/channels/${id}/voice-status`, { token: who.token, body });
    let from = eyes.mark();
    assert.equal((await put(owner, voice.id, { status: 'on air' })).status, 204);
    const told = await guest.event('VOICE_CHANNEL_STATUS_UPDATE', (d) => d.id === voice.id);
    assert.deepEqual(told.d, { id: voice.id, guild_id: home.id, status: 'on air' });
    await audited(eyes, from, 192, { target_id: voice.id, options: { status: 'on air' } });
    assert.equal((await ok(server, 'GET', `/channels/${voice.id}`, { token: member.token })).status, 'on air');
    from = eyes.mark();
    assert.equal((await put(owner, voice.id, { status: null })).status, 204);
    await audited(eyes, from, 193);
    assertError(await put(member, voice.id, { status: 'mine' }), 403, 50013);
    assertError(await put(owner, home.channel, { status: 'x' }), 400, 50024);
    assert.equal(formCodes(await put(owner, voice.id, { status: 'x'.repeat(501) }), 'status').length, 1);
});

test('regions, and voice states of nobody', async () => {
    const regions = [{ id: 'local', name: 'This server', optimal: true, deprecated: false, custom: false }];
    for (const path of ['/voice/regions', `/guilds/${home.id}/regions`])
        assert.deepEqual(await ok(server, 'GET', path, { token: member.token }), regions);
    for (const who of ['@me', owner.id]) {
        const path = `/guilds/${home.id}/voice-states/${who}`;
        assertError(await api(server, 'GET', path, { token: member.token }), 404, 10065);
        assertError(await api(server, 'PATCH', path, { token: owner.token, body: { suppress: false } }), 404, 10065);
    }
});
