// Channels: making them, and what overwrites do to who may do what.

import assert from 'node:assert/strict';
import test from 'node:test';

import { api, assertError, formCodes, ok } from '../lib/api.mjs';
import { useServer } from '../lib/server.mjs';
import { CATEGORY, PERMISSIONS, VOICE, bot, authorize, channel, guild, person, post, world }
    from '../lib/world.mjs';

const bits = (...names) => String(names.reduce((all, name) => all | PERMISSIONS[name], 0n));

const server = await useServer();
const { owner, guild: home, member, bot: robot } = await world(server, {
    permissions: bits('MANAGE_CHANNELS', 'VIEW_CHANNEL', 'SEND_MESSAGES'),
});

test('a text channel: its name as Discord stores it, its fields, its place', async () => {
    const answer = await api(server, 'POST', `/guilds/${home.id}/channels`, {
        token: owner.token,
        body: { name: 'Big News TODAY', topic: 'all of it', nsfw: true, rate_limit_per_user: 5 },
    });
    assert.equal(answer.status, 201);
    const made = answer.body;
    assert.equal(made.name, 'big-news-today');
    assert.equal(made.type, 0);
    assert.equal(made.guild_id, home.id);
    assert.equal(made.topic, 'all of it');
    assert.equal(made.nsfw, true);
    assert.equal(made.rate_limit_per_user, 5);
    assert.equal(made.last_message_id, null);
    assert.equal(made.parent_id, null);
    assert.deepEqual(await ok(server, 'GET', `/channels/${made.id}`, { token: member.token }), made);
    const list = await ok(server, 'GET', `/guilds/${home.id}/channels`, { token: member.token });
    assert.ok(list.some((c) => c.id === made.id));
});

test('voice channels and categories keep their names; children name their category', async () => {
    const category = await channel(server, owner, home, { name: 'My Rooms', type: CATEGORY });
    const voice = await channel(server, owner, home, {
        name: 'Loud Room', type: VOICE, parent_id: category.id, bitrate: 64000, user_limit: 9,
    });
    assert.equal(category.name, 'My Rooms');
    assert.equal(voice.name, 'Loud Room');
    assert.equal(voice.parent_id, category.id);
    assert.equal(voice.bitrate, 64000);
    assert.equal(voice.user_limit, 9);
});

test('last_message_id follows the messages', async () => {
    const room = await channel(server, owner, home, { name: 'followed' });
    const message = await post(server, owner, room.id, 'newest');
    const read = await ok(server, 'GET', `/channels/${room.id}`, { token: owner.token });
    assert.equal(read.last_message_id, message.id);
});

for (const [name, body, path] of [
    ['no name', { name: undefined }, 'name'], ['an empty name', { name: '' }, 'name'],
    ['a name too long', { name: 'x'.repeat(101) }, 'name'],
    ['an unknown type', { type: 99 }, 'type'], ['a DM', { type: 1 }, 'type'],
    ['a topic too long', { topic: 'x'.repeat(1025) }, 'topic'],
    ['slowmode too long', { rate_limit_per_user: 21601 }, 'rate_limit_per_user'],
    ['slowmode negative', { rate_limit_per_user: -1 }, 'rate_limit_per_user'],
    ['an unknown parent', { parent_id: '1' }, 'parent_id'],
    ['a parent that is no category', { parent_id: home.channel }, 'parent_id'],
    ['overwrites that are no list', { permission_overwrites: {} }, 'permission_overwrites'],
]) {
    test(`a channel with ${name}: 50035 at ${path}`, async () => {
        const answer = await api(server, 'POST', `/guilds/${home.id}/channels`, {
            token: owner.token, body: { name: 'room', ...body },
        });
        assert.equal(formCodes(answer, path).length, 1);
    });
}

test('a parent of another guild is no parent here', async () => {
    const other = await guild(server, owner);
    const category = other.channels.find((c) => c.type === CATEGORY);
    const answer = await api(server, 'POST', `/guilds/${home.id}/channels`, {
        token: owner.token, body: { name: 'room', parent_id: category.id },
    });
    assert.equal(formCodes(answer, 'parent_id').length, 1);
});

test('nobody gives in an overwrite what they do not have', async () => {
    const answer = await api(server, 'POST', `/guilds/${home.id}/channels`, {
        token: robot.token,
        body: {
            name: 'power', permission_overwrites: [
                { id: robot.id, type: 1, allow: bits('ADMINISTRATOR', 'MANAGE_GUILD'), deny: '0' },
            ],
        },
    });
    assertError(answer, 403, 50013, 'Missing Permissions');
});

