// Lazy member lists (ops 14 and 37): what a client shows that does nothing but what it is told, must be
// what one that comes fresh is shown; who is in a list, in which group and order; who may look at it.

import assert from 'node:assert/strict';
import test from 'node:test';

import { api, ok } from '../lib/api.mjs';
import { Gateway, OP } from '../lib/gateway.mjs';
import { Server, temporaryFolder, UNLIMITED, useServer } from '../lib/server.mjs';
import { rounds, until } from '../lib/wait.mjs';
import {
    authorize, channel, freshName, guild as newGuild, invite, join, person, PERMISSIONS, world,
} from '../lib/world.mjs';

const OP_SUBSCRIBE = 14;
const OP_BULK = 37;
const VIEW = String(PERMISSIONS.VIEW_CHANNEL);

const server = await useServer();
const shared = await world(server);

// A client's list: rows by index, as the ops say.
class List {
    constructor() {
        this.rows = [];
        this.known = false;
    }

    apply(update) {
        this.known = true;
        this.id = update.id;
        this.groups = update.groups;
        this.counts = [update.member_count, update.online_count];
        for (const op of update.ops)
            this[op.op](op);
    }

    SYNC({ range: [first, last], items }) {
        assert.ok(items.length <= last - first + 1);
        for (let i = first; i <= last; i += 1)
            delete this.rows[i];
        items.forEach((item, i) => { this.rows[first + i] = item; });
    }

    INVALIDATE({ range: [first, last] }) {
        for (let i = first; i <= last; i += 1)
            delete this.rows[i];
    }

    INSERT({ index, item }) {
        if (index > this.rows.length)
            this.rows.length = index;
        this.rows.splice(index, 0, item);
    }

    DELETE({ index }) {
        this.rows.splice(index, 1);
    }

    UPDATE({ index, item }) {
        this.rows[index] = item;
    }

    total() {
        return this.groups.reduce((sum, g) => sum + g.count + 1, 0);
    }

    // What it shows of the ranges.
    shows(ranges) {
        return ranges.flatMap(([first, last]) => Array.from({ length: last - first + 1 }, (_, i) => first + i))
            .filter((i) => i < this.total()).map((i) => this.rows[i] ?? null);
    }

    text() {
        return this.rows.map((row) => (row.group ? `[${row.group.id} ${row.group.count}]` : row.member.nick ?? row.member.user.global_name ?? row.member.user.username));
    }
}

// A session with its lists of one guild, by list id.
class Looker {
    static async start(who, guild) {
        const looker = new Looker();
        looker.guild = guild;
        looker.lists = new Map();
        looker.at = 0;
        looker.session = await Gateway.session(server, who);
        return looker;
    }

    subscribe(channels, more = {}) {
        this.session.send({ op: OP_SUBSCRIBE, d: { guild_id: this.guild.id, typing: true, threads: true, activities: true, channels, ...more } });
    }

    // The list as of everything received so far.
    list(id = 'everyone') {
        for (; this.at < this.session.received.length; this.at += 1) {
            const { t, d } = this.session.received[this.at];
            if (t !== 'GUILD_MEMBER_LIST_UPDATE' || d.guild_id !== this.guild.id)
                continue;
            if (!this.lists.has(d.id))
                this.lists.set(d.id, new List());
            this.lists.get(d.id).apply(d);
        }
        return this.lists.get(id) ?? new List();
    }

    async until(check, what, id = 'everyone') {
        await until(() => this.list(id).known && check(this.list(id)),
            () => `${what}; shows ${JSON.stringify(this.list(id).rows.map((r) => r?.member?.user.username ?? r?.group))}`);
        return this.list(id);
    }

    async updates(count) {
        await until(() => this.session.events('GUILD_MEMBER_LIST_UPDATE').length >= count, `${count} updates`);
        return this.session.events('GUILD_MEMBER_LIST_UPDATE');
    }
}

const names = (list) => list.rows.filter((r) => r.member).map((r) => r.member.user.username);
const groups = (list) => list.groups.map((g) => [g.id, g.count]);

async function newcomer(guild, stem = 'guest') {
    const who = await person(server, freshName(stem));
    const { code } = await invite(server, guild.owner, guild.channel);
    await join(server, who, code);
    return who;
}

