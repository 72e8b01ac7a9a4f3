// Pruning: counted, then carried out in steps.

import assert from 'node:assert/strict';
import test from 'node:test';

import { api, assertError, formCodes, ok } from '../lib/api.mjs';
import { memberOf, moderator } from '../lib/moderation.mjs';
import { useServer } from '../lib/server.mjs';
import { audited, newcomer, role, watch } from '../lib/structure.mjs';
import { world } from '../lib/world.mjs';

const server = await useServer();
const { owner, guild: home, member, bot: robot } = await world(server);
const eyes = await watch(server, owner);
const mod = await moderator(server, home, 'KICK_MEMBERS', 'MANAGE_GUILD');

const at = `/guilds/${home.id}/prune`;
const count = (query = '', by = mod) => api(server, 'GET', `${at}${query}`, { token: by.token });
const prune = (body, by = mod, query = '') =>
    api(server, 'POST', `${at}${query}`, { token: by.token, body, headers: { 'x-audit-log-reason': 'spring' } });

// As if they had joined, and been seen last, so many days ago.
async function age(who, days) {
    const moment = Date.now() - days * 86400000;
    await server.sql(`UPDATE members SET joined_at_ms = ${moment} WHERE user_id = ${who.id}`);
    await server.sql(`UPDATE users SET seen_at_ms = ${moment} WHERE id = ${who.id}`);
}

test('who has not been here for a week, and has no role', async () => {
    const idle = await newcomer(server, home);
    const roled = await newcomer(server, home);
    const { id } = await role(server, owner, home, { name: 'regular' });
    await ok(server, 'PUT', `/guilds/${home.id}/members/${roled.id}/roles/${id}`, { token: owner.token });
    for (const who of [idle, roled, robot, owner, mod])
        await age(who, 8);
    assert.deepEqual((await count()).body, { pruned: 1 });
    assert.deepEqual((await count('?days=9')).body, { pruned: 0 });
    assert.deepEqual((await count(`?include_roles=${id}`)).body, { pruned: 2 });
    const from = eyes.mark();
    const answer = await prune({ days: 7 });
    assert.equal(answer.status, 200, answer.text);
    assert.deepEqual(answer.body, { pruned: 1 });
    await eyes.event('GUILD_MEMBER_REMOVE', (d) => d.user.id === idle.id, { from });
    const entry = await audited(eyes, from, 21, { user_id: mod.id, reason: 'spring', target_id: null });
    assert.deepEqual(entry.options, { delete_member_days: '7', members_removed: '1' });
    assertError(await memberOf(server, home, idle), 404, 10007);
    for (const who of [roled, robot, owner, mod, member])
        assert.equal((await memberOf(server, home, who)).status, 200);
    const again = eyes.mark();
    assert.deepEqual((await prune({ days: 7, include_roles: [id], compute_prune_count: false })).body, { pruned: null });
    await eyes.event('GUILD_MEMBER_REMOVE', (d) => d.user.id === roled.id, { from: again });
    await audited(eyes, again, 21);
});

test('more than one step takes', async () => {
    const people = [];
    for (let i = 0; i < 12; i += 1)
        people.push(...await Promise.all([1, 2, 3, 4, 5].map(() => newcomer(server, home))));
    for (const who of people)
        await age(who, 31);
    const from = eyes.mark();
    // Everything in the query, as some libraries do.
    assert.deepEqual((await prune({}, mod, '?days=30&compute_prune_count=false')).body, { pruned: null });
    const entry = await audited(eyes, from, 21);
    assert.deepEqual(entry.options, { delete_member_days: '30', members_removed: '60' });
    assert.equal(eyes.events('GUILD_MEMBER_REMOVE').filter((d) => people.some((p) => p.id === d.user.id)).length, 60);
    const { approximate_member_count } =
        await ok(server, 'GET', `/guilds/${home.id}?with_counts=true`, { token: owner.token });
    assert.equal(approximate_member_count, 4);
});

test('what is refused', async () => {
    assert.deepEqual(formCodes(await count('?days=0'), 'days'), ['NUMBER_TYPE_MIN']);
    assert.deepEqual(formCodes(await count('?days=31'), 'days'), ['NUMBER_TYPE_MAX']);
    assert.deepEqual(formCodes(await prune({ days: 31 }), 'days'), ['NUMBER_TYPE_MAX']);
    assert.deepEqual(formCodes(await count('?include_roles=a'), 'include_roles'), ['NUMBER_TYPE_COERCE']);
    assertError(await count('?include_roles=1'), 404, 10011);
    assertError(await prune({ include_roles: '1' }), 404, 10011);
    assertError(await count(`?include_roles=${mod.role}`), 403, 50013);
    for (const names of [['KICK_MEMBERS'], ['MANAGE_GUILD'], []]) {
        const who = await moderator(server, home, ...names);
        assertError(await count('', who), 403, 50013);
        assertError(await prune({}, who), 403, 50013);
    }
});
