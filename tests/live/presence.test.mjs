// Presence: who is told what of whom, over real connections; and what clients may say of themselves.

import assert from 'node:assert/strict';
import test from 'node:test';

import { ok } from '../lib/api.mjs';
import { Gateway, OP } from '../lib/gateway.mjs';
import { befriend, sessionOf } from '../lib/people.mjs';
import { UNLIMITED, useServer } from '../lib/server.mjs';
import { until } from '../lib/wait.mjs';
import {
    ALL_INTENTS, INTENTS, PERMISSIONS, authorize, bot, guild, invite, join, person, world,
} from '../lib/world.mjs';

// Sessions are gone soon after their connection, so that the end of one can be waited for.
const server = await useServer({ flags: [...UNLIMITED, '--gateway.resume_window_ms=300'] });
const { owner, guild: home, bot: robot, member } = await world(server);

const op3 = (gateway, d) => gateway.send({
    op: OP.PRESENCE, d: { status: 'online', activities: [], since: null, afk: false, ...d },
});
const about = (user, status) => (d) => d.user.id === user.id && (status === undefined || d.status === status);
const presence = async (gateway, user, status, from = 0) =>
    (await gateway.event('PRESENCE_UPDATE', about(user, status), { from })).d;
const counted = (code) => ok(server, 'GET', `/invites/${code}?with_counts=true`, { token: owner.token });

test('bots with the intent are told, those without are not, and GUILD_CREATE says who is there', async () => {
    const eyes = await Gateway.session(server, robot);
    assert.deepEqual((await eyes.guild(home.id)).presences.map((p) => [p.user.id, p.status]), [[robot.id, 'online']]);
    const blind = await Gateway.session(server, robot, { identify: { intents: ALL_INTENTS & ~INTENTS.GUILD_PRESENCES } });
    assert.deepEqual((await blind.guild(home.id)).presences, []);
    const a = await sessionOf(server, owner);
    assert.deepEqual(await presence(eyes, owner), {
        user: { id: owner.id }, guild_id: home.id, status: 'online', activities: [], client_status: { web: 'online' },
    });
    for (const [said, seen] of [['idle', 'idle'], ['dnd', 'dnd'], ['invisible', 'offline'], ['online', 'online']]) {
        const from = eyes.mark();
        op3(a, { status: said });
        assert.deepEqual((await presence(eyes, owner, seen, from)).client_status, seen === 'offline' ? {} : { web: seen });
    }
    const late = await Gateway.session(server, robot);
    assert.deepEqual((await late.guild(home.id)).presences.map((p) => p.user.id).sort(), [owner.id, robot.id].sort());
    const from = eyes.mark();
    await a.end();
    await presence(eyes, owner, 'offline', from);
    await blind.flush();
    assert.deepEqual(blind.events('PRESENCE_UPDATE'), []);
    assert.deepEqual(blind.events('SESSIONS_REPLACE'), [], 'bots have no list of sessions');
    await Promise.all([eyes, blind, late].map((g) => g.end()));
});

test('an activity, with what the server adds', async () => {
    const eyes = await Gateway.session(server, robot);
    const a = await sessionOf(server, member);
    op3(a, { activities: [{ name: 'chess', type: 0, details: 'Sicilian', timestamps: { start: 5 }, secrets: { join: 'hush' } }] });
    const { activities: [{ id, created_at: at, ...rest }] } =
        (await eyes.event('PRESENCE_UPDATE', (d) => d.user.id === member.id && d.activities.length > 0)).d;
    assert.equal(typeof id, 'string');
    assert.ok(Math.abs(Date.now() - at) < 60000, 'milliseconds');
    assert.deepEqual(rest, { name: 'chess', type: 0, details: 'Sicilian', timestamps: { start: 5 } });
    const from = eyes.mark();
    op3(eyes, { activities: [{ name: 'x', type: 4, state: 'mending', emoji: { name: 'no' } }] }); // bots have few fields
    const mine = (await eyes.event('PRESENCE_UPDATE', (d) => d.user.id === robot.id && d.activities.length > 0, { from })).d;
    assert.deepEqual([mine.activities[0].state, mine.activities[0].emoji], ['mending', undefined]);
    await a.end();
    await eyes.end();
});

