// Error bodies exactly as Discord's: 401, 403, 404, 405, the tree of 50035, 50109, and the request id.

import assert from 'node:assert/strict';
import test, { afterEach } from 'node:test';

import { api, assertError, assertServes, formCodes } from '../lib/api.mjs';
import { useServer } from '../lib/server.mjs';
import { guild, person, post, world } from '../lib/world.mjs';

const server = await useServer();
const { owner, guild: home, member, bot: robot } = await world(server);
const stranger = await person(server);

afterEach(() => assertServes(server));

const UNKNOWN = '1';
const UNAUTHORIZED = { message: '401: Unauthorized', code: 0 };

for (const [name, token] of [
    ['no token', undefined], ['an empty token', ''], ['garbage', 'garbage'], ['only the prefix', 'Bot '],
    ['a person\'s token as a bot\'s', `Bot ${owner.token}`], ['a bot\'s token without prefix', robot.bare],
    ['a long token', 'x'.repeat(4000)], ['control characters', 'a\tb'], ['the wrong scheme', `Basic ${owner.token}`],
]) {
    test(`401 with ${name}`, async () => {
        const answer = await api(server, 'GET', '/users/@me', { token });
        assert.equal(answer.status, 401);
        assert.deepEqual(answer.body, UNAUTHORIZED);
    });
}

for (const base of ['/api/v10', '/api/v9', '/api']) {
    test(`404 for an unknown route below ${base}`, async () => {
        const answer = await api(server, 'GET', '/no/such/route', { base, token: owner.token });
        assert.equal(answer.status, 404);
        assert.deepEqual(answer.body, { message: '404: Not Found', code: 0 });
    });
    test(`405 for a known path with another method below ${base}`, async () => {
        const answer = await api(server, 'DELETE', '/gateway', { base, token: owner.token });
        assert.equal(answer.status, 405);
        assert.deepEqual(answer.body, { message: '405: Method Not Allowed', code: 0 });
        assert.match(answer.headers.get('allow'), /\bGET\b/);
    });
    test(`the same answers below ${base}`, async () => {
        const answer = await api(server, 'GET', '/users/@me', { base, token: owner.token });
        assert.equal(answer.status, 200);
        assert.equal(answer.body.id, owner.id);
    });
}

test('404 outside the API', async () => {
    const answer = await api(server, 'GET', '/favicon.ico', { base: '' });
    assert.equal(answer.status, 404);
    assert.deepEqual(answer.body, { message: '404: Not Found', code: 0 });
});

for (const version of ['v8', 'v11', 'v99', 'v0']) {
    test(`/api/${version} is refused: 50041`, async () => {
        const answer = await api(server, 'GET', '/gateway', { base: `/api/${version}` });
        assertError(answer, 400, 50041);
    });
}

const UNKNOWNS = [
    ['GET', `/guilds/${UNKNOWN}`, 10004],
    ['GET', `/guilds/${UNKNOWN}/channels`, 10004],
    ['GET', `/channels/${UNKNOWN}`, 10003],
    ['GET', `/channels/${UNKNOWN}/messages`, 10003],
    ['POST', `/channels/${UNKNOWN}/messages`, 10003, { content: 'x' }],
    ['POST', `/channels/${UNKNOWN}/typing`, 10003],
    ['POST', `/channels/${UNKNOWN}/invites`, 10003, {}],
    ['GET', `/channels/${home.channel}/messages/${UNKNOWN}`, 10008],
    ['PATCH', `/channels/${home.channel}/messages/${UNKNOWN}`, 10008, { content: 'x' }],
    ['DELETE', `/channels/${home.channel}/messages/${UNKNOWN}`, 10008],
    ['GET', '/invites/nosuchcode', 10006],
    ['POST', '/invites/nosuchcode', 10006, {}],
    ['POST', `/applications/${UNKNOWN}/bot`, 10002, {}],
    ['POST', `/oauth2/authorize?client_id=${UNKNOWN}&scope=bot`, 10002,
        { guild_id: home.id, permissions: '0', authorize: true }],
    ['GET', `/users/${UNKNOWN}`, 10013],
];
for (const [method, path, code, body] of UNKNOWNS) {
    test(`${method} ${path.replace(home.channel, '{channel}')}: 404 ${code}`, async () => {
        const answer = await api(server, method, path, { token: owner.token, body });
        assertError(answer, 404, code);
        assert.deepEqual(Object.keys(answer.body).sort(), ['code', 'message']);
    });
}

