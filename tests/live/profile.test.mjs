// Profiles: names, pictures, the password, and who hears of a change.

import assert from 'node:assert/strict';
import test from 'node:test';

import { api, formCodes, ok } from '../lib/api.mjs';
import { Gateway } from '../lib/gateway.mjs';
import { befriend, fails, sessionOf } from '../lib/people.mjs';
import { UNLIMITED, useServer } from '../lib/server.mjs';
import { ALL_INTENTS, PASSWORD, freshName, guild, person, post, world } from '../lib/world.mjs';
import { PNG } from './matrix/world.mjs';

const server = await useServer({ flags: [...UNLIMITED] });

const change = (who, body) => api(server, 'PATCH', '/users/@me', { token: who.token, body });

test('names and pictures: the own sessions hear, and each guild', async () => {
    const w = await world(server);
    const second = await guild(server, w.member);
    const own = await sessionOf(server, w.member);
    const robot = await Gateway.session(server, w.bot, { identify: { intents: ALL_INTENTS } });
    const answer = await change(w.member, { global_name: 'Zora', avatar: PNG, banner: PNG, accent_color: 0 });
    assert.equal(answer.status, 200, answer.text);
    const me = answer.body;
    assert.deepEqual([me.global_name, me.accent_color, me.email], ['Zora', 0, w.member.email]);
    assert.match(me.avatar, /^[0-9a-f]{32}$/);
    const told = (await own.event('USER_UPDATE')).d;
    assert.deepEqual([told.avatar, told.global_name, told.email], [me.avatar, 'Zora', w.member.email]);
    const heard = (await robot.event('GUILD_MEMBER_UPDATE', (m) => m.user.id === w.member.id)).d;
    assert.deepEqual([heard.user.avatar, heard.user.global_name, heard.guild_id], [me.avatar, 'Zora', w.guild.id]);
    assert.equal(heard.user.email, undefined);
    await own.event('GUILD_MEMBER_UPDATE', (m) => m.guild_id === second.id);
    const { author } = await post(server, w.member, w.guild.channel, 'look');
    assert.equal(author.avatar, me.avatar);
    for (const path of [`/avatars/${w.member.id}/${me.avatar}.png`, `/banners/${w.member.id}/${me.banner}.png`])
        assert.equal((await api(server, 'GET', path, { base: '' })).status, 200, path);
    const found = await ok(server, 'GET', `/guilds/${w.guild.id}/members/search?query=zor`, { token: w.owner.token });
    assert.deepEqual(found.map((m) => m.user.id), [w.member.id], 'members are found by the new name');
    const bare = (await change(w.member, { avatar: null, banner: null, accent_color: null, global_name: null })).body;
    assert.deepEqual([bare.avatar, bare.banner, bare.accent_color, bare.global_name], [null, null, null, null]);
    assert.equal((await api(server, 'GET', `/avatars/${w.member.id}/${me.avatar}.png`, { base: '' })).status, 404);
    await own.end();
    await robot.end();
});

test('a bot changes its name and picture without a password', async () => {
    const w = await world(server);
    const username = freshName('machine');
    const answer = await change(w.bot, { username, avatar: PNG });
    assert.equal(answer.status, 200, answer.text);
    assert.equal(answer.body.username, username);
    assert.match(answer.body.avatar, /^[0-9a-f]{32}$/);
});

test('user name, e-mail and password take the present password', async () => {
    const [ada, bob] = [await person(server), await person(server)];
    const username = freshName('renamed');
    for (const body of [{ username }, { username, password: 'wrong password' }, { email: 'x@example.org' }])
        assert.deepEqual(formCodes(await change(ada, body), 'password'), ['PASSWORD_DOES_NOT_MATCH']);
    const mine = { password: PASSWORD };
    assert.deepEqual(formCodes(await change(ada, { ...mine, username: bob.username }), 'username'), ['USERNAME_ALREADY_TAKEN']);
    assert.deepEqual(formCodes(await change(ada, { ...mine, username: 'no way' }), 'username'), ['USERNAME_INVALID']);
    assert.deepEqual(formCodes(await change(ada, { ...mine, email: bob.email }), 'email'), ['EMAIL_ALREADY_REGISTERED']);
    const renamed = await change(ada, { ...mine, username: username.toUpperCase() });
    assert.equal(renamed.status, 200, renamed.text);
    assert.equal(renamed.body.username, username);
    const login = (password) => api(server, 'POST', '/auth/login', { body: { login: username, password } });
    const session = await sessionOf(server, ada);
    const changed = await change(ada, { ...mine, new_password: 'another horse battery' });
    assert.equal(changed.status, 200, changed.text);
    await session.expectClose(4004);
    await fails(server, 'GET', '/users/@me', [401, 0], { token: ada.token });
    assert.equal((await ok(server, 'GET', '/users/@me', { token: changed.body.token })).username, username);
    assert.equal((await login(PASSWORD)).status, 400);
    assert.equal((await login('another horse battery')).status, 200);
    assert.deepEqual(formCodes(await change({ token: changed.body.token }, {
        password: 'another horse battery', new_password: 'short',
    }), 'new_password'), ['BASE_TYPE_BAD_LENGTH']);
});

test('what others see: friends and members of a common guild', async () => {
    const w = await world(server);
    await ok(server, 'PATCH', '/users/@me/profile', {
        token: w.member.token, body: { bio: 'I like tea', pronouns: 'she/her', accent_color: 0xff8000 },
    });
    await ok(server, 'PATCH', `/guilds/${w.guild.id}/members/@me`, { token: w.member.token, body: { nick: 'Zee' } });
    const friend = await person(server);
    await befriend(server, friend, w.owner);
    await befriend(server, friend, w.member);
    const see = (who, query = '') => ok(server, 'GET', `/users/${w.member.id}/profile${query}`, { token: who.token });
    const seen = await see(w.owner, '?with_mutual_friends=true&with_mutual_friends_count=true');
    assert.deepEqual(seen.mutual_guilds, [{ id: w.guild.id, nick: 'Zee' }]);
    assert.deepEqual(seen.mutual_friends.map((u) => u.id), [friend.id]);
    assert.equal(seen.mutual_friends_count, 1);
    assert.deepEqual([seen.user_profile.bio, seen.user_profile.pronouns, seen.user_profile.accent_color],
        ['I like tea', 'she/her', 0xff8000]);
    assert.equal(seen.user.email, undefined);
    assert.deepEqual((await see(friend)).mutual_guilds, []);
    await fails(server, 'GET', `/users/${w.member.id}/profile`, [403, 50001], { token: (await person(server)).token });
    await fails(server, 'GET', '/users/123456789012345678/profile', [404, 10013], { token: w.owner.token });
    assert.deepEqual(formCodes(await change(w.member, { bio: 'x'.repeat(191) }), 'bio'), ['BASE_TYPE_MAX_LENGTH']);
    assert.deepEqual(formCodes(await change(w.member, { accent_color: 0x1000000 }), 'accent_color'), ['NUMBER_TYPE_MAX']);
    assert.deepEqual(formCodes(await change(w.member, { avatar: 'data:image/png;base64,AAAA' }), 'avatar'), ['IMAGE_INVALID']);
});
