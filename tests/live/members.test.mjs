// Members: read, renamed, muted, given roles, kicked; what everybody is told, and who may.

import assert from 'node:assert/strict';
import test from 'node:test';

import { api, assertError, formCodes, ok } from '../lib/api.mjs';
import { Gateway } from '../lib/gateway.mjs';
import { may, memberOf, moderator } from '../lib/moderation.mjs';
import { useServer } from '../lib/server.mjs';
import { audited, change, newcomer, role, watch } from '../lib/structure.mjs';
import { authorize, bot, person, post, world } from '../lib/world.mjs';

const server = await useServer();
const { owner, guild: home, member } = await world(server);
const eyes = await watch(server, owner);

const at = (who = '') => `/guilds/${home.id}/members${who && `/${who.id ?? who}`}`;
const edit = (by, whom, body, headers) => api(server, 'PATCH', at(whom), { token: by.token, body, headers });
const give = (by, whom, id, headers) =>
    api(server, 'PUT', `${at(whom)}/roles/${id}`, { token: by.token, headers });
const take = (by, whom, id) => api(server, 'DELETE', `${at(whom)}/roles/${id}`, { token: by.token });
const kick = (by, whom, headers) => api(server, 'DELETE', at(whom), { token: by.token, headers });

test('reading: one, oneself, pages', async () => {
    const one = await ok(server, 'GET', at(member), { token: owner.token });
    assert.equal(one.user.id, member.id);
    assert.deepEqual(one.roles, []);
    assert.equal(one.pending, false);
    assert.deepEqual(await ok(server, 'GET', `/users/@me/guilds/${home.id}/member`, { token: member.token }), one);
    assertError(await api(server, 'GET', at({ id: '1' }), { token: owner.token }), 404, 10007);
    assertError(await api(server, 'GET', at(member), { token: (await person(server)).token }), 403, 50001);
    assert.equal((await ok(server, 'GET', at(), { token: owner.token })).length, 1);
    const all = await ok(server, 'GET', `${at()}?limit=1000`, { token: owner.token });
    assert.equal(all.length, 3);
    assert.deepEqual(all.map((m) => m.user.id), all.map((m) => m.user.id).sort((a, b) => (BigInt(a) < BigInt(b) ? -1 : 1)));
    const rest = await ok(server, 'GET', `${at()}?limit=2&after=${all[0].user.id}`, { token: owner.token });
    assert.deepEqual(rest, all.slice(1));
    assert.deepEqual(formCodes(await api(server, 'GET', `${at()}?limit=1001`, { token: owner.token }), 'limit'),
        ['NUMBER_TYPE_MAX']);
    assert.deepEqual(formCodes(await api(server, 'GET', `${at()}?limit=0`, { token: owner.token }), 'limit'),
        ['NUMBER_TYPE_MIN']);
});

test('a nick: everybody with the intent is told, the member without it, and the audit log', async () => {
    const self = await Gateway.session(server, member, { identify: { intents: 1 } });
    const from = eyes.mark();
    const answer = await edit(owner, member, { nick: '  Nicky ' }, { 'x-audit-log-reason': 'call%20me' });
    assert.equal(answer.status, 200, answer.text);
    assert.equal(answer.body.nick, 'Nicky');
    const told = await eyes.event('GUILD_MEMBER_UPDATE', (d) => d.user.id === member.id, { from });
    assert.deepEqual(told.d, { ...answer.body, guild_id: home.id });
    assert.equal((await self.event('GUILD_MEMBER_UPDATE', (d) => d.user.id === member.id)).d.nick, 'Nicky');
    const entry = await audited(eyes, from, 24, { target_id: member.id, user_id: owner.id, reason: 'call me' });
    assert.deepEqual(change(entry, 'nick'), { key: 'nick', new_value: 'Nicky' });
    assert.deepEqual(formCodes(await edit(owner, member, { nick: 'x'.repeat(33) }), 'nick'), ['BASE_TYPE_MAX_LENGTH']);
    assert.equal((await edit(owner, member, { nick: '' })).body.nick, null);
    await self.end();
});

