// The raid brake: invites and direct messages paused for up to a day.

import assert from 'node:assert/strict';
import test from 'node:test';

import { api, assertError, formCodes, ok } from '../lib/api.mjs';
import { inMs, moderator } from '../lib/moderation.mjs';
import { useServer } from '../lib/server.mjs';
import { audited, change, watch } from '../lib/structure.mjs';
import { until } from '../lib/wait.mjs';
import { invite, person, world } from '../lib/world.mjs';

const server = await useServer();
const { owner, guild: home, member } = await world(server);
const eyes = await watch(server, owner);
const mod = await moderator(server, home, 'MANAGE_GUILD');
const { code } = await invite(server, owner, home.channel);

const put = (body, by = mod, headers) =>
    api(server, 'PUT', `/guilds/${home.id}/incident-actions`, { token: by.token, body, headers });
const enter = (who) => api(server, 'POST', `/invites/${code}`, { token: who.token, body: {} });
const data = async () => (await ok(server, 'GET', `/guilds/${home.id}`, { token: owner.token })).incidents_data;

test('invites are paused, and open again', async () => {
    assert.equal(await data(), null);
    const guest = await person(server);
    const from = eyes.mark();
    const moment = inMs(3600000);
    const answer = await put({ invites_disabled_until: moment }, mod, { 'x-audit-log-reason': 'raid' });
    assert.equal(answer.status, 200, answer.text);
    assert.equal(new Date(answer.body.invites_disabled_until).getTime(), new Date(moment).getTime());
    assert.equal(answer.body.dms_disabled_until, null);
    assert.deepEqual(await data(), answer.body);
    const told = await eyes.event('GUILD_UPDATE', undefined, { from });
    assert.deepEqual(told.d.incidents_data, answer.body);
    const entry = await audited(eyes, from, 1, { target_id: home.id, user_id: mod.id, reason: 'raid' });
    assert.equal(change(entry, 'invites_disabled_until').new_value, answer.body.invites_disabled_until);
    assertError(await enter(guest), 403, 340015);
    // What is not sent stays; null ends it.
    const dms = (await put({ dms_disabled_until: moment })).body;
    assert.equal(dms.invites_disabled_until, answer.body.invites_disabled_until);
    assert.notEqual(dms.dms_disabled_until, null);
    assert.equal((await put({ invites_disabled_until: null })).body.invites_disabled_until, null);
    assert.equal((await enter(guest)).status, 200);
    await put({ dms_disabled_until: null });
    assert.equal(await data(), null);
});

test('it ends by itself', async () => {
    const guest = await person(server);
    await put({ invites_disabled_until: inMs(700) });
    assertError(await enter(guest), 403, 340015);
    await until(async () => (await enter(guest)).status === 200, 'the pause to end');
});

test('what is refused', async () => {
    assert.deepEqual(formCodes(await put({ invites_disabled_until: inMs(25 * 3600000) }), 'invites_disabled_until'),
        ['DATE_TIME_TYPE_MAX']);
    assert.deepEqual(formCodes(await put({ dms_disabled_until: 'later' }), 'dms_disabled_until'), ['DATE_TIME_TYPE_PARSE']);
    assertError(await put({ invites_disabled_until: inMs(1000) }, member), 403, 50013);
});
