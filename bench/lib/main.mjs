// Runs every measurement and reports. See bench/README.md.

import { writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';

import { measureFanout, SESSIONS } from './fanout.mjs';
import { makeWorld } from './guildhall.mjs';
import { measureHistory } from './history.mjs';
import { measureHttp } from './http.mjs';
import { measureMessages } from './messages.mjs';
import { ROOT } from './process.mjs';
import { page, targets } from './report.mjs';
import { measureRoleChange } from './role_change.mjs';
import { measureSearch } from './search.mjs';
import { MANY, measureMillion, measureSessions, measureStart } from './size.mjs';
import { CONNECTIONS, measurePostgres, measureSqlite, THREADS } from './store.mjs';
import { measureViews } from './views.mjs';

const options = process.argv.slice(2);
const pairs = Number(process.env.BENCH_PAIRS ?? 15);
const LIMIT_MS = 25 * 60 * 1000;

function progress(text) {
    if (process.stderr.isTTY)
        process.stderr.write(`\r\x1b[K${text}`);
}

async function measureAll() {
    const http = [await measureHttp(pairs, cpus().length, false, progress)];
    if (cpus().length > 1)
        http.push(await measureHttp(pairs, 1, true, progress));
    const views = await measureViews(progress);
    const start = await measureStart(pairs, progress);
    const million = await measureMillion(pairs, progress);
    const sqlite = await measureSqlite(pairs, progress);
    const postgres = await measurePostgres(pairs, progress);
    const messages = await measureMessages(pairs, progress);
    const search = await measureSearch(progress);
    const history = await measureHistory(progress);
    const world = await makeWorld(MANY + 1, progress);
    const fanout = await measureFanout(world, pairs, progress);
    const sessions = await measureSessions(world, progress);
    const roleChange = await measureRoleChange(world, pairs, progress); // last: it makes the world a big one
    return {
        date: new Date().toISOString().slice(0, 10), pairs, http, messages, search, history, fanout, views, start, sessions, roleChange,
        million, sqlite, postgres, storeThreads: THREADS, storeConnections: CONNECTIONS,
        sessionsFanout: SESSIONS,
    };
}

const unknown = options.filter((option) => option !== '--write');
if (unknown.length > 0) {
    process.stderr.write('usage: bench/run [--write]\n');
    process.exit(2);
}
setTimeout(() => {
    process.stderr.write('bench: not done after 25 minutes\n');
    process.exit(1);
}, LIMIT_MS).unref();

const results = await measureAll();
progress('');
const text = page(results);
process.stdout.write(text);
if (options.includes('--write'))
    writeFileSync(join(ROOT, 'docs/BENCHMARKS.md'), text);
const missed = targets(results).filter(({ reached }) => !reached);
for (const { what, value, target } of missed)
    process.stderr.write(`bench: target missed: ${what}: ${value}, ${target}\n`);
process.exit(missed.length === 0 ? 0 : 1);
