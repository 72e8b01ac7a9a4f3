// Voice states as data: op 4, who is told what, and what ends them.

import assert from 'node:assert/strict';
import test from 'node:test';

import { api, assertError, ok } from '../lib/api.mjs';
import { Gateway } from '../lib/gateway.mjs';
import { moderator } from '../lib/moderation.mjs';
import { UNLIMITED, useServer } from '../lib/server.mjs';
import { MISSING, MUST, Spec, assertValid } from '../lib/spec.mjs';
import { until } from '../lib/wait.mjs';
import { ALL_INTENTS, PERMISSIONS, VOICE, authorize, bot, channel, guild, invite, join, person } from '../lib/world.mjs';

const STAGE = 13;
const CONNECT = 1n << 20n;
const SPEAK = 1n << 21n;
const VIEW = BigInt(PERMISSIONS.VIEW_CHANNEL);

// One loop, so that what one session has received, the others have been given too.
const server = await useServer({ flags: [...UNLIMITED, '--server.loops=1'] });

const deny = (id, bits, type = 0) => ({ id, type, allow: '0', deny: String(bits) });

async function scene({ extra = 0 } = {}) {
    const s = { owner: await person(server) };
    s.home = await guild(server, s.owner);
    s.code = (await invite(server, s.owner, s.home.channel)).code;
    s.guests = [];
    for (let i = 0; i < 2 + extra; i += 1) {
        const guest = await person(server);
        await join(server, guest, s.code);
        s.guests.push(guest);
    }
    [s.guest, s.other] = s.guests;
    s.lounge = (await channel(server, s.owner, s.home, { name: 'lounge', type: VOICE })).id;
    s.den = (await channel(server, s.owner, s.home, { name: 'den', type: VOICE })).id;
    return s;
}

const VOICE_STATES = 1 << 7;
const watch = (who, intents = ALL_INTENTS | VOICE_STATES) => Gateway.session(server, who, { identify: { intents } });
const say = (gateway, d) => gateway.send({ op: 4, d });
const enter = (gateway, s, id, more = {}) => say(gateway, {
    guild_id: s.home.id, channel_id: id, self_mute: false, self_deaf: false, ...more,
});
// The d of the next VOICE_STATE_UPDATE from the mark on.
const told = async (gateway, from, matches = () => true) => (await gateway.event('VOICE_STATE_UPDATE', matches, { from })).d;
const at = (s, who) => `/guilds/${s.home.id}/voice-states/${who?.id ?? '@me'}`;

test('into a channel, another state there, and out of it', async () => {
    const s = await scene();
    const [eyes, own] = [await watch(s.owner), await watch(s.guest)];
    enter(own, s, s.lounge, { self_mute: true });
    const first = await told(eyes, 0);
    assert.deepEqual({ ...first, member: undefined }, {
        guild_id: s.home.id, channel_id: s.lounge, user_id: s.guest.id, member: undefined,
        session_id: own.session, deaf: false, mute: false, self_deaf: false, self_mute: true,
        self_stream: false, self_video: false, suppress: false, request_to_speak_timestamp: null,
    });
    assert.equal(first.member.user.id, s.guest.id);
    assert.deepEqual(await told(own, 0), first);
    assert.deepEqual(await ok(server, 'GET', at(s), { token: s.guest.token }), first);
    assert.deepEqual(await ok(server, 'GET', at(s, s.guest), { token: s.other.token }), first);
    assertError(await api(server, 'GET', at(s), { token: s.other.token }), 404, 10065);
    assertError(await api(server, 'GET', at(s, s.owner), { token: s.other.token }), 404, 10065);
    let from = eyes.mark();
    enter(own, s, s.lounge, { self_deaf: true, self_video: true });
    const second = await told(eyes, from);
    assert.equal(second.self_deaf && second.self_video && !second.self_mute, true);
    from = eyes.mark();
    enter(own, s, s.den);
    assert.equal((await told(eyes, from)).channel_id, s.den);
    from = eyes.mark();
    enter(own, s, null);
    const last = await told(eyes, from);
    assert.equal(last.channel_id, null);
    assert.equal(last.session_id, own.session);
    assertError(await api(server, 'GET', at(s), { token: s.guest.token }), 404, 10065);
    await Promise.all([eyes.end(), own.end()]);
});

