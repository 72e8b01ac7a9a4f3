// What the right to arrange channels does not give: to take a channel that one may not see, or that one
// may not edit, through its place in the list; to use a category of others; to talk an overwrite away.

import assert from 'node:assert/strict';
import test from 'node:test';

import { api, assertError, ok } from '../lib/api.mjs';
import { useServer } from '../lib/server.mjs';
import { bits, newcomer, role, watch } from '../lib/structure.mjs';
import { CATEGORY, TEXT, channel, world } from '../lib/world.mjs';

const server = await useServer();
const { owner, guild: home } = await world(server);

async function manager(...names) {
    const made = await newcomer(server, home);
    const { id } = await role(server, owner, home, { permissions: bits(...names) });
    await ok(server, 'PUT', `/guilds/${home.id}/members/${made.id}/roles/${id}`, { token: owner.token });
    return { ...made, role: id };
}
const arranger = await manager('VIEW_CHANNEL', 'SEND_MESSAGES', 'MANAGE_CHANNELS', 'MANAGE_ROLES');
const own = await channel(server, arranger, home, { name: 'Own', type: CATEGORY });
const hide = (...names) => [{ id: home.id, type: 0, allow: '0', deny: bits('VIEW_CHANNEL', ...names) }];
const deny = (...names) => [{ id: home.id, type: 0, allow: '0', deny: bits(...names) }];

const move = (who, ...list) => api(server, 'PATCH', `/guilds/${home.id}/channels`, { token: who.token, body: list });
const edit = (who, id, body) => api(server, 'PATCH', `/channels/${id}`, { token: who.token, body });
const read = (id, who = owner) => api(server, 'GET', `/channels/${id}`, { token: who.token });

test('a hidden channel is not opened by moving it into one\'s own category', async () => {
    const hidden = await channel(server, owner, home, { name: 'hidden', permission_overwrites: hide() });
    const eyes = await watch(server, arranger);
    const from = eyes.mark();
    assertError(await move(arranger, { id: hidden.id, parent_id: own.id, lock_permissions: true }), 403, 50001);
    assertError(await move(arranger, { id: hidden.id, parent_id: own.id }), 403, 50001);
    const held = await channel(server, owner, home, { name: 'held', parent_id: own.id, permission_overwrites: hide() });
    assertError(await move(arranger, { id: held.id, lock_permissions: true }), 403, 50001);
    assertError(await read(hidden.id, arranger), 403, 50001);
    assert.deepEqual((await read(hidden.id)).body.permission_overwrites, hide());
    assert.equal((await read(hidden.id)).body.parent_id, null);
    // Its place in the list is another matter: libraries send all of it.
    assert.equal((await move(arranger, { id: hidden.id, position: 77 })).status, 204);
    assert.equal((await read(hidden.id)).body.position, 77);
    await eyes.flush();
    assert.equal(eyes.received.slice(from).some((p) => JSON.stringify(p).includes(hidden.id)), false);
});

test('one that may not be edited is not moved nor brought in step', async () => {
    const fixed = await channel(server, owner, home, { name: 'fixed', permission_overwrites: deny('MANAGE_CHANNELS') });
    assertError(await edit(arranger, fixed.id, { parent_id: own.id }), 403, 50013);
    assertError(await move(arranger, { id: fixed.id, parent_id: own.id }), 403, 50013);
    const ruled = await channel(server, owner, home, {
        name: 'ruled', parent_id: own.id, permission_overwrites: deny('SEND_MESSAGES', 'MANAGE_ROLES'),
    });
    assertError(await edit(arranger, ruled.id, { lock_permissions: true }), 403, 50013);
    assertError(await move(arranger, { id: ruled.id, lock_permissions: true }), 403, 50013);
    const free = await channel(server, owner, home, { name: 'free', permission_overwrites: deny('SEND_MESSAGES') });
    assert.equal((await move(arranger, { id: free.id, parent_id: own.id, lock_permissions: true })).status, 204);
    assert.deepEqual((await read(free.id)).body.permission_overwrites, []);
});

test('a category that one may not see, or not arrange, takes no channels of one\'s own', async () => {
    const open = await channel(server, arranger, home, { name: 'open' });
    const secret = await channel(server, owner, home, { name: 'Secret', type: CATEGORY, permission_overwrites: hide() });
    const theirs = await channel(server, owner, home, {
        name: 'Theirs', type: CATEGORY, permission_overwrites: deny('MANAGE_CHANNELS'),
    });
    for (const [category, code] of [[secret, 50001], [theirs, 50013]]) {
        const body = { name: 'new', type: TEXT, parent_id: category.id };
        assertError(await api(server, 'POST', `/guilds/${home.id}/channels`, { token: arranger.token, body }), 403, code);
        assertError(await edit(arranger, open.id, { parent_id: category.id }), 403, code);
        assertError(await edit(arranger, open.id, { parent_id: category.id, lock_permissions: true }), 403, code);
        assertError(await move(arranger, { id: open.id, parent_id: category.id }), 403, code);
        assert.equal((await edit(owner, open.id, { parent_id: category.id })).status, 200);
        assert.equal((await edit(owner, open.id, { parent_id: null })).status, 200);
    }
    assert.equal((await edit(arranger, open.id, { parent_id: own.id })).status, 200);
    // Settings of a channel in a category of others are still its own.
    assert.equal((await edit(owner, open.id, { parent_id: theirs.id })).status, 200);
    assert.equal((await edit(arranger, open.id, { topic: 'a topic', parent_id: theirs.id })).status, 200);
    assert.equal((await edit(arranger, open.id, { parent_id: null })).status, 200);
});

