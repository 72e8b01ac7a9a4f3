// The directory of guilds that list themselves, and what nobody learns about those that do not.

import assert from 'node:assert/strict';
import test from 'node:test';

import { api, assertError, formCodes, ok } from '../lib/api.mjs';
import { Gateway } from '../lib/gateway.mjs';
import { useServer } from '../lib/server.mjs';
import { freshName, guild, person, world } from '../lib/world.mjs';

const server = await useServer();
const { owner, guild: home, member } = await world(server);
const listing = (where, body, who = owner) =>
    api(server, 'PATCH', `/guilds/${where.id}/directory`, { token: who.token, body });
const directory = (query = '', who = member) => ok(server, 'GET', `/discoverable-guilds${query}`, { token: who.token });
const enter = (where, who) => api(server, 'PUT', `/guilds/${where.id}/members/@me`, { token: who.token, body: {} });

test('a guild lists itself', async () => {
    assert.equal((await directory()).total, 0);
    assertError(await listing(home, { listed: true }, member), 403, 50013);
    const gateway = await Gateway.session(server, member);
    const answer = await listing(home, { listed: true, join_policy: 1 });
    assert.deepEqual([answer.status, answer.body], [200, { listed: true, join_policy: 1 }]);
    const { d } = await gateway.event('GUILD_UPDATE', (g) => g.id === home.id);
    assert.ok(d.features.includes('DISCOVERABLE'));
    const { audit_log_entries: [entry] } = await ok(server, 'GET',
        `/guilds/${home.id}/audit-logs?action_type=1&limit=1`, { token: owner.token });
    assert.deepEqual(entry.changes.map((change) => change.key).sort(), ['discoverable', 'join_policy']);
    const found = await directory();
    assert.equal(found.total, 1);
    assert.equal(found.guilds[0].id, home.id);
    assert.equal(found.guilds[0].name, home.name);
    assert.equal(found.guilds[0].preferred_locale, 'en-US');
    assert.ok(found.guilds[0].approximate_member_count >= 3);
    await gateway.end();
});

test('search and pages', async () => {
    const stem = freshName('Garden');
    for (let i = 0; i < 5; i += 1) {
        const each = await guild(server, owner, `${stem} ${i}`);
        await listing(each, { listed: true });
    }
    const first = await directory(`?query=${stem.toLowerCase()}&limit=3`);
    assert.deepEqual([first.total, first.guilds.length, first.limit, first.offset], [5, 3, 3, 0]);
    const second = await directory(`?query=${stem}&limit=3&offset=3`);
    assert.equal(second.guilds.length, 2);
    assert.equal(new Set([...first.guilds, ...second.guilds].map((each) => each.id)).size, 5);
    assert.equal((await directory('?query=%25')).total, 0, 'a percent sign is a letter');
    for (const [query, path] of [['limit=0', 'limit'], ['limit=49', 'limit'], ['offset=-1', 'offset'],
        ['offset=2001', 'offset'], ['query=%00', 'query'], ['query=%FF', 'query']]) {
        const answer = await api(server, 'GET', `/discoverable-guilds?${query}`, { token: member.token });
        assert.equal(formCodes(answer, path).length, 1);
    }
    assertError(await api(server, 'GET', '/discoverable-guilds'), 401, 0);
});

test('an open guild is joined without an invite', async () => {
    const guest = await person(server);
    const session = await Gateway.session(server, guest);
    const joined = await enter(home, guest);
    assert.equal(joined.status, 200);
    assert.equal(joined.body.id, home.id);
    assert.equal(joined.body.show_verification_form, false);
    await session.event('GUILD_CREATE', (d) => d.id === home.id);
    assert.equal((await enter(home, guest)).status, 204);
    await session.end();
});

test('one that is listed, but by invite', async () => {
    const closed = await guild(server, owner);
    await listing(closed, { listed: true, join_policy: 0 });
    assertError(await enter(closed, await person(server)), 403, 50001);
});

test('preview: of listed guilds for everybody, of others for those inside', async () => {
    const guest = await person(server);
    const shown = await ok(server, 'GET', `/guilds/${home.id}/preview`, { token: guest.token });
    assert.equal(shown.name, home.name);
    assert.ok(shown.approximate_member_count > 0);
    assert.deepEqual([shown.emojis, shown.stickers], [[], []]);
    const own = await guild(server, owner);
    assert.equal((await api(server, 'GET', `/guilds/${own.id}/preview`, { token: owner.token })).status, 200);
});

// Byte for byte: body, and every header but those that differ between any two answers.
function outside(answer) {
    const headers = Object.fromEntries([...answer.headers]
        .filter(([name]) => !/^(date|x-request-id|x-ratelimit-(reset|reset-after|remaining))$/.test(name)));
    return { status: answer.status, text: answer.text, headers };
}

test('a private guild is not there: no answer differs from that about an id nobody has', async () => {
    const secret = await guild(server, owner, 'The Secret');
    await ok(server, 'PATCH', `/guilds/${secret.id}/member-verification`, {
        token: owner.token, body: { enabled: true, form_fields: [{ field_type: 'TERMS', values: ['be kind'], required: true }] },
    });
    const stranger = await person(server);
    const nobody = String(BigInt(secret.id) + 1n);
    for (const [method, path, body] of [['PUT', '/members/@me', {}], ['GET', '/preview'], ['GET', '/member-verification'],
        ['GET', '/requests/@me'], ['DELETE', '/requests/@me'], ['PUT', '/requests/@me', { form_fields: [{ response: true }] }],
        ['GET', '/requests/@me/cooldown']]) {
        const [real, made] = await Promise.all([secret.id, nobody].map((id) =>
            api(server, method, `/guilds/${id}${path}`, { token: stranger.token, body })));
        assert.deepEqual(outside(real), outside(made), `${method} ${path}`);
        assert.ok(path.endsWith('cooldown') || real.status === 404, `${method} ${path}: ${real.status}`);
    }
    const found = await ok(server, 'GET', '/discoverable-guilds?query=secret', { token: stranger.token });
    assert.deepEqual([found.guilds, found.total], [[], 0]);
});

test('unlisting takes effect at once', async () => {
    const guest = await person(server);
    await listing(home, { listed: false });
    assert.ok(!(await directory()).guilds.some((each) => each.id === home.id));
    assertError(await enter(home, guest), 404, 10004, 'Unknown Guild');
    assertError(await api(server, 'GET', `/guilds/${home.id}/preview`, { token: guest.token }), 404, 10004);
});

test('bots do not join by themselves', async () => {
    const { bot } = await import('../lib/world.mjs');
    const robot = await bot(server, owner);
    assertError(await enter(home, robot), 403, 20001);
});
