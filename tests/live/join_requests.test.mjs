// Guilds that want to be asked: asking, waiting, being let in or turned away.

import assert from 'node:assert/strict';
import test from 'node:test';

import { api, assertError, formCodes, ok } from '../lib/api.mjs';
import { Gateway } from '../lib/gateway.mjs';
import { useServer } from '../lib/server.mjs';
import { person, world } from '../lib/world.mjs';

const server = await useServer();
const { owner, guild: home, member } = await world(server);
await ok(server, 'PATCH', `/guilds/${home.id}/directory`, { token: owner.token, body: { listed: true, join_policy: 2 } });
const requests = `/guilds/${home.id}/requests`;
const ask = (who) => ok(server, 'PUT', `/guilds/${home.id}/members/@me`, { token: who.token, body: {} });
const decide = (id, body, who = owner) => api(server, 'PATCH', `${requests}/${id}`, { token: who.token, body });

test('asking is told to those who may kick, and to nobody else', async () => {
    const moderating = await Gateway.session(server, owner);
    const ordinary = await Gateway.session(server, member);
    const guest = await person(server);
    const asked = await ask(guest);
    assert.equal(asked.id, home.id);
    assert.equal(asked.roles, undefined, 'no more of the guild than its picture');
    const { join_request: request } = asked;
    assert.equal(request.application_status, 'SUBMITTED');
    const { d } = await moderating.event('GUILD_JOIN_REQUEST_CREATE', (e) => e.request.id === request.id);
    assert.equal(d.guild_id, home.id);
    assert.equal(d.status, 'SUBMITTED');
    assert.equal(d.request.user.id, guest.id);
    await ordinary.flush();
    assert.deepEqual(ordinary.events('GUILD_JOIN_REQUEST_CREATE'), []);
    assert.equal((await ok(server, 'GET', `${requests}/@me`, { token: guest.token })).id, request.id);
    assert.equal((await ask(guest)).join_request.id, request.id);

    const list = await ok(server, 'GET', requests, { token: owner.token });
    assert.deepEqual(list.guild_join_requests.map((each) => each.id), [request.id]);
    assert.equal(list.total, 1);
    assertError(await api(server, 'GET', requests, { token: member.token }), 403, 50013);
    assertError(await api(server, 'GET', requests, { token: guest.token }), 403, 50001);
    assertError(await decide(request.id, { action: 'APPROVED' }, member), 403, 50013);

    const session = await Gateway.session(server, guest);
    const done = await decide(request.id, { action: 'APPROVED' });
    assert.equal(done.body.application_status, 'APPROVED');
    await session.event('GUILD_CREATE', (g) => g.id === home.id);
    const updated = await moderating.event('GUILD_JOIN_REQUEST_UPDATE', (e) => e.request.id === request.id);
    assert.equal(updated.d.status, 'APPROVED');
    assertError(await decide(request.id, { action: 'REJECTED' }), 404, 10099);
    const { audit_log_entries: [entry] } = await ok(server, 'GET',
        `/guilds/${home.id}/audit-logs?action_type=24&limit=1`, { token: owner.token });
    assert.equal(entry.target_id, guest.id);
    for (const each of [moderating, ordinary, session])
        await each.end();
});

test('being turned away', async () => {
    const guest = await person(server);
    const { join_request: request } = await ask(guest);
    const done = await decide(request.id, { action: 'REJECTED', rejection_reason: 'not this week' });
    assert.equal(done.body.rejection_reason, 'not this week');
    const mine = await ok(server, 'GET', `${requests}/@me`, { token: guest.token });
    assert.deepEqual([mine.application_status, mine.rejection_reason], ['REJECTED', 'not this week']);
    assertError(await api(server, 'PUT', `/guilds/${home.id}/members/@me`, { token: guest.token, body: {} }), 403, 50001);
    const { cooldown } = await ok(server, 'GET', `${requests}/@me/cooldown`, { token: guest.token });
    assert.ok(cooldown > 86000 && cooldown <= 86400);
    assertError(await api(server, 'DELETE', `${requests}/@me`, { token: guest.token }), 404, 10099);
});

test('taking it back', async () => {
    const moderating = await Gateway.session(server, owner);
    const guest = await person(server);
    const { join_request: request } = await ask(guest);
    const gone = await api(server, 'DELETE', `${requests}/@me`, { token: guest.token });
    assert.equal(gone.status, 204);
    const { d } = await moderating.event('GUILD_JOIN_REQUEST_DELETE', (e) => e.id === request.id);
    assert.deepEqual(d, { guild_id: home.id, id: request.id, user_id: guest.id });
    assertError(await api(server, 'GET', `${requests}/@me`, { token: guest.token }), 404, 10099);
    assertError(await decide(request.id, { action: 'APPROVED' }), 404, 10099);
    await moderating.end();
});

test('the list by status and pages', async () => {
    const ids = [];
    for (let i = 0; i < 4; i += 1)
        ids.push((await ask(await person(server))).join_request.id);
    const page = async (query) => (await ok(server, 'GET', `${requests}?${query}`, { token: owner.token }))
        .guild_join_requests.map((each) => each.id);
    assert.deepEqual(await page('limit=2'), [ids[3], ids[2]]);
    assert.deepEqual(await page(`limit=2&before=${ids[2]}`), [ids[1], ids[0]]);
    assert.deepEqual(await page(`after=${ids[1]}`), [ids[2], ids[3]]);
    const rejected = await ok(server, 'GET', `${requests}?status=REJECTED`, { token: owner.token });
    assert.ok(rejected.guild_join_requests.every((each) => each.application_status === 'REJECTED'));
    for (const [query, path] of [['status=WHAT', 'status'], ['limit=0', 'limit'], ['limit=101', 'limit'],
        ['before=x', 'before']])
        assert.equal(formCodes(await api(server, 'GET', `${requests}?${query}`, { token: owner.token }), path).length, 1);
});

test('what is no decision', async () => {
    const { join_request: request } = await ask(await person(server));
    assert.equal(formCodes(await decide(request.id, {}), 'action').length, 1);
    assert.equal(formCodes(await decide(request.id, { action: 'SUBMITTED' }), 'action').length, 1);
    assert.equal(formCodes(await decide(request.id, { action: 'REJECTED', rejection_reason: 'x'.repeat(161) }),
        'rejection_reason').length, 1);
    assertError(await decide('1', { action: 'APPROVED' }), 404, 10099);
});

test('a ban after asking holds', async () => {
    const guest = await person(server);
    const { join_request: request } = await ask(guest);
    await ok(server, 'PUT', `/guilds/${home.id}/bans/${guest.id}`, { token: owner.token, body: {} });
    assertError(await decide(request.id, { action: 'APPROVED' }), 403, 40007);
    const other = await person(server);
    await ok(server, 'PUT', `/guilds/${home.id}/bans/${other.id}`, { token: owner.token, body: {} });
    assertError(await api(server, 'PUT', `/guilds/${home.id}/members/@me`, { token: other.token, body: {} }), 403, 40007);
});
