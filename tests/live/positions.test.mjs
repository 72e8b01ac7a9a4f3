// The order of channels, in bulk: as libraries send it, with categories, in step with them.

import assert from 'node:assert/strict';
import test from 'node:test';

import { api, assertError, formCodes, ok } from '../lib/api.mjs';
import { useServer } from '../lib/server.mjs';
import { audited, bits, change, watch } from '../lib/structure.mjs';
import { CATEGORY, authorize, bot, channel, world } from '../lib/world.mjs';

const server = await useServer();
const { owner, guild: home, member } = await world(server);
const eyes = await watch(server, owner);
const guest = await watch(server, member);

const move = (who, list) => api(server, 'PATCH', `/guilds/${home.id}/channels`, { token: who.token, body: list });
const list = () => ok(server, 'GET', `/guilds/${home.id}/channels`, { token: owner.token });

test('the whole list, of which two places change', async () => {
    const a = await channel(server, owner, home, { name: 'a' });
    const b = await channel(server, owner, home, { name: 'b' });
    const before = await list();
    const wanted = before.map((c) => ({ id: c.id, position: c.position }));
    wanted.find((c) => c.id === a.id).position = b.position;
    wanted.find((c) => c.id === b.id).position = a.position;
    const from = eyes.mark(), guestFrom = guest.mark();
    const answer = await move(owner, wanted);
    assert.equal(answer.status, 204, answer.text);
    const told = await guest.event('CHANNEL_UPDATE', (d) => d.id === a.id, { from: guestFrom });
    assert.equal(told.d.position, b.position);
    await guest.event('CHANNEL_UPDATE', (d) => d.id === b.id, { from: guestFrom });
    const entry = await audited(eyes, from, 11, { target_id: a.id });
    assert.deepEqual(change(entry, 'position'), { key: 'position', old_value: a.position, new_value: b.position });
    await guest.flush();
    const updates = guest.received.slice(guestFrom).filter((p) => p.t === 'CHANNEL_UPDATE');
    assert.equal(updates.length, 2);
    const after = await list();
    assert.deepEqual(after.map((c) => [c.id, c.position]).sort(), wanted.map((c) => [c.id, c.position]).sort());
});

test('into a category and in step with it; only one changes its category at a time', async () => {
    const category = await channel(server, owner, home, {
        name: 'Private', type: CATEGORY,
        permission_overwrites: [{ id: home.id, type: 0, allow: '0', deny: bits('VIEW_CHANNEL') }],
    });
    const a = await channel(server, owner, home, { name: 'c' });
    const b = await channel(server, owner, home, { name: 'd' });
    await guest.event('CHANNEL_CREATE', (d) => d.id === a.id);
    assertError(await move(owner, [
        { id: a.id, parent_id: category.id }, { id: b.id, parent_id: category.id },
    ]), 400, 40009);
    const from = guest.mark();
    assert.equal((await move(owner, [{ id: a.id, position: 0, parent_id: category.id }])).status, 204);
    const plain = await ok(server, 'GET', `/channels/${a.id}`, { token: member.token });
    assert.equal(plain.parent_id, category.id);
    assert.deepEqual(plain.permission_overwrites, []);
    assert.equal((await move(owner, [{ id: b.id, parent_id: category.id, lock_permissions: true }])).status, 204);
    await guest.event('CHANNEL_DELETE', (d) => d.id === b.id, { from });
    const locked = await ok(server, 'GET', `/channels/${b.id}`, { token: owner.token });
    assert.deepEqual(locked.permission_overwrites.map((o) => o.deny), [bits('VIEW_CHANNEL')]);
    assert.equal((await move(owner, [{ id: a.id, parent_id: null }])).status, 204);
});

test('refusals: nothing of the list is done', async () => {
    const a = await channel(server, owner, home, { name: 'e' });
    const robot = await bot(server, owner);
    await authorize(server, owner, robot, home, bits('MANAGE_CHANNELS', 'VIEW_CHANNEL'));
    const category = await channel(server, owner, home, {
        name: 'Locked', type: CATEGORY,
        permission_overwrites: [{ id: home.id, type: 0, allow: '0', deny: bits('SEND_MESSAGES') }],
    });
    assertError(await move(member, [{ id: a.id, position: 1 }]), 403, 50013);
    assertError(await move(owner, [{ id: a.id, position: 77 }, { id: '1', position: 1 }]), 404, 10003);
    assertError(await move(robot, [{ id: a.id, parent_id: category.id, lock_permissions: true }]), 403, 50013);
    assert.equal(formCodes(await move(owner, { id: a.id }), '').length, 1);
    assert.equal(formCodes(await move(owner, [{ position: 1 }]), '0.id').length, 1);
    assert.equal(formCodes(await move(owner, [{ id: a.id, position: -1 }]), '0.position').length, 1);
    assert.equal(formCodes(await move(owner, [{ id: a.id, parent_id: a.id }]), 'parent_id').length, 1);
    assert.deepEqual(await ok(server, 'GET', `/channels/${a.id}`, { token: owner.token }), a);
    assert.equal((await move(owner, [])).status, 204);
});