async function role(guild, body) {
    return ok(server, 'POST', `/guilds/${guild.id}/roles`, { token: guild.owner.token, body });
}

const give = (guild, who, id) =>
    ok(server, 'PUT', `/guilds/${guild.id}/members/${who.id}/roles/${id}`, { token: guild.owner.token });
const take = (guild, who, id) =>
    ok(server, 'DELETE', `/guilds/${guild.id}/members/${who.id}/roles/${id}`, { token: guild.owner.token });
const edit = (guild, who, body) =>
    ok(server, 'PATCH', `/guilds/${guild.id}/members/${who.id}`, { token: guild.owner.token, body });

async function place() {
    const owner = await person(server, freshName('owner'));
    const guild = await newGuild(server, owner);
    return { owner, guild };
}

test('SYNC: groups by rank, members by name whatever its case, offline last; counts; the member and presence objects', async () => {
    const { owner, guild } = await place();
    const low = await role(guild, { name: 'low', hoist: true });
    const high = await role(guild, { name: 'high', hoist: true });
    await ok(server, 'PATCH', `/guilds/${guild.id}/roles`, { token: owner.token, body: [{ id: high.id, position: 2 }, { id: low.id, position: 1 }] });
    const [a, b, c, d] = [await newcomer(guild), await newcomer(guild), await newcomer(guild), await newcomer(guild)];
    await edit(guild, a, { nick: 'zoe' });
    await edit(guild, b, { nick: 'Ärger' });
    await edit(guild, c, { nick: 'Yves' });
    await edit(guild, d, { nick: 'ärger' });
    await give(guild, c, low.id);
    await give(guild, c, high.id);
    await give(guild, a, low.id);
    const sessions = [];
    for (const who of [a, b, c])
        sessions.push(await Gateway.session(server, who));
    const looker = await Looker.start(owner, guild);
    looker.subscribe({ [guild.channel]: [[0, 99]] });
    const list = await looker.until((l) => l.groups.length === 4 && l.total() === 9, 'the list');
    assert.deepEqual(groups(list), [[high.id, 1], [low.id, 1], ['online', 2], ['offline', 1]]);
    assert.deepEqual(list.text(), [`[${high.id} 1]`, 'Yves', `[${low.id} 1]`, 'zoe', '[online 2]', owner.username, 'Ärger', '[offline 1]', 'ärger']);
    assert.deepEqual(list.counts, [5, 4]);
    const [update] = looker.session.events('GUILD_MEMBER_LIST_UPDATE');
    assert.deepEqual([update.guild_id, update.id], [guild.id, 'everyone']);
    const shown = list.rows[1].member;
    const { presence, ...member } = shown;
    assert.deepEqual(member, await ok(server, 'GET', `/guilds/${guild.id}/members/${c.id}`, { token: owner.token }));
    assert.deepEqual([presence.user.id, presence.status, presence.activities], [c.id, 'online', []]);
    assert.equal(list.rows[8].member.presence.status, 'offline');
    for (const session of [...sessions, looker.session])
        await session.end();
});

