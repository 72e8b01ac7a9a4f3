// The audit log: who did what, read by pages and by every filter, with the people that it names.

import assert from 'node:assert/strict';
import test from 'node:test';

import { api, assertError, formCodes, ok } from '../lib/api.mjs';
import { Gateway } from '../lib/gateway.mjs';
import { UNLIMITED, useServer } from '../lib/server.mjs';
import { PERMISSIONS, authorize, bot, guild, invite, join, person, world } from '../lib/world.mjs';

const server = await useServer({ flags: UNLIMITED });
const { owner, guild: home, member } = await world(server);

const GUILD_UPDATE = 1;
const BOT_ADD = 28;
const INTEGRATION_CREATE = 80;
const GUILD_MODERATION = 1 << 2;

const log = async (who, where, query = '') =>
    ok(server, 'GET', `/guilds/${where.id}/audit-logs${query}`, { token: who.token });
const rename = async (who, where, name, reason) =>
    ok(server, 'PATCH', `/guilds/${where.id}`, {
        token: who.token, body: { name },
        headers: reason === undefined ? {} : { 'x-audit-log-reason': encodeURIComponent(reason) },
    });

test('a change, its reason and who made it', async () => {
    await rename(owner, home, 'The Hall', 'a better name: Gästehaus');
    const page = await log(owner, home);
    const [entry] = page.audit_log_entries;
    assert.equal(entry.action_type, GUILD_UPDATE);
    assert.equal(entry.user_id, owner.id);
    assert.equal(entry.target_id, home.id);
    assert.equal(entry.reason, 'a better name: Gästehaus');
    assert.deepEqual(entry.changes, [{ key: 'name', old_value: 'The Guild', new_value: 'The Hall' }]);
    assert.deepEqual(page.users.map((u) => u.id), [owner.id].concat(page.users.slice(1).map((u) => u.id)));
    for (const list of ['integrations', 'webhooks', 'guild_scheduled_events', 'threads',
        'application_commands', 'auto_moderation_rules'])
        assert.ok(Array.isArray(page[list]), list);
});

test('a reason that is no text, or too long, refuses the request', async () => {
    for (const [reason, code] of [['%', 'STRING_TYPE_CONVERT'], ['%FF', 'STRING_TYPE_CONVERT'],
        ['%00', 'STRING_TYPE_CONVERT'], ['a%00b', 'STRING_TYPE_CONVERT'], ['a'.repeat(513), 'BASE_TYPE_BAD_LENGTH']]) {
        const answer = await api(server, 'PATCH', `/guilds/${home.id}`, {
            token: owner.token, body: { name: 'Unreasonable' }, headers: { 'x-audit-log-reason': reason },
        });
        assert.deepEqual(formCodes(answer, 'reason'), [code]);
    }
});

test('what changes nothing leaves no entry', async () => {
    const place = await guild(server, owner);
    await rename(owner, place, 'The Guild');
    assert.deepEqual((await log(owner, place)).audit_log_entries, []);
});

test('a bot that is added: 28 and 80, with its account and its integration', async () => {
    const place = await guild(server, owner);
    const robot = await bot(server, owner);
    await authorize(server, owner, robot, place);
    const page = await log(owner, place);
    assert.deepEqual(page.audit_log_entries.map((e) => e.action_type), [INTEGRATION_CREATE, BOT_ADD]);
    const [integration, added] = page.audit_log_entries;
    assert.equal(added.target_id, robot.id);
    assert.ok(page.users.some((u) => u.id === robot.id));
    assert.equal(page.integrations.length, 1);
    assert.equal(page.integrations[0].id, integration.target_id);
    assert.equal(page.integrations[0].application_id, robot.application);
    assert.equal(integration.options.integration_type, 'discord');
});

