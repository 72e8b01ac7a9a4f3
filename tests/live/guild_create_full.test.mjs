// POST /guilds with roles and channels that name each other by placeholders.

import assert from 'node:assert/strict';
import test from 'node:test';

import { api, assertError, formCodes, ok } from '../lib/api.mjs';
import { useServer, UNLIMITED } from '../lib/server.mjs';
import { CATEGORY, PERMISSIONS, TEXT, VOICE, person } from '../lib/world.mjs';

const server = await useServer({ flags: [...UNLIMITED, '--limits.guilds_per_user=3'] });
const FORUM = 15;
const ANNOUNCEMENT = 5;

const create = (who, body) => api(server, 'POST', '/guilds', { token: who.token, body });

test('roles, channels, overwrites, tags: all as asked', async () => {
    const owner = await person(server);
    const answer = await create(owner, {
        name: 'Planned', region: 'europe', verification_level: 2, afk_timeout: 60, afk_channel_id: 14,
        system_channel_id: '11', system_channel_flags: 3,
        roles: [
            { id: 0, name: 'ignored', permissions: String(PERMISSIONS.VIEW_CHANNEL) },
            { id: '7', name: 'Staff', permissions: String(PERMISSIONS.MANAGE_CHANNELS), color: 0x123456, hoist: true },
            { id: 8, name: 'Guests', mentionable: true },
        ],
        channels: [
            { id: 10, type: CATEGORY, name: 'Rooms' },
            { id: 11, type: TEXT, name: 'Big Hall', parent_id: 10, topic: 'Talk', nsfw: true, rate_limit_per_user: 5,
                permission_overwrites: [
                    { id: 0, type: 0, deny: String(PERMISSIONS.SEND_MESSAGES) },
                    { id: 7, type: 0, allow: String(PERMISSIONS.SEND_MESSAGES), deny: '0' }] },
            { id: 12, type: ANNOUNCEMENT, name: 'news', parent_id: '10', position: 9 },
            { id: 13, type: FORUM, name: 'questions', available_tags: [{ name: 'solved', moderated: true, emoji_name: '✅' }],
                default_sort_order: 1, default_forum_layout: 2, default_reaction_emoji: { emoji_name: '👍' } },
            { id: 14, type: VOICE, name: 'Sofa', bitrate: 32000, user_limit: 7 },
        ],
    });
    assert.equal(answer.status, 201, answer.text);
    const made = answer.body;
    assert.equal(made.afk_timeout, 60);
    assert.equal(made.system_channel_flags, 3);
    const everyone = made.roles.find((r) => r.id === made.id);
    assert.equal(everyone.name, '@everyone');
    assert.equal(everyone.permissions, String(PERMISSIONS.VIEW_CHANNEL));
    const staff = made.roles.find((r) => r.name === 'Staff');
    assert.equal(staff.color, 0x123456);
    assert.equal(staff.hoist, true);
    assert.equal(staff.position, 1);
    assert.equal(made.roles.find((r) => r.name === 'Guests').position, 2);
    const channels = await ok(server, 'GET', `/guilds/${made.id}/channels`, { token: owner.token });
    const named = (name) => channels.find((c) => c.name === name);
    assert.equal(channels.length, 5);
    const hall = named('big-hall');
    assert.equal(made.system_channel_id, hall.id);
    assert.equal(made.afk_channel_id, named('Sofa').id);
    assert.equal(hall.parent_id, named('Rooms').id);
    assert.equal(hall.topic, 'Talk');
    assert.equal(hall.nsfw, true);
    assert.equal(hall.rate_limit_per_user, 5);
    assert.deepEqual(hall.permission_overwrites, [
        { id: made.id, type: 0, allow: '0', deny: String(PERMISSIONS.SEND_MESSAGES) },
        { id: staff.id, type: 0, allow: String(PERMISSIONS.SEND_MESSAGES), deny: '0' },
    ]);
    assert.equal(named('news').type, ANNOUNCEMENT);
    assert.equal(named('news').position, 9);
    assert.equal(named('questions').available_tags[0].name, 'solved');
    assert.equal(named('questions').available_tags[0].moderated, true);
    assert.equal(named('questions').default_sort_order, 1);
    assert.equal(named('questions').default_reaction_emoji.emoji_name, '👍');
    assert.equal(named('Sofa').bitrate, 32000);
    assert.equal(named('Sofa').user_limit, 7);
});