test('replies and events keep to the official schema', { skip: MUST ? false : MISSING ?? false }, async () => {
    const s = await scene();
    const own = await watch(s.guest);
    enter(own, s, s.lounge);
    const d = await told(own, 0);
    assertValid(new Spec().component('VoiceStateResponse'), d, 'VOICE_STATE_UPDATE');
    await own.end();
});

test('in the order in which they were asked for, of many at once', async () => {
    const s = await scene();
    const own = await watch(s.guest);
    for (let i = 0; i < 20; i += 1)
        enter(own, s, i % 2 === 0 ? s.lounge : s.den, { self_mute: i % 3 === 0 });
    enter(own, s, s.den, { self_deaf: true });
    await told(own, 0, (d) => d.channel_id === s.den && d.self_deaf);
    await own.flush();
    const now = await ok(server, 'GET', at(s), { token: s.guest.token });
    assert.equal(now.channel_id, s.den);
    assert.equal(now.self_deaf, true);
    assert.deepEqual(own.events('VOICE_STATE_UPDATE').at(-1), now);
    await own.end();
});

for (const [what, make] of [
    ['no object', () => 7],
    ['a guild that is no id', (s) => ({ guild_id: 'here', channel_id: s.lounge })],
    ['a channel that is a list', (s) => ({ guild_id: s.home.id, channel_id: [s.lounge] })],
    ['a mute that is a number', (s) => ({ guild_id: s.home.id, channel_id: s.lounge, self_mute: 1 })],
]) {
    test(`op 4 with ${what}: closed by 4002`, async () => {
        const s = await scene();
        const own = await watch(s.guest);
        say(own, make(s));
        await own.expectClose(4002);
    });
}

test('where nobody may be, nobody is; nothing of that is told', async () => {
    const s = await scene();
    const elsewhere = await guild(server, s.owner, 'Elsewhere');
    const far = (await channel(server, s.owner, elsewhere, { name: 'far', type: VOICE })).id;
    const shut = (await channel(server, s.owner, s.home, {
        name: 'shut', type: VOICE, permission_overwrites: [deny(s.home.id, CONNECT)],
    })).id;
    const small = (await channel(server, s.owner, s.home, { name: 'small', type: VOICE, user_limit: 1 })).id;
    const [eyes, own, other] = [await watch(s.owner), await watch(s.guest), await watch(s.other)];
    enter(other, s, small);
    await told(eyes, 0, (d) => d.user_id === s.other.id);
    for (const d of [
        { guild_id: s.home.id, channel_id: s.home.channel },
        { guild_id: s.home.id, channel_id: far },
        { guild_id: elsewhere.id, channel_id: far },
        { guild_id: null, channel_id: s.lounge },
        { guild_id: s.home.id, channel_id: shut },
        { guild_id: s.home.id, channel_id: small },
        { guild_id: s.home.id, channel_id: '77' },
    ])
        say(own, d);
    enter(own, s, s.lounge); // after all of these
    await told(eyes, 0, (d) => d.user_id === s.guest.id && d.channel_id === s.lounge);
    assert.equal(eyes.events('VOICE_STATE_UPDATE').length, 2);
    await Promise.all([eyes.end(), own.end(), other.end()]);
});

test('nobody learns of a channel that they do not see', async () => {
    const s = await scene({ extra: 1 });
    const blind = s.guests[2];
    const hidden = (await channel(server, s.owner, s.home, {
        name: 'hidden', type: VOICE, permission_overwrites: [deny(blind.id, VIEW, 1)],
    })).id;
    const [own, eyes, dark] = [await watch(s.guest), await watch(s.owner), await watch(blind)];
    enter(own, s, hidden);
    await told(eyes, 0, (d) => d.channel_id === hidden);
    await dark.flush();
    assert.deepEqual(dark.events('VOICE_STATE_UPDATE'), []);
    assertError(await api(server, 'GET', at(s, s.guest), { token: blind.token }), 404, 10065);
    enter(own, s, s.lounge);
    assert.equal((await told(dark, 0)).channel_id, s.lounge);
    const from = dark.mark();
    enter(own, s, hidden);
    const gone = await told(dark, from);
    assert.equal(gone.channel_id, null, 'the channel that they saw was left');
    assert.equal(JSON.stringify(dark.received).includes(hidden), false);
    enter(own, s, null);
    await told(eyes, 0, (d) => d.channel_id === null);
    await dark.flush();
    assert.equal(dark.events('VOICE_STATE_UPDATE').length, 2);
    await Promise.all([own.end(), eyes.end(), dark.end()]);
});