test('pages: newest first, before, after, limit', async () => {
    const place = await guild(server, owner);
    for (let i = 0; i < 7; i++)
        await rename(owner, place, `name ${i}`);
    const names = (page) => page.audit_log_entries.map((e) => e.changes[0].new_value);
    const all = await log(owner, place);
    assert.deepEqual(names(all), [6, 5, 4, 3, 2, 1, 0].map((i) => `name ${i}`));
    const ids = all.audit_log_entries.map((e) => e.id);
    assert.deepEqual(names(await log(owner, place, '?limit=2')), ['name 6', 'name 5']);
    assert.deepEqual(names(await log(owner, place, `?limit=2&before=${ids[1]}`)), ['name 4', 'name 3']);
    assert.deepEqual(names(await log(owner, place, `?limit=2&after=${ids[6]}`)), ['name 1', 'name 2'],
        'after: ascending');
    assert.deepEqual(names(await log(owner, place, '?limit=3&after=0')), ['name 0', 'name 1', 'name 2']);
    assert.deepEqual(names(await log(owner, place, `?after=${ids[4]}&before=${ids[2]}`)), ['name 3']);
});

test('filters: by user, by target, by action, and together', async () => {
    const place = await guild(server, owner);
    const robot = await bot(server, owner);
    await authorize(server, owner, robot, place, String(PERMISSIONS.MANAGE_GUILD));
    await rename(owner, place, 'by the owner');
    await rename(robot, place, 'by the bot');
    const ids = async (query) => (await log(owner, place, query)).audit_log_entries.map((e) => e.action_type);
    assert.deepEqual(await ids(`?user_id=${robot.id}`), [1]);
    assert.deepEqual(await ids(`?user_id=${owner.id}`), [1, 80, 28]);
    assert.deepEqual(await ids(`?target_id=${robot.id}`), [28]);
    assert.deepEqual(await ids('?action_type=1'), [1, 1]);
    assert.deepEqual(await ids(`?action_type=1&user_id=${robot.id}`), [1]);
    assert.deepEqual(await ids(`?target_id=${place.id}&user_id=${owner.id}`), [1]);
    assert.deepEqual(await ids(`?target_id=${place.id}&action_type=28`), []);
    assert.deepEqual(await ids(`?user_id=${owner.id}&after=0&limit=2`), [28, 80]);
});

for (const [query, path] of [
    ['?limit=0', 'limit'], ['?limit=101', 'limit'], ['?user_id=x', 'user_id'], ['?before=x', 'before'],
    ['?action_type=x', 'action_type'], ['?target_id=-1', 'target_id'],
]) {
    test(`${query}: 50035`, async () => {
        const answer = await api(server, 'GET', `/guilds/${home.id}/audit-logs${query}`, { token: owner.token });
        assert.equal(formCodes(answer, path).length, 1);
    });
}

test('nobody without VIEW_AUDIT_LOG reads it, nobody from outside', async () => {
    const stranger = await person(server);
    const path = `/guilds/${home.id}/audit-logs`;
    assertError(await api(server, 'GET', path, { token: member.token }), 403, 50013);
    assertError(await api(server, 'GET', path, { token: stranger.token }), 403, 50001);
});

test('entries are told to those who may read them, as they come', async () => {
    const place = await guild(server, owner);
    const other = await person(server);
    await join(server, other, (await invite(server, owner, place.channel)).code);
    const options = { identify: { intents: 1 | GUILD_MODERATION } };
    const watching = await Gateway.session(server, owner, options);
    const excluded = await Gateway.session(server, other, options);
    await rename(owner, place, 'Told', 'why not');
    const told = (await watching.event('GUILD_AUDIT_LOG_ENTRY_CREATE')).d;
    assert.equal(told.guild_id, place.id);
    assert.equal(told.action_type, GUILD_UPDATE);
    assert.equal(told.reason, 'why not');
    const { d: update } = await excluded.event('GUILD_UPDATE', (d) => d.name === 'Told');
    assert.equal(update.id, place.id);
    await rename(owner, place, 'Told again');
    await excluded.event('GUILD_UPDATE', (d) => d.name === 'Told again');
    assert.equal(excluded.events('GUILD_AUDIT_LOG_ENTRY_CREATE').length, 0);
});
