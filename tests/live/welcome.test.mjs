// The welcome screen, and what new members are led to.

import assert from 'node:assert/strict';
import test from 'node:test';

import { api, assertError, formCodes, ok } from '../lib/api.mjs';
import { Gateway } from '../lib/gateway.mjs';
import { useServer } from '../lib/server.mjs';
import { channel, person, world } from '../lib/world.mjs';

const server = await useServer();
const { owner, guild: home, member } = await world(server);
const path = `/guilds/${home.id}/welcome-screen`;
const get = (who) => api(server, 'GET', path, { token: who.token });
const patch = (body, who = owner) => api(server, 'PATCH', path, { token: who.token, body });

test('a guild begins without', async () => {
    assert.deepEqual((await get(owner)).body, { description: null, welcome_channels: [] });
    assertError(await get(member), 403, 50013);
    assertError(await get(await person(server)), 403, 50001);
    assertError(await patch({ enabled: true }, member), 403, 50013);
});

test('changing and enabling it', async () => {
    const gateway = await Gateway.session(server, member);
    const room = await channel(server, owner, home, { name: 'start' });
    const body = {
        enabled: true, description: 'Come in',
        welcome_channels: [{ channel_id: room.id, description: 'Start here', emoji_name: '👋' },
            { channel_id: home.channel, description: 'Talk' }],
    };
    const made = await patch(body);
    assert.equal(made.status, 200, made.text);
    assert.deepEqual(made.body, {
        description: 'Come in', welcome_channels: [
            { channel_id: room.id, description: 'Start here', emoji_id: null, emoji_name: '👋' },
            { channel_id: home.channel, description: 'Talk', emoji_id: null, emoji_name: null }],
    });
    const { d } = await gateway.event('GUILD_UPDATE', (g) => g.id === home.id);
    assert.ok(d.features.includes('WELCOME_SCREEN_ENABLED'));
    assert.deepEqual((await get(member)).body, made.body);
    const { audit_log_entries: [entry] } = await ok(server, 'GET',
        `/guilds/${home.id}/audit-logs?action_type=1&limit=1`, { token: owner.token });
    assert.equal(entry.changes.find((change) => change.key === 'welcome_screen').new_value.description, 'Come in');
    // Part by part; and a channel that goes is not shown any more.
    assert.equal((await patch({ description: null })).body.welcome_channels.length, 2);
    await ok(server, 'DELETE', `/channels/${room.id}`, { token: owner.token });
    assert.deepEqual((await get(member)).body.welcome_channels.map((each) => each.channel_id), [home.channel]);
    assert.equal((await patch({ description: 'Again' })).status, 200, 'what is gone is no mistake of this request');
    assert.equal((await patch({ enabled: false })).status, 200);
    assertError(await get(member), 403, 50013);
    await gateway.end();
});

test('what is no welcome screen', async () => {
    const entry = { channel_id: home.channel, description: 'x' };
    for (const [body, at] of [[{ description: 'x'.repeat(141) }, 'description'],
        [{ welcome_channels: Array(6).fill(entry) }, 'welcome_channels'],
        [{ welcome_channels: [{ ...entry, description: '' }] }, 'welcome_channels.0.description'],
        [{ welcome_channels: [{ description: 'x' }] }, 'welcome_channels.0.channel_id']])
        assert.equal(formCodes(await patch(body), at).length, 1, at);
    assertError(await patch({ welcome_channels: [{ ...entry, channel_id: '5' }] }), 404, 10003);
});

test('new members', async () => {
    const at = `/guilds/${home.id}/new-member-welcome`;
    assert.equal((await api(server, 'GET', at, { token: member.token })).status, 204);
    const body = {
        enabled: true, welcome_message: { author_ids: [owner.id], message: 'Hello [@username]' },
        new_member_actions: [{ channel_id: home.channel, action_type: 1, title: 'Say hello', description: '' }],
        resource_channels: [{ channel_id: home.channel, title: 'Read me', description: 'first' }],
    };
    assertError(await api(server, 'PUT', at, { token: member.token, body }), 403, 50013);
    const made = await ok(server, 'PUT', at, { token: owner.token, body });
    assert.deepEqual(made, { guild_id: home.id, ...body });
    assert.deepEqual(await ok(server, 'GET', at, { token: member.token }), made);
    await ok(server, 'PUT', at, { token: owner.token, body: { enabled: false } });
    assertError(await api(server, 'GET', at, { token: member.token }), 403, 50013);
    for (const [type, count] of [[190, 1], [191, 1]]) {
        const { audit_log_entries: list } = await ok(server, 'GET',
            `/guilds/${home.id}/audit-logs?action_type=${type}`, { token: owner.token });
        assert.equal(list.length, count);
    }
    assertError(await api(server, 'PUT', at, {
        token: owner.token, body: { resource_channels: [{ channel_id: '5', title: 'x' }] },
    }), 404, 10003);
});