test('who comes later reads it: GUILD_CREATE, READY, READY_SUPPLEMENTAL', async () => {
    const s = await scene({ extra: 1 });
    const blind = s.guests[2];
    await ok(server, 'PUT', `/channels/${s.den}/permissions/${blind.id}`, {
        token: s.owner.token, body: { type: 1, deny: String(VIEW), allow: '0' },
    });
    const robot = await bot(server, s.owner);
    await authorize(server, s.owner, robot, s.home);
    const [one, two] = [await watch(s.guest), await watch(s.other)];
    enter(one, s, s.lounge);
    enter(two, s, s.den);
    await told(one, 0, (d) => d.user_id === s.other.id);
    await told(one, 0, (d) => d.user_id === s.guest.id);
    const states = (list) => Object.fromEntries(list.map((v) => [v.user_id, v.channel_id]));
    const both = { [s.guest.id]: s.lounge, [s.other.id]: s.den };
    const machine = await watch(robot);
    const created = await machine.guild(s.home.id);
    assert.deepEqual(states(created.voice_states), both);
    assert.equal('guild_id' in created.voice_states[0], false);
    const named = (g) => g.members.map((m) => m.user.id).toSorted();
    assert.deepEqual(named(created), [robot.id, s.guest.id, s.other.id].toSorted(), 'with those who are in voice');
    const deaf = await watch(robot, ALL_INTENTS & ~VOICE_STATES);
    assert.deepEqual((await deaf.guild(s.home.id)).voice_states, []);
    assert.deepEqual(named(await deaf.guild(s.home.id)), [robot.id]);
    const seeing = await watch(s.owner);
    const supplemental = (await seeing.event('READY_SUPPLEMENTAL')).d;
    assert.deepEqual(states(supplemental.guilds.find((g) => g.id === s.home.id).voice_states), both);
    assert.deepEqual(states((await seeing.guild(s.home.id)).voice_states), both);
    const dark = await watch(blind);
    assert.deepEqual(states((await dark.event('READY_SUPPLEMENTAL')).d.guilds[0].voice_states), { [s.guest.id]: s.lounge });
    enter(one, s, null);
    await told(machine, 0, (d) => d.user_id === s.guest.id && d.channel_id === null);
    await deaf.flush();
    assert.deepEqual(deaf.events('VOICE_STATE_UPDATE'), [], 'not without the intent');
    await ok(server, 'PATCH', `/guilds/${s.home.id}/members/${s.other.id}`, { token: s.owner.token, body: { nick: 'new "nick" {' } });
    await machine.event('GUILD_MEMBER_UPDATE', (d) => d.user.id === s.other.id);
    const late = await watch(robot);
    assert.equal((await late.guild(s.home.id)).members.find((m) => m.user.id === s.other.id).nick, 'new "nick" {');
    assert.deepEqual(states((await late.guild(s.home.id)).voice_states), { [s.other.id]: s.den });
    await Promise.all([one, two, machine, deaf, seeing, dark, late].map((g) => g.end()));
});

test('the session owns it: the end of another changes nothing, its own ends it', async () => {
    const s = await scene();
    const [eyes, first, second] = [await watch(s.owner), await watch(s.guest), await watch(s.guest)];
    enter(first, s, s.lounge);
    assert.equal((await told(eyes, 0)).session_id, first.session);
    enter(second, s, null);
    await second.end();
    await first.cut();
    const again = await Gateway.connect(server);
    again.resume(s.guest, first.session, first.seq);
    await again.event('RESUMED');
    await eyes.flush();
    assert.equal(eyes.events('VOICE_STATE_UPDATE').length, 1, 'a cut is no end');
    const from = eyes.mark();
    await again.end(1000);
    const gone = await told(eyes, from);
    assert.equal(gone.channel_id, null);
    assert.equal(gone.user_id, s.guest.id);
    await eyes.end();
});

