// Templates: a guild's structure kept, looked at by anybody, and made a guild again.

import assert from 'node:assert/strict';
import test from 'node:test';

import { api, assertError, formCodes, ok } from '../lib/api.mjs';
import { UNLIMITED, useServer } from '../lib/server.mjs';
import { CATEGORY, PERMISSIONS, TEXT, VOICE, authorize, bot, channel, guild, invite, join, person } from '../lib/world.mjs';

const server = await useServer({ flags: UNLIMITED });
const owner = await person(server);

const make = async (place, body = { name: 'Kept' }) =>
    ok(server, 'POST', `/guilds/${place.id}/templates`, { token: owner.token, body });
const use = async (who, code, name = 'Copy') =>
    ok(server, 'POST', `/guilds/templates/${code}`, { token: who.token, body: { name } });

// What a guild is made of, without ids: names stand for them.
async function structure(who, id) {
    const made = await ok(server, 'GET', `/guilds/${id}`, { token: who.token });
    const channels = await ok(server, 'GET', `/guilds/${id}/channels`, { token: who.token });
    const roleNames = new Map(made.roles.map((r) => [r.id, r.name]));
    const channelNames = new Map(channels.map((c) => [c.id, c.name]));
    const roles = made.roles.filter((r) => !r.managed).sort((a, b) => a.position - b.position)
        .map(({ name, permissions, color, colors, hoist, mentionable, unicode_emoji: emoji }) =>
            ({ name, permissions, color, colors, hoist, mentionable, emoji }));
    const plain = channels.map((c) => ({
        ...c, id: undefined, guild_id: undefined, last_message_id: undefined,
        parent_id: channelNames.get(c.parent_id),
        available_tags: c.available_tags?.map((t) => ({ ...t, id: undefined })),
        permission_overwrites: c.permission_overwrites.filter((o) => o.type === 0)
            .map((o) => ({ ...o, id: roleNames.get(o.id) })).sort((a, b) => (a.id < b.id ? -1 : 1)),
    })).sort((a, b) => (a.name < b.name ? -1 : 1));
    return {
        roles, channels: plain, system: channelNames.get(made.system_channel_id),
        afk: channelNames.get(made.afk_channel_id),
        settings: [made.verification_level, made.default_message_notifications, made.explicit_content_filter,
            made.preferred_locale, made.afk_timeout, made.system_channel_flags, made.description],
    };
}

// 200 channels in categories of 24, 100 roles, overwrites in each; of all types.
function plan() {
    const roles = Array.from({ length: 100 }, (_, id) => ({
        id, name: `role ${String(id).padStart(3, '0')}`, permissions: String(BigInt(id) << 10n),
        color: id * 1000, hoist: id % 2 === 0, mentionable: id % 3 === 0,
    }));
    const types = [TEXT, VOICE, 5, 13, 15, 16];
    const channels = Array.from({ length: 200 }, (_, i) => {
        const name = `channel-${String(i).padStart(3, '0')}`;
        if (i % 25 === 0)
            return { id: i, type: CATEGORY, name };
        return {
            id: i, type: types[i % types.length], name, parent_id: i - i % 25, position: i % 7, topic: `about ${i}`,
            permission_overwrites: [0, 1, 2].map((k) => ({
                id: (i + k) % 100, type: 0, allow: String(1 << k), deny: String(1 << (k + 10)),
            })),
            ...types[i % types.length] === 15 ? { available_tags: [{ name: 'tag', emoji_name: '⭐' }] } : {},
        };
    });
    return { roles, channels };
}

test('200 channels and 100 roles: created, kept, created again', async () => {
    const big = await ok(server, 'POST', '/guilds', {
        token: owner.token,
        body: {
            name: 'Big', ...plan(), system_channel_id: 6, afk_channel_id: 1, verification_level: 2,
            description: 'All of it', preferred_locale: 'fr',
        },
    });
    const before = await structure(owner, big.id);
    assert.equal(before.channels.length, 200);
    assert.equal(before.roles.length, 100);
    const kept = await make(big, { name: 'Big one', description: 'Everything' });
    assert.equal(kept.is_dirty, false);
    assert.equal(kept.usage_count, 0);
    const other = await person(server);
    const copy = await use(other, kept.code);
    assert.equal(copy.owner_id, other.id);
    assert.equal(copy.name, 'Copy');
    assert.deepEqual(await structure(other, copy.id), before);
    const again = await ok(server, 'POST', `/guilds/${copy.id}/templates`, { token: other.token, body: { name: 'x' } });
    assert.deepEqual({ ...again.serialized_source_guild, name: '' }, { ...kept.serialized_source_guild, name: '' });
    assert.equal((await ok(server, 'GET', `/guilds/templates/${kept.code}`, { token: other.token })).usage_count, 1);
});

