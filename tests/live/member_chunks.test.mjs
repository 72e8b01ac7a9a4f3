// Request Guild Members (op 8): prefixes, ids, whole lists in chunks; who may ask for what, how often,
// and what a client that does not read costs.

import assert from 'node:assert/strict';
import test from 'node:test';

import { api, ok } from '../lib/api.mjs';
import { Gateway, OP } from '../lib/gateway.mjs';
import { Server, temporaryFolder, UNLIMITED, useServer } from '../lib/server.mjs';
import { until } from '../lib/wait.mjs';
import {
    ALL_INTENTS, authorize, bot, freshName, guild as newGuild, INTENTS, invite, join, person, world,
} from '../lib/world.mjs';

const LIMITED = ['--limits.enabled=true'];
const MANY = 2500;
const HUGE = 100000;

const server = await useServer({ flags: [...UNLIMITED, '--metrics.enabled=true'] });
const { owner, guild: home, bot: robot, member } = await world(server);
const gateway = await Gateway.session(server, robot);

// Members that are rows and nothing else, past the server; ids from `first`.
async function fill(to, guild, count, first) {
    await to.sql(`WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < ${count - 1})
        INSERT INTO users (id, tenant_id, username, bot, flags, created_at_ms)
        SELECT ${first} + i, (SELECT min(tenant_id) FROM users), 'extra_${first}_' || i, 0, 0, 0 FROM n`);
    await to.sql(`WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < ${count - 1})
        INSERT INTO members (guild_id, user_id, joined_at_ms, timed_out_until_ms, deaf, mute)
        SELECT ${guild.id}, ${first} + i, 1000, 0, 0, 0 FROM n`);
    await to.sql(`UPDATE guilds SET member_count = member_count + ${count} WHERE id = ${guild.id}`);
}

async function ask(session, d) {
    const from = session.mark();
    session.send({ op: OP.MEMBERS, d });
    return from;
}

async function chunk(session, d, matches = () => true) {
    const from = await ask(session, d);
    return (await session.event('GUILD_MEMBERS_CHUNK', matches, { from })).d;
}

// All chunks of one answer, in order.
async function chunks(session, d, nonce) {
    const from = await ask(session, { ...d, nonce });
    const first = (await session.event('GUILD_MEMBERS_CHUNK', (c) => c.nonce === nonce, { from })).d;
    await session.event('GUILD_MEMBERS_CHUNK',
        (c) => c.nonce === nonce && c.chunk_index === first.chunk_count - 1, { from });
    const all = session.events('GUILD_MEMBERS_CHUNK').filter((c) => c.nonce === nonce);
    assert.deepEqual(all.map((c) => c.chunk_index), [...Array(first.chunk_count).keys()]);
    assert.ok(all.every((c) => c.chunk_count === first.chunk_count && c.guild_id === d.guild_id));
    return all;
}

// Nothing comes: what is asked for afterwards is answered first.
async function expectSilence(session, d) {
    const from = await ask(session, d);
    const { id } = home;
    session.send({ op: OP.MEMBERS, d: { guild_id: id, user_ids: [owner.id], nonce: 'after' } });
    await session.event('GUILD_MEMBERS_CHUNK', (c) => c.nonce === 'after', { from });
    const came = session.received.slice(from).filter((p) =>
        (p.t === 'GUILD_MEMBERS_CHUNK' && p.d.nonce !== 'after') || p.t === 'RATE_LIMITED');
    assert.deepEqual(came, []);
}