test('somebody else\'s ids: 403 50001', async () => {
    const message = await post(server, owner, home.channel, 'inside');
    for (const [method, path, body] of [
        ['GET', `/guilds/${home.id}`],
        ['GET', `/guilds/${home.id}/channels`],
        ['POST', `/guilds/${home.id}/channels`, { name: 'x' }],
        ['GET', `/channels/${home.channel}`],
        ['GET', `/channels/${home.channel}/messages`],
        ['POST', `/channels/${home.channel}/messages`, { content: 'x' }],
        ['GET', `/channels/${home.channel}/messages/${message.id}`],
        ['PATCH', `/channels/${home.channel}/messages/${message.id}`, { content: 'x' }],
        ['DELETE', `/channels/${home.channel}/messages/${message.id}`],
        ['POST', `/channels/${home.channel}/typing`],
        ['POST', `/channels/${home.channel}/invites`, {}],
    ]) {
        const answer = await api(server, method, path, { token: stranger.token, body });
        assertError(answer, 403, 50001, 'Missing Access');
    }
});

test('a message of another channel is unknown here', async () => {
    const other = await guild(server, owner);
    const message = await post(server, owner, other.channel, 'there');
    const answer = await api(server, 'GET', `/channels/${home.channel}/messages/${message.id}`, {
        token: owner.token,
    });
    assertError(answer, 404, 10008);
});

test('what a member may not: 403 50013', async () => {
    const message = await post(server, owner, home.channel, 'the owner\'s');
    assertError(await api(server, 'POST', `/guilds/${home.id}/channels`, {
        token: member.token, body: { name: 'mine' },
    }), 403, 50013, 'Missing Permissions');
    assertError(await api(server, 'DELETE', `/channels/${home.channel}/messages/${message.id}`, {
        token: member.token,
    }), 403, 50013, 'Missing Permissions');
    assertError(await api(server, 'PATCH', `/channels/${home.channel}/messages/${message.id}`, {
        token: member.token, body: { content: 'x' },
    }), 403, 50005);
});

test('what bots may not: 403 20001', async () => {
    assertError(await api(server, 'POST', '/guilds', { token: robot.token, body: { name: 'of a bot' } }),
        403, 20001);
    assertError(await api(server, 'POST', '/applications', { token: robot.token, body: { name: 'app' } }),
        403, 20001);
});

test('what people may not: 403 20002 or 401', async () => {
    const answer = await api(server, 'GET', '/gateway/bot', { token: owner.token });
    assert.ok(answer.status === 401 || (answer.status === 403 && answer.body.code === 20002), answer.text);
});

test('somebody else\'s application: 403 20012', async () => {
    assertError(await api(server, 'POST', `/applications/${robot.application}/bot`, {
        token: stranger.token, body: {},
    }), 403, 20012);
});

for (const [name, raw] of [
    ['cut', '{"content":'], ['a bare word', 'content'], ['a trailing comma', '{"content":"x",}'],
    ['single quotes', '{\'content\':\'x\'}'], ['two values', '{} {}'], ['nesting without end', '['.repeat(5000)],
    ['a NUL', '{"content":"a\u0000b"}'], ['a raw line feed in a text', '{"content":"a\nb"}'],
    ['a lone surrogate', '{"content":"\\ud800"}'], ['a key twice', '{"content":"a","content":"b"}'],
    ['NaN', '{"content":NaN}'], ['a byte that is not UTF-8', Buffer.from([0x22, 0xff, 0x22])],
]) {
    test(`invalid JSON (${name}): 50109`, async () => {
        const answer = await api(server, 'POST', `/channels/${home.channel}/messages`, {
            token: owner.token, raw, headers: { 'content-type': 'application/json' },
        });
        assertError(answer, 400, 50109, 'The request body contains invalid JSON.');
    });
}