for (const [name, more, path] of [
    ['a parent that there is not', { channels: [{ id: 1, name: 'a', parent_id: 2 }] }, 'channels.0.parent_id'],
    ['a parent that is no category',
        { channels: [{ id: 1, name: 'a' }, { id: 2, name: 'b', parent_id: 1 }] }, 'channels.1.parent_id'],
    ['a channel without a name', { channels: [{ id: 1 }] }, 'channels.0.name'],
    ['a text channel of blanks', { channels: [{ id: 1, name: '  ' }] }, 'channels.0.name'],
    ['an overwrite for nobody', { channels: [{ id: 1, name: 'a', permission_overwrites: [{ id: 9, type: 0 }] }] },
        'channels.0.permission_overwrites'],
    ['an overwrite for a member',
        { roles: [{ id: 1 }], channels: [{ id: 1, name: 'a', permission_overwrites: [{ id: 1, type: 1 }] }] },
        'channels.0.permission_overwrites'],
    ['a system channel of nowhere', { channels: [{ id: 1, name: 'a' }], system_channel_id: 2 }, 'system_channel_id'],
    ['an AFK channel for text', { channels: [{ id: 1, name: 'a' }], afk_channel_id: 1 }, 'afk_channel_id'],
    ['two roles of one placeholder', { roles: [{ id: 0 }, { id: 1, name: 'a' }, { id: '1', name: 'b' }] }, 'roles.2.id'],
    ['two channels of one placeholder', { channels: [{ id: 1, name: 'a' }, { id: 2, name: 'b' }, { id: 1, name: 'c' }] },
        'channels.2.id'],
    ['two overwrites for one role', { roles: [{ id: 0 }, { id: 5, name: 'a' }], channels: [{ id: 1, name: 'a',
        permission_overwrites: [{ id: 5, type: 0, allow: '1024' }, { id: 0, type: 0 }, { id: 5, type: 0, deny: '1024' }] }] },
    'channels.0.permission_overwrites'],
    ['51 in a category', { channels: [{ id: 1, type: CATEGORY, name: 'c' },
        ...Array.from({ length: 51 }, (_, i) => ({ name: `x${i}`, parent_id: 1 }))] }, 'channels.51.parent_id'],
    ['251 roles', { roles: Array.from({ length: 251 }, (_, id) => ({ id, name: 'r' })) }, 'roles'],
    ['501 channels', { channels: Array.from({ length: 501 }, (_, id) => ({ id, name: 'r' })) }, 'channels'],
    ['no such channel type', { channels: [{ id: 1, name: 'a', type: 1 }] }, 'channels.0.type'],
]) {
    test(`${name}: 50035`, async () => {
        const answer = await create(await person(server), { name: 'Refused', ...more });
        assert.equal(formCodes(answer, path).length, 1, answer.text);
    });
}

test('no more guilds than are allowed', async () => {
    const owner = await person(server);
    for (let i = 0; i < 3; i++)
        assert.equal((await create(owner, { name: 'One of three' })).status, 201);
    assertError(await create(owner, { name: 'A fourth' }), 400, 30001);
});

test('two at once do not pass the limit together', async () => {
    const owner = await person(server);
    const answers = await Promise.all(Array.from({ length: 8 }, () => create(owner, { name: 'Racing' })));
    assert.equal(answers.filter((a) => a.status === 201).length, 3);
});

test('what is without a placeholder is nobody twice', async () => {
    const answer = await create(await person(server), { name: 'Nameless',
        roles: [{ name: 'everyone' }, { name: 'a' }, { name: 'b' }],
        channels: [{ name: 'a' }, { name: 'b' }, { id: null, name: 'c' }, { id: 0, name: 'd' }] });
    assert.equal(answer.status, 201, answer.text);
    assert.equal(answer.body.roles.length, 3);
});

test('a body that is too much when it is read: 413, not ours to be sorry for', async () => {
    const owner = await person(server);
    const permission_overwrites = Array.from({ length: 1000 }, () => ({ id: 0 }));
    const channels = Array.from({ length: 100 }, (_, id) => ({ id, name: 'wide', permission_overwrites }));
    const answer = await create(owner, { name: 'Too much', roles: [{ id: 0 }], channels });
    assertError(answer, 413, 40005);
    assert.equal((await create(owner, { name: 'Enough', roles: [{ id: 0 }] })).status, 201);
});