test('by ids: members, and what is not found as it was sent', async () => {
    const c = await chunk(gateway, {
        guild_id: home.id, user_ids: [member.id, '7', 'nobody"', 12, '18446744073709551615', owner.id], nonce: 'ids',
    });
    assert.deepEqual(c.members.map((m) => m.user.id), [owner.id, member.id].toSorted((a, b) => Number(BigInt(a) - BigInt(b))));
    assert.deepEqual(c.not_found.toSorted(), ['12', '18446744073709551615', '7', 'nobody"']);
    assert.deepEqual([c.guild_id, c.chunk_index, c.chunk_count, c.nonce], [home.id, 0, 1, 'ids']);
    const full = await ok(server, 'GET', `/guilds/${home.id}/members/${member.id}`, { token: robot.token });
    assert.deepEqual(c.members.find((m) => m.user.id === member.id), full);
});

test('one id without a list; none not found, no such key; no nonce, none either', async () => {
    const c = await chunk(gateway, { guild_id: home.id, user_ids: member.id });
    assert.deepEqual(c.members.map((m) => m.user.id), [member.id]);
    assert.equal('not_found' in c, false);
    assert.equal('nonce' in c, false);
    assert.equal('presences' in c, false);
});

test('by prefix: user name, display name and nick, whatever the case, up to the limit', async () => {
    const name = freshName('Zebra'.toLowerCase());
    const zebra = await person(server, name);
    const { code } = await invite(server, owner, home.channel);
    await join(server, zebra, code);
    await ok(server, 'PATCH', `/guilds/${home.id}/members/${member.id}`, { token: owner.token, body: { nick: 'ZEBRAcrossing' } });
    const both = await chunk(gateway, { guild_id: home.id, query: 'zEbRa', limit: 10 });
    assert.deepEqual(both.members.map((m) => m.user.id), [member.id, zebra.id]);
    const one = await chunk(gateway, { guild_id: home.id, query: 'zebra', limit: 1 });
    assert.equal(one.members.length, 1);
    // discord.js sends limit 0 with a prefix.
    const zero = await chunk(gateway, { guild_id: home.id, query: 'zebra_', limit: 0 });
    assert.deepEqual(zero.members.map((m) => m.user.id), [zebra.id]);
    const none = await chunk(gateway, { guild_id: home.id, query: 'zebraX', limit: 5, nonce: 'none' });
    assert.deepEqual([none.members, none.chunk_count, none.nonce], [[], 1, 'none']);
});

test('a nonce of more than 32 bytes is ignored, one of 32 is not', async () => {
    const long = await chunk(gateway, { guild_id: home.id, user_ids: [owner.id], nonce: 'é'.repeat(17) });
    assert.equal('nonce' in long, false);
    const most = await chunk(gateway, { guild_id: home.id, user_ids: [owner.id], nonce: 'é'.repeat(16) });
    assert.equal(most.nonce, 'é'.repeat(16));
});

test('presences: of those who are there, with the intent', async () => {
    const there = await Gateway.session(server, member);
    const asked = { guild_id: home.id, user_ids: [owner.id, member.id], presences: true };
    let c;
    await until(async () => {
        c = await chunk(gateway, asked);
        return c.presences.length === 1;
    }, 'the presence');
    assert.equal(c.presences[0].user.id, member.id);
    assert.equal(c.presences[0].status, 'online');
    assert.deepEqual(c.presences[0].activities, []);
    assert.ok(c.presences[0].client_status);
    const without = await Gateway.session(server, robot, { identify: { intents: ALL_INTENTS & ~INTENTS.GUILD_PRESENCES } });
    const blind = await chunk(without, asked);
    assert.equal('presences' in blind, false);
    await without.end();
    await there.end();
});

test('the whole list: 2,500 more members in chunks of 1,000, everybody once', async () => {
    const big = await newGuild(server, owner, 'Big');
    await authorize(server, owner, robot, big);
    await fill(server, big, MANY, 1000);
    const session = await Gateway.session(server, robot);
    const all = await chunks(session, { guild_id: big.id, query: '', limit: 0 }, 'all');
    assert.equal(all.length, 3);
    assert.deepEqual(all.map((c) => c.members.length), [1000, 1000, MANY + 2 - 2000]);
    const ids = new Set(all.flatMap((c) => c.members.map((m) => m.user.id)));
    assert.equal(ids.size, MANY + 2);
    assert.ok(ids.has(owner.id) && ids.has(robot.id) && ids.has('1000') && ids.has('3499'));
    const some = await chunks(session, { guild_id: big.id, query: '', limit: 1200 }, 'some');
    assert.deepEqual(some.map((c) => c.members.length), [1000, 200]);
    await session.end();
});

