// Scheduled events: made, changed, begun, ended; who sees them and who is interested.

import assert from 'node:assert/strict';
import test from 'node:test';

import { api, assertError, formCodes, ok } from '../lib/api.mjs';
import { Gateway } from '../lib/gateway.mjs';
import { dataUri, png, publicHash } from '../lib/media.mjs';
import { useServer } from '../lib/server.mjs';
import { audited, change, newcomer, role } from '../lib/structure.mjs';
import { ALL_INTENTS, VOICE, channel, world } from '../lib/world.mjs';

const SCHEDULED = 1 << 16, MODERATION = 1 << 2;
const STAGE = 13;
const [VIEW, CONNECT, MANAGE_EVENTS, CREATE_EVENTS] = [10n, 20n, 33n, 44n].map((bit) => 1n << bit);
const HOUR = 3600 * 1000;

const server = await useServer();
const { owner, guild: home, member } = await world(server);
await ok(server, 'PATCH', `/guilds/${home.id}/roles/${home.id}`, {
    token: owner.token, body: { permissions: String(VIEW | CONNECT) },
});
const watch = (who) => Gateway.session(server, who, { identify: { intents: ALL_INTENTS | SCHEDULED | MODERATION } });
const eyes = await watch(owner), guest = await watch(member);
const voice = await channel(server, owner, home, { name: 'Voice', type: VOICE });
const hidden = await channel(server, owner, home, {
    name: 'Hidden', type: VOICE, permission_overwrites: [{ id: home.id, type: 0, allow: '0', deny: String(VIEW) }],
});
const stage = await channel(server, owner, home, { name: 'Stage', type: STAGE });

const at = (id = '') => `/guilds/${home.id}/scheduled-events${id && `/${id}`}`;
const soon = (hours = 1) => new Date(Date.now() + hours * HOUR).toISOString();
const external = (more = {}) => ({
    name: 'Picnic', privacy_level: 2, scheduled_start_time: soon(1), scheduled_end_time: soon(2), entity_type: 3,
    entity_metadata: { location: 'the park' }, ...more,
});
const inVoice = (more = {}) => ({
    name: 'Talk', privacy_level: 2, scheduled_start_time: soon(1), entity_type: 2, channel_id: voice.id, ...more,
});
const make = (who, body, headers) => api(server, 'POST', at(), { token: who.token, body, headers });
const edit = (who, id, body) => api(server, 'PATCH', at(id), { token: who.token, body });
const drop = (who, id) => api(server, 'DELETE', at(id), { token: who.token });
const list = (who, query = '') => ok(server, 'GET', at() + query, { token: who.token });
async function made(who, body) {
    const answer = await make(who, body);
    assert.equal(answer.status, 200, answer.text);
    return answer.body;
}
async function holder(permissions) {
    const who = await newcomer(server, home);
    const made = await role(server, owner, home, { permissions: String(permissions) });
    await ok(server, 'PUT', `/guilds/${home.id}/members/${who.id}/roles/${made.id}`, { token: owner.token });
    return who;
}

test('an external event is made, shown and told', async () => {
    const from = eyes.mark(), guestFrom = guest.mark();
    const image = png({ seed: 77 });
    const body = external({ description: 'bring cake', image: dataUri(image) });
    const answer = await make(owner, body, { 'x-audit-log-reason': 'summer' });
    assert.equal(answer.status, 200, answer.text);
    const { creator, ...rest } = answer.body;
    assert.equal(creator.id, owner.id);
    assert.equal(Date.parse(rest.scheduled_start_time), Date.parse(body.scheduled_start_time));
    assert.equal(Date.parse(rest.scheduled_end_time), Date.parse(body.scheduled_end_time));
    assert.deepEqual(rest, {
        id: rest.id, guild_id: home.id, channel_id: null, creator_id: owner.id, name: 'Picnic', description: 'bring cake',
        image: publicHash(image), scheduled_start_time: rest.scheduled_start_time,
        scheduled_end_time: rest.scheduled_end_time, privacy_level: 2, status: 1, entity_type: 3, entity_id: null,
        entity_metadata: { location: 'the park' }, recurrence_rule: null, guild_scheduled_event_exceptions: [],
    });
    const told = await guest.event('GUILD_SCHEDULED_EVENT_CREATE', () => true, { from: guestFrom });
    assert.deepEqual(told.d, rest);
    const entry = await audited(eyes, from, 100, { target_id: rest.id, reason: 'summer' });
    assert.deepEqual(change(entry, 'name'), { key: 'name', new_value: 'Picnic' });
    assert.deepEqual(await list(member), [answer.body]);
    assert.deepEqual(await ok(server, 'GET', at(rest.id), { token: member.token }), answer.body);
});