test('several sessions are one presence, which says where', async () => {
    const eyes = await Gateway.session(server, robot);
    const at = (browser, status) => Gateway.session(server, member, {
        identify: { intents: null, properties: { os: 'x', browser, device: '' }, presence: { status, activities: [], since: 0, afk: false } },
    });
    const phone = await at('Discord iOS', 'idle');
    assert.deepEqual((await presence(eyes, member, 'idle')).client_status, { mobile: 'idle' });
    const desk = await at('Discord Client', 'online');
    assert.deepEqual((await presence(eyes, member, 'online')).client_status, { desktop: 'online', mobile: 'idle' });
    const list = (await phone.event('SESSIONS_REPLACE')).d;
    assert.deepEqual(list.map((s) => [s.session_id, s.status, s.client_info.client]).sort(),
        [['all', 'online', 'unknown'], [desk.session, 'online', 'desktop'], [phone.session, 'idle', 'mobile']].sort());
    const from = eyes.mark(), since = phone.mark();
    await desk.end();
    assert.deepEqual((await presence(eyes, member, 'idle', from)).client_status, { mobile: 'idle' });
    assert.equal((await phone.event('SESSIONS_REPLACE', () => true, { from: since })).d.length, 1);
    await phone.end();
    await presence(eyes, member, 'offline', from);
    await eyes.end();
});

test('friends hear of each other without a guild, strangers do not', async () => {
    const [ada, bob, cleo] = [await person(server), await person(server), await person(server)];
    await befriend(server, ada, bob);
    const b = await sessionOf(server, bob);
    const c = await sessionOf(server, cleo);
    const a = await sessionOf(server, ada);
    assert.equal((await presence(b, ada, 'online')).guild_id, undefined);
    op3(a, { status: 'dnd' });
    await presence(b, ada, 'dnd');
    await befriend(server, cleo, ada);
    await presence(c, ada, 'dnd'); // a new friend's at once
    await ok(server, 'DELETE', `/users/@me/relationships/${bob.id}`, { token: ada.token });
    await a.event('RELATIONSHIP_REMOVE');
    op3(a, { status: 'idle' });
    await presence(c, ada, 'idle');
    await b.flush();
    assert.ok(!b.events('PRESENCE_UPDATE').some((d) => d.status === 'idle'), 'the friendship is over');
    const from = c.mark();
    await a.end();
    await presence(c, ada, 'offline', from);
    await b.end();
    await c.end();
});

test('the settings speak for all sessions', async () => {
    const eyes = await Gateway.session(server, robot);
    const patch = (body) => ok(server, 'PATCH', '/users/@me/settings', { token: member.token, body });
    await patch({ status: 'dnd', custom_status: { text: 'tea', emoji_id: null, emoji_name: '🍵', expires_at: null } });
    const a = await sessionOf(server, member);
    const first = await presence(eyes, member);
    assert.deepEqual([first.status, first.activities[0].type, first.activities[0].state, first.activities[0].emoji],
        ['dnd', 4, 'tea', { name: '🍵' }]);
    await patch({ status: 'invisible' });
    await presence(eyes, member, 'offline');
    await patch({ status: 'online', custom_status: null });
    assert.deepEqual((await presence(eyes, member, 'online')).activities, []);
    await a.end();
    await eyes.end();
});

test('counts: invites, previews, guilds, the widget', async () => {
    const mine = await guild(server, owner, 'Counted');
    const { code } = await invite(server, owner, mine.channel);
    assert.equal((await counted(code)).approximate_presence_count, 0);
    const a = await sessionOf(server, owner);
    await until(async () => (await counted(code)).approximate_presence_count === 1, 'the owner to count');
    const read = await ok(server, 'GET', `/guilds/${mine.id}?with_counts=true`, { token: owner.token });
    assert.deepEqual([read.approximate_member_count, read.approximate_presence_count], [1, 1]);
    await ok(server, 'PATCH', `/guilds/${mine.id}/widget`, { token: owner.token, body: { enabled: true, channel_id: null } });
    const widget = await ok(server, 'GET', `/guilds/${mine.id}/widget.json`);
    assert.equal(widget.presence_count, 1);
    assert.deepEqual(widget.members.map((m) => [m.id, m.username, m.discriminator, m.avatar, m.status]),
        [['0', owner.username, '0000', null, 'online']]);
    assert.ok(!JSON.stringify(widget).includes(`"${owner.id}"`), 'nobody can be told by it');
    op3(a, { status: 'invisible' });
    await until(async () => (await counted(code)).approximate_presence_count === 0, 'the invisible not to count');
    await a.end();
});

