// One event to many gateway sessions, against a bare program that writes the same bytes.

import { join } from 'node:path';

import { metric, startGuildhall } from './guildhall.mjs';
import {
    BUILD, CORE_SERVER, cpuNs, Lines, pinServer, setPriority, start, stop, temporaryFolder,
} from './process.mjs';
import { Sink } from './sink.mjs';
import { columns } from './stats.mjs';

export const SESSIONS = Number(process.env.BENCH_SESSIONS ?? 1000);
// The sums of one side of one pair are over this many rounds.
const ROUNDS = { 1: 40, 8: 15, 32: 6 };

async function startBare(payload) {
    const child = start(join(BUILD, 'bench/bench_fanout_bare'), [payload], { core: CORE_SERVER });
    const url = (await new Lines(child).next()).replace('ready ', '');
    return { child, port: Number(new URL(url).port) };
}

function rates(sums, cpu) {
    return {
        rate: sums.dispatches / (sums.window_ns / 1e9),
        cpu: cpu / sums.dispatches,
        round_ms: sums.round_ns / sums.rounds / 1e6,
        sink: sums.sink_cpu_ns / sums.dispatches,
    };
}

// With more sessions than SESSIONS, fewer rounds.
const rounds = (burst, sessions) => Math.max(2, Math.round(ROUNDS[burst] * Math.min(1, SESSIONS / sessions)));

async function measureGuildhall({ server, sink, sessions }, burst) {
    const { pid } = server.child;
    const before = {
        loop: cpuNs(pid, 'gh-loop-0'), all: cpuNs(pid),
        frames: await metric(server, 'gateway_frames_total'),
        writes: await metric(server, 'gateway_writes_total'),
        commits: await metric(server, 'store_commits_total'),
    };
    const sums = await sink.run(rounds(burst, sessions), burst);
    const loop = cpuNs(pid, 'gh-loop-0') - before.loop;
    const all = cpuNs(pid) - before.all;
    const frames = await metric(server, 'gateway_frames_total') - before.frames;
    const writes = await metric(server, 'gateway_writes_total') - before.writes;
    const commits = await metric(server, 'store_commits_total') - before.commits;
    return { ...rates(sums, loop), commits_per_round: commits / sums.rounds, cpu_all: all / sums.dispatches, frames_per_write: frames / writes };
}

async function measureBare({ server, sink, sessions }, burst) {
    const before = cpuNs(server.child.pid);
    const sums = await sink.run(rounds(burst, sessions), burst);
    return rates(sums, cpuNs(server.child.pid) - before);
}

async function openBoth(world, sessions) {
    const server = await startGuildhall(['--server.loops=1'], world.data);
    const ours = { server, sessions, sink: new Sink(server.port, world, sessions) };
    await ours.sink.open(sessions);
    await ours.sink.run(20, 8);
    pinServer(server.child.pid);
    await ours.sink.run(20, 1);
    const file = join(temporaryFolder(), 'payload');
    const { payload_bytes: payloadBytes } = await ours.sink.payload(file);
    const bare = { server: await startBare(file), sessions };
    bare.sink = new Sink(bare.server.port, world, sessions);
    await bare.sink.open(sessions);
    const fifo = [ours.sink.child, bare.server.child, bare.sink.child].map(({ pid }) => setPriority(pid));
    await bare.sink.run(20, 1);
    return { ours, bare, payloadBytes, fifo: fifo.every(Boolean) };
}

async function pairs(both, burst, count, progress) {
    const rows = [];
    for (let i = 0; i < count; i += 1) {
        const order = i % 2 === 0 ? ['ours', 'bare'] : ['bare', 'ours'];
        const row = {};
        for (const side of order) {
            row[side] = side === 'ours'
                ? await measureGuildhall(both.ours, burst) : await measureBare(both.bare, burst);
        }
        rows.push(row);
        progress(`fan-out to ${both.ours.sessions}, bursts of ${burst}: pair ${i + 1} of ${count}`);
    }
    return {
        ours: columns(rows.map((row) => row.ours)),
        bare: columns(rows.map((row) => row.bare)),
        ratio: rows.map((row) => row.ours.rate / row.bare.rate),
        cpuRatio: rows.map((row) => row.bare.cpu / row.ours.cpu),
    };
}

export async function measureFanout(world, sessions, count, progress) {
    const both = await openBoth(world, sessions);
    const single = await pairs(both, 1, count, progress);
    const bursts = await pairs(both, 8, count, progress);
    const bursts32 = await pairs(both, 32, count, progress);
    for (const { server, sink } of [both.ours, both.bare]) {
        sink.child.stdin.end();
        await stop(server.child);
    }
    return { sessions, single, bursts, bursts32, payloadBytes: both.payloadBytes, fifo: both.fifo };
}