test('a session that ends with wishes under way leaves nothing behind', async () => {
    const s = await scene();
    const eyes = await watch(s.owner);
    for (let i = 0; i < 5; i += 1) {
        const own = await watch(s.guest);
        enter(own, s, s.lounge);
        enter(own, s, s.den);
        await own.end(1000);
        await until(async () => (await api(server, 'GET', at(s, s.guest), { token: s.owner.token })).status === 404,
            'the voice state to be gone');
    }
    // What was wished may be written after the answer that nothing is there: then it ends, too, and so it
    // stays.
    let quiet = 0;
    await until(async () => {
        await eyes.flush();
        const left = (eyes.events('VOICE_STATE_UPDATE').at(-1)?.channel_id ?? null) === null;
        const { status } = await api(server, 'GET', at(s, s.guest), { token: s.owner.token });
        quiet = left && status === 404 ? quiet + 1 : 0;
        return quiet === 20;
    }, 'the last word to be that they left');
    await eyes.end();
});

test('a person is in one place, a bot in one of each guild', async () => {
    const s = await scene();
    const away = await guild(server, s.guest, 'Away');
    const far = (await channel(server, s.guest, away, { name: 'far', type: VOICE })).id;
    const robot = await bot(server, s.guest);
    await authorize(server, s.guest, robot, away);
    await authorize(server, s.owner, robot, s.home);
    const [own, eyes, machine] = [await watch(s.guest), await watch(s.owner), await watch(robot)];
    await machine.guild(s.home.id);
    await machine.guild(away.id);
    enter(own, s, s.lounge);
    await told(eyes, 0, (d) => d.channel_id === s.lounge);
    const from = eyes.mark();
    say(own, { guild_id: away.id, channel_id: far, self_mute: false, self_deaf: false });
    assert.equal((await told(eyes, from)).channel_id, null);
    await told(own, 0, (d) => d.guild_id === away.id && d.channel_id === far);
    enter(machine, s, s.lounge);
    say(machine, { guild_id: away.id, channel_id: far, self_mute: false, self_deaf: false });
    await told(machine, 0, (d) => d.guild_id === away.id && d.user_id === robot.id);
    await machine.flush();
    assert.deepEqual(machine.events('VOICE_STATE_UPDATE').filter((d) => d.user_id === robot.id).map((d) => d.channel_id), [s.lounge, far]);
    await Promise.all([own.end(), eyes.end(), machine.end()]);
});

test('a moderator moves, disconnects, mutes', async () => {
    const s = await scene();
    const mover = await moderator(server, s.home, 'MOVE_MEMBERS');
    const change = (who, body) => api(server, 'PATCH', `/guilds/${s.home.id}/members/${s.guest.id}`, { token: who.token, body });
    assertError(await change(mover, { channel_id: s.den }), 400, 40032);
    const own = await watch(s.guest);
    enter(own, s, s.lounge);
    await told(own, 0);
    assertError(await change(s.other, { channel_id: s.den }), 403, 50013);
    assert.equal((await change(mover, { channel_id: s.den })).status, 200);
    assert.equal((await told(own, 0, (d) => d.channel_id === s.den)).session_id, own.session);
    assert.equal((await change(s.owner, { mute: true, deaf: true })).status, 200);
    const muted = await told(own, 0, (d) => d.mute);
    assert.equal(muted.deaf, true);
    assert.equal(muted.member.mute, true);
    assert.equal((await change(mover, { channel_id: null })).status, 200);
    await told(own, 0, (d) => d.channel_id === null);
    const log = await ok(server, 'GET', `/guilds/${s.home.id}/audit-logs`, { token: s.owner.token });
    const entry = (type) => log.audit_log_entries.find((e) => e.action_type === type);
    assert.deepEqual(entry(26).options, { channel_id: s.den, count: '1' });
    assert.deepEqual(entry(27).options, { count: '1' });
    assert.equal(entry(26).target_id, null);
    await own.end();
});

