// One guild is offered twice what a loop can deliver: how long do messages of a quiet guild on the same
// loop take, with and without that? Memory must stay bounded, and no session may be ended for it. The
// database is in memory: a disk that is asked for so many commits makes everybody wait now and then, and
// is not what is looked at.

import { cpSync } from 'node:fs';
import { join } from 'node:path';

import { metric, startGuildhall } from './guildhall.mjs';
import { pinServer, rssBytes, setFirst, setIdle, stop, temporaryFolder } from './process.mjs';
import { buildOther } from './role_change.mjs';
import { Sink } from './sink.mjs';
import { columns } from './stats.mjs';

export const FAIRNESS = { sessions: 5000, others: 20 };
const ROUNDS = 300;
const INTERVAL_US = 10000;
const CALIBRATION = 60;
const BURST = 32;

async function measureOne(both, rate) {
    const window = ROUNDS * INTERVAL_US / 1000;
    const flood = rate === 0 ? both.busy.read(window) : both.busy.flood(rate, window);
    const taken = await both.quiet.latency(ROUNDS, INTERVAL_US);
    const sums = await flood;
    while ((await both.busy.read(500)).dispatches > 0) {
        // What is still on its way, much of it from the log, does not belong to the next window.
    }
    return { ...taken, ...sums, window };
}

export async function measureFairness(world, count, progress) {
    const data = join(temporaryFolder({ inMemory: true }), 'data');
    cpSync(world.data, data, { recursive: true });
    const server = await startGuildhall(['--server.loops=1'], data);
    const other = await buildOther(server);
    const both = {
        busy: new Sink(server.port, world, FAIRNESS.sessions),
        quiet: new Sink(server.port, other, FAIRNESS.others),
    };
    await both.busy.open(FAIRNESS.sessions);
    await both.busy.heartbeat();
    await both.quiet.open(FAIRNESS.others);
    pinServer(server.child.pid);
    // The writer, too: a neighbour of the machine that holds it up is none of the loop's doing.
    const first = setFirst(server.child.pid) && setFirst(both.quiet.child.pid);
    // What the loop delivers when there is always more to write.
    const full = await both.busy.run(CALIBRATION, BURST);
    const rate = Math.ceil(2 * full.dispatches / (full.window_ns / 1e9) / FAIRNESS.sessions);
    setIdle(both.busy.child.pid);
    await measureOne(both, rate); // warm
    const rows = [];
    const before = rssBytes(server.child.pid);
    let most = before;
    for (let i = 0; i < count; i += 1) {
        const row = {};
        for (const side of i % 2 === 0 ? ['idle', 'busy'] : ['busy', 'idle'])
            row[side] = await measureOne(both, side === 'busy' ? rate : 0);
        most = Math.max(most, rssBytes(server.child.pid));
        await both.busy.heartbeat();
        rows.push(row);
        progress(`fairness: pair ${i + 1} of ${count}`);
    }
    const slow = await metric(server, 'gateway_slow_closed_total');
    if (slow > 0)
        throw new Error(`${slow} sessions were too slow`);
    const dropped = await metric(server, 'gateway_inbox_dropped_total').catch(() => 0);
    for (const sink of Object.values(both))
        sink.child.stdin.end();
    await stop(server.child);
    return {
        idle: columns(rows.map((row) => row.idle)), busy: columns(rows.map((row) => row.busy)),
        ratio: rows.map((row) => row.busy.p99_ns / row.idle.p99_ns),
        delivered: rows.map((row) => row.busy.dispatches / FAIRNESS.sessions / (row.busy.window / 1000)),
        rate, growth: most - before, dropped, first,
    };
}