test('the document: small numbers, no bots, no members', async () => {
    const place = await guild(server, owner);
    await authorize(server, owner, await bot(server, owner), place);
    await channel(server, owner, place, {
        name: 'mine', permission_overwrites: [{ id: owner.id, type: 1, allow: '1024', deny: '0' },
            { id: place.id, type: 0, allow: '0', deny: String(PERMISSIONS.VIEW_CHANNEL) }],
    });
    const { serialized_source_guild: document } = await make(place);
    assert.deepEqual(document.roles.map((r) => [r.id, r.name]), [[0, '@everyone']]);
    assert.deepEqual(document.channels.map((c) => c.id), [1, 2, 3, 4, 5]);
    assert.deepEqual(document.channels[4].permission_overwrites,
        [{ id: '0', type: 0, allow: '0', deny: String(PERMISSIONS.VIEW_CHANNEL) }]);
    assert.equal(document.system_channel_id, '3');
});

test('one each; out of date, brought up to date, renamed, deleted', async () => {
    const place = await guild(server, owner);
    const path = `/guilds/${place.id}/templates`;
    const call = (method, code, body) => api(server, method, `${path}/${code}`, { token: owner.token, body });
    assert.deepEqual(await ok(server, 'GET', path, { token: owner.token }), []);
    const kept = await make(place);
    assertError(await api(server, 'POST', path, { token: owner.token, body: { name: 'Second' } }), 400, 30031);
    await channel(server, owner, place, { name: 'newer' });
    const [listed] = await ok(server, 'GET', path, { token: owner.token });
    assert.equal(listed.code, kept.code);
    assert.equal(listed.is_dirty, true);
    const synced = await call('PUT', kept.code);
    assert.equal(synced.status, 200);
    assert.equal(synced.body.is_dirty, false);
    assert.equal(synced.body.serialized_source_guild.channels.length, 5);
    const renamed = await call('PATCH', kept.code, { name: 'Other', description: 'Said' });
    assert.equal(renamed.body.name, 'Other');
    assert.equal(renamed.body.description, 'Said');
    assert.equal((await call('PATCH', kept.code, { description: null })).body.description, null);
    assert.equal((await call('DELETE', kept.code)).body.code, kept.code);
    assertError(await call('DELETE', kept.code), 404, 10057);
    assertError(await api(server, 'GET', `/guilds/templates/${kept.code}`, { token: owner.token }), 404, 10057);
});

test('who may: managers keep, anybody looks, people use', async () => {
    const place = await guild(server, owner);
    const beside = await guild(server, owner);
    const member = await person(server);
    await join(server, member, (await invite(server, owner, place.channel)).code);
    const kept = await make(place);
    const path = `/guilds/${place.id}/templates`;
    assertError(await api(server, 'GET', path, { token: member.token }), 403, 50013);
    assertError(await api(server, 'POST', path, { token: member.token, body: { name: 'x' } }), 403, 50013);
    assertError(await api(server, 'DELETE', `${path}/${kept.code}`, { token: member.token }), 403, 50013);
    assertError(await api(server, 'PUT', `/guilds/${beside.id}/templates/${kept.code}`, { token: owner.token }), 404, 10057);
    const robot = await bot(server, owner);
    assert.equal((await ok(server, 'GET', `/guilds/templates/${kept.code}`, { token: robot.token })).code, kept.code);
    assertError(await api(server, 'POST', `/guilds/templates/${kept.code}`, { token: robot.token, body: { name: 'Bots' } }),
        403, 20001);
    assertError(await api(server, 'POST', '/guilds/templates/nosuchcode', { token: owner.token, body: { name: 'None' } }),
        404, 10057);
    const nameless = await api(server, 'POST', `/guilds/templates/${kept.code}`, { token: owner.token, body: {} });
    assert.equal(formCodes(nameless, 'name').length, 1);
});
