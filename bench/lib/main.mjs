// Runs every measurement and reports. See bench/README.md.

import { writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';

import { measureFairness } from './fairness.mjs';
import { measureFanout, SESSIONS } from './fanout.mjs';
import { makeWorld } from './guildhall.mjs';
import { measureHistory } from './history.mjs';
import { measureHttp } from './http.mjs';
import { makeManyWorld } from './many.mjs';
import { measureMessages } from './messages.mjs';
import { ROOT } from './process.mjs';
import { page, targets } from './report.mjs';
import { measureRoleChange } from './role_change.mjs';
import { measureSearch } from './search.mjs';
import { MANY, measureMillion, measureSessions, measureStart } from './size.mjs';
import { IDLE, measureIdle, measureStorms } from './storm.mjs';
import { CONNECTIONS, measurePostgres, measureSqlite, THREADS } from './store.mjs';
import { measureViews } from './views.mjs';
import { measureZlib } from './zlib.mjs';

const options = process.argv.slice(2);
const pairs = Number(process.env.BENCH_PAIRS ?? 15);
const LIMIT_MS = 35 * 60 * 1000;

function progress(text) {
    if (process.stderr.isTTY)
        process.stderr.write(`\r\x1b[K${text}`);
}

// What is measured, in this order; with BENCH_ONLY=name,name only some of it. Of a world only one server
// runs at a time.
const PARTS = {
    async http() {
        const all = [await measureHttp(pairs, cpus().length, false, progress)];
        if (cpus().length > 1)
            all.push(await measureHttp(pairs, 1, true, progress));
        return all;
    },
    views: () => measureViews(progress),
    start: () => measureStart(pairs, progress),
    million: () => measureMillion(pairs, progress),
    sqlite: () => measureSqlite(pairs, progress),
    postgres: () => measurePostgres(pairs, progress),
    messages: () => measureMessages(pairs, progress),
    search: () => measureSearch(progress),
    history: () => measureHistory(progress),
    fanout: async () => measureFanout(await home(), SESSIONS, pairs, progress),
    wide: async () => measureFanout(await home(), MANY, pairs, progress),
    zlib: async () => measureZlib(await home(), pairs, progress),
    sessions: async () => measureSessions(await home(), progress),
    idle: async () => measureIdle(await many(), false, progress),
    idleTls: async () => measureIdle(await many(), true, progress),
    storms: async () => measureStorms(await many(), progress),
    fairness: async () => measureFairness(await home(), pairs, progress),
    roleChange: async () => measureRoleChange(await home(), pairs, progress), // last: it makes the world a big one
};

function once(make) {
    let made;
    return () => {
        made ??= make();
        return made;
    };
}

const home = once(() => makeWorld(MANY + 1, progress));
const many = once(() => makeManyWorld(IDLE, progress));

async function measure(names) {
    const results = {
        date: new Date().toISOString().slice(0, 10), pairs, storeThreads: THREADS, storeConnections: CONNECTIONS,
        sessionsFanout: SESSIONS,
    };
    for (const name of names) {
        const begun = Date.now();
        results[name] = await PARTS[name]();
        progress('');
        process.stderr.write(`bench: ${name}: ${Math.round((Date.now() - begun) / 1000)} s\n`);
    }
    return results;
}

const unknown = options.filter((option) => option !== '--write');
const only = process.env.BENCH_ONLY?.split(',');
if (unknown.length > 0 || only?.some((name) => PARTS[name] === undefined) || (only && options.length > 0)) {
    process.stderr.write(`usage: bench/run [--write]; BENCH_ONLY may name some of ${Object.keys(PARTS).join(',')}\n`);
    process.exit(2);
}
setTimeout(() => {
    process.stderr.write('bench: not done after 35 minutes\n');
    process.exit(1);
}, LIMIT_MS).unref();

const results = await measure(only ?? Object.keys(PARTS));
const reached = targets(results);
const text = only
    ? reached.map((t) => `${t.what}: ${t.value} (${t.target})\n`).join('') : page(results);
process.stdout.write(text);
if (options.includes('--write'))
    writeFileSync(join(ROOT, 'docs/BENCHMARKS.md'), text);
const missed = reached.filter((t) => !t.reached);
for (const { what, value, target } of missed)
    process.stderr.write(`bench: target missed: ${what}: ${value}, ${target}\n`);
process.exit(missed.length === 0 ? 0 : 1);