test('who joins is there, who leaves is no matter any more', async () => {
    const mine = await guild(server, owner, 'Joined');
    const spy = await bot(server, owner);
    await authorize(server, owner, spy, mine);
    const eyes = await Gateway.session(server, spy);
    await eyes.guild(mine.id);
    const a = await sessionOf(server, member);
    const { code } = await invite(server, owner, mine.channel);
    await join(server, member, code);
    assert.equal((await presence(eyes, member, 'online')).guild_id, mine.id);
    await ok(server, 'DELETE', `/users/@me/guilds/${mine.id}`, { token: member.token });
    await eyes.event('GUILD_MEMBER_REMOVE');
    const from = eyes.mark();
    await a.end();
    await join(server, member, code);
    await eyes.event('GUILD_MEMBER_ADD', () => true, { from });
    await eyes.flush();
    assert.ok(!eyes.received.slice(from).some((p) => p.t === 'PRESENCE_UPDATE' && p.d.user.id === member.id));
    await eyes.end();
});

test('every shard of a bot is told of its own guilds', async () => {
    const spy = await bot(server, owner);
    const guilds = [];
    for (let i = 0; i < 4; i += 1) {
        const one = await guild(server, owner, `Shard ${i}`);
        await authorize(server, owner, spy, one);
        guilds.push(one.id);
    }
    const shards = await Promise.all([0, 1].map((id) => Gateway.session(server, spy, { identify: { shard: [id, 2] } })));
    const a = await sessionOf(server, owner);
    for (const id of guilds) {
        const shard = shards[Number((BigInt(id) >> 22n) % 2n)];
        await shard.event('PRESENCE_UPDATE', (d) => d.guild_id === id && d.user.id === owner.id);
    }
    const told = shards.flatMap((g) => g.events('PRESENCE_UPDATE').filter(about(owner)).map((d) => d.guild_id));
    assert.deepEqual(told.sort(), guilds.sort());
    await Promise.all([a, ...shards].map((g) => g.end()));
});

test('what is wrong is answered with 4002', async () => {
    const many = Array.from({ length: 9 }, () => ({ name: 'x', type: 0 }));
    const wrong = [
        null, [], 'online', { status: 'busy' }, { status: 7 }, { since: 'now' }, { afk: 'no' }, { activities: 'x' },
        { activities: [7] }, { activities: [{ type: 0 }] }, { activities: [{ name: '', type: 0 }] },
        { activities: [{ name: 'x'.repeat(129), type: 0 }] }, { activities: [{ name: 'x', type: 77 }] },
        { activities: [{ name: 'x', type: 1, url: 'gopher://x' }] }, { activities: many },
    ];
    for (const d of wrong) {
        const gateway = await Gateway.session(server, robot);
        gateway.send({ op: OP.PRESENCE, d });
        await gateway.expectClose(4002);
    }
    for (const d of wrong.slice(3)) {
        const gateway = await Gateway.connect(server);
        gateway.send({ op: OP.IDENTIFY, d: { token: robot.bare, properties: {}, intents: 0, presence: d } });
        await gateway.expectClose(4002);
    }
});

test('a storm: each watcher hears at a bounded rate, and knows the truth in the end', async () => {
    const mine = await guild(server, owner, 'Storm');
    const { code } = await invite(server, owner, mine.channel);
    const crowd = [];
    for (let i = 0; i < 40; i += 1) {
        const one = await person(server);
        await join(server, one, code);
        crowd.push(one);
    }
    const spy = await bot(server, owner);
    await authorize(server, owner, spy, mine, PERMISSIONS.VIEW_CHANNEL.toString());
    const watchers = await Promise.all([1, 2, 3].map(() => Gateway.session(server, spy)));
    const sessions = await Promise.all(crowd.flatMap((one) => Array.from({ length: 12 }, () => sessionOf(server, one))));
    for (let round = 0; round < 5; round += 1)
        for (const [i, session] of sessions.entries())
            op3(session, { status: (round + i) % 2 === 0 ? 'idle' : 'dnd' });
    await Promise.all(sessions.map((session) => session.flush()));
    const last = (watcher, one) => watcher.events('PRESENCE_UPDATE').filter(about(one)).at(-1)?.status;
    await until(() => watchers.every((w) => crowd.every((one) => last(w, one) === 'idle')), 'everybody to be idle');
    for (const watcher of watchers) {
        const told = watcher.events('PRESENCE_UPDATE').length;
        assert.ok(told < sessions.length * 5 / 2, `${told} of ${sessions.length * 5} changes`);
    }
    await Promise.all(sessions.map((session) => session.end()));
    await until(() => watchers.every((w) => crowd.every((one) => last(w, one) === 'offline')), 'everybody to be gone');
    await Promise.all(watchers.map((w) => w.end()));
});