test('one\'s own nick, in both forms', async () => {
    const mine = await api(server, 'PATCH', at('@me'), { token: member.token, body: { nick: 'Me' } });
    assert.equal(mine.status, 200, mine.text);
    assert.equal(mine.body.nick, 'Me');
    assert.deepEqual(await ok(server, 'PATCH', `${at('@me')}/nick`, { token: member.token, body: { nick: 'Myself' } }),
        { nick: 'Myself' });
    // @everyone without CHANGE_NICKNAME
    const { permissions } = await ok(server, 'GET', `/guilds/${home.id}/roles/${home.id}`, { token: owner.token });
    const everyone = (value) => ok(server, 'PATCH', `/guilds/${home.id}/roles/${home.id}`, {
        token: owner.token, body: { permissions: String(value) },
    });
    await everyone(BigInt(permissions) & ~(1n << 26n));
    assertError(await api(server, 'PATCH', at('@me'), { token: member.token, body: { nick: 'Mine' } }), 403, 50013);
    assertError(await api(server, 'PATCH', `${at('@me')}/nick`, { token: member.token, body: { nick: 'x' } }), 403, 50013);
    await everyone(permissions);
    assert.deepEqual(formCodes(await api(server, 'PATCH', at('@me'), { token: member.token, body: { bio: 'x' } }), 'bio'),
        ['FEATURE_NOT_AVAILABLE']);
});

test('roles: one by one and as a list; the hierarchy of roles', async () => {
    const high = await role(server, owner, home, { name: 'high' });
    const mod = await moderator(server, home, 'MANAGE_ROLES');
    const low = await role(server, owner, home, { name: 'low' });
    const other = await role(server, owner, home, { name: 'other' });
    const self = await Gateway.session(server, member, { identify: { intents: 1 } });
    const from = eyes.mark();
    const answer = await give(mod, member, low.id, { 'x-audit-log-reason': 'earned' });
    assert.equal(answer.status, 204, answer.text);
    assert.deepEqual((await self.event('GUILD_MEMBER_UPDATE')).d.roles, [low.id]);
    const entry = await audited(eyes, from, 25, { target_id: member.id, user_id: mod.id, reason: 'earned' });
    assert.deepEqual(change(entry, '$add').new_value, [{ name: 'low', id: low.id }]);
    assert.equal((await give(mod, member, low.id)).status, 204);
    assertError(await give(mod, member, high.id), 403, 50013);
    assertError(await give(mod, member, mod.role), 403, 50013);
    assertError(await give(member, member, low.id), 403, 50013);
    assertError(await give(mod, member, '1'), 404, 10011);
    assertError(await give(mod, { id: '1' }, low.id), 404, 10007);
    assertError(await give(mod, member, home.id), 400, 50028);
    const list = await edit(mod, member, { roles: [other.id] });
    assert.deepEqual(list.body.roles, [other.id]);
    assertError(await edit(mod, member, { roles: [other.id, high.id] }), 403, 50013);
    assert.equal((await take(mod, member, other.id)).status, 204);
    assert.equal((await take(mod, member, other.id)).status, 204);
    assert.deepEqual((await memberOf(server, home, member)).body.roles, []);
    await self.end();
});

test('a managed role is nobody\'s to give or take', async () => {
    const robot = await bot(server, owner);
    await authorize(server, owner, robot, home, may('KICK_MEMBERS'));
    const own = (await ok(server, 'GET', `/guilds/${home.id}/roles`, { token: owner.token }))
        .find((r) => r.tags?.bot_id === robot.id);
    assertError(await give(owner, member, own.id), 400, 50028);
    assertError(await take(owner, robot, own.id), 400, 50028);
    assertError(await edit(owner, robot, { roles: [] }), 400, 50028);
    assert.deepEqual((await edit(owner, robot, { roles: [own.id], nick: 'Robo' })).body.roles, [own.id]);
});