test('what happens is told: coming, going, nick, roles, joining, leaving, idle', async () => {
    const { owner, guild } = await place();
    const looker = await Looker.start(owner, guild);
    looker.subscribe({ [guild.channel]: [[0, 99]] });
    await looker.until((l) => l.total() === 2, 'the owner alone');
    const friend = await newcomer(guild, 'friend');
    await looker.until((l) => l.text().join() === `[online 1],${owner.username},[offline 1],${friend.username}`, 'the newcomer offline');
    const session = await Gateway.session(server, friend);
    await looker.until((l) => groups(l).join() === 'online,2' && l.rows[0].group.count === 2, 'online, and the header says so');
    session.send({ op: OP.PRESENCE, d: { since: null, activities: [{ name: 'chess', type: 0 }], status: 'idle', afk: false } });
    await looker.until((l) => l.rows.some((r) => r.member?.presence.status === 'idle' && r.member.presence.activities[0].name === 'chess'), 'idle');
    await edit(guild, friend, { nick: 'AAA' });
    await looker.until((l) => l.rows[1].member.nick === 'AAA', 'first by name');
    const crew = await role(guild, { name: 'crew', hoist: true });
    await give(guild, friend, crew.id);
    await looker.until((l) => l.rows[0].group?.id === crew.id && l.rows[1].member.roles[0] === crew.id, 'in a group of its own');
    await ok(server, 'PATCH', `/guilds/${guild.id}/roles/${crew.id}`, { token: owner.token, body: { hoist: false } });
    await looker.until((l) => l.groups.length === 1 && l.total() === 3, 'no group any more');
    await ok(server, 'DELETE', `/guilds/${guild.id}/roles/${crew.id}`, { token: owner.token });
    await looker.until((l) => l.rows.every((r) => r.group || r.member.roles.length === 0), 'the role is gone');
    await session.end();
    await looker.until((l) => groups(l).join(';') === 'online,1;offline,1', 'offline again');
    await ok(server, 'DELETE', `/guilds/${guild.id}/members/${friend.id}`, { token: owner.token });
    await looker.until((l) => groups(l).join(';') === 'online,1', 'out');
    await looker.session.end();
});

// MurmurHash3 (32 bits, seed 0) of the overwrites that decide, as clients compute it.
function listId(overwrites) {
    const text = Buffer.from(overwrites.map(({ id, allow, deny }) =>
        (BigInt(allow) & PERMISSIONS.VIEW_CHANNEL ? `allow:${id}` : BigInt(deny) & PERMISSIONS.VIEW_CHANNEL ? `deny:${id}` : null))
        .filter(Boolean).toSorted().join(','));
    const mix = (k) => {
        k = Math.imul(k, 0xcc9e2d51);
        return Math.imul(k << 15 | k >>> 17, 0x1b873593);
    };
    let h = 0;
    let i = 0;
    for (; i + 4 <= text.length; i += 4) {
        h ^= mix(text.readUInt32LE(i));
        h = Math.imul(h << 13 | h >>> 19, 5) + 0xe6546b64 | 0;
    }
    let tail = 0;
    for (let n = text.length; n > i; n -= 1)
        tail = tail << 8 | text[n - 1];
    if (i < text.length)
        h ^= mix(tail);
    h ^= text.length;
    h = Math.imul(h ^ h >>> 16, 0x85ebca6b);
    h = Math.imul(h ^ h >>> 13, 0xc2b2ae35);
    return String((h ^ h >>> 16) >>> 0);
}

test('a private channel: only those who see it; its id; who loses sight of it hears no more', async () => {
    const { owner, guild } = await place();
    const staff = await role(guild, { name: 'staff' });
    const [inside, outside] = [await newcomer(guild, 'inside'), await newcomer(guild, 'outside')];
    await give(guild, inside, staff.id);
    const overwrites = [{ id: guild.id, type: 0, allow: '0', deny: VIEW }, { id: staff.id, type: 0, allow: VIEW, deny: '0' }];
    const secret = await channel(server, owner, guild, { name: 'secret', permission_overwrites: overwrites });
    const id = listId(overwrites);
    const boss = await Looker.start(owner, guild);
    boss.subscribe({ [secret.id]: [[0, 99]] });
    const list = await boss.until((l) => l.total() === 4, 'the two who see it', id);
    assert.deepEqual(names(list), [owner.username, inside.username]);

    const stranger = await Looker.start(outside, guild);
    stranger.subscribe({ [secret.id]: [[0, 99]], [guild.channel]: [[0, 99]] });
    await stranger.until((l) => l.total() === 5, 'everyone');
    assert.deepEqual([...stranger.lists.keys()], ['everyone']);

    const insider = await Looker.start(inside, guild);
    insider.subscribe({ [secret.id]: [[0, 99]], [guild.channel]: [[0, 99]] });
    await insider.until((l) => l.total() === 3, 'the same list', id);
    // The outsider comes in; the insider goes out.
    await give(guild, outside, staff.id);
    await boss.until((l) => names(l).includes(outside.username), 'one more', id);
    await stranger.until((l) => l.total() === 4, 'sees it now, by the same subscription', id);
    await take(guild, inside, staff.id);
    await boss.until((l) => !names(l).includes(inside.username), 'one less', id);
    const before = insider.list(id).rows.length;
    await edit(guild, outside, { nick: 'unheard of' });
    await insider.until((l) => l.text().includes('unheard of'), 'told of the list that is everybody\'s');
    assert.equal(insider.list(id).rows.length, before);
    assert.ok(!insider.list(id).text().includes('unheard of'), 'not of the other');
    // Opened for all: the list of the channel is another now.
    await ok(server, 'DELETE', `/channels/${secret.id}/permissions/${guild.id}`, { token: owner.token });
    await boss.until((l) => l.total() === 4 || l.total() === 5, 'everyone\'s');
    for (const looker of [boss, stranger, insider])
        await looker.session.end();
});

