// Many sessions of people in ten guilds each: what an idle one costs, how fast they all identify, and
// how fast they all resume when every connection was cut.

import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

import { startGuildhall } from './guildhall.mjs';
import { rssBytes, stop, temporaryFolder } from './process.mjs';
import { Sink } from './sink.mjs';

export const IDLE = Number(process.env.BENCH_IDLE ?? 10000);
export const STORM = Number(process.env.BENCH_STORM ?? 5000);
const GROUP = 500;
// Posted to the guild of all while nobody is connected; every session must get them, once and in order.
const MISSED = 20;
const RUNS = 3;

function certificate() {
    const folder = temporaryFolder();
    const [key, cert] = ['key.pem', 'cert.pem'].map((name) => join(folder, name));
    const done = spawnSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes',
        '-subj', '/CN=localhost', '-days', '2', '-keyout', key, '-out', cert], { encoding: 'utf8' });
    if (done.status !== 0)
        throw new Error(`openssl: ${done.error?.message ?? done.stderr}`);
    return [`--server.tls_certificate=${cert}`, `--server.tls_key=${key}`];
}

// Growth in bytes per session, which come in groups of which each sends its heartbeat before the next comes.
export async function measureIdle(world, secure, progress) {
    const server = await startGuildhall(secure ? certificate() : [], world.data);
    const { pid } = server.child;
    const sink = new Sink(server.port, world, IDLE);
    if (secure)
        await sink.tls();
    await sink.open(GROUP); // the guilds themselves, and what the server needs once
    await sink.heartbeat();
    const before = rssBytes(pid);
    let middle = before;
    for (let count = 2 * GROUP; count <= IDLE; count += GROUP) {
        await sink.open(count);
        await sink.heartbeat();
        if (count === IDLE / 2)
            middle = rssBytes(pid);
        progress(`idle sessions${secure ? ' with TLS' : ''}: ${count} of ${IDLE}`);
    }
    const end = rssBytes(pid);
    sink.child.stdin.end();
    await stop(server.child);
    // What the first group needed for a moment is used again by the next ones: the second half has to pay itself.
    return Math.max((end - before) / (IDLE - GROUP), (end - middle) / (IDLE / 2));
}

// Seconds, of each run: {identify, resume}
export async function measureStorms(world, progress) {
    const times = { identify: [], resume: [] };
    for (let run = 0; run < RUNS; run += 1) {
        const server = await startGuildhall([], world.data);
        const sink = new Sink(server.port, world, STORM);
        times.identify.push((await sink.open(STORM)).elapsed_ns / 1e9);
        await sink.heartbeat();
        times.resume.push((await sink.resume(MISSED)).elapsed_ns / 1e9);
        progress(`storms: ${run + 1} of ${RUNS}`);
        sink.child.stdin.end();
        await stop(server.child);
    }
    return times;
}