test('the whole list needs the intent; people need a permission for it', async () => {
    const blind = await Gateway.session(server, robot, { identify: { intents: ALL_INTENTS & ~INTENTS.GUILD_MEMBERS } });
    await expectSilence(blind, { guild_id: home.id, query: '', limit: 0 });
    await blind.end();
    const plain = await Gateway.session(server, member);
    await expectSilence(plain, { guild_id: home.id, query: '', limit: 0 });
    await plain.end();
    const boss = await Gateway.session(server, owner);
    const list = await chunks(boss, { guild_id: home.id, query: '', limit: 0 }, 'boss');
    assert.equal(list.length, 1);
    await boss.end();
});

test('a person may name several guilds at once, a bot may not', async () => {
    const second = await newGuild(server, member, 'Second');
    const session = await Gateway.session(server, member);
    const from = await ask(session, { guild_id: [home.id, second.id], user_ids: [member.id] });
    for (const { id } of [home, second])
        await session.event('GUILD_MEMBERS_CHUNK', (c) => c.guild_id === id, { from });
    await session.end();
    const other = await Gateway.session(server, robot);
    await ask(other, { guild_id: [home.id], user_ids: [member.id] });
    await other.expectClose(4002);
});

test('of a guild that one is not in nothing is told', async () => {
    const stranger = await person(server);
    const foreign = await newGuild(server, stranger, 'Foreign');
    await expectSilence(gateway, { guild_id: foreign.id, user_ids: [stranger.id] });
    await expectSilence(gateway, { guild_id: '1', query: '', limit: 0 });
});

for (const [what, d] of Object.entries({
    'no guild': { query: '', limit: 0 },
    'a guild that is no id': { guild_id: 'x', query: '', limit: 0 },
    'neither query nor ids': { guild_id: '1' },
    'no limit': { guild_id: '1', query: '' },
    'a negative limit': { guild_id: '1', query: '', limit: -1 },
    'a limit that is a string': { guild_id: '1', query: 'x', limit: '5' },
    'a query that is a number': { guild_id: '1', query: 5, limit: 5 },
    'ids that are objects': { guild_id: '1', user_ids: [{}] },
    'more than 100 ids': { guild_id: '1', user_ids: Array.from({ length: 101 }, (_, i) => String(i + 1)) },
    'a nonce that is a number': { guild_id: '1', user_ids: ['1'], nonce: 5 },
    'presences that are no boolean': { guild_id: '1', user_ids: ['1'], presences: 'yes' },
    'no object': 5,
})) {
    test(`4002: ${what}`, async () => {
        const session = await Gateway.session(server, robot);
        await ask(session, d);
        await session.expectClose(4002);
    });
}

test('100 ids are fine', async () => {
    const ids = Array.from({ length: 100 }, (_, i) => String(i + 1));
    const c = await chunk(gateway, { guild_id: home.id, user_ids: ids });
    assert.deepEqual([c.members.length, c.not_found.length], [0, 100]);
});

test('the whole list again within 30 s: RATE_LIMITED, for all sessions of the user; other guilds and requests are not', async () => {
    const strict = await useServer({ flags: LIMITED });
    const there = await world(strict);
    const first = await Gateway.session(strict, there.owner);
    const second = await Gateway.session(strict, there.owner);
    const whole = { guild_id: there.guild.id, query: '', limit: 0 };
    assert.equal((await chunks(first, whole, 'one'))[0].members.length, 3);
    for (const session of [first, second]) {
        const from = await ask(session, { ...whole, nonce: 'two' });
        const { d } = await session.event('RATE_LIMITED', () => true, { from });
        assert.equal(d.opcode, 8);
        assert.ok(d.retry_after > 0 && d.retry_after <= 30, `${d.retry_after}`);
        assert.deepEqual(d.meta, { guild_id: there.guild.id, nonce: 'two' });
    }
    await chunk(first, { guild_id: there.guild.id, user_ids: [there.owner.id] });
});