test('on a stage one is heard when a moderator says so', async () => {
    const s = await scene();
    const stage = (await channel(server, s.owner, s.home, { name: 'stage', type: STAGE })).id;
    const [own, eyes] = [await watch(s.guest), await watch(s.owner)];
    const patch = (who, whom, body) => api(server, 'PATCH', at(s, whom), { token: who.token, body });
    assertError(await patch(s.guest, undefined, { request_to_speak_timestamp: new Date().toISOString() }), 404, 10065);
    enter(own, s, stage);
    assert.equal((await told(eyes, 0)).suppress, true);
    const when = '2026-01-02T03:04:05.000Z';
    let from = eyes.mark();
    assert.equal((await patch(s.guest, undefined, { channel_id: stage, request_to_speak_timestamp: when })).status, 204);
    assert.equal(Date.parse((await told(eyes, from)).request_to_speak_timestamp), Date.parse(when));
    assertError(await patch(s.guest, undefined, { suppress: false }), 403, 50013);
    assertError(await patch(s.other, s.guest, { suppress: false }), 403, 50013);
    from = eyes.mark();
    assert.equal((await patch(s.owner, s.guest, { channel_id: stage, suppress: false })).status, 204);
    const speaks = await told(eyes, from);
    assert.deepEqual([speaks.suppress, speaks.request_to_speak_timestamp], [false, null]);
    from = eyes.mark();
    assert.equal((await patch(s.guest, undefined, { suppress: true })).status, 204);
    assert.equal((await told(eyes, from)).suppress, true);
    const wrong = await patch(s.owner, s.guest, { suppress: 'yes' });
    assert.equal(wrong.status, 400);
    assert.equal(wrong.body.code, 50035);
    assert.ok(wrong.body.errors.suppress);
    await Promise.all([own.end(), eyes.end()]);
});

const ENDS = {
    'being kicked': async (s) => ok(server, 'DELETE', `/guilds/${s.home.id}/members/${s.guest.id}`, { token: s.owner.token }),
    'being banned': async (s) => ok(server, 'PUT', `/guilds/${s.home.id}/bans/${s.guest.id}`, { token: s.owner.token, body: {} }),
    leaving: async (s) => ok(server, 'DELETE', `/users/@me/guilds/${s.home.id}`, { token: s.guest.token, body: {} }),
    'a time-out': async (s) => ok(server, 'PATCH', `/guilds/${s.home.id}/members/${s.guest.id}`, {
        token: s.owner.token, body: { communication_disabled_until: new Date(Date.now() + 60e3).toISOString() },
    }),
    'the end of the channel': async (s) => ok(server, 'DELETE', `/channels/${s.lounge}`, { token: s.owner.token }),
    'the loss of CONNECT': async (s) => ok(server, 'PUT', `/channels/${s.lounge}/permissions/${s.home.id}`, {
        token: s.owner.token, body: { type: 0, deny: String(CONNECT), allow: '0' },
    }),
    'the loss of VIEW_CHANNEL': async (s) => ok(server, 'PUT', `/channels/${s.lounge}/permissions/${s.home.id}`, {
        token: s.owner.token, body: { type: 0, deny: String(VIEW), allow: '0' },
    }),
};
for (const [what, happen] of Object.entries(ENDS)) {
    test(`it ends with ${what}`, async () => {
        const s = await scene();
        const [own, eyes] = [await watch(s.guest), await watch(s.owner)];
        enter(own, s, s.lounge);
        await told(eyes, 0, (d) => d.channel_id === s.lounge);
        const from = eyes.mark();
        await happen(s);
        const gone = await told(eyes, from, (d) => d.channel_id === null);
        assert.equal(gone.user_id, s.guest.id);
        await Promise.all([own.end(), eyes.end()]);
    });
}

test('where a moderator has put somebody, they stay, whatever else changes', async () => {
    const s = await scene();
    await ok(server, 'PUT', `/channels/${s.den}/permissions/${s.guest.id}`, {
        token: s.owner.token, body: { type: 1, deny: String(CONNECT), allow: '0' },
    });
    const [own, eyes] = [await watch(s.guest), await watch(s.owner)];
    enter(own, s, s.lounge);
    await told(eyes, 0);
    await ok(server, 'PATCH', `/guilds/${s.home.id}/members/${s.guest.id}`, { token: s.owner.token, body: { channel_id: s.den } });
    await told(own, 0, (d) => d.channel_id === s.den);
    await ok(server, 'PATCH', `/channels/${s.den}`, { token: s.owner.token, body: { name: 'renamed' } });
    await ok(server, 'PUT', `/channels/${s.den}/permissions/${s.home.id}`, {
        token: s.owner.token, body: { type: 0, deny: String(SPEAK), allow: '0' },
    });
    await eyes.event('CHANNEL_UPDATE', (d) => d.id === s.den && d.permission_overwrites.some((o) => o.id === s.home.id));
    await eyes.flush();
    const now = await ok(server, 'GET', at(s), { token: s.guest.token });
    assert.equal(now.channel_id, s.den);
    await Promise.all([own.end(), eyes.end()]);
});

