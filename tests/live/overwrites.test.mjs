// One overwrite at a time: who may set it, what it does, who is told.

import assert from 'node:assert/strict';
import test from 'node:test';

import { api, assertError, formCodes, ok } from '../lib/api.mjs';
import { useServer } from '../lib/server.mjs';
import { audited, bits, change, role, watch } from '../lib/structure.mjs';
import { authorize, bot, channel, post, world } from '../lib/world.mjs';

const server = await useServer();
const { owner, guild: home, member } = await world(server);
const eyes = await watch(server, owner);
const guest = await watch(server, member);
const robot = await bot(server, owner);
await authorize(server, owner, robot, home, bits('MANAGE_ROLES', 'VIEW_CHANNEL', 'SEND_MESSAGES'));

const put = (who, id, target, body, headers) =>
    api(server, 'PUT', `/channels/${id}/permissions/${target}`, { token: who.token, body, headers });
const drop = (who, id, target) =>
    api(server, 'DELETE', `/channels/${id}/permissions/${target}`, { token: who.token });
const read = (id) => ok(server, 'GET', `/channels/${id}`, { token: owner.token });

test('of a member: set, changed, removed; each told and audited', async () => {
    const room = await channel(server, owner, home, { name: 'one' });
    let from = eyes.mark();
    const set = await put(owner, room.id, member.id, { type: 1, allow: '0', deny: bits('SEND_MESSAGES') },
        { 'x-audit-log-reason': 'quiet' });
    assert.equal(set.status, 204, set.text);
    assert.equal(set.text, '');
    const told = await guest.event('CHANNEL_UPDATE', (d) => d.id === room.id);
    assert.deepEqual(told.d.permission_overwrites, [{ id: member.id, type: 1, allow: '0', deny: bits('SEND_MESSAGES') }]);
    await audited(eyes, from, 13, {
        target_id: room.id, reason: 'quiet', options: { id: member.id, type: '1' },
    });
    assertError(await api(server, 'POST', `/channels/${room.id}/messages`, {
        token: member.token, body: { content: 'x' },
    }), 403, 50013);
    from = eyes.mark();
    assert.equal((await put(owner, room.id, member.id, { type: 1, allow: bits('SEND_MESSAGES'), deny: '0' })).status, 204);
    const entry = await audited(eyes, from, 14, { target_id: room.id });
    assert.deepEqual(change(entry, 'deny'), { key: 'deny', old_value: bits('SEND_MESSAGES'), new_value: '0' });
    await post(server, member, room.id, 'again');
    from = eyes.mark();
    assert.equal((await drop(owner, room.id, member.id)).status, 204);
    await audited(eyes, from, 15, { target_id: room.id });
    assert.deepEqual((await read(room.id)).permission_overwrites, []);
    assertError(await drop(owner, room.id, member.id), 404, 10009);
});

test('a role that may no longer see the channel loses it; its name is in the audit log', async () => {
    const room = await channel(server, owner, home, { name: 'two' });
    await guest.event('CHANNEL_CREATE', (d) => d.id === room.id);
    let from = eyes.mark(), guestFrom = guest.mark();
    assert.equal((await put(owner, room.id, home.id, { type: 0, deny: bits('VIEW_CHANNEL') })).status, 204);
    await guest.event('CHANNEL_DELETE', (d) => d.id === room.id, { from: guestFrom });
    await audited(eyes, from, 13, { options: { id: home.id, type: '0', role_name: '@everyone' } });
    guestFrom = guest.mark();
    assert.equal((await put(owner, room.id, home.id, { type: 0, deny: '0', allow: '0' })).status, 204);
    const back = await guest.event('CHANNEL_CREATE', (d) => d.id === room.id, { from: guestFrom });
    assert.equal(back.d.name, 'two');
});

test('without a type: a role if there is one of that id, else a member', async () => {
    const room = await channel(server, owner, home, { name: 'three' });
    const made = await role(server, owner, home, { name: 'typed' });
    assert.equal((await put(owner, room.id, made.id, { allow: bits('SEND_MESSAGES') })).status, 204);
    assert.equal((await put(owner, room.id, member.id, {})).status, 204);
    const types = (await read(room.id)).permission_overwrites.map((o) => [o.id, o.type]);
    assert.deepEqual(types, [[made.id, 0], [member.id, 1]].sort((a, b) => (BigInt(a[0]) < BigInt(b[0]) ? -1 : 1)));
});

test('bits that no overwrite can name are dropped', async () => {
    const room = await channel(server, owner, home, { name: 'four' });
    assert.equal((await put(owner, room.id, member.id, {
        type: 1, allow: bits('KICK_MEMBERS', 'SEND_MESSAGES'), deny: bits('BAN_MEMBERS'),
    })).status, 204);
    assert.deepEqual((await read(room.id)).permission_overwrites,
        [{ id: member.id, type: 1, allow: bits('SEND_MESSAGES'), deny: '0' }]);
});

test('refusals', async () => {
    const room = await channel(server, owner, home, { name: 'five' });
    assertError(await put(member, room.id, member.id, { type: 1 }), 403, 50013);
    assertError(await put(robot, room.id, home.id, { type: 0, allow: bits('MANAGE_MESSAGES') }), 403, 50013);
    assertError(await put(robot, room.id, home.id, { type: 0, allow: bits('MANAGE_ROLES') }), 403, 50013);
    assertError(await put(robot, room.id, home.id, { type: 0, allow: bits('KICK_MEMBERS') }), 403, 50013);
    assert.equal((await put(robot, room.id, home.id, { type: 0, deny: bits('SEND_MESSAGES') })).status, 204);
    assertError(await put(owner, room.id, '1', { type: 0 }), 404, 10011);
    assertError(await put(owner, room.id, '1', { type: 1 }), 404, 10013);
    assertError(await put(owner, '1', member.id, { type: 1 }), 404, 10003);
    assert.equal(formCodes(await put(owner, room.id, member.id, { type: 2 }), 'type').length, 1);
    assert.equal(formCodes(await put(owner, room.id, member.id, { type: 1, allow: 'x' }), 'allow').length, 1);
    assert.equal(formCodes(await put(owner, room.id, 'x', { type: 1 }), 'overwrite_id').length, 1);
    assertError(await drop(member, room.id, home.id), 403, 50013);
});