test('voice: mute and deaf are kept, nobody can be moved yet', async () => {
    const mod = await moderator(server, home, 'MUTE_MEMBERS', 'MOVE_MEMBERS');
    const from = eyes.mark();
    assert.equal((await edit(mod, member, { mute: true })).body.mute, true);
    const entry = await audited(eyes, from, 24, { target_id: member.id });
    assert.deepEqual(change(entry, 'mute'), { key: 'mute', old_value: false, new_value: true });
    assertError(await edit(mod, member, { mute: false, deaf: true }), 403, 50013);
    assert.equal((await memberOf(server, home, member)).body.mute, true);
    assertError(await edit(mod, member, { channel_id: home.channel }), 400, 40032);
    assertError(await edit(mod, member, { channel_id: null }), 400, 40032);
    const plain = await moderator(server, home, 'MUTE_MEMBERS');
    assertError(await edit(plain, member, { channel_id: null }), 403, 50013);
});

test('each part needs its permission, and one that is refused refuses the whole', async () => {
    const mod = await moderator(server, home, 'MANAGE_NICKNAMES');
    for (const body of [{ roles: [] }, { mute: true }, { deaf: true }, { flags: 4 },
        { communication_disabled_until: new Date(Date.now() + 60000).toISOString() }]) {
        assertError(await edit(mod, member, { ...body, nick: 'never' }), 403, 50013);
        assert.notEqual((await memberOf(server, home, member)).body.nick, 'never');
    }
    assert.equal((await edit(mod, member, { nick: 'now' })).body.nick, 'now');
    assertError(await edit(mod, owner, { nick: 'no' }), 403, 50013);
    const equal = await moderator(server, home, 'MANAGE_NICKNAMES');
    assertError(await edit(equal, mod, { nick: 'no' }), 403, 50013);
    assertError(await edit(member, mod, { nick: 'no' }), 403, 50013);
    assertError(await edit(mod, { id: '1' }, { nick: 'no' }), 404, 10007);
    assert.equal((await edit(owner, member, { flags: 0xffff })).body.flags, 4);
});

test('a kick: the member is gone at once, and may come back without the roles of before', async () => {
    const guest = await moderator(server, home);
    const mod = await moderator(server, home, 'KICK_MEMBERS');
    const session = await Gateway.session(server, guest);
    assertError(await kick(mod, guest), 403, 50013); // their role was made first
    await take(owner, guest, guest.role);
    const from = eyes.mark();
    assert.equal((await kick(mod, guest, { 'x-audit-log-reason': 'bye' })).status, 204);
    await session.event('GUILD_DELETE', (d) => d.id === home.id);
    assert.equal((await eyes.event('GUILD_MEMBER_REMOVE', (d) => d.user.id === guest.id, { from })).d.guild_id, home.id);
    await audited(eyes, from, 20, { target_id: guest.id, user_id: mod.id, reason: 'bye' });
    assertError(await api(server, 'POST', `/channels/${home.channel}/messages`, {
        token: guest.token, body: { content: 'still?' },
    }), 403, 50001);
    const said = await post(server, owner, home.channel, 'among us');
    await eyes.event('MESSAGE_CREATE', (d) => d.id === said.id);
    await session.flush();
    assert.equal(session.events('MESSAGE_CREATE').some((d) => d.id === said.id), false);
    assertError(await kick(mod, guest), 404, 10007);
    assertError(await kick(mod, owner), 403, 50013);
    assertError(await kick(mod, mod), 403, 50013);
    assertError(await kick(member, mod), 403, 50013);
    await session.end();
});