test('in a voice channel, in a stage', async () => {
    const talk = await made(owner, inVoice());
    assert.deepEqual([talk.channel_id, talk.entity_metadata, talk.scheduled_end_time], [voice.id, null, null]);
    assert.equal((await made(owner, inVoice({ entity_type: 1, channel_id: stage.id }))).channel_id, stage.id);
});

test('what recurs is kept and shown whole', async () => {
    const rule = { start: soon(1), frequency: 2, interval: 2, by_weekday: [1, 1] };
    const event = await made(owner, external({ recurrence_rule: rule }));
    const shown = event.recurrence_rule;
    assert.equal(Date.parse(shown.start), Date.parse(rule.start));
    assert.deepEqual({ ...shown, start: 0 }, {
        start: 0, end: null, frequency: 2, interval: 2, by_weekday: [1], by_n_weekday: null, by_month: null,
        by_month_day: null, by_year_day: null, count: null,
    });
    assert.equal((await edit(owner, event.id, { recurrence_rule: null })).body.recurrence_rule, null);
});

test('changed, begun, ended; and then no more', async () => {
    const { id } = await made(owner, external());
    const from = eyes.mark(), guestFrom = guest.mark();
    const after = await edit(owner, id, { name: 'Feast', entity_metadata: { location: 'the hall' } });
    assert.deepEqual([after.body.name, after.body.entity_metadata], ['Feast', { location: 'the hall' }]);
    const entry = await audited(eyes, from, 101, { target_id: id });
    assert.deepEqual(change(entry, 'name'), { key: 'name', old_value: 'Picnic', new_value: 'Feast' });
    assert.deepEqual(change(entry, 'location'), { key: 'location', old_value: 'the park', new_value: 'the hall' });
    assert.ok(formCodes(await edit(owner, id, { status: 3 }), 'status').includes('BASE_TYPE_CHOICES'));
    assert.equal((await edit(owner, id, { status: 2 })).body.status, 2);
    assert.ok(formCodes(await edit(owner, id, { status: 4 }), 'status').length > 0);
    assert.equal((await edit(owner, id, { status: 3 })).body.status, 3);
    const told = await guest.event('GUILD_SCHEDULED_EVENT_UPDATE', (d) => d.id === id && d.status === 3, { from: guestFrom });
    assert.equal(told.d.name, 'Feast');
    assertError(await edit(owner, id, { name: 'again' }), 400, 180000);
    assert.ok(!(await list(owner)).some((e) => e.id === id));
    assert.equal((await ok(server, 'GET', at(id), { token: owner.token })).status, 3);
});

test('from one kind to another', async () => {
    const { id } = await made(owner, inVoice());
    assert.ok(formCodes(await edit(owner, id, { entity_type: 3 }), 'entity_metadata.location').length > 0);
    const outside = await edit(owner, id, {
        entity_type: 3, channel_id: null, entity_metadata: { location: 'outside' }, scheduled_end_time: soon(3),
    });
    assert.equal(outside.status, 200, outside.text);
    assert.equal(outside.body.channel_id, null);
    const inside = await edit(owner, id, { entity_type: 2, channel_id: voice.id, entity_metadata: null });
    assert.equal(inside.status, 200, inside.text);
    assert.deepEqual([inside.body.channel_id, inside.body.entity_metadata], [voice.id, null]);
});

