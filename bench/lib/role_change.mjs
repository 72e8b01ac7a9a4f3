// A role changes in a big guild: 100,000 members, 5,000 sessions, hundreds of visibility classes, 500
// channels. How long do messages of another guild on the same loop take, with and without that?

import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { call, metric, register, startGuildhall } from './guildhall.mjs';
import { ended, pinServer, setIdle, setPriority, stop, temporaryFolder } from './process.mjs';
import { MANY } from './size.mjs';
import { Sink } from './sink.mjs';
import { columns } from './stats.mjs';

export const ROLE_CHANGE = {
    members: 100000, sessions: Number(process.env.BENCH_BIG_SESSIONS ?? MANY), channels: 500, roles: 100,
    overwrites: 4, rolesOfMember: 3, others: 20, everyMs: 250,
};
const ROUNDS = 2000;
const INTERVAL_US = 1500;
const BIT = { ADD_REACTIONS: 1n << 6n, VIEW_CHANNEL: 1n << 10n, CONNECT: 1n << 20n };

// The structure of the big guild, by the API: what decides is made there, members are only rows.
async function buildStructure(server, token, guild) {
    const made = [];
    for (let i = 1; i < ROLE_CHANGE.roles; i += 1) {
        const { id } = await call(server, token, 'POST', `/guilds/${guild}/roles`, { name: `role ${i}`, permissions: '0' });
        made.push(id);
    }
    const crew = made[0];
    const there = (await call(server, token, 'GET', `/guilds/${guild}/channels`)).length;
    for (let i = there; i < ROLE_CHANGE.channels; i += 1) {
        const overwrites = Array.from({ length: ROLE_CHANGE.overwrites }, (_, k) => ({
            id: made[(i * 7 + k * 3) % (made.length - 1) + 1], type: 0, allow: String(BIT.ADD_REACTIONS), deny: String(BIT.CONNECT),
        }));
        if (i % 100 === 99) // five channels that the role `crew` opens or closes
            overwrites.push({ id: guild, type: 0, allow: '0', deny: String(BIT.VIEW_CHANNEL) });
        await call(server, token, 'POST', `/guilds/${guild}/channels`, { name: `channel-${i}`, type: 0, permission_overwrites: overwrites });
    }
    return { crew, roles: made };
}

function sqlite(data, text) {
    const done = spawnSync('sqlite3', ['-cmd', '.timeout 10000', join(data, 'guildhall.db')], { input: text, encoding: 'utf8' });
    if (done.status !== 0 || done.stderr !== '')
        throw new Error(`sqlite3: ${done.error?.message ?? done.stderr}`);
}

// Members beyond those who have sessions, and roles for those who have: one of 12, one of 12 others, one
// of two more, and `crew` for a quarter: 288 combinations.
function insertMembers(data, guild, { crew, roles }) {
    const values = roles.slice(1, 27).map((id, i) => `(${i}, ${id})`).join(', ');
    const numbered = '(SELECT user_id, row_number() OVER (ORDER BY user_id) AS n FROM members WHERE guild_id = ' +
        `${guild} ORDER BY user_id LIMIT ${MANY + 2})`;
    const grants = Array.from({ length: ROLE_CHANGE.rolesOfMember }, (_, k) => `INSERT OR IGNORE INTO member_roles
        SELECT ${guild}, user_id, v.column2 FROM ${numbered} JOIN (VALUES ${values}) AS v
        ON v.column1 = ${12 * k} + n / ${12 ** k} % ${[12, 12, 2][k]};`);
    sqlite(data, `BEGIN;
        ${grants.join('\n')}
        INSERT INTO member_roles SELECT ${guild}, user_id, ${crew} FROM ${numbered} WHERE n % 4 = 0;
        CREATE TEMP TABLE extra AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${ROLE_CHANGE.members})
            SELECT i FROM n WHERE i <= ${ROLE_CHANGE.members} - (SELECT count(*) FROM members WHERE guild_id = ${guild});
        INSERT INTO users (id, tenant_id, username, bot, flags, created_at_ms)
            SELECT 1000 + i, (SELECT min(tenant_id) FROM users), 'extra_' || i, 0, 0, 0 FROM extra;
        INSERT INTO members (guild_id, user_id, joined_at_ms, timed_out_until_ms, deaf, mute)
            SELECT ${guild}, 1000 + i, 1000, 0, 0, 0 FROM extra;
        UPDATE guilds SET member_count = ${ROLE_CHANGE.members} WHERE id = ${guild};
        COMMIT;`);
}

