// Members found by the beginning of a name, and the list that bots need a privileged intent for.

import assert from 'node:assert/strict';
import test from 'node:test';

import { api, assertError, formCodes, ok } from '../lib/api.mjs';
import { UNLIMITED, useServer } from '../lib/server.mjs';
import { authorize, bot, invite, join, person, world } from '../lib/world.mjs';

const server = await useServer({ flags: [...UNLIMITED, '--applications.privileged_intents=false'] });
const { owner, guild: home } = await world(server);
const { code } = await invite(server, owner, home.channel);

const search = (query, limit = 10) => api(server, 'GET', `/guilds/${home.id}/members/search?limit=${limit}&query=` +
    encodeURIComponent(query), { token: owner.token });
const names = async (query, limit) => {
    const answer = await search(query, limit);
    assert.equal(answer.status, 200, answer.text);
    return answer.body.map((m) => m.nick ?? m.user.username).sort();
};
const nick = (who, text) =>
    ok(server, 'PATCH', `/guilds/${home.id}/members/${who.id}`, { token: owner.token, body: { nick: text } });

const [anna, annabel] = await Promise.all(['anna_x', 'annabel_x', 'berta_x'].map(async (name) => {
    const who = await person(server, name);
    await join(server, who, code);
    return who;
}));

test('by user name, whatever the case', async () => {
    assert.deepEqual(await names('ann'), ['anna_x', 'annabel_x']);
    assert.deepEqual(await names('ANNA_'), ['anna_x']);
    assert.deepEqual(await names('nna'), []);
    assert.equal((await names('ann', 1)).length, 1);
});

test('by nick, in all languages', async () => {
    await nick(anna, 'Бабушка');
    assert.deepEqual(await names('Баб'), ['Бабушка']);
    assert.deepEqual(await names('anna_'), ['Бабушка']);
    await nick(anna, 'The 100% Real');
    assert.deepEqual(await names('Баб'), []);
    assert.deepEqual(await names('the 100%'), ['The 100% Real']);
    assert.deepEqual(await names('_'), []);
    await nick(anna, null);
    assert.deepEqual(await names('the'), []);
});

test('by display name', async () => {
    const { token } = await ok(server, 'POST', '/auth/register', {
        body: { username: 'zz_display', password: 'correct horse battery', global_name: 'Majestic Moose' },
    });
    await join(server, { token }, code);
    assert.deepEqual(await names('majestic m'), ['zz_display']);
});

test('who has left is not found', async () => {
    await ok(server, 'DELETE', `/guilds/${home.id}/members/${annabel.id}`, { token: owner.token });
    assert.deepEqual(await names('annabel'), []);
    await join(server, annabel, code);
    assert.deepEqual(await names('annabel'), ['annabel_x']);
});

test('what a query must be', async () => {
    const without = await api(server, 'GET', `/guilds/${home.id}/members/search`, { token: owner.token });
    assert.deepEqual(formCodes(without, 'query'), ['BASE_TYPE_REQUIRED']);
    assert.deepEqual(formCodes(await search('x'.repeat(101)), 'query'), ['BASE_TYPE_BAD_LENGTH']);
    assert.deepEqual(formCodes(await search('a\0b'), 'query'), ['BASE_TYPE_BAD_LENGTH']);
    assert.deepEqual(formCodes(await search('x', 1001), 'limit'), ['NUMBER_TYPE_MAX']);
});

test('the list of members is privileged for bots; searching is not', async () => {
    const robot = await bot(server, owner);
    await authorize(server, owner, robot, home);
    assertError(await api(server, 'GET', `/guilds/${home.id}/members`, { token: robot.token }), 403, 50001);
    const found = await ok(server, 'GET', `/guilds/${home.id}/members/search?query=anna`, { token: robot.token });
    assert.equal(found.length, 1);
});