test('deleted', async () => {
    const event = await made(owner, external({ name: 'Gone' }));
    const from = eyes.mark(), guestFrom = guest.mark();
    assert.equal((await drop(owner, event.id)).status, 204);
    const told = await guest.event('GUILD_SCHEDULED_EVENT_DELETE', () => true, { from: guestFrom });
    assert.deepEqual([told.d.id, told.d.name], [event.id, 'Gone']);
    await audited(eyes, from, 102, { target_id: event.id });
    assertError(await drop(owner, event.id), 404, 10070);
    assertError(await api(server, 'GET', at(event.id), { token: owner.token }), 404, 10070);
});

test('one\'s own with CREATE_EVENTS, others\' with MANAGE_EVENTS', async () => {
    const creator = await holder(CREATE_EVENTS), manager = await holder(MANAGE_EVENTS);
    assertError(await make(member, external()), 403, 50013);
    assertError(await make(manager, external()), 403, 50013);
    const own = await made(creator, external()), others = await made(owner, external());
    assert.equal((await edit(creator, own.id, { name: 'mine' })).status, 200);
    assertError(await edit(creator, others.id, { name: 'mine' }), 403, 50013);
    assertError(await drop(creator, others.id), 403, 50013);
    assert.equal((await edit(manager, own.id, { name: 'managed' })).status, 200);
    assert.equal((await drop(manager, others.id)).status, 204);
    assertError(await make(creator, inVoice({ entity_type: 1, channel_id: stage.id })), 403, 50013);
    assert.equal((await drop(creator, own.id)).status, 204);
});

test('an overwrite of the channel decides for events in it', async () => {
    const made = await channel(server, owner, home, {
        name: 'Open', type: VOICE,
        permission_overwrites: [{ id: member.id, type: 1, allow: String(CREATE_EVENTS), deny: '0' }],
    });
    assert.equal((await make(member, inVoice({ channel_id: made.id }))).status, 200);
    assertError(await make(member, inVoice()), 403, 50013);
});

test('seen by those who see its channel, and by nobody else', async () => {
    const before = await made(owner, external({ name: 'Before' }));
    await guest.event('GUILD_SCHEDULED_EVENT_CREATE', (d) => d.id === before.id); // and all of the tests above
    const guestFrom = guest.mark();
    const secret = await made(owner, inVoice({ name: 'Secret', channel_id: hidden.id }));
    await edit(owner, secret.id, { description: 'psst' });
    await drop(owner, (await made(owner, inVoice({ channel_id: hidden.id }))).id);
    const fence = await made(owner, external({ name: 'Fence' }));
    await guest.event('GUILD_SCHEDULED_EVENT_CREATE', (d) => d.id === fence.id, { from: guestFrom });
    const told = guest.received.slice(guestFrom).filter((e) => e.t?.startsWith('GUILD_SCHEDULED_EVENT'));
    assert.deepEqual(told.map((e) => e.d.name), ['Fence']);
    assert.ok(!(await list(member)).some((e) => e.id === secret.id));
    assert.ok((await list(owner)).some((e) => e.id === secret.id));
    assertError(await api(server, 'GET', at(secret.id), { token: member.token }), 404, 10070);
    assertError(await api(server, 'GET', `${at(secret.id)}/users`, { token: member.token }), 404, 10070);
    assertError(await api(server, 'PUT', `${at(secret.id)}/users/@me`, { token: member.token }), 404, 10070);
});