test('what waits is bounded: the 129th is RATE_LIMITED, and the others are answered in order', async () => {
    const big = await newGuild(server, owner, 'Queue');
    await authorize(server, owner, robot, big);
    const session = await Gateway.session(server, robot);
    const from = session.mark();
    session.socket._socket.cork();
    for (let i = 0; i < 300; i += 1)
        session.send({ op: OP.MEMBERS, d: { guild_id: big.id, user_ids: [owner.id], nonce: String(i) } });
    session.socket._socket.uncork();
    await until(() => session.received.slice(from).length >= 300, 'an answer to each');
    const refused = session.events('RATE_LIMITED').length;
    const answered = session.received.slice(from).filter((p) => p.t === 'GUILD_MEMBERS_CHUNK').map((p) => Number(p.d.nonce));
    assert.ok(refused > 0, 'some were refused');
    assert.equal(answered.length + refused, 300);
    assert.deepEqual(answered, answered.toSorted((a, b) => a - b));
    await session.end();
});

async function metric(name) {
    const { text } = await api(server, 'GET', '/metrics', { base: '' });
    return Number(text.split('\n').find((line) => line.startsWith(`${name} `)).split(' ')[1]);
}

// What the gateway holds, payloads included.
const held = async () => await metric('guildhall_memory_bytes{area="events"}') + await metric('guildhall_memory_bytes{area="gateway"}');

test('a client that does not read is sent no more than it can hold, and gets the rest when it does', async () => {
    const huge = await newGuild(server, owner, 'Huge');
    await authorize(server, owner, robot, huge);
    await fill(server, huge, HUGE, 100000);
    const session = await Gateway.session(server, robot);
    const before = await held();
    session.socket.pause();
    session.send({ op: OP.MEMBERS, d: { guild_id: huge.id, query: '', limit: 0, nonce: 'slow' } });
    // Others are served meanwhile. It is through when theirs are the only frames for a while.
    let frames = await metric('guildhall_gateway_frames_total');
    for (let quiet = 0; quiet < 20;) {
        await chunk(gateway, { guild_id: home.id, query: 'e', limit: 100 });
        const now = await metric('guildhall_gateway_frames_total');
        quiet = now === frames + 1 ? quiet + 1 : 0;
        frames = now;
    }
    const grown = await held() - before;
    assert.ok(grown < 6 << 20, `${grown} bytes more`); // of 40 million
    assert.equal(session.close, undefined);
    session.socket.resume();
    await session.event('GUILD_MEMBERS_CHUNK', (c) => c.nonce === 'slow' && c.chunk_index === c.chunk_count - 1);
    const all = session.events('GUILD_MEMBERS_CHUNK').filter((c) => c.nonce === 'slow');
    assert.equal(all.length, HUGE / 1000 + 1);
    assert.equal(new Set(all.flatMap((c) => c.members.map((m) => m.user.id))).size, HUGE + 2);
    await session.end();
});