test('ranges: SYNC of those that are new, INVALIDATE of those that are not wanted any more; no channels, no more updates', async () => {
    const { owner, guild } = await place();
    await server.sql(`WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 349)
        INSERT INTO users (id, tenant_id, username, bot, flags, created_at_ms)
        SELECT 70000 + i, (SELECT min(tenant_id) FROM users), 'r_' || (10000 + i), 0, 0, 0 FROM n`);
    await server.sql(`WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 349)
        INSERT INTO members (guild_id, user_id, joined_at_ms, timed_out_until_ms, deaf, mute)
        SELECT ${guild.id}, 70000 + i, 1000, 0, 0, 0 FROM n`);
    const looker = await Looker.start(owner, guild);
    looker.subscribe({ [guild.channel]: [[0, 99], [100, 199]] });
    let all = await looker.updates(1);
    assert.deepEqual(all[0].ops.map((op) => [op.op, ...op.range]), [['SYNC', 0, 99], ['SYNC', 100, 199]]);
    assert.deepEqual(all[0].ops.map((op) => op.items.length), [100, 100]);
    assert.deepEqual(all[0].ops[0].items.slice(0, 4).map((r) => r.group ?? r.member.user.username),
        [{ id: 'online', count: 1 }, owner.username, { id: 'offline', count: 350 }, 'r_10000']);
    looker.subscribe({ [guild.channel]: [[0, 99], [300, 399]] });
    all = await looker.updates(2);
    assert.deepEqual(all[1].ops.map((op) => [op.op, ...op.range]), [['INVALIDATE', 100, 199], ['SYNC', 300, 399]]);
    assert.equal(all[1].ops[1].items.length, 53);
    // Behind the second range somebody moves into it; a client that knows nothing in between is told.
    await edit(guild, { id: '70150' }, { nick: 'zzz' });
    await looker.until((l) => l.rows[352]?.member.nick === 'zzz', 'the last one');
    assert.equal(looker.list().rows[300].member.user.username, 'r_10298');
    await server.sql('SELECT 1');
    looker.subscribe({});
    await looker.session.flush();
    const told = looker.session.events('GUILD_MEMBER_LIST_UPDATE').length;
    const other = await Looker.start(owner, guild);
    other.subscribe({ [guild.channel]: [[0, 99]] });
    await other.until((l) => l.known, 'the list');
    await edit(guild, { id: '70000' }, { nick: 'aaa' });
    await other.until((l) => l.rows[3]?.member.nick === 'aaa', 'told');
    await looker.session.flush();
    assert.equal(looker.session.events('GUILD_MEMBER_LIST_UPDATE').length, told);
    await looker.session.end();
    await other.session.end();
});

test('op 37: several guilds at once; what is named replaces, what is not stays; a guild that one is not in', async () => {
    const { owner, guild } = await place();
    const second = await newGuild(server, owner, 'Second');
    const foreign = await place();
    const looker = await Looker.start(owner, guild);
    looker.session.send({ op: OP_BULK, d: { subscriptions: {
        [guild.id]: { typing: true, channels: { [guild.channel]: [[0, 99]] } },
        [second.id]: { channels: { [second.channel]: [[0, 99]] } },
        [foreign.guild.id]: { channels: { [foreign.guild.channel]: [[0, 99]] } },
    } } });
    const all = await looker.updates(2);
    assert.deepEqual(all.map((u) => u.guild_id).toSorted(), [guild.id, second.id].toSorted());
    looker.session.send({ op: OP_BULK, d: { subscriptions: { [guild.id]: { activities: true } } } });
    const guest = await newcomer(guild);
    await looker.until((l) => names(l).includes(guest.username), 'still told');
    await looker.session.end();
});

