// Time-outs: reading goes on, writing does not, and it ends by itself.

import assert from 'node:assert/strict';
import test from 'node:test';

import { api, assertError, formCodes, ok } from '../lib/api.mjs';
import { inMs, moderator } from '../lib/moderation.mjs';
import { useServer } from '../lib/server.mjs';
import { audited, change, newcomer, watch } from '../lib/structure.mjs';
import { until } from '../lib/wait.mjs';
import { post, world } from '../lib/world.mjs';

const server = await useServer();
const { owner, guild: home, member } = await world(server);
const eyes = await watch(server, owner);
const mod = await moderator(server, home, 'MODERATE_MEMBERS');

const set = (by, whom, moment, headers) => api(server, 'PATCH', `/guilds/${home.id}/members/${whom.id}`, {
    token: by.token, body: { communication_disabled_until: moment }, headers,
});
const write = (who) => api(server, 'POST', `/channels/${home.channel}/messages`, {
    token: who.token, body: { content: 'hello' },
});

test('timed out: no writing, but reading; then it is lifted', async () => {
    await post(server, owner, home.channel, 'for everybody');
    const moment = inMs(3600000);
    const from = eyes.mark();
    const answer = await set(mod, member, moment, { 'x-audit-log-reason': 'calm%20down' });
    assert.equal(answer.status, 200, answer.text);
    assert.equal(new Date(answer.body.communication_disabled_until).getTime(), new Date(moment).getTime());
    const told = await eyes.event('GUILD_MEMBER_UPDATE', (d) => d.user.id === member.id, { from });
    assert.equal(told.d.communication_disabled_until, answer.body.communication_disabled_until);
    const entry = await audited(eyes, from, 24, { target_id: member.id, reason: 'calm down' });
    assert.equal(change(entry, 'communication_disabled_until').new_value, answer.body.communication_disabled_until);
    assertError(await write(member), 403, 50013);
    assertError(await api(server, 'POST', `/channels/${home.channel}/typing`, { token: member.token, body: {} }), 403, 50013);
    assert.equal((await ok(server, 'GET', `/channels/${home.channel}/messages`, { token: member.token })).length, 1);
    assert.equal((await set(mod, member, null)).body.communication_disabled_until, null);
    assert.equal((await write(member)).status, 200);
});

for (const [how, go] of [
    ['leaves', (whom) => api(server, 'DELETE', `/users/@me/guilds/${home.id}`, { token: whom.token })],
    ['is kicked', (whom) => api(server, 'DELETE', `/guilds/${home.id}/members/${whom.id}`, { token: owner.token })],
]) {
    test(`who ${how} and comes back is still timed out`, async () => {
        const whom = await newcomer(server, home);
        const until = (await set(mod, whom, inMs(3600000))).body.communication_disabled_until;
        const from = eyes.mark();
        assert.equal((await go(whom)).status, 204);
        const { code } = await ok(server, 'POST', `/channels/${home.channel}/invites`, { token: owner.token, body: {} });
        await ok(server, 'POST', `/invites/${code}`, { token: whom.token, body: {} });
        const told = await eyes.event('GUILD_MEMBER_ADD', (d) => d.user.id === whom.id, { from });
        assert.equal(told.d.communication_disabled_until, until);
        assertError(await write(whom), 403, 50013);
        await set(mod, whom, null);
        assert.equal((await write(whom)).status, 200);
    });
}

test('it ends by itself', async () => {
    await set(mod, member, inMs(700));
    assertError(await write(member), 403, 50013);
    await until(async () => (await write(member)).status === 200, 'the time-out to end');
});

test('a moment that has passed is none; more than 28 days are refused', async () => {
    assert.equal((await set(mod, member, inMs(-60000))).body.communication_disabled_until, null);
    assert.equal((await write(member)).status, 200);
    const field = 'communication_disabled_until';
    assert.deepEqual(formCodes(await set(mod, member, inMs(29 * 86400000)), field), ['DATE_TIME_TYPE_MAX']);
    assert.deepEqual(formCodes(await set(mod, member, 'tomorrow'), field), ['DATE_TIME_TYPE_PARSE']);
    assert.equal((await set(mod, member, inMs(28 * 86400000))).status, 200);
    await set(mod, member, null);
});

test('whom nobody times out', async () => {
    const admin = await moderator(server, home, 'ADMINISTRATOR');
    const moment = inMs(60000);
    assertError(await set(owner, admin, moment), 403, 50013);
    assertError(await set(admin, owner, moment), 403, 50013);
    assertError(await set(owner, owner, moment), 403, 50013);
    assertError(await set(mod, mod, moment), 403, 50013);
    assertError(await set(member, await newcomer(server, home), moment), 403, 50013);
    const lower = await moderator(server, home, 'MODERATE_MEMBERS');
    assertError(await set(lower, mod, moment), 403, 50013);
    assert.equal((await set(mod, lower, moment)).status, 200);
    // Who is timed out moderates nobody.
    assertError(await set(lower, member, moment), 403, 50013);
});
