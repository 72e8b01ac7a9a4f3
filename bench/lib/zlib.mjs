// zlib-stream: the rate of wide events against uncompressed sessions, and the bytes of wide and narrow
// events.

import { cpSync } from 'node:fs';
import { join } from 'node:path';

import { metric, startGuildhall } from './guildhall.mjs';
import { cpuNs, pinServer, setPriority, stop, temporaryFolder } from './process.mjs';
import { Sink } from './sink.mjs';
import { columns } from './stats.mjs';

export const ZLIB_SESSIONS = Number(process.env.BENCH_SESSIONS ?? 1000);
// A narrow event goes to so many sessions.
export const NARROW_SESSIONS = 1;
const ROUNDS = 40;
// What the sink does with its sessions' frames (bench/sink.h).
const PLAIN = 0;
const INFLATED = 1;
const COUNTED = 2;

// All sessions of a guild are sent the same event, so each side has a server of its own, on a copy.
async function open(world, mode, sessions) {
    const data = join(temporaryFolder(), 'data');
    cpSync(world.data, data, { recursive: true });
    const server = await startGuildhall(['--server.loops=1'], data);
    const sink = new Sink(server.port, world, sessions);
    await sink.zlib(mode === PLAIN ? PLAIN : INFLATED);
    await sink.open(sessions);
    await sink.run(20, 1);
    await sink.zlib(mode);
    return { server, sink };
}

async function measure({ server, sink }) {
    const { pid } = server.child;
    const cpu = cpuNs(pid, 'gh-loop-0');
    const bytes = await metric(server, 'gateway_bytes_total');
    const sums = await sink.run(ROUNDS, 1);
    return {
        rate: sums.dispatches / (sums.window_ns / 1e9),
        cpu: (cpuNs(pid, 'gh-loop-0') - cpu) / sums.dispatches,
        bytes: (await metric(server, 'gateway_bytes_total') - bytes) / sums.dispatches,
        sink: sums.sink_cpu_ns / sums.dispatches,
    };
}

async function close({ server, sink }) {
    sink.child.stdin.end();
    await stop(server.child);
}

async function wide(world, count, progress) {
    const both = {
        zlib: await open(world, COUNTED, ZLIB_SESSIONS), plain: await open(world, PLAIN, ZLIB_SESSIONS),
    };
    for (const { server, sink } of Object.values(both)) {
        pinServer(server.child.pid);
        setPriority(sink.child.pid);
        await sink.run(20, 1);
    }
    const rows = [];
    for (let i = 0; i < count; i += 1) {
        const row = {};
        for (const side of i % 2 === 0 ? ['zlib', 'plain'] : ['plain', 'zlib'])
            row[side] = await measure(both[side]);
        rows.push(row);
        progress(`zlib-stream: pair ${i + 1} of ${count}`);
    }
    await close(both.zlib);
    await close(both.plain);
    return {
        zlib: columns(rows.map((row) => row.zlib)),
        plain: columns(rows.map((row) => row.plain)),
        ratio: rows.map((row) => row.zlib.rate / row.plain.rate),
        cpuRatio: rows.map((row) => row.plain.cpu / row.zlib.cpu),
        bytes: rows.map((row) => row.zlib.bytes / row.plain.bytes),
    };
}

async function narrow(world) {
    const bytes = {};
    for (const mode of [INFLATED, PLAIN]) {
        const one = await open(world, mode, NARROW_SESSIONS);
        bytes[mode] = (await measure(one)).bytes;
        await close(one);
    }
    return bytes[INFLATED] / bytes[PLAIN];
}

// `world` as makeWorld made it, with no server running on it.
export async function measureZlib(world, count, progress) {
    return { ...await wide(world, count, progress), narrow: await narrow(world) };
}
