// Bans: nobody comes back, recent messages go, and the list by pages.

import assert from 'node:assert/strict';
import test from 'node:test';

import { api, assertError, formCodes, ok } from '../lib/api.mjs';
import { Gateway } from '../lib/gateway.mjs';
import { moderator } from '../lib/moderation.mjs';
import { useServer } from '../lib/server.mjs';
import { audited, newcomer, watch } from '../lib/structure.mjs';
import { channel, invite, person, post, world } from '../lib/world.mjs';

const server = await useServer();
const { owner, guild: home, member } = await world(server);
const eyes = await watch(server, owner);
const mod = await moderator(server, home, 'BAN_MEMBERS');
const { code } = await invite(server, owner, home.channel);

const at = (id = '') => `/guilds/${home.id}/bans${id && `/${id}`}`;
const ban = (by, id, body = {}, headers) => api(server, 'PUT', at(id), { token: by.token, body, headers });
const unban = (by, id, headers) => api(server, 'DELETE', at(id), { token: by.token, headers });
const enter = (who) => api(server, 'POST', `/invites/${code}`, { token: who.token, body: {} });

test('a ban: out, told, written down; and nobody comes back by an invite', async () => {
    const guest = await newcomer(server, home);
    const session = await Gateway.session(server, guest);
    const plain = await watch(server, member);
    const from = eyes.mark();
    assert.equal((await ban(mod, guest.id, {}, { 'x-audit-log-reason': 'spam' })).status, 204);
    await session.event('GUILD_DELETE', (d) => d.id === home.id);
    const told = await eyes.event('GUILD_BAN_ADD', (d) => d.user.id === guest.id, { from });
    assert.equal(told.d.guild_id, home.id);
    const removed = await eyes.event('GUILD_MEMBER_REMOVE', (d) => d.user.id === guest.id, { from });
    assert.ok(told.s < removed.s);
    await audited(eyes, from, 22, { target_id: guest.id, user_id: mod.id, reason: 'spam' });
    await plain.event('GUILD_MEMBER_REMOVE', (d) => d.user.id === guest.id);
    await plain.flush();
    assert.deepEqual(plain.events('GUILD_BAN_ADD'), [], 'who may not ban is not told');
    assertError(await enter(guest), 403, 40007);
    const one = await ok(server, 'GET', at(guest.id), { token: mod.token });
    assert.equal(one.reason, 'spam');
    assert.equal(one.user.id, guest.id);
    assert.equal((await ban(mod, guest.id)).status, 204, 'again is no error');
    const later = eyes.mark();
    assert.equal((await unban(mod, guest.id, { 'x-audit-log-reason': 'sorry' })).status, 204);
    await eyes.event('GUILD_BAN_REMOVE', (d) => d.user.id === guest.id, { from: later });
    await audited(eyes, later, 23, { target_id: guest.id, reason: 'sorry' });
    assertError(await unban(mod, guest.id), 404, 10026);
    assertError(await api(server, 'GET', at(guest.id), { token: mod.token }), 404, 10026);
    assert.equal((await enter(guest)).status, 200);
    await session.end();
    await plain.end();
});

test('whom one may ban', async () => {
    const lower = await moderator(server, home, 'BAN_MEMBERS');
    for (const id of [mod.id, owner.id, lower.id])
        assertError(await ban(lower, id), 403, 50013);
    assertError(await ban(member, lower.id), 403, 50013);
    assertError(await unban(member, lower.id), 403, 50013);
    assertError(await ban(mod, '1'), 404, 10013);
    const stranger = await person(server);
    assertError(await ban(stranger, member.id), 403, 50001);
    assert.equal((await ban(mod, stranger.id)).status, 204, 'who is not there, too');
    assertError(await enter(stranger), 403, 40007);
    assert.equal((await ban(mod, lower.id)).status, 204);
    assertError(await ban(lower, member.id), 403, 50001);
});

test('messages of the last seconds go, in bulks; older ones and other people\'s stay', async () => {
    const guest = await newcomer(server, home);
    const room = (await channel(server, owner, home, { name: 'second' })).id;
    const kept = await post(server, member, home.channel, 'mine');
    const gone = [];
    for (let i = 0; i < 5; i += 1) {
        gone.push(await post(server, guest, home.channel, `spam ${i}`));
        gone.push(await post(server, guest, room, `spam ${i}`));
    }
    const from = eyes.mark();
    assert.equal((await ban(mod, guest.id, { delete_message_seconds: 3600 })).status, 204);
    for (const id of [home.channel, room]) {
        const { d } = await eyes.event('MESSAGE_DELETE_BULK', (e) => e.channel_id === id, { from });
        assert.equal(d.guild_id, home.id);
        assert.deepEqual(d.ids, gone.filter((m) => m.channel_id === id).map((m) => m.id));
        const left = await ok(server, 'GET', `/channels/${id}/messages`, { token: owner.token });
        assert.equal(left.some((m) => m.author.id === guest.id), false);
    }
    await ok(server, 'GET', `/channels/${home.channel}/messages/${kept.id}`, { token: owner.token });
});

test('days, as older libraries say it; and nothing without either', async () => {
    const guest = await newcomer(server, home);
    const other = await newcomer(server, home);
    const first = await post(server, guest, home.channel, 'a');
    const second = await post(server, other, home.channel, 'b');
    const from = eyes.mark();
    await ban(mod, other.id);
    await ban(mod, guest.id, { delete_message_days: 1 });
    const { d } = await eyes.event('MESSAGE_DELETE_BULK', undefined, { from });
    assert.deepEqual(d.ids, [first.id]);
    await ok(server, 'GET', `/channels/${home.channel}/messages/${second.id}`, { token: owner.token });
    assert.deepEqual(formCodes(await ban(mod, guest.id, { delete_message_seconds: 604801 }), 'delete_message_seconds'),
        ['NUMBER_TYPE_MAX']);
    assert.deepEqual(formCodes(await ban(mod, guest.id, { delete_message_days: 8 }), 'delete_message_days'),
        ['NUMBER_TYPE_MAX']);
});

test('the list, by pages', async () => {
    const all = await ok(server, 'GET', at(), { token: mod.token });
    assert.ok(all.length >= 4);
    const ids = all.map((b) => b.user.id);
    const page = async (query) =>
        (await ok(server, 'GET', `${at()}?${query}`, { token: mod.token })).map((b) => b.user.id);
    assert.deepEqual(await page('limit=2'), ids.slice(0, 2));
    assert.deepEqual(await page(`limit=2&after=${ids[0]}`), ids.slice(1, 3));
    assert.deepEqual(await page(`limit=2&before=${ids[3]}`), ids.slice(1, 3));
    assert.deepEqual(formCodes(await api(server, 'GET', `${at()}?limit=1001`, { token: mod.token }), 'limit'),
        ['NUMBER_TYPE_MAX']);
    assertError(await api(server, 'GET', at(), { token: member.token }), 403, 50013);
});
