// Roles: made, edited, ordered, deleted; the hierarchy; what members are told.

import assert from 'node:assert/strict';
import test from 'node:test';

import { api, assertError, formCodes, ok } from '../lib/api.mjs';
import { useServer } from '../lib/server.mjs';
import { audited, bits, change, role, watch } from '../lib/structure.mjs';
import { authorize, bot, channel, guild as newGuild, person, world } from '../lib/world.mjs';

const server = await useServer();
const { owner, guild: home, member } = await world(server);
const eyes = await watch(server, owner);
const guest = await watch(server, member);
// A bot whose role may manage roles below its own.
const manager = await bot(server, owner);
await authorize(server, owner, manager, home, bits('MANAGE_ROLES', 'KICK_MEMBERS', 'VIEW_CHANNEL'));
const own = (await ok(server, 'GET', `/guilds/${home.id}/roles`, { token: owner.token }))
    .find((r) => r.tags?.bot_id === manager.id);

const at = (id = '') => `/guilds/${home.id}/roles${id && `/${id}`}`;
const make = (who, body, headers) => api(server, 'POST', at(), { token: who.token, body, headers });
const edit = (who, id, body) => api(server, 'PATCH', at(id), { token: who.token, body });
const move = (who, list) => api(server, 'PATCH', at(), { token: who.token, body: list });
const drop = (who, id, headers) => api(server, 'DELETE', at(id), { token: who.token, headers });
const read = (id) => ok(server, 'GET', at(id), { token: member.token });

test('a role of nothing: "new role", the permissions of @everyone, at position 1', async () => {
    const everyone = await read(home.id);
    const from = eyes.mark(), guestFrom = guest.mark();
    const answer = await make(owner, {}, { 'x-audit-log-reason': 'first' });
    assert.equal(answer.status, 200, answer.text);
    const made = answer.body;
    assert.equal(made.name, 'new role');
    assert.equal(made.permissions, everyone.permissions);
    assert.equal(made.position, 1);
    assert.equal(made.color, 0);
    assert.deepEqual(made.colors, { primary_color: 0, secondary_color: null, tertiary_color: null });
    assert.equal(made.hoist || made.mentionable || made.managed, false);
    const told = await guest.event('GUILD_ROLE_CREATE', (d) => d.role.id === made.id, { from: guestFrom });
    assert.deepEqual(told.d, { guild_id: home.id, role: made });
    const entry = await audited(eyes, from, 30, { target_id: made.id, user_id: owner.id, reason: 'first' });
    assert.deepEqual(change(entry, 'name'), { key: 'name', new_value: 'new role' });
    assert.deepEqual(await read(made.id), made);
    const all = await ok(server, 'GET', at(), { token: member.token });
    assert.deepEqual(all.find((r) => r.id === made.id), made);
});

test('everything that can be set, and set anew', async () => {
    const made = (await make(owner, {
        name: 'Artist', permissions: bits('KICK_MEMBERS'), hoist: true, mentionable: true, unicode_emoji: '🎨',
        colors: { primary_color: 0x112233, secondary_color: 0, tertiary_color: null },
    })).body;
    assert.equal(made.name, 'Artist');
    assert.equal(made.permissions, bits('KICK_MEMBERS'));
    assert.equal(made.color, 0x112233);
    assert.deepEqual(made.colors, { primary_color: 0x112233, secondary_color: 0, tertiary_color: null });
    assert.equal(made.unicode_emoji, '🎨');
    assert.equal(made.hoist && made.mentionable, true);
    const from = eyes.mark(), guestFrom = guest.mark();
    const now = (await edit(owner, made.id, { name: 'Painter', color: 7, hoist: false, unicode_emoji: null })).body;
    assert.deepEqual(now, {
        ...made, name: 'Painter', color: 7, hoist: false, unicode_emoji: null,
        colors: { primary_color: 7, secondary_color: 0, tertiary_color: null },
    });
    const told = await guest.event('GUILD_ROLE_UPDATE', (d) => d.role.id === made.id, { from: guestFrom });
    assert.deepEqual(told.d, { guild_id: home.id, role: now });
    const entry = await audited(eyes, from, 31, { target_id: made.id });
    assert.deepEqual(change(entry, 'name'), { key: 'name', old_value: 'Artist', new_value: 'Painter' });
    assert.equal(change(entry, 'mentionable'), undefined);
});

