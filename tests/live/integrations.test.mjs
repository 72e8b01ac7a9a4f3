// Applications in a guild: listed, told of, and taken out together with their bot and its role.

import assert from 'node:assert/strict';
import test from 'node:test';

import { api, assertError, ok } from '../lib/api.mjs';
import { ALL_INTENTS } from '../lib/world.mjs';
import { Gateway } from '../lib/gateway.mjs';
import { UNLIMITED, useServer } from '../lib/server.mjs';
import { PERMISSIONS, authorize, bot, guild, invite, join, person } from '../lib/world.mjs';

const server = await useServer({ flags: UNLIMITED });
const GUILD_INTEGRATIONS = 1 << 4;
const owner = await person(server);
const intents = { identify: { intents: ALL_INTENTS | GUILD_INTEGRATIONS } };

const list = async (place) => ok(server, 'GET', `/guilds/${place.id}/integrations`, { token: owner.token });
const remove = (who, place, id) => api(server, 'DELETE', `/guilds/${place.id}/integrations/${id}`, {
    token: who.token, headers: { 'x-audit-log-reason': 'enough' },
});
const roles = async (place) => (await ok(server, 'GET', `/guilds/${place.id}`, { token: owner.token })).roles;

test('a bot that is added is an integration, and its role says so', async () => {
    const place = await guild(server, owner);
    const robot = await bot(server, owner);
    assert.deepEqual(await list(place), []);
    const watching = await Gateway.session(server, owner, intents);
    await authorize(server, owner, robot, place);
    const [one] = await list(place);
    assert.equal(one.type, 'discord');
    assert.equal(one.enabled, true);
    assert.equal(one.application.id, robot.application);
    assert.equal(one.application.bot.id, robot.id);
    assert.equal(one.user.id, owner.id);
    assert.deepEqual(one.scopes, ['bot']);
    const role = (await roles(place)).find((r) => r.managed);
    assert.deepEqual(role.tags, { bot_id: robot.id, integration_id: one.id });
    const { d: told } = await watching.event('INTEGRATION_CREATE');
    assert.equal(told.id, one.id);
    assert.equal(told.guild_id, place.id);
    await watching.event('GUILD_INTEGRATIONS_UPDATE', (d) => d.guild_id === place.id);
});

test('taken out: the bot, its role and the overwrites for it are gone', async () => {
    const place = await guild(server, owner);
    const robot = await bot(server, owner);
    await authorize(server, owner, robot, place, String(PERMISSIONS.MANAGE_MESSAGES));
    const [one] = await list(place);
    const watching = await Gateway.session(server, owner, intents);
    const leaving = await Gateway.session(server, robot);
    assert.equal((await remove(owner, place, one.id)).status, 204);
    assert.deepEqual(await list(place), []);
    assert.equal((await roles(place)).some((r) => r.managed), false);
    await watching.event('GUILD_ROLE_DELETE', (d) => d.role_id === one.id);
    const { d: gone } = await watching.event('INTEGRATION_DELETE');
    assert.deepEqual(gone, { id: one.id, guild_id: place.id, application_id: robot.application });
    await watching.event('GUILD_MEMBER_REMOVE', (d) => d.user.id === robot.id);
    await leaving.event('GUILD_DELETE', (d) => d.id === place.id);
    assertError(await api(server, 'GET', `/guilds/${place.id}`, { token: robot.token }), 403, 50001);
    const { audit_log_entries: [entry] } = await ok(server, 'GET', `/guilds/${place.id}/audit-logs?action_type=82`, {
        token: owner.token,
    });
    assert.equal(entry.target_id, one.id);
    assert.equal(entry.reason, 'enough');
    assertError(await remove(owner, place, one.id), 404, 10005);
});

test('a bot that leaves by itself takes all of it along, and may come back', async () => {
    const place = await guild(server, owner);
    const robot = await bot(server, owner);
    await authorize(server, owner, robot, place);
    await ok(server, 'DELETE', `/users/@me/guilds/${place.id}`, { token: robot.token });
    assert.deepEqual(await list(place), []);
    assert.equal((await roles(place)).length, 1);
    await authorize(server, owner, robot, place);
    assert.equal((await list(place)).length, 1);
});

test('another guild\'s, a stranger, a member', async () => {
    const place = await guild(server, owner);
    const beside = await guild(server, owner);
    const robot = await bot(server, owner);
    await authorize(server, owner, robot, place);
    const [one] = await list(place);
    assertError(await remove(owner, beside, one.id), 404, 10005);
    const member = await person(server);
    assertError(await remove(member, place, one.id), 403, 50001);
    await join(server, member, (await invite(server, owner, place.channel)).code);
    assertError(await remove(member, place, one.id), 403, 50013);
    assertError(await api(server, 'GET', `/guilds/${place.id}/integrations`, { token: member.token }), 403, 50013);
});

test('who does not outrank the bot keeps it', async () => {
    const place = await guild(server, owner);
    const [older, younger] = [await bot(server, owner), await bot(server, owner)];
    const manager = String(PERMISSIONS.MANAGE_GUILD);
    await authorize(server, owner, older, place, manager);
    await authorize(server, owner, younger, place, manager);
    const of = async (robot) => (await list(place)).find((i) => i.application.id === robot.application);
    // Both have position 1; the older role ranks above the younger one.
    assertError(await remove(younger, place, (await of(older)).id), 403, 50013);
    assertError(await remove(younger, place, (await of(younger)).id), 403, 50013);
    assert.equal((await remove(older, place, (await of(younger)).id)).status, 204);
    assert.equal(await of(younger), undefined);
});