for (const [name, raw] of [['a list', '[]'], ['a text', '"x"'], ['a number', '7'], ['null', 'null']]) {
    test(`a body that is ${name} is no form: 50035 at the body itself`, async () => {
        const answer = await api(server, 'POST', `/channels/${home.channel}/messages`, {
            token: owner.token, raw, headers: { 'content-type': 'application/json' },
        });
        assert.equal(formCodes(answer, '').length, 1);
    });
}

test('missing fields: BASE_TYPE_REQUIRED, all of them at once', async () => {
    const answer = await api(server, 'POST', '/auth/login', { body: {} });
    assert.deepEqual(formCodes(answer, 'login'), ['BASE_TYPE_REQUIRED']);
    assert.deepEqual(formCodes(answer, 'password'), ['BASE_TYPE_REQUIRED']);
    assert.equal(answer.body.errors.login._errors[0].message, 'This field is required');
});

test('an absent body counts as an empty form', async () => {
    const answer = await api(server, 'POST', '/guilds', { token: owner.token });
    assert.deepEqual(formCodes(answer, 'name'), ['BASE_TYPE_REQUIRED']);
});

test('wrong types and lengths: one entry for each, at its path', async () => {
    const answer = await api(server, 'POST', `/guilds/${home.id}/channels`, {
        token: owner.token,
        body: {
            name: 7, type: 'text', topic: 'x'.repeat(4097), position: 'first', nsfw: 'yes',
            permission_overwrites: [
                { id: owner.id, type: 1, allow: '0', deny: '0' },
                { id: 'abc', type: 9, allow: 'lots', deny: '0' },
            ],
        },
    });
    for (const path of ['name', 'type', 'topic', 'nsfw', 'permission_overwrites.1.id'])
        assert.equal(formCodes(answer, path).length, 1, path);
    assert.equal(answer.body.errors.permission_overwrites['0'], undefined);
    assert.deepEqual(formCodes(answer, 'topic'), ['BASE_TYPE_MAX_LENGTH']);
});

test('ids that are none: NUMBER_TYPE_COERCE', async () => {
    for (const id of ['abc', '-1', '1.5', '99999999999999999999999', '1e3', '%20', '0x10']) {
        const answer = await api(server, 'GET', `/channels/${id}`, { token: owner.token });
        assert.deepEqual(formCodes(answer, 'channel_id'), ['NUMBER_TYPE_COERCE'], id);
    }
});

test('a media type that is none of ours: 415', async () => {
    const answer = await api(server, 'POST', '/guilds', {
        token: owner.token, raw: 'name=x', headers: { 'content-type': 'application/x-www-form-urlencoded' },
    });
    assert.equal(answer.status, 415);
    assert.equal(answer.body.code, 0);
});

test('JSON with a charset is JSON', async () => {
    const answer = await api(server, 'POST', `/channels/${home.channel}/messages`, {
        token: owner.token, raw: '{"content":"ü"}',
        headers: { 'content-type': 'application/json; charset=utf-8' },
    });
    assert.equal(answer.status, 200);
    assert.equal(answer.body.content, 'ü');
});

test('204 has no body and no content type', async () => {
    const answer = await api(server, 'POST', `/channels/${home.channel}/typing`, { token: owner.token });
    assert.equal(answer.status, 204);
    assert.equal(answer.text, '');
    assert.equal(answer.headers.get('content-type'), null);
});

test('an audit reason that is too long or not well encoded is refused', async () => {
    for (const reason of ['x'.repeat(513), '%zz', '%ff%fe']) {
        const answer = await api(server, 'POST', `/guilds/${home.id}/channels`, {
            token: owner.token, body: { name: 'with-reason' }, headers: { 'x-audit-log-reason': reason },
        });
        assertError(answer, 400, 50035);
    }
    const answer = await api(server, 'POST', `/guilds/${home.id}/channels`, {
        token: owner.token, body: { name: 'with-reason' }, headers: { 'x-audit-log-reason': 'gr%C3%BCn' },
    });
    assert.equal(answer.status, 201);
});

