// The invite code that a guild chooses for itself.

import assert from 'node:assert/strict';
import test from 'node:test';

import { api, assertError, formCodes, ok } from '../lib/api.mjs';
import { Gateway } from '../lib/gateway.mjs';
import { useServer } from '../lib/server.mjs';
import { freshName, guild, invite, join, person, world } from '../lib/world.mjs';

const server = await useServer();
const { owner, guild: home, member } = await world(server);
const code = freshName('place').replaceAll('_', '-');
const set = (where, value) => api(server, 'PATCH', `/guilds/${where.id}/vanity-url`, {
    token: owner.token, body: { code: value },
});
const get = (where, who = owner) => api(server, 'GET', `/guilds/${where.id}/vanity-url`, { token: who.token });

test('a guild begins without one', async () => {
    assert.deepEqual((await get(home)).body, { code: null, uses: 0 });
    assertError(await get(home, member), 403, 50013);
    assertError(await api(server, 'PATCH', `/guilds/${home.id}/vanity-url`, { token: member.token, body: { code } }),
        403, 50013);
});

test('choosing one: event, feature, audit entry', async () => {
    const gateway = await Gateway.session(server, member);
    const answer = await set(home, code.toUpperCase());
    assert.deepEqual([answer.status, answer.body], [200, { code, uses: 0 }]);
    const { d } = await gateway.event('GUILD_UPDATE', (g) => g.id === home.id);
    assert.equal(d.vanity_url_code, code);
    assert.ok(d.features.includes('VANITY_URL'));
    const { audit_log_entries: [entry] } = await ok(server, 'GET',
        `/guilds/${home.id}/audit-logs?action_type=1&limit=1`, { token: owner.token });
    assert.deepEqual(entry.changes, [{ key: 'vanity_url_code', new_value: code }]);
    await gateway.end();
});

test('it works as an invite, however it is written, and counts', async () => {
    const shown = await ok(server, 'GET', `/invites/${code}?with_counts=true`);
    assert.equal(shown.code, code);
    assert.equal(shown.guild.id, home.id);
    assert.equal(shown.guild.vanity_url_code, code);
    assert.equal(shown.inviter, undefined);
    assert.equal(shown.expires_at, null);
    assert.equal(shown.channel.id, home.channel);
    const guest = await person(server);
    assert.equal((await join(server, guest, code.toUpperCase())).new_member, true);
    assert.equal((await join(server, guest, code)).new_member, false);
    assert.deepEqual((await get(home)).body, { code, uses: 1 });
    assertError(await api(server, 'DELETE', `/invites/${code}`, { token: owner.token }), 404, 10006);
});

test('one place leads to one guild', async () => {
    const other = await guild(server, owner);
    assertError(await set(other, code), 400, 50020);
    const taken = await invite(server, owner, home.channel, { unique: true });
    if (/^[a-z0-9]+$/.test(taken.code))
        assertError(await set(other, taken.code), 400, 50020);
    for (const bad of ['a', '-ab', 'ab-', 'with space', 'ümlaut', 'a_b'])
        assertError(await set(other, bad), 400, 50020);
    assert.equal(formCodes(await set(other, 'x'.repeat(33)), 'code').length, 1);
    assert.equal(formCodes(await api(server, 'PATCH', `/guilds/${other.id}/vanity-url`, {
        token: owner.token, body: {},
    }), 'code').length, 1);
});

test('two guilds that want it at once: one gets it', async () => {
    const wish = freshName('both').replaceAll('_', '-');
    const rivals = await Promise.all(Array.from({ length: 6 }, () => guild(server, owner)));
    const answers = await Promise.all(rivals.map((each) => set(each, wish)));
    assert.equal(answers.filter((answer) => answer.status === 200).length, 1);
    for (const answer of answers.filter((each) => each.status !== 200))
        assertError(answer, 400, 50020);
});

test('giving it up frees it', async () => {
    assert.equal((await set(home, null)).status, 200);
    assertError(await api(server, 'GET', `/invites/${code}`), 404, 10006);
    const { features } = await ok(server, 'GET', `/guilds/${home.id}`, { token: owner.token });
    assert.ok(!features.includes('VANITY_URL'));
    const other = await guild(server, owner);
    assert.equal((await set(other, code)).status, 200);
    assert.equal((await ok(server, 'GET', `/invites/${code}`)).guild.id, other.id);
});