test('@everyone: its permissions and nothing else', async () => {
    const room = await channel(server, owner, home, { name: 'seen' });
    await guest.event('CHANNEL_CREATE', (d) => d.id === room.id);
    const before = await read(home.id);
    assertError(await edit(owner, home.id, { name: 'all' }), 400, 50028);
    let from = guest.mark();
    const without = String(BigInt(before.permissions) & ~BigInt(bits('VIEW_CHANNEL')));
    assert.equal((await edit(owner, home.id, { permissions: without })).status, 200);
    await guest.event('CHANNEL_DELETE', (d) => d.id === room.id, { from });
    assertError(await api(server, 'GET', `/channels/${room.id}`, { token: member.token }), 403, 50001);
    from = guest.mark();
    assert.equal((await edit(owner, home.id, { permissions: before.permissions })).status, 200);
    await guest.event('CHANNEL_CREATE', (d) => d.id === room.id, { from });
    assertError(await drop(owner, home.id), 400, 50028);
});

test('the hierarchy: never on an equal or a better, never more than one has', async () => {
    const low = await role(server, owner, home, { name: 'low', permissions: '0' });
    const high = await role(server, owner, home, { name: 'high', permissions: '0' });
    const roles = await ok(server, 'GET', at(), { token: owner.token });
    assert.equal((await move(owner, [{ id: high.id, position: roles.length - 1 }])).status, 200);
    assert.equal((await edit(manager, low.id, { name: 'lower' })).status, 200);
    assert.equal((await edit(manager, low.id, { permissions: bits('KICK_MEMBERS') })).status, 200);
    assertError(await edit(manager, low.id, { permissions: bits('BAN_MEMBERS') }), 403, 50013);
    assertError(await edit(manager, high.id, { name: 'mine' }), 403, 50013);
    assertError(await edit(manager, own.id, { name: 'me' }), 403, 50013);
    assertError(await make(manager, { permissions: bits('BAN_MEMBERS') }), 403, 50013);
    assertError(await drop(manager, high.id), 403, 50013);
    assertError(await drop(manager, own.id), 400, 50028);
    assertError(await move(manager, [{ id: low.id, position: roles.length }]), 403, 50013);
    assertError(await move(manager, [{ id: high.id, position: 1 }]), 403, 50013);
    assertError(await make(member, {}), 403, 50013);
    assertError(await edit(member, low.id, { name: 'x' }), 403, 50013);
    assert.equal((await make(manager, { permissions: bits('KICK_MEMBERS') })).status, 200);
    assert.equal((await drop(manager, low.id)).status, 204);
});

test('order: the role takes the place, the others keep theirs around it', async () => {
    const place = await newGuild(server, await person(server));
    const { token } = place.owner;
    const watcher = await watch(server, place.owner);
    const made = [];
    for (const name of ['a', 'b', 'c', 'd'])
        made.push(await role(server, place.owner, place, { name }));
    const path = `/guilds/${place.id}/roles`;
    const names = (list) => list.filter((r) => r.id !== place.id)
        .sort((x, y) => x.position - y.position || (BigInt(x.id) > BigInt(y.id) ? -1 : 1)).map((r) => r.name).join('');
    assert.equal(names(await ok(server, 'GET', path, { token })), 'dcba'); // the older rank higher
    const from = watcher.mark();
    const first = await ok(server, 'PATCH', path, { token, body: [{ id: made[3].id, position: 3 }] });
    assert.equal(names(first), 'cbda');
    assert.deepEqual(first.map((r) => r.position).sort(), [0, 1, 2, 3, 4]);
    const told = await watcher.event('GUILD_ROLE_UPDATE', (d) => d.role.id === made[3].id, { from });
    assert.equal(told.d.role.position, 3);
    await audited(watcher, from, 31);
    // As discord.js does it: every role with its place, @everyone at 0.
    const whole = [place.id, ...['a', 'b', 'c', 'd'].map((n) => made.find((r) => r.name === n).id)];
    const second = await ok(server, 'PATCH', path, { token, body: whole.map((id, position) => ({ id, position })) });
    assert.equal(names(second), 'abcd');
    assertError(await api(server, 'PATCH', path, { token, body: [{ id: '1', position: 1 }] }), 404, 10011);
    assertError(await api(server, 'PATCH', path, { token, body: [{ id: place.id, position: 1 }] }), 400, 50028);
    assert.equal(formCodes(await api(server, 'PATCH', path, { token, body: {} }), '').length, 1);
});