test('members by id: their presence', async () => {
    const { owner, guild } = await place();
    const guest = await newcomer(guild);
    const looker = await Looker.start(owner, guild);
    looker.session.send({ op: OP_SUBSCRIBE, d: { guild_id: guild.id, members: [guest.id] } });
    await looker.session.flush();
    const session = await Gateway.session(server, guest);
    await looker.session.event('PRESENCE_UPDATE', (d) => d.user.id === guest.id && d.status === 'online');
    await session.end();
    await looker.session.event('PRESENCE_UPDATE', (d) => d.user.id === guest.id && d.status === 'offline');
    await looker.session.end();
});

test('activities: the presence of those in the ranges that are looked at, and of nobody else', async () => {
    const { owner, guild } = await place();
    const [near, far] = [await newcomer(guild, 'aaa'), await newcomer(guild, 'zzz')];
    const [one, other] = [await Gateway.session(server, near), await Gateway.session(server, far)];
    const looker = await Looker.start(owner, guild);
    const plain = await Looker.start(owner, guild);
    looker.subscribe({ [guild.channel]: [[0, 1]] }); // the header, and the first who is there
    plain.subscribe({ [guild.channel]: [[0, 99]] }, { activities: false });
    await looker.until((l) => l.rows[1]?.member.user.id === near.id, 'the first');
    await plain.until((l) => names(l).length === 3, 'all');
    const say = (session, name) => session.send({
        op: 3, d: { since: null, status: 'dnd', afk: false, activities: [{ name, type: 0 }] },
    });
    say(other, 'chess');
    await plain.until((l) => l.rows.some((r) => r.member?.presence.activities[0]?.name === 'chess'), 'the list says so');
    say(one, 'go');
    const { d } = await looker.session.event('PRESENCE_UPDATE', (p) => p.user.id === near.id && p.status === 'dnd');
    assert.deepEqual([d.guild_id, d.status, d.activities[0].name], [guild.id, 'dnd', 'go']);
    await plain.until((l) => l.rows.some((r) => r.member?.presence.activities[0]?.name === 'go'), 'and of the other');
    await Promise.all([looker.session.flush(), plain.session.flush()]);
    assert.ok(looker.session.events('PRESENCE_UPDATE').every((p) => p.user.id === near.id));
    assert.deepEqual(plain.session.events('PRESENCE_UPDATE'), []);
    await Promise.all([one, other, looker.session, plain.session].map((session) => session.end()));
});

test('op 37 of people may be 15 KiB; of a command with very many lists the first twenty are', async () => {
    const { owner, guild } = await place();
    const more = [];
    for (let i = 0; i < 21; i += 1)
        more.push(await newGuild(server, owner, `Guild ${i}`));
    const looker = await Looker.start(owner, guild);
    const bulk = (list, padding) => ({ op: OP_BULK, d: { subscriptions: Object.fromEntries(
        list.map((g) => [g.id, { channels: { [g.channel]: [[0, 99]] } }])), padding } });
    looker.session.send(bulk(more.slice(0, 3), 'x'.repeat(14 * 1024)));
    await looker.updates(3);
    looker.session.send(bulk(more));
    const all = await looker.updates(20);
    await looker.session.flush();
    assert.equal(new Set(all.map((u) => u.guild_id)).size, 20);
    looker.session.send({ op: OP_SUBSCRIBE, d: { guild_id: more[20].id, channels: { [more[20].channel]: [[0, 99]] } } });
    await looker.updates(21);
    looker.session.send(bulk([], 'x'.repeat(15 * 1024)));
    await looker.session.expectClose(4002);
});

