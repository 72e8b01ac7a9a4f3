// Accounts: register, log in, log out, and who one is.

import assert from 'node:assert/strict';
import test, { afterEach } from 'node:test';

import { api, assertError, assertServes, formCodes, ok } from '../lib/api.mjs';
import { Gateway } from '../lib/gateway.mjs';
import { useServer } from '../lib/server.mjs';
import { PASSWORD, bot, freshName, guild, invite, person } from '../lib/world.mjs';

const server = await useServer();
const owner = await person(server);

afterEach(() => assertServes(server));

const form = (more) => ({ username: freshName(), password: PASSWORD, consent: true, ...more });
const register = (body) => api(server, 'POST', '/auth/register', { body });
const login = (body) => api(server, 'POST', '/auth/login', { body });

test('register with Discord\'s whole form', async () => {
    const answer = await register(form({
        email: 'Whole.Form@Example.org', global_name: 'Whole Form', date_of_birth: '1990-02-03', consent: true,
        fingerprint: '1234.abcd', invite: null, gift_code_sku_id: null, captcha_key: null,
        promotional_email_opt_in: false,
    }));
    assert.equal(answer.status, 201);
    assert.equal(typeof answer.body.token, 'string');
    const me = await ok(server, 'GET', '/users/@me', { token: answer.body.token });
    assert.equal(me.global_name, 'Whole Form');
    assert.equal(me.email.toLowerCase(), 'whole.form@example.org');
    assert.equal(me.discriminator, '0');
    assert.ok(!me.bot);
});

test('register with the least', async () => {
    const answer = await register({ username: freshName(), password: PASSWORD });
    assert.equal(answer.status, 201);
    const me = await ok(server, 'GET', '/users/@me', { token: answer.body.token });
    assert.equal(me.email, null);
    assert.equal(me.global_name, null);
    for (const key of ['id', 'username', 'avatar', 'flags', 'public_flags', 'verified', 'mfa_enabled', 'locale'])
        assert.ok(key in me, key);
});

test('registering with an invite joins its guild', async () => {
    const home = await guild(server, owner);
    const { code } = await invite(server, owner, home.channel);
    const answer = await register(form({ invite: code }));
    assert.equal(answer.status, 201);
    const guilds = await ok(server, 'GET', '/users/@me/guilds', { token: answer.body.token });
    assert.deepEqual(guilds.map((g) => g.id), [home.id]);
});

for (const [name, change, path, codes] of [
    ['no username', { username: undefined }, 'username', ['BASE_TYPE_REQUIRED']],
    ['a username too short', { username: 'a' }, 'username', ['BASE_TYPE_BAD_LENGTH', 'BASE_TYPE_MIN_LENGTH']],
    ['a username too long', { username: 'a'.repeat(33) }, 'username', ['BASE_TYPE_BAD_LENGTH', 'BASE_TYPE_MAX_LENGTH']],
    ['a username with spaces', { username: 'two words' }, 'username'],
    ['a username with two dots', { username: 'a..b' }, 'username'],
    ['a username in Cyrillic', { username: 'привет' }, 'username'],
    ['a username that is a number', { username: 12345 }, 'username', ['STRING_TYPE_CONVERT', 'BASE_TYPE_BAD_TYPE']],
    ['no password', { password: undefined }, 'password', ['BASE_TYPE_REQUIRED']],
    ['a password too short', { password: '1234567' }, 'password', ['BASE_TYPE_BAD_LENGTH', 'BASE_TYPE_MIN_LENGTH']],
    ['a password too long', { password: 'x'.repeat(73) }, 'password', ['BASE_TYPE_BAD_LENGTH', 'BASE_TYPE_MAX_LENGTH']],
    ['an e-mail that is none', { email: 'not an address' }, 'email'],
    ['a display name too long', { global_name: 'x'.repeat(33) }, 'global_name', ['BASE_TYPE_BAD_LENGTH', 'BASE_TYPE_MAX_LENGTH']],
]) {
    test(`register with ${name}: 50035 at ${path}`, async () => {
        const answer = await register(form(change));
        const [code] = formCodes(answer, path);
        if (codes !== undefined)
            assert.ok(codes.includes(code), code);
    });
}

test('a taken name or address: 50035, in any case of letters', async () => {
    const first = form({ email: `${freshName()}@example.org` });
    assert.equal((await register(first)).status, 201);
    formCodes(await register(form({ username: first.username })), 'username');
    formCodes(await register(form({ username: first.username.toUpperCase() })), 'username');
    formCodes(await register(form({ email: first.email.toUpperCase() })), 'email');
});

test('of twenty who want one name at the same time, one gets it', async () => {
    const username = freshName();
    const answers = await Promise.all(Array.from({ length: 20 }, () => register(form({ username }))));
    assert.equal(answers.filter((answer) => answer.status === 201).length, 1);
    assert.equal(answers.filter((answer) => answer.status === 400).length, 19);
});

test('log in by name and by address', async () => {
    for (const name of [owner.username, owner.email, owner.email.toUpperCase()]) {
        const answer = await login({ login: name, password: PASSWORD, undelete: false, login_source: null });
        assert.equal(answer.status, 200);
        assert.equal(answer.body.user_id, owner.id);
        assert.equal(typeof answer.body.user_settings.locale, 'string');
        const me = await ok(server, 'GET', '/users/@me', { token: answer.body.token });
        assert.equal(me.id, owner.id);
    }
});

for (const [name, body] of [
    ['a wrong password', { login: owner.username, password: 'wrong password' }],
    ['an unknown name', { login: 'nobody.at.all', password: PASSWORD }],
    ['an unknown address', { login: 'nobody@example.org', password: PASSWORD }],
]) {
    test(`log in with ${name}: INVALID_LOGIN, which says not which`, async () => {
        const answer = await login(body);
        assert.deepEqual(formCodes(answer, 'login'), ['INVALID_LOGIN']);
        assert.deepEqual(formCodes(answer, 'password'), ['INVALID_LOGIN']);
    });
}

test('bots have no password to log in with', async () => {
    const robot = await bot(server, owner);
    const me = await ok(server, 'GET', '/users/@me', { token: robot.token });
    const answer = await login({ login: me.username, password: PASSWORD });
    assert.deepEqual(formCodes(answer, 'login'), ['INVALID_LOGIN']);
});

test('log out ends that token and its sessions, and no other', async () => {
    const { body: other } = await login({ login: owner.username, password: PASSWORD });
    const gateway = await Gateway.session(server, other);
    const stays = await Gateway.session(server, owner);
    const answer = await api(server, 'POST', '/auth/logout', { token: other.token, body: {} });
    assert.equal(answer.status, 204);
    const after = await api(server, 'GET', '/users/@me', { token: other.token });
    assert.equal(after.status, 401);
    assert.deepEqual(after.body, { message: '401: Unauthorized', code: 0 });
    await gateway.expectClose(4004);
    await ok(server, 'GET', '/users/@me', { token: owner.token });
    await stays.flush();
    assert.equal(stays.close, undefined);
    await stays.end();
});

test('users are seen by others without what is private', async () => {
    const other = await person(server);
    const seen = await ok(server, 'GET', `/users/${owner.id}`, { token: other.token });
    assert.equal(seen.username, owner.username);
    assert.equal('email' in seen, false);
    assertError(await api(server, 'GET', '/users/2', { token: other.token }), 404, 10013);
});