test('many at once: one of two moderators kicks, the other finds nobody', async () => {
    const mods = [await moderator(server, home, 'KICK_MEMBERS'), await moderator(server, home, 'KICK_MEMBERS')];
    for (let i = 0; i < 5; i += 1) {
        const guest = await newcomer(server, home);
        const from = eyes.mark();
        const answers = await Promise.all([...mods, ...mods].map((mod) => kick(mod, guest)));
        assert.deepEqual(answers.map((a) => a.status).sort(), [204, 404, 404, 404]);
        await audited(eyes, from, 20, { target_id: guest.id });
        const removed = eyes.events('GUILD_MEMBER_REMOVE').filter((d) => d.user.id === guest.id);
        assert.equal(removed.length, 1);
    }
});

test('a bot adds who has given it their token', async () => {
    const robot = await bot(server, owner);
    await authorize(server, owner, robot, home, may('CREATE_INSTANT_INVITE', 'MANAGE_NICKNAMES'));
    const friend = await person(server);
    const stranger = await person(server);
    const add = (body, whom = friend) => api(server, 'PUT', at(whom), { token: robot.token, body });
    assertError(await add({ access_token: stranger.token }), 403, 50025);
    assertError(await add({ access_token: 'nonsense' }), 403, 50025);
    assertError(await add({ access_token: robot.bare }, robot), 403, 50025);
    assert.deepEqual(formCodes(await add({}), 'access_token'), ['BASE_TYPE_REQUIRED']);
    assertError(await add({ access_token: friend.token, mute: true }), 403, 50013);
    const from = eyes.mark();
    const answer = await add({ access_token: friend.token, nick: 'Friend' });
    assert.equal(answer.status, 201, answer.text);
    assert.equal(answer.body.nick, 'Friend');
    assert.equal((await eyes.event('GUILD_MEMBER_ADD', (d) => d.user.id === friend.id, { from })).d.nick, 'Friend');
    assert.equal((await add({ access_token: friend.token, nick: 'Other' })).status, 204);
    assert.equal((await memberOf(server, home, friend)).body.nick, 'Friend');
    assertError(await api(server, 'PUT', at(friend), { token: owner.token, body: { access_token: friend.token } }),
        403, 20002);
});

// One white pixel.
const PIXEL = 'data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8/5+hHgAHggJ/PchI7wAAAABJRU5ErkJggg==';

test('an avatar of one\'s own here: shown, taken back, gone with its member', async () => {
    const guest = await newcomer(server, home);
    const set = (body) => api(server, 'PATCH', at('@me'), { token: guest.token, body });
    const kept = () => server.sql(`SELECT COUNT(*) FROM blob_references WHERE owner_id = ${guest.id}`);
    const from = eyes.mark();
    const answer = await set({ avatar: PIXEL });
    assert.equal(answer.status, 200, answer.text);
    assert.match(answer.body.avatar, /^[0-9a-f]{32}$/);
    assert.equal((await eyes.event('GUILD_MEMBER_UPDATE', (d) => d.user.id === guest.id, { from })).d.avatar,
        answer.body.avatar);
    assert.equal((await memberOf(server, home, guest)).body.avatar, answer.body.avatar);
    assert.equal(change(await audited(eyes, from, 24), 'avatar_hash').new_value, answer.body.avatar);
    assert.equal((await set({ nick: 'Pixel' })).body.avatar, answer.body.avatar);
    assert.equal((await set({ banner: PIXEL, avatar: null })).body.avatar, null);
    assert.equal(await kept(), '1');
    assert.ok(formCodes(await set({ avatar: 'data:image/png;base64,AAAA' }), 'avatar').length > 0);
    assert.equal((await kick(owner, guest)).status, 204);
    assert.equal(await kept(), '0');
});

test('a bot that is kicked takes its managed role along', async () => {
    const robot = await bot(server, owner);
    await authorize(server, owner, robot, home, may('KICK_MEMBERS'));
    const roles = async () => (await ok(server, 'GET', `/guilds/${home.id}/roles`, { token: owner.token }))
        .filter((r) => r.tags?.bot_id === robot.id);
    assert.equal((await roles()).length, 1);
    assert.equal((await kick(owner, robot)).status, 204);
    assert.deepEqual(await roles(), []);
});