test('deleting: gone from channels at once, told, audited', async () => {
    const gone = await role(server, owner, home, { name: 'gone' });
    const room = await channel(server, owner, home, {
        name: 'held', permission_overwrites: [{ id: gone.id, type: 0, allow: bits('SEND_MESSAGES'), deny: '0' }],
    });
    const from = eyes.mark(), guestFrom = guest.mark();
    const answer = await drop(owner, gone.id, { 'x-audit-log-reason': 'over' });
    assert.equal(answer.status, 204, answer.text);
    const told = await guest.event('GUILD_ROLE_DELETE', () => true, { from: guestFrom });
    assert.deepEqual(told.d, { guild_id: home.id, role_id: gone.id });
    const update = await guest.event('CHANNEL_UPDATE', (d) => d.id === room.id, { from: guestFrom });
    assert.deepEqual(update.d.permission_overwrites, []);
    const entry = await audited(eyes, from, 32, { target_id: gone.id, reason: 'over' });
    assert.deepEqual(change(entry, 'name'), { key: 'name', old_value: 'gone' });
    assertError(await api(server, 'GET', at(gone.id), { token: owner.token }), 404, 10011);
    assertError(await drop(owner, gone.id), 404, 10011);
    assert.equal((await ok(server, 'GET', `/guilds/${home.id}`, { token: owner.token }))
        .roles.some((r) => r.id === gone.id), false);
});

test('how many hold each role', async () => {
    const counts = await ok(server, 'GET', at('member-counts'), { token: member.token });
    assert.equal(counts[own.id], 1);
    assert.equal(home.id in counts, false);
    const stranger = await person(server);
    assertError(await api(server, 'GET', at('member-counts'), { token: stranger.token }), 403, 50001);
});

test('an icon: an image in, a hash out, served under the role\'s path', async () => {
    const png = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';
    const made = await role(server, owner, home, { name: 'pictured', icon: `data:image/png;base64,${png}` });
    assert.match(made.icon, /^[0-9a-f]{32}$/);
    const url = `${server.url}/role-icons/${made.id}/${made.icon}.png`;
    const image = await fetch(url);
    assert.equal(image.status, 200);
    assert.equal(Buffer.from(await image.arrayBuffer()).toString('base64'), png);
    assert.equal(formCodes(await edit(owner, made.id, { icon: 'data:image/png;base64,AAAA' }), 'icon').length, 1);
    assert.equal((await edit(owner, made.id, { icon: null })).body.icon, null);
    assert.equal((await fetch(url)).status, 404);
});

test('forms', async () => {
    const made = await role(server, owner, home, {});
    const wrong = [
        [{ name: 'x'.repeat(101) }, 'name'], [{ color: 0x1000000 }, 'color'], [{ permissions: 'x' }, 'permissions'],
        [{ colors: { secondary_color: -1 } }, 'colors.secondary_color'], [{ hoist: 3 }, 'hoist'],
    ];
    for (const [body, path] of wrong)
        for (const answer of [await make(owner, body), await edit(owner, made.id, body)])
            assert.equal(formCodes(answer, path).length, 1, JSON.stringify(body));
    assertError(await edit(owner, '1', {}), 404, 10011);
    assert.equal(formCodes(await edit(owner, 'x', {}), 'role_id').length, 1);
});
