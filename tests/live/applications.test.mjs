// Applications, their bots, and adding a bot to a guild.

import assert from 'node:assert/strict';
import test from 'node:test';

import { api, assertError, formCodes, ok } from '../lib/api.mjs';
import { useServer } from '../lib/server.mjs';
import { PERMISSIONS, authorize, bot, guild, person, post, world } from '../lib/world.mjs';

const server = await useServer();
const { owner, guild: home, member } = await world(server);

const asking = (who, query, body) => api(server, 'POST', `/oauth2/authorize?${query}`, { token: who.token, body });
const consent = (more) => ({ guild_id: home.id, permissions: '0', authorize: true, ...more });

test('an application, its bot, and what the bot says about itself', async () => {
    const application = await ok(server, 'POST', '/applications', {
        token: owner.token, body: { name: 'Clockwork', description: 'Tells the time' },
    });
    assert.equal(application.name, 'Clockwork');
    assert.equal(application.description, 'Tells the time');
    const made = await ok(server, 'POST', `/applications/${application.id}/bot`, { token: owner.token, body: {} });
    assert.equal(typeof made.token, 'string');
    const me = await ok(server, 'GET', '/users/@me', { token: `Bot ${made.token}` });
    assert.equal(me.bot, true);
    assert.equal(me.username.toLowerCase().includes('clockwork'), true);
    for (const path of ['/applications/@me', '/oauth2/applications/@me']) {
        const read = await ok(server, 'GET', path, { token: `Bot ${made.token}` });
        assert.equal(read.id, application.id);
        assert.equal(read.name, 'Clockwork');
        assert.equal(read.owner.id, owner.id);
    }
});

test('a second token replaces the first', async () => {
    const robot = await bot(server, owner);
    const { token } = await ok(server, 'POST', `/applications/${robot.application}/bot`, {
        token: owner.token, body: {},
    });
    assert.equal((await api(server, 'GET', '/users/@me', { token: robot.token })).status, 401);
    const me = await ok(server, 'GET', '/users/@me', { token: `Bot ${token}` });
    assert.equal(me.id, robot.id);
});

for (const [name, body, path] of [
    ['no name', {}, 'name'], ['a name too short', { name: 'x' }, 'name'],
    ['a name too long', { name: 'x'.repeat(33) }, 'name'], ['a name that is a number', { name: 7 }, 'name'],
]) {
    test(`an application with ${name}: 50035`, async () => {
        const answer = await api(server, 'POST', '/applications', { token: owner.token, body });
        assert.equal(formCodes(answer, path).length, 1);
    });
}

test('authorize adds the bot with a role of its own', async () => {
    const robot = await bot(server, owner);
    const wanted = PERMISSIONS.SEND_MESSAGES | PERMISSIONS.MANAGE_MESSAGES;
    const answer = await authorize(server, owner, robot, home, String(wanted));
    assert.equal(typeof answer.location, 'string');
    const { roles } = await ok(server, 'GET', `/guilds/${home.id}`, { token: robot.token });
    const own = roles.find((role) => role.tags?.bot_id === robot.id);
    assert.equal(own.managed, true);
    assert.equal(own.permissions, String(wanted));
    await post(server, robot, home.channel, 'here I am');
    await authorize(server, owner, robot, home, String(wanted)); // again: stays as it is
});

test('somebody who manages a guild may add another\'s bot', async () => {
    const robot = await bot(server, owner);
    const other = await person(server);
    const theirs = await guild(server, other);
    await authorize(server, other, robot, theirs);
    await post(server, robot, theirs.channel, 'hello');
});

test('what authorize refuses', async () => {
    const robot = await bot(server, owner);
    const query = `client_id=${robot.application}&scope=bot`;
    assertError(await asking(member, query, consent()), 403, 50013);
    assertError(await asking(await person(server), query, consent()), 403, 50001);
    assertError(await asking(owner, query, consent({ guild_id: '1' })), 404, 10004);
    assertError(await asking(owner, 'client_id=1&scope=bot', consent()), 404, 10002);
    assertError(await asking(robot, query, consent()), 403, 20001);
    for (const [bad, path] of [
        ['scope=bot', 'client_id'], ['client_id=abc&scope=bot', 'client_id'],
    ])
        assert.equal(formCodes(await asking(owner, bad, consent()), path).length, 1, bad);
    assert.equal(formCodes(await asking(owner, query, consent({ guild_id: undefined })), 'guild_id').length, 1);
    assert.equal(formCodes(await asking(owner, query, consent({ permissions: 'all' })), 'permissions').length, 1);
    for (const scope of ['', '&scope=', '&scope=identify'])
        assertError(await asking(owner, `client_id=${robot.application}${scope}`, consent()), 400, 50026);
});

test('an application without a bot: 50010', async () => {
    const { id } = await ok(server, 'POST', '/applications', { token: owner.token, body: { name: 'No bot' } });
    assertError(await asking(owner, `client_id=${id}&scope=bot`, consent()), 400, 50010);
});

test('an authorization that says no adds nothing', async () => {
    const robot = await bot(server, owner);
    await asking(owner, `client_id=${robot.application}&scope=bot`, consent({ authorize: false }));
    assertError(await api(server, 'GET', `/guilds/${home.id}`, { token: robot.token }), 403, 50001);
});