test('a cut in the middle of the list: the rest comes with Resume', async () => {
    const list = await newGuild(server, owner, 'Cut');
    await authorize(server, owner, robot, list);
    await fill(server, list, 20000, 500000);
    const session = await Gateway.session(server, robot);
    session.send({ op: OP.MEMBERS, d: { guild_id: list.id, query: '', limit: 0, nonce: 'cut' } });
    await session.event('GUILD_MEMBERS_CHUNK', (c) => c.nonce === 'cut');
    await session.cut();
    const back = await Gateway.connect(server);
    await back.resume(robot, session.session, session.seq);
    await back.event('GUILD_MEMBERS_CHUNK', (c) => c.nonce === 'cut' && c.chunk_index === c.chunk_count - 1);
    const all = [...session.events('GUILD_MEMBERS_CHUNK'), ...back.events('GUILD_MEMBERS_CHUNK')];
    assert.deepEqual(all.map((c) => c.chunk_index), [...Array(21).keys()]);
    assert.equal(new Set(all.flatMap((c) => c.members.map((m) => m.user.id))).size, 20002);
    await back.end();
});

test('out of the guild in the middle of the list: nothing more comes of it', async () => {
    const gone = await newGuild(server, owner, 'Gone');
    await authorize(server, owner, robot, gone);
    await fill(server, gone, 30000, 900000);
    const session = await Gateway.session(server, robot);
    session.send({ op: OP.MEMBERS, d: { guild_id: gone.id, query: '', limit: 0, nonce: 'gone' } });
    await session.event('GUILD_MEMBERS_CHUNK', (c) => c.nonce === 'gone');
    await ok(server, 'DELETE', `/guilds/${gone.id}/members/${robot.id}`, { token: owner.token });
    await session.event('GUILD_DELETE', (d) => d.id === gone.id);
    const from = session.mark();
    await chunk(session, { guild_id: home.id, user_ids: [owner.id], nonce: 'then' }, (c) => c.nonce === 'then');
    assert.equal(session.received.slice(from).filter((p) => p.d?.nonce === 'gone').length, 0);
    await session.end();
});

test('a planned restart in the middle of the list: the rest comes from the new server', async () => {
    // One loop: what the other session is answered below comes after the commands of this one were read.
    const first = await Server.start({ data: temporaryFolder(), flags: [...UNLIMITED, '--server.loops=1'] });
    const there = await world(first);
    await fill(first, there.guild, 30000, 100000);
    const session = await Gateway.session(first, there.bot);
    session.socket.pause();
    session.send({ op: OP.MEMBERS, d: { guild_id: there.guild.id, query: '', limit: 0, nonce: 'long' } });
    session.send({ op: OP.MEMBERS, d: { guild_id: there.guild.id, user_ids: [there.owner.id, 'x"y', '5'], presences: true, nonce: 'ids' } });
    session.send({ op: OP.MEMBERS, d: { guild_id: there.guild.id, query: 'OWN', limit: 5, nonce: 'named' } });
    const other = await Gateway.session(first, there.owner);
    for (let i = 0; i < 5; i += 1)
        await chunk(other, { guild_id: there.guild.id, user_ids: [there.owner.id] });
    const stopped = first.stop();
    session.socket.resume();
    await stopped;
    const second = await Server.start({ data: first.data, flags: UNLIMITED });
    const back = await Gateway.connect(second);
    await back.resume(there.bot, session.session, session.seq);
    await back.event('GUILD_MEMBERS_CHUNK', (c) => c.nonce === 'named');
    const all = [...session.events('GUILD_MEMBERS_CHUNK'), ...back.events('GUILD_MEMBERS_CHUNK')];
    const list = all.filter((c) => c.nonce === 'long');
    assert.deepEqual(list.map((c) => c.chunk_index), [...Array(31).keys()]);
    assert.ok(back.events('GUILD_MEMBERS_CHUNK').some((c) => c.nonce === 'long'), 'some of them from the new one');
    assert.equal(new Set(list.flatMap((c) => c.members.map((m) => m.user.id))).size, 30003);
    const ids = all.find((c) => c.nonce === 'ids');
    assert.deepEqual([ids.members.map((m) => m.user.id), ids.not_found.toSorted()], [[there.owner.id], ['5', 'x"y']]);
    assert.deepEqual(all.find((c) => c.nonce === 'named').members.map((m) => m.user.id), [there.owner.id]);
    await second.stop();
});
