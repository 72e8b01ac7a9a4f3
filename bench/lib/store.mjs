// The store at its own interface: SQLite against the least program that commits the same rows,
// PostgreSQL against pgbench, reads beside writes against reads beside mere use of the CPU.

import { once } from 'node:events';
import { cpSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { BUILD, Lines, output, start, temporaryFolder } from './process.mjs';
import { PostgresServer } from './postgres.mjs';
import { columns } from './stats.mjs';

export const THREADS = 64;
export const CONNECTIONS = 16;
const RUN_MS = 700;
const READ_MS = 1500;
const BATCHES = [64, 256, 1024, 4096];

// A program that answers each line with a line of JSON.
class Tool {
    constructor(name, args) {
        this.child = start(join(BUILD, 'bench', name), args, { stdin: 'pipe' });
        this.lines = new Lines(this.child);
    }

    static async start(name, args) {
        const tool = new Tool(name, args);
        await tool.lines.next(); // "ready"
        return tool;
    }

    async ask(line) {
        this.child.stdin.write(`${line}\n`);
        return JSON.parse(await this.lines.next());
    }

    async end() {
        const gone = once(this.child, 'exit');
        this.child.stdin.end();
        await gone;
    }
}

function rates({ transactions, elapsed_ns: elapsed, cpu_ns: cpu }) {
    return { rate: transactions / (elapsed / 1e9), cpu: cpu / transactions };
}

// Both sides of each pair, the order alternating.
async function inPairs(count, sides, progress, what) {
    const rows = [];
    const names = Object.keys(sides);
    for (let i = 0; i < count; i += 1) {
        const row = {};
        for (const name of i % 2 === 0 ? names : [...names].reverse())
            row[name] = await sides[name]();
        rows.push(row);
        progress(`${what}: pair ${i + 1} of ${count}`);
    }
    return rows;
}

function against(rows, other) {
    return {
        ours: columns(rows.map((row) => row.ours)),
        other: columns(rows.map((row) => row[other])),
        ratio: rows.map((row) => row.ours.rate / row[other].rate),
    };
}

async function bestBatch(bare) {
    let best = { rate: 0 };
    for (const batch of BATCHES) {
        const { rate } = rates(await bare.ask(`commit ${batch} ${RUN_MS}`));
        if (rate > best.rate)
            best = { batch, rate };
    }
    return best.batch;
}

// Each side has a database of its own, grown alike.
export async function measureSqlite(count, progress) {
    const folder = temporaryFolder();
    const first = await Tool.start('bench_store_load', [join(folder, 'ours')]);
    await first.ask(`write ${THREADS} ${RUN_MS}`);
    await first.end();
    cpSync(join(folder, 'ours'), join(folder, 'bare'), { recursive: true });
    const load = await Tool.start('bench_store_load', [join(folder, 'ours')]);
    const bare = await Tool.start('bench_store_bare', [join(folder, 'bare/guildhall.db')]);
    const batch = await bestBatch(bare);
    const many = await inPairs(count, {
        ours: async () => rates(await load.ask(`write ${THREADS} ${RUN_MS}`)),
        bare: async () => rates(await bare.ask(`commit ${batch} ${RUN_MS}`)),
    }, progress, `SQLite, ${THREADS} threads`);
    const alone = await inPairs(count, {
        ours: async () => rates(await load.ask(`write 1 ${RUN_MS}`)),
        bare: async () => rates(await bare.ask(`commit 1 ${RUN_MS}`)),
    }, progress, 'SQLite, a lone write');
    await bare.end();
    const reads = await measureReads(load, count, progress);
    await load.end();
    return { batch, many: against(many, 'bare'), alone: against(alone, 'bare'), reads };
}

async function measureReads(load, count, progress) {
    const rows = [];
    for (let i = 0; i < count; i += 1) {
        const beside = await load.ask(`read ${READ_MS} ${THREADS}`);
        const burning = await load.ask(`burn ${READ_MS} ${beside.others_permille} ${THREADS}`);
        rows.push({ beside, burning, ratio: beside.p99_ns / burning.p99_ns });
        progress(`reads: pair ${i + 1} of ${count}`);
    }
    return {
        beside: columns(rows.map((row) => row.beside)),
        burning: columns(rows.map((row) => row.burning)),
        ratio: rows.map((row) => row.ratio),
    };
}

// The statements of one message, as a client of PostgreSQL would write them.
const SCRIPT = `\\set guild 1 + :client_id % 8
\\set channel 1000 + :guild
BEGIN;
UPDATE streams SET head = head + 1 WHERE stream_kind = 1 AND stream_id = :guild RETURNING head \\gset
\\set id :id_base + :head
SELECT perm_generation FROM guilds WHERE id = :guild;
INSERT INTO messages (channel_id, id, guild_id, author_id, type, edited_at_ms, flags, tts, mention_everyone, reference_id, content, mentions, mention_roles) VALUES (:channel, :id, :guild, 7, 0, 0, 0, 0, 0, NULL, '${'It is a truth universally acknowledged that a message of ordinary length has a hundred bytes or so.'}', NULL, NULL);
UPDATE channels SET last_message_id = :id WHERE id = :channel;
INSERT INTO event_log (stream_kind, stream_id, position, kind, guild_id, channel_id, entity_id, actor_id, at_ms, delta) VALUES (1, :guild, :head, 1, :guild, :channel, :id, 7, 1790000000000, NULL);
COMMIT;
`;

async function pgbench(server, url, script, run) {
    const seconds = Math.max(1, Math.round(RUN_MS / 1000));
    const text = await output(server.tool('pgbench'), ['-n', '-M', 'prepared', '-c', String(CONNECTIONS), '-j', '2',
        '-T', String(seconds), '-D', `id_base=${(2n ** 62n + BigInt(run) * 2n ** 40n).toString()}`, '-f', script, url]);
    const match = /^tps = ([0-9.]+)/m.exec(text);
    if (match === null)
        throw new Error(`pgbench said: ${text}`);
    return { rate: Number(match[1]) };
}

export async function measurePostgres(count, progress) {
    const server = await PostgresServer.start();
    const url = await server.database('bench');
    const script = join(temporaryFolder(), 'message.sql');
    writeFileSync(script, SCRIPT);
    const load = await Tool.start('bench_store_load', [join(temporaryFolder(), 'data'), url, String(CONNECTIONS)]);
    await load.ask(`write ${CONNECTIONS} ${RUN_MS}`);
    let run = 0;
    const rows = await inPairs(count, {
        ours: async () => rates(await load.ask(`write ${CONNECTIONS} 1000`)),
        pgbench: async () => pgbench(server, url, script, run += 1),
    }, progress, 'PostgreSQL');
    await load.end();
    server.stop();
    return against(rows, 'pgbench');
}
