// What somebody has read: marks, unread mentions, several devices, and all of it after a restart.

import assert from 'node:assert/strict';
import test from 'node:test';

import { api, formCodes, ok } from '../lib/api.mjs';
import { befriend, fails, makeGroup, openDm, sessionOf } from '../lib/people.mjs';
import { atEnd, Server, temporaryFolder, UNLIMITED, useServer } from '../lib/server.mjs';
import { channel, guild, invite, join, person, post } from '../lib/world.mjs';

const server = await useServer({ flags: [...UNLIMITED] });

async function stage(on = server) {
    const [owner, guest] = [await person(on), await person(on)];
    const home = await guild(on, owner);
    const general = { id: home.channel };
    await join(on, guest, (await invite(on, owner, general.id)).code);
    return { on, owner, guest, home, general };
}

const ack = (s, who, message, body = {}) => ok(s.on, 'POST', `/channels/${message.channel_id}/messages/${message.id}/ack`, { token: who.token, body });
const mention = (s, by, whom, where = s.general.id) => post(s.on, by, where, `hello <@${whom.id}>`);

async function stateOf(s, who, id) {
    const session = await sessionOf(s.on, who);
    const { read_state: states } = session.ready;
    await session.end();
    assert.equal(states.partial, false);
    return states.entries.find((one) => one.id === id);
}

test('a mark moves on, is told to the other device, and does not go back', async () => {
    const s = await stage();
    const [one, two] = [await mention(s, s.owner, s.guest), await mention(s, s.owner, s.guest)];
    assert.equal((await stateOf(s, s.guest, s.general.id)).mention_count, 2);
    const [phone, desk] = [await sessionOf(server, s.guest), await sessionOf(server, s.guest)];
    assert.deepEqual(await ack(s, s.guest, one, { token: null }), { token: null });
    const told = (await phone.event('MESSAGE_ACK')).d;
    assert.deepEqual((await desk.event('MESSAGE_ACK')).d, told);
    assert.equal(told.channel_id, s.general.id);
    assert.equal(told.message_id, one.id);
    assert.equal(told.mention_count, 1);
    await ack(s, s.guest, two, { last_viewed: 3000 });
    const next = (await phone.event('MESSAGE_ACK', (d) => d.message_id === two.id)).d;
    assert.ok(next.version > told.version);
    assert.equal(next.last_viewed, 3000);
    await ack(s, s.guest, one);
    assert.equal((await stateOf(s, s.guest, s.general.id)).last_message_id, two.id);
    await ack(s, s.guest, one, { manual: true, mention_count: 7 });
    const back = (await phone.event('MESSAGE_ACK', (d) => d.manual === true)).d;
    assert.equal(back.mention_count, 1, 'the server counts');
    const state = await stateOf(s, s.guest, s.general.id);
    assert.deepEqual({ ...state, last_message_id: undefined }, {
        id: s.general.id, read_state_type: 0, last_message_id: undefined, last_pin_timestamp: null, mention_count: 1, flags: 1, last_viewed: 3000,
    });
    assert.equal(state.last_message_id, one.id);
    await phone.end();
    await desk.end();
});

test('marks, counts and settings are right after a restart, and after a kill', async () => {
    const data = temporaryFolder();
    let on = await Server.start({ flags: [...UNLIMITED], data });
    atEnd(() => on.stop());
    const s = await stage(on);
    const read = await mention(s, s.owner, s.guest);
    await ack(s, s.guest, read);
    await mention(s, s.owner, s.guest);
    await ok(on, 'PATCH', `/users/@me/guilds/${s.home.id}/settings`, { token: s.guest.token, body: { suppress_everyone: true } });
    await post(on, s.owner, s.general.id, '@everyone');
    for (const end of ['stop', 'kill']) {
        await on[end]();
        on = await Server.start({ flags: [...UNLIMITED], data });
        s.on = on;
        const session = await sessionOf(on, s.guest);
        const state = session.ready.read_state.entries.find((one) => one.id === s.general.id);
        assert.equal(state.last_message_id, read.id);
        assert.equal(state.mention_count, 1);
        const [settings] = session.ready.user_guild_settings.entries;
        assert.equal(settings.guild_id, s.home.id);
        assert.equal(settings.suppress_everyone, true);
        assert.equal(settings.mobile_push, true);
        await session.end();
    }
});