for (const [what, op, d] of [
    ['no guild', OP_SUBSCRIBE, { channels: {} }],
    ['channels that are a list', OP_SUBSCRIBE, { guild_id: '1', channels: [] }],
    ['a channel that is no id', OP_SUBSCRIBE, { guild_id: '1', channels: { x: [[0, 99]] } }],
    ['ranges that are none', OP_SUBSCRIBE, { guild_id: '1', channels: { 1: [0, 99] } }],
    ['a range that runs backwards', OP_SUBSCRIBE, { guild_id: '1', channels: { 1: [[99, 0]] } }],
    ['a negative range', OP_SUBSCRIBE, { guild_id: '1', channels: { 1: [[-1, 5]] } }],
    ['a range of strings', OP_SUBSCRIBE, { guild_id: '1', channels: { 1: [['0', '99']] } }],
    ['typing that is no boolean', OP_SUBSCRIBE, { guild_id: '1', typing: 1 }],
    ['members that are no ids', OP_SUBSCRIBE, { guild_id: '1', members: ['x'] }],
    ['subscriptions that are a list', OP_BULK, { subscriptions: [] }],
    ['a subscription that is a number', OP_BULK, { subscriptions: { 1: 5 } }],
    ['nothing', OP_BULK, null],
]) {
    test(`4002: op ${op}, ${what}`, async () => {
        const session = await Gateway.session(server, shared.owner);
        session.send({ op, d });
        await session.expectClose(4002);
    });
}

test('too much is cut: long ranges, more than five of them, more than five channels', async () => {
    const looker = await Looker.start(shared.owner, shared.guild);
    const many = Object.fromEntries(Array.from({ length: 20 }, (_, i) => [String(i + 1), [[0, 99]]]));
    looker.subscribe({ [shared.guild.channel]: [[0, 5000], [200, 299], [300, 399], [400, 499], [500, 599], [600, 699]], ...many });
    // 20 channels with small numbers come first in an object: this one is not among the five.
    looker.subscribe({ [shared.guild.channel]: [[0, 5000], [200, 299], [300, 399], [400, 499], [500, 599], [600, 699]] });
    const [update] = await looker.updates(1);
    assert.deepEqual(update.ops.map((op) => op.range), [[0, 99], [200, 299], [300, 399], [400, 499], [500, 599]]);
    await looker.session.end();
});

test('bots have no such commands', async () => {
    for (const op of [OP_SUBSCRIBE, OP_BULK]) {
        const session = await Gateway.session(server, shared.bot);
        session.send({ op, d: { guild_id: shared.guild.id, channels: {} } });
        await session.expectClose(4001);
    }
});

test('after random changes everybody shows what a newcomer is shown', async () => {
    const { owner, guild } = await place();
    let seed = Number(process.env.GUILDHALL_SEED ?? 7);
    const below = (n) => {
        seed = (Math.imul(seed, 1103515245) + 12345) & 0x7fffffff;
        return (seed >> 8) % n;
    };
    const people = [];
    for (let i = 0; i < 24; i += 1)
        people.push(await newcomer(guild, `p${i}`));
    const roles = [];
    for (let i = 0; i < 3; i += 1)
        roles.push(await role(guild, { name: `r${i}`, hoist: i !== 1 }));
    const ranges = [[[0, 99]], [[0, 4], [10, 19]], [[7, 12]]];
    const lookers = [];
    for (const mine of ranges) {
        const looker = await Looker.start(owner, guild);
        looker.ranges = mine;
        looker.subscribe({ [guild.channel]: mine });
        lookers.push(looker);
    }
    const online = new Map();
    const members = new Set(people);
    const acts = [
        async (who) => {
            if (online.has(who)) {
                await online.get(who).end();
                online.delete(who);
            } else if (members.has(who)) {
                online.set(who, await Gateway.session(server, who));
            }
        },
        async (who) => members.has(who) && edit(guild, who, { nick: 'abcXYZ'[below(6)].repeat(1 + below(3)) }),
        async (who) => members.has(who) && give(guild, who, roles[below(3)].id),
        async (who) => members.has(who) && take(guild, who, roles[below(3)].id),
        async (who) => {
            if (below(4) !== 0 || !members.delete(who))
                return;
            await ok(server, 'DELETE', `/guilds/${guild.id}/members/${who.id}`, { token: owner.token });
        },
        async (who) => {
            const body = { hoist: below(2) === 0, position: 1 + below(3) };
            if (below(6) === 0)
                await ok(server, 'PATCH', `/guilds/${guild.id}/roles/${roles[below(3)].id}`, { token: owner.token, body: { hoist: body.hoist } });
            online.get(who)?.send({ op: OP.PRESENCE, d: { since: null, activities: [], status: ['online', 'idle', 'dnd', 'invisible'][below(4)], afk: false } });
        },
    ];
    for (let round = 0; round < rounds(4); round += 1) {
        for (let i = 0; i < 40; i += 1)
            await acts[below(acts.length)](people[below(people.length)]);
        const fresh = await Looker.start(owner, guild);
        fresh.subscribe({ [guild.channel]: [[0, 99]] });
        await fresh.until((l) => l.known, 'the list');
        for (const looker of lookers) {
            await until(() => {
                const right = fresh.list();
                const mine = looker.list();
                return mine.known && JSON.stringify(mine.groups) === JSON.stringify(right.groups) &&
                    JSON.stringify(mine.shows(looker.ranges)) === JSON.stringify(right.shows(looker.ranges));
            }, () => `the same (round ${round}): ${JSON.stringify(looker.list().groups)} ${JSON.stringify(fresh.list().groups)}`);
        }
        await fresh.session.end();
    }
    for (const session of [...online.values(), ...lookers.map((l) => l.session)])
        await session.end();
});