test('who is interested', async () => {
    const { id } = await made(owner, external());
    const from = guest.mark();
    const follow = (who) => api(server, 'PUT', `${at(id)}/users/@me`, { token: who.token });
    const first = await follow(member);
    assert.equal(first.status, 200, first.text);
    assert.equal(first.body.user.id, member.id);
    assert.equal((await follow(member)).status, 200);
    assert.equal((await follow(owner)).status, 200);
    const told = await guest.event('GUILD_SCHEDULED_EVENT_USER_ADD', () => true, { from });
    assert.deepEqual(told.d, { guild_scheduled_event_id: id, user_id: member.id, guild_id: home.id });
    const users = (query) => ok(server, 'GET', `${at(id)}/users${query}`, { token: owner.token });
    const ids = [owner.id, member.id].toSorted((a, b) => (BigInt(a) < BigInt(b) ? -1 : 1));
    assert.deepEqual((await users('')).map((u) => u.user.id), ids);
    assert.deepEqual((await users('?limit=1')).map((u) => u.user.id), ids.slice(0, 1));
    assert.deepEqual((await users(`?after=${ids[0]}`)).map((u) => u.user.id), ids.slice(1));
    assert.deepEqual((await users(`?before=${ids[1]}`)).map((u) => u.user.id), ids.slice(0, 1));
    assert.equal((await users(''))[0].member, undefined);
    assert.equal((await users('?with_member=true'))[0].member.user.id, ids[0]);
    assert.equal((await list(owner, '?with_user_count=true')).find((e) => e.id === id).user_count, 2);
    assert.equal((await ok(server, 'GET', `${at(id)}?with_user_count=true`, { token: owner.token })).user_count, 2);
    assert.deepEqual(await ok(server, 'GET', `${at(id)}/users/counts`, { token: owner.token }),
        { guild_scheduled_event_count: 2, guild_scheduled_event_exception_counts: {} });
    const next = guest.mark();
    assert.equal((await api(server, 'DELETE', `${at(id)}/users/@me`, { token: member.token })).status, 204);
    assert.equal((await api(server, 'DELETE', `${at(id)}/users/@me`, { token: member.token })).status, 204);
    const gone = await guest.event('GUILD_SCHEDULED_EVENT_USER_REMOVE', () => true, { from: next });
    assert.equal(gone.d.user_id, member.id);
    assert.equal((await list(owner, '?with_user_count=true')).find((e) => e.id === id).user_count, 1);
    await edit(owner, id, { status: 4 });
    assertError(await follow(member), 400, 180000);
});

for (const [what, body, path] of [
    ['no name', external({ name: undefined }), 'name'],
    ['the past', external({ scheduled_start_time: '2020-01-01T00:00:00Z' }), 'scheduled_start_time'],
    ['an end before the start', external({ scheduled_end_time: soon(0.5) }), 'scheduled_end_time'],
    ['no end of an external event', external({ scheduled_end_time: undefined }), 'scheduled_end_time'],
    ['no place', external({ entity_metadata: undefined }), 'entity_metadata.location'],
    ['a channel of an external event', external({ channel_id: voice.id }), 'channel_id'],
    ['no channel', inVoice({ channel_id: undefined }), 'channel_id'],
    ['a text channel', inVoice({ channel_id: home.channel }), 'channel_id'],
    ['a stage for a voice event', inVoice({ channel_id: stage.id }), 'channel_id'],
    ['a place in a channel', inVoice({ entity_metadata: { location: 'here' } }), 'entity_metadata.location'],
    ['a time that is none', external({ scheduled_start_time: 'tomorrow' }), 'scheduled_start_time'],
    ['public', external({ privacy_level: 1 }), 'privacy_level'],
    ['a rule without a start', external({ recurrence_rule: { frequency: 1 } }), 'recurrence_rule.start'],
    ['an image that is none', external({ image: 'data:image/png;base64,AAAA' }), 'image'],
]) {
    test(`refused: ${what}`, async () => {
        assert.ok(formCodes(await make(owner, body), path).length > 0);
    });
}

test('100 that have not ended, and not one more', async () => {
    const { guild: other, owner: boss } = await world(server);
    const path = `/guilds/${other.id}/scheduled-events`;
    let last;
    for (let i = 0; i < 100; i += 1)
        last = await ok(server, 'POST', path, { token: boss.token, body: external() });
    assertError(await api(server, 'POST', path, { token: boss.token, body: external() }), 400, 30038);
    await ok(server, 'PATCH', `${path}/${last.id}`, { token: boss.token, body: { status: 4 } });
    assert.equal((await api(server, 'POST', path, { token: boss.token, body: external() })).status, 200);
});