test('direct messages: all that others write counts', async () => {
    const [ada, bob] = [await person(server), await person(server)];
    await befriend(server, ada, bob);
    const dm = await openDm(server, ada, bob);
    const s = { on: server };
    await post(server, ada, dm.id, 'one');
    const two = await post(server, ada, dm.id, 'two');
    assert.equal((await stateOf(s, bob, dm.id)).mention_count, 2);
    assert.equal(await stateOf(s, ada, dm.id), undefined);
    await ack(s, bob, two);
    const state = await stateOf(s, bob, dm.id);
    assert.equal(state.mention_count, 0);
    assert.equal(state.flags, 0);
    await fails(server, 'POST', `/channels/${dm.id}/messages/${two.id}/ack`, [403, 50001], { token: (await person(server)).token, body: {} });
});

test('several at once; what the caller does not see is left out', async () => {
    const s = await stage();
    const hidden = await channel(server, s.owner, s.home, {
        name: 'hidden', permission_overwrites: [{ id: s.home.id, type: 0, deny: String(1 << 10) }],
    });
    const secret = await mention(s, s.owner, s.guest, hidden.id);
    const seen = await mention(s, s.owner, s.guest);
    assert.equal(await stateOf(s, s.guest, hidden.id), undefined, 'nothing is told of it');
    await fails(server, 'POST', `/channels/${hidden.id}/messages/${secret.id}/ack`, [403, 50001], { token: s.guest.token, body: {} });
    const bulk = (list) => api(server, 'POST', '/read-states/ack-bulk', { token: s.guest.token, body: { read_states: list } });
    const item = (message) => ({ channel_id: message.channel_id, message_id: message.id, read_state_type: 0 });
    assert.equal((await bulk([item(secret), item(seen), { channel_id: '5', message_id: '6' }])).status, 204);
    assert.equal((await stateOf(s, s.guest, s.general.id)).last_message_id, seen.id);
    assert.equal(await stateOf(s, s.guest, hidden.id), undefined);
    assert.deepEqual(formCodes(await bulk(Array.from({ length: 101 }, () => item(seen))), 'read_states'), ['BASE_TYPE_MAX_LENGTH']);
    assert.deepEqual(formCodes(await bulk([{ channel_id: 'x', message_id: '1' }]), 'read_states.0.channel_id'), ['NUMBER_TYPE_COERCE']);
    // A whole guild.
    const late = await mention(s, s.owner, s.guest);
    await ok(server, 'POST', `/guilds/${s.home.id}/ack`, { token: s.guest.token, body: {} });
    assert.equal((await stateOf(s, s.guest, s.general.id)).last_message_id, late.id);
    await ok(server, 'DELETE', `/channels/${s.general.id}/messages/ack`, { token: s.guest.token });
    assert.equal((await stateOf(s, s.guest, s.general.id)).mention_count, 2, 'as if it had never been read');
});