// Another guild, of people who are not in the big one.
export async function buildOther(server) {
    const owner = await register(server, 'other_owner');
    const { id } = await call(server, owner, 'POST', '/guilds', { name: 'Other' });
    const channels = await call(server, owner, 'GET', `/guilds/${id}/channels`);
    const { id: channel } = channels.find(({ type }) => type === 0);
    const { code } = await call(server, owner, 'POST', `/channels/${channel}/invites`, { max_age: 0 });
    const tokens = [];
    for (let i = 0; i < ROLE_CHANGE.others; i += 1) {
        tokens.push(await register(server, `other_${i}`));
        await call(server, tokens[i], 'POST', `/invites/${code}`, {});
    }
    const file = join(temporaryFolder(), 'tokens');
    writeFileSync(file, tokens.map((token) => `${token}\n`).join(''));
    return { owner, tokens: file, posts: `/api/v10/channels/${channel}/messages` };
}

async function prepare(world, progress) {
    progress('a big guild');
    const server = await startGuildhall(['--server.loops=1'], world.data);
    const [{ id: guild }] = await call(server, world.owner, 'GET', '/users/@me/guilds');
    const other = await buildOther(server);
    const structure = await buildStructure(server, world.owner, guild);
    await stop(server.child);
    insertMembers(world.data, guild, structure);
    return { guild, other, crew: structure.crew };
}

// In turn: a bit of everybody's, which decides nothing about sight, and the sight of five channels for a
// quarter of the members.
function changer(server, token, { guild, crew }) {
    let n = 0;
    return async () => {
        n += 1;
        const everybody = n % 2 === 0;
        const on = n % 4 < 2;
        const permissions = everybody ? BIT.VIEW_CHANNEL | 1n << 11n | 1n << 16n | (on ? BIT.ADD_REACTIONS : 0n)
            : on ? 8n : 0n;
        await call(server, token, 'PATCH', `/guilds/${guild}/roles/${everybody ? guild : crew}`, { permissions: String(permissions) });
    };
}

async function measureOne(both, change) {
    let going = true;
    let changes = 0;
    const reading = (async () => {
        let dispatches = 0;
        while (going)
            dispatches += (await both.big.read(100)).dispatches;
        return dispatches;
    })();
    const changing = (async () => {
        while (going && change !== undefined) {
            await change();
            changes += 1;
            await new Promise((done) => setTimeout(done, ROLE_CHANGE.everyMs));
        }
    })();
    const taken = await both.small.latency(ROUNDS, INTERVAL_US);
    going = false;
    await changing;
    const dispatches = await reading;
    await both.big.read(300); // what is still on its way does not belong to the next window
    return { ...taken, changes, dispatches };
}

export async function measureRoleChange(world, count, progress) {
    const made = await prepare(world, progress);
    const server = await startGuildhall(['--server.loops=1'], world.data);
    const both = {
        big: new Sink(server.port, world, ROLE_CHANGE.sessions),
        small: new Sink(server.port, made.other, ROLE_CHANGE.others),
    };
    await both.big.open(ROLE_CHANGE.sessions);
    await both.big.heartbeat();
    await both.small.open(ROLE_CHANGE.others);
    pinServer(server.child.pid);
    const fifo = setPriority(both.small.child.pid) && setIdle(both.big.child.pid);
    const change = changer(server, world.owner, made);
    await measureOne(both, change); // warm
    const rows = [];
    for (let i = 0; i < count; i += 1) {
        const row = {};
        for (const side of i % 2 === 0 ? ['quiet', 'busy'] : ['busy', 'quiet'])
            row[side] = await measureOne(both, side === 'busy' ? change : undefined);
        rows.push(row);
        progress(`role changes: pair ${i + 1} of ${count}`);
    }
    if (ended(server.child))
        throw new Error(`the server ended: ${server.child.errors}`);
    const slow = await metric(server, 'gateway_slow_closed_total');
    if (slow > 0)
        throw new Error(`${slow} sessions were too slow`);
    for (const sink of Object.values(both))
        sink.child.stdin.end();
    await stop(server.child);
    return {
        quiet: columns(rows.map((row) => row.quiet)), busy: columns(rows.map((row) => row.busy)),
        ratio: rows.map((row) => row.busy.p99_ns / row.quiet.p99_ns), fifo,
    };
}