test('a bot with MANAGE_CHANNELS makes channels', async () => {
    const made = await channel(server, robot, home, { name: 'of-the-bot' });
    assert.equal(made.name, 'of-the-bot');
});

test('read-only: may view, may not send', async () => {
    const room = await channel(server, owner, home, {
        name: 'read-only',
        permission_overwrites: [{ id: home.id, type: 0, allow: '0', deny: bits('SEND_MESSAGES') }],
    });
    await ok(server, 'GET', `/channels/${room.id}/messages`, { token: member.token });
    for (const path of ['messages', 'typing']) {
        const answer = await api(server, 'POST', `/channels/${room.id}/${path}`, {
            token: member.token, body: { content: 'x' },
        });
        assertError(answer, 403, 50013, 'Missing Permissions');
    }
    await post(server, owner, room.id, 'owners may');
});

test('without READ_MESSAGE_HISTORY the list is empty', async () => {
    const room = await channel(server, owner, home, {
        name: 'no-history',
        permission_overwrites: [{ id: home.id, type: 0, allow: '0', deny: bits('READ_MESSAGE_HISTORY') }],
    });
    const message = await post(server, owner, room.id, 'past');
    assert.deepEqual(await ok(server, 'GET', `/channels/${room.id}/messages`, { token: member.token }), []);
    const one = await api(server, 'GET', `/channels/${room.id}/messages/${message.id}`, { token: member.token });
    assertError(one, 403, 50013);
    const reply = await api(server, 'POST', `/channels/${room.id}/messages`, {
        token: member.token, body: { content: 're', message_reference: { message_id: message.id } },
    });
    assertError(reply, 400, 160002);
    await post(server, member, room.id, 'sending is another matter');
});

test('a member overwrite beats the role overwrite; roles beat @everyone', async () => {
    const helper = await bot(server, owner);
    await authorize(server, owner, helper, home, bits('VIEW_CHANNEL'));
    const { roles } = await ok(server, 'GET', `/guilds/${home.id}`, { token: owner.token });
    const managed = roles.find((role) => role.managed && role.tags?.bot_id === helper.id);
    assert.ok(managed, 'a bot that asks for permissions has a role of its own');
    const room = async (name, permission_overwrites) => channel(server, owner, home, { name, permission_overwrites });
    const view = bits('VIEW_CHANNEL');
    const everyoneDenied = { id: home.id, type: 0, allow: '0', deny: view };
    const roleAllowed = { id: managed.id, type: 0, allow: view, deny: '0' };
    const memberDenied = { id: helper.id, type: 1, allow: '0', deny: view };
    const byRole = await room('by-role', [everyoneDenied, roleAllowed]);
    const byMember = await room('by-member', [everyoneDenied, roleAllowed, memberDenied]);
    await ok(server, 'GET', `/channels/${byRole.id}`, { token: helper.token });
    assertError(await api(server, 'GET', `/channels/${byMember.id}`, { token: helper.token }), 403, 50001);
});

test('an administrator passes every overwrite', async () => {
    const admin = await bot(server, owner);
    await authorize(server, owner, admin, home, bits('ADMINISTRATOR'));
    const room = await channel(server, owner, home, {
        name: 'closed',
        permission_overwrites: [{ id: home.id, type: 0, allow: '0', deny: bits('VIEW_CHANNEL', 'SEND_MESSAGES') }],
    });
    await post(server, admin, room.id, 'here all the same');
    assertError(await api(server, 'GET', `/channels/${room.id}`, { token: member.token }), 403, 50001);
});

test('messages go into text channels only', async () => {
    const category = home.channels.find((c) => c.type === CATEGORY);
    const answer = await api(server, 'POST', `/channels/${category.id}/messages`, {
        token: owner.token, body: { content: 'x' },
    });
    assertError(answer, 400, 50008);
});

test('more than 500 channels: 30013', async () => {
    const full = await guild(server, await person(server));
    const { token } = full.owner;
    for (let i = full.channels.length; i < 500; i += 10) {
        await Promise.all(Array.from({ length: Math.min(10, 500 - i) }, (_, n) =>
            ok(server, 'POST', `/guilds/${full.id}/channels`, { token, body: { name: `room-${i + n}` } })));
    }
    const answer = await api(server, 'POST', `/guilds/${full.id}/channels`, { token, body: { name: 'one-more' } });
    assertError(answer, 400, 30013);
});