test('a large guild: only who is there', async () => {
    const { owner, guild } = await place();
    const there = await newcomer(guild, 'there');
    await server.sql(`WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 1199)
        INSERT INTO users (id, tenant_id, username, bot, flags, created_at_ms)
        SELECT 80000 + i, (SELECT min(tenant_id) FROM users), 'l_' || i, 0, 0, 0 FROM n`);
    await server.sql(`WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 1199)
        INSERT INTO members (guild_id, user_id, joined_at_ms, timed_out_until_ms, deaf, mute)
        SELECT ${guild.id}, 80000 + i, 1000, 0, 0, 0 FROM n`);
    await server.sql(`UPDATE guilds SET member_count = member_count + 1200 WHERE id = ${guild.id}`);
    const looker = await Looker.start(owner, guild);
    looker.subscribe({ [guild.channel]: [[0, 99]] });
    await looker.until((l) => l.total() === 2 && l.counts[0] === 1202, 'the owner alone');
    const session = await Gateway.session(server, there);
    await looker.until((l) => names(l).includes(there.username) && l.groups[0].count === 2, 'one more');
    await edit(guild, { id: '80000' }, { nick: 'unseen' });
    await edit(guild, there, { nick: 'seen' });
    await looker.until((l) => l.text().includes('seen'), 'told of who is there');
    await session.end();
    await looker.until((l) => l.total() === 2, 'gone again');
    assert.deepEqual(groups(looker.list()), [['online', 1]]);
    await looker.session.end();
});

test('a planned restart: the subscription goes on', async () => {
    const first = await Server.start({ data: temporaryFolder(), flags: UNLIMITED });
    const there = await world(first);
    const session = await Gateway.session(first, there.owner);
    session.send({ op: OP_SUBSCRIBE, d: { guild_id: there.guild.id, typing: true, members: [there.member.id], channels: { [there.guild.channel]: [[0, 99]] } } });
    await session.event('GUILD_MEMBER_LIST_UPDATE');
    await first.stop();
    const second = await Server.start({ data: first.data, flags: UNLIMITED });
    const back = await Gateway.connect(second);
    await back.resume(there.owner, session.session, session.seq);
    await back.event('RESUMED');
    const guest = await Gateway.session(second, there.member);
    const list = new List();
    const applied = new Set();
    await until(() => {
        for (const update of back.events('GUILD_MEMBER_LIST_UPDATE').filter((u) => !applied.has(u))) {
            applied.add(update);
            list.apply(update);
        }
        return list.known && list.groups[0].count === 2 && list.rows.length >= 5;
    }, () => `the member online; ${JSON.stringify(back.received.filter((u) => u.t !== 'READY')).slice(0, 3000)}`);
    await back.event('PRESENCE_UPDATE', (d) => d.user.id === there.member.id && d.status === 'online');
    await guest.end();
    await back.end();
    await second.stop();
});