test('an overwrite is not made void by calling its role a member', async () => {
    const { id: mods } = await role(server, owner, home, { permissions: '0' });
    const given = { id: mods, type: 0, allow: bits('MANAGE_MESSAGES'), deny: '0' };
    const room = await channel(server, owner, home, { name: 'room', permission_overwrites: [given] });
    const put = (who, id, body) => api(server, 'PUT', `/channels/${room.id}/permissions/${id}`, { token: who.token, body });
    const drop = await api(server, 'DELETE', `/channels/${room.id}/permissions/${mods}`, { token: arranger.token });
    assertError(drop, 403, 50013);
    const turned = { ...given, type: 1 };
    assertError(await put(arranger, mods, turned), 404, 10013);
    assertError(await put(owner, mods, turned), 404, 10013);
    assert.equal((await edit(arranger, room.id, { permission_overwrites: [turned] })).status, 400);
    assert.deepEqual((await read(room.id)).body.permission_overwrites, [given]);
    assert.equal((await put(arranger, mods, given)).status, 204);
});

test('after the last possible position comes the last possible position', async () => {
    const { id } = await channel(server, owner, home, { name: 'end', position: 2147483647 });
    for (let i = 0; i < 2; i += 1)
        assert.equal((await channel(server, owner, home, { name: 'after' })).position, 2147483647);
    assert.equal((await move(owner, { id, position: 0 })).status, 204);
});

test('more at once than a transaction holds is refused as too large, and nothing of it is done', async () => {
    const plan = {
        name: 'Large',
        roles: [{ id: 0, name: '@everyone' }],
        channels: [{ id: 1000, name: 'Category', type: CATEGORY, permission_overwrites: [] }],
    };
    for (let i = 1; i <= 100; i += 1)
        plan.roles.push({ id: i, name: `role ${i}`, permissions: '0' });
    plan.channels[0].permission_overwrites = plan.roles.slice(1).map(({ id }) =>
        ({ id, type: 0, allow: '0', deny: bits('SEND_MESSAGES') }));
    for (let i = 1; i <= 50; i += 1)
        plan.channels.push({ id: i, name: `room-${i}`, type: TEXT, parent_id: 1000 });
    const large = await ok(server, 'POST', '/guilds', { token: owner.token, body: plan });
    const channels = () => ok(server, 'GET', `/guilds/${large.id}/channels`, { token: owner.token });
    const rooms = (await channels()).filter((c) => c.type === TEXT).map(({ id }) => ({ id, lock_permissions: true }));
    const lock = (list) => api(server, 'PATCH', `/guilds/${large.id}/channels`, { token: owner.token, body: list });
    assertError(await lock(rooms), 413, 40005);
    assert.ok((await channels()).every((c) => c.type === CATEGORY || c.permission_overwrites.length === 0));
    assert.equal((await lock(rooms.slice(0, 30))).status, 204);
    assert.equal((await lock(rooms.slice(30))).status, 204);
    assert.ok((await channels()).every((c) => c.permission_overwrites.length === 100));
});

test('a category hands its overwrites to as many children as a transaction holds', async () => {
    const plan = { name: 'Wide', roles: [{ id: 0, name: '@everyone' }], channels: [{ id: 1000, name: 'Category', type: CATEGORY }] };
    for (let i = 1; i <= 200; i += 1)
        plan.roles.push({ id: i, name: `role ${i}`, permissions: '0' });
    for (let i = 1; i <= 50; i += 1)
        plan.channels.push({ id: i, name: `room-${i}`, type: TEXT, parent_id: 1000 });
    const wide = await ok(server, 'POST', '/guilds', { token: owner.token, body: plan });
    const channels = () => ok(server, 'GET', `/guilds/${wide.id}/channels`, { token: owner.token });
    const roles = wide.roles.filter((r) => r.id !== wide.id)
        .map(({ id }) => ({ id, type: 0, allow: '0', deny: bits('SEND_MESSAGES') }));
    const category = (await channels()).find((c) => c.type === CATEGORY).id;
    // 51 x 200 rows are too many, 51 x 150 are not.
    assertError(await edit(owner, category, { name: 'renamed', permission_overwrites: roles }), 413, 40005);
    assert.ok((await channels()).every((c) => c.permission_overwrites.length === 0 && c.name !== 'renamed'));
    assert.equal((await edit(owner, category, { permission_overwrites: roles.slice(0, 150) })).status, 200);
    assert.ok((await channels()).every((c) => c.permission_overwrites.length === 150));
    // What counts is what changes: the rest goes in a second request.
    assert.equal((await edit(owner, category, { permission_overwrites: roles })).status, 200);
    assert.ok((await channels()).every((c) => c.permission_overwrites.length === 200));
});