test('who comes to see a voice channel learns who is in it, who loses sight of it that nobody is', async () => {
    const s = await scene({ extra: 1 });
    const blind = s.guests[2];
    const role = await ok(server, 'POST', `/guilds/${s.home.id}/roles`, { token: s.owner.token, body: { name: 'seers' } });
    const hidden = (await channel(server, s.owner, s.home, {
        name: 'hidden', type: VOICE,
        permission_overwrites: [deny(s.home.id, VIEW), { id: role.id, type: 0, allow: String(VIEW), deny: '0' },
            { id: s.guest.id, type: 1, allow: String(VIEW), deny: '0' }],
    })).id;
    const [own, dark, deaf] = [await watch(s.guest), await watch(blind), await watch(blind, ALL_INTENTS & ~VOICE_STATES)];
    enter(own, s, hidden, { self_mute: true });
    const there = await told(own, 0, (d) => d.channel_id === hidden);
    await dark.flush();
    assert.deepEqual(dark.events('VOICE_STATE_UPDATE'), []);

    const order = (from) => dark.received.slice(from).map((p) => p.t).filter((t) => /^(CHANNEL|VOICE)_/.test(t ?? ''));
    // By a role of one's own.
    let from = dark.mark();
    await ok(server, 'PUT', `/guilds/${s.home.id}/members/${blind.id}/roles/${role.id}`, { token: s.owner.token });
    const seen = await told(dark, from);
    assert.deepEqual(seen, there);
    assert.deepEqual(order(from), ['CHANNEL_CREATE', 'VOICE_STATE_UPDATE']);
    from = dark.mark();
    await ok(server, 'DELETE', `/guilds/${s.home.id}/members/${blind.id}/roles/${role.id}`, { token: s.owner.token });
    const lost = await told(dark, from);
    assert.deepEqual([lost.user_id, lost.channel_id, lost.self_mute, lost.session_id], [s.guest.id, null, false, '']);
    await dark.event('CHANNEL_DELETE', (d) => d.id === hidden, { from });
    assert.deepEqual(order(from), ['VOICE_STATE_UPDATE', 'CHANNEL_DELETE']);
    // By the channel, for everybody; after a change of the state.
    from = own.mark();
    enter(own, s, hidden, { self_deaf: true });
    const later = await told(own, from);
    from = dark.mark();
    const everyone = (allow, denied) => ok(server, 'PUT', `/channels/${hidden}/permissions/${s.home.id}`, {
        token: s.owner.token, body: { type: 0, allow: String(allow), deny: String(denied) },
    });
    await everyone(VIEW, 0);
    assert.deepEqual(await told(dark, from), later);
    from = dark.mark();
    await everyone(0, VIEW);
    assert.equal((await told(dark, from)).channel_id, null);
    await Promise.all([own.flush(), deaf.flush()]);
    assert.deepEqual(deaf.events('VOICE_STATE_UPDATE'), []);
    assert.equal(own.events('VOICE_STATE_UPDATE').length, 2, 'nothing of that is for who is in it');
    await Promise.all([own.end(), dark.end(), deaf.end()]);
});

test('who loses SPEAK is not heard, who gets it back is', async () => {
    const s = await scene();
    const [own, eyes] = [await watch(s.guest), await watch(s.owner)];
    enter(own, s, s.lounge);
    assert.equal((await told(eyes, 0)).suppress, false);
    const speak = (allow, denied) => ok(server, 'PUT', `/channels/${s.lounge}/permissions/${s.home.id}`, {
        token: s.owner.token, body: { type: 0, allow: String(allow), deny: String(denied) },
    });
    let from = eyes.mark();
    await speak(0, SPEAK);
    const quiet = await told(eyes, from);
    assert.deepEqual([quiet.suppress, quiet.channel_id], [true, s.lounge]);
    assert.equal((await ok(server, 'GET', at(s), { token: s.guest.token })).suppress, true);
    from = eyes.mark();
    await speak(SPEAK, 0);
    assert.equal((await told(eyes, from)).suppress, false);
    await Promise.all([own.end(), eyes.end()]);
});