test('pins, and what is of no channel', async () => {
    const s = await stage();
    const session = await sessionOf(server, s.guest);
    await ok(server, 'POST', `/channels/${s.general.id}/pins/ack`, { token: s.guest.token, body: {} });
    const pins = (await session.event('CHANNEL_PINS_ACK')).d;
    assert.equal(pins.channel_id, s.general.id);
    assert.equal((await stateOf(s, s.guest, s.general.id)).last_pin_timestamp, pins.timestamp);
    assert.deepEqual(await ok(server, 'POST', `/guilds/${s.home.id}/ack/1/500`, { token: s.guest.token, body: {} }), { token: null });
    const feature = (await session.event('GUILD_FEATURE_ACK')).d;
    assert.deepEqual([feature.ack_type, feature.resource_id, feature.entity_id], [1, s.home.id, '500']);
    await ok(server, 'POST', '/users/@me/2/500/ack', { token: s.guest.token, body: {} });
    const own = (await session.event('USER_NON_CHANNEL_ACK')).d;
    assert.deepEqual([own.ack_type, own.resource_id, own.entity_id], [2, s.guest.id, '500']);
    for (const path of [`/guilds/${s.home.id}/ack/0/5`, `/guilds/${s.home.id}/ack/9/5`, '/users/@me/1/5/ack'])
        assert.deepEqual(formCodes(await api(server, 'POST', path, { token: s.guest.token, body: {} }), 'read_state_type'), ['BASE_TYPE_CHOICES']);
    const { entries } = (await (async () => {
        const other = await sessionOf(server, s.guest);
        await other.end();
        return other.ready;
    })()).read_state;
    assert.equal(entries.find((one) => one.id === s.home.id && one.read_state_type === 1).last_acked_id, '500');
    assert.equal(entries.find((one) => one.id === s.guest.id && one.read_state_type === 2).last_acked_id, '500');
    await session.end();
});

test('recent mentions: only what one may read, and off the list one by one', async () => {
    const s = await stage();
    const one = await mention(s, s.owner, s.guest);
    const two = await post(server, s.owner, s.general.id, '@everyone');
    const list = async (query = '') => (await ok(server, 'GET', `/users/@me/mentions${query}`, { token: s.guest.token })).map((m) => m.id);
    assert.deepEqual(await list(), [two.id, one.id]);
    assert.deepEqual(await list('?everyone=false'), [one.id]);
    assert.deepEqual(await list(`?before=${two.id}&limit=1`), [one.id]);
    assert.deepEqual(await list('?guild_id=5'), []);
    assert.deepEqual(formCodes(await api(server, 'GET', '/users/@me/mentions?limit=101', { token: s.guest.token }), 'limit'), ['NUMBER_TYPE_MAX']);
    const session = await sessionOf(server, s.guest);
    await ok(server, 'DELETE', `/users/@me/mentions/${one.id}`, { token: s.guest.token });
    assert.equal((await session.event('RECENT_MENTION_DELETE')).d.message_id, one.id);
    assert.deepEqual(await list(), [two.id]);
    await fails(server, 'DELETE', `/users/@me/mentions/${one.id}`, [404, 10008], { token: s.guest.token });
    await ok(server, 'PUT', `/channels/${s.general.id}/permissions/${s.home.id}`, { token: s.owner.token, body: { type: 0, deny: String(1 << 10) } });
    assert.deepEqual(await list(), []);
    await session.end();
});

test('notification settings: a change changes what it names', async () => {
    const s = await stage();
    const path = `/users/@me/guilds/${s.home.id}/settings`;
    const session = await sessionOf(server, s.guest);
    const fresh = await ok(server, 'GET', path, { token: s.guest.token });
    assert.deepEqual([fresh.guild_id, fresh.version, fresh.message_notifications, fresh.channel_overrides], [s.home.id, 0, 3, []]);
    const muted = { muted: true, mute_config: { end_time: '2030-01-01T00:00:00+00:00', selected_time_window: 3600 } };
    const first = await ok(server, 'PATCH', path, { token: s.guest.token, body: { message_notifications: 1, channel_overrides: { [s.general.id]: muted } } });
    assert.equal(first.message_notifications, 1);
    assert.deepEqual(first.channel_overrides, [{
        channel_id: s.general.id, flags: 0, message_notifications: 3, collapsed: false, muted: true,
        mute_config: { end_time: '2030-01-01T00:00:00.000000+00:00', selected_time_window: 3600 },
    }]);
    assert.deepEqual((await session.event('USER_GUILD_SETTINGS_UPDATE')).d, first);
    const second = await ok(server, 'PATCH', path, { token: s.guest.token, body: { muted: true, channel_overrides: { [s.general.id]: { collapsed: true, mute_config: null } } } });
    assert.ok(second.version > first.version);
    assert.equal(second.message_notifications, 1);
    assert.deepEqual([second.channel_overrides[0].muted, second.channel_overrides[0].collapsed, second.channel_overrides[0].mute_config], [true, true, null]);
    const all = await ok(server, 'PATCH', '/users/@me/guilds/settings', {
        token: s.guest.token, body: { guilds: { '@me': { muted: true }, [s.home.id]: { channel_overrides: { [s.general.id]: null } } } },
    });
    assert.deepEqual(all.map((one) => one.guild_id).sort(), [null, s.home.id].sort());
    assert.deepEqual(all.find((one) => one.guild_id === s.home.id).channel_overrides, []);
    assert.equal((await ok(server, 'GET', '/users/@me/guilds/@me/settings', { token: s.guest.token })).muted, true);
    const bad = async (body, at) => formCodes(await api(server, 'PATCH', path, { token: s.guest.token, body }), at);
    assert.deepEqual(await bad({ message_notifications: 9 }, 'message_notifications'), ['BASE_TYPE_CHOICES']);
    assert.deepEqual(await bad({ channel_overrides: 5 }, 'channel_overrides'), ['DICT_TYPE_CONVERT']);
    assert.deepEqual(await bad({ channel_overrides: { 5: { muted: true } } }, 'channel_overrides.5'), ['UNKNOWN_CHANNEL']);
    assert.deepEqual(await bad({ channel_overrides: { [s.general.id]: { muted: 'x' } } }, `channel_overrides.${s.general.id}.muted`), ['BOOLEAN_TYPE_CONVERT']);
    assert.deepEqual(await bad({ channel_overrides: { 'a.b"': {} } }, 'channel_overrides.0'), ['NUMBER_TYPE_COERCE']);
    assert.deepEqual(await bad({ channel_overrides: [{ muted: true }] }, 'channel_overrides.0.channel_id'), ['BASE_TYPE_REQUIRED']);
    await session.end();
});

test('a READY larger than what a slow session may owe', async () => {
    const small = await useServer({ flags: [...UNLIMITED, '--gateway.session_bytes_max=65536'] });
    const s = await stage(small);
    const made = await Promise.all(Array.from({ length: 240 }, (_, i) =>
        channel(small, s.owner, s.home, { name: `channel-${i}`, type: 0, topic: 'x'.repeat(300) })));
    const session = await sessionOf(small, s.guest);
    assert.ok(session.ready.guilds[0].channels.length >= made.length);
    await mention(s, s.owner, s.guest);
    assert.ok((await session.event('MESSAGE_CREATE')).d);
    await session.end();
});

test('in a group, what somebody blocked writes does not count', async () => {
    const [ada, bob, cleo] = [await person(server), await person(server), await person(server)];
    for (const other of [bob, cleo])
        await befriend(server, ada, other);
    const group = await makeGroup(server, ada, [bob, cleo]);
    const s = { on: server };
    await post(server, bob, group.id, 'one');
    await post(server, cleo, group.id, 'two');
    assert.equal((await stateOf(s, ada, group.id)).mention_count, 2);
    await ok(server, 'PUT', `/users/@me/relationships/${cleo.id}`, { token: ada.token, body: { type: 2 } });
    assert.equal((await stateOf(s, ada, group.id)).mention_count, 1);
    const last = await post(server, cleo, group.id, 'three');
    const session = await sessionOf(server, ada);
    await ack(s, ada, { ...last, id: group.id }, { manual: true });
    assert.equal((await session.event('MESSAGE_ACK')).d.mention_count, 1);
    await session.end();
});
