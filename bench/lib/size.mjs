// Start time and memory.

import { connect } from 'node:net';
import { join } from 'node:path';

import { startGuildhall } from './guildhall.mjs';
import { BUILD, output, rssBytes, stop, temporaryFolder } from './process.mjs';
import { Sink } from './sink.mjs';

export const MANY = 5000;
const GROUP = 500;

// Resolves with the first bytes of the answer to one request on a connection of its own.
async function ask(port) {
    const socket = connect(port, '127.0.0.1');
    socket.write('GET /api/v10/gateway HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n');
    const first = await new Promise((done, fail) => {
        socket.once('data', done);
        socket.once('error', fail);
    });
    socket.destroy();
    if (!first.toString().startsWith('HTTP/1.1 200'))
        throw new Error(`the first request was answered ${first}`);
}

// From before the process is made, on an empty folder, to its first answer: ms. And its memory then.
export async function measureStart(count, progress) {
    const times = [];
    const idle = [];
    for (let i = 0; i < count; i += 1) {
        const begun = process.hrtime.bigint();
        const server = await startGuildhall();
        await ask(server.port);
        times.push(Number(process.hrtime.bigint() - begun) / 1e6);
        idle.push(rssBytes(server.child.pid));
        await stop(server.child);
        progress(`start: ${i + 1} of ${count}`);
    }
    return { times, idle };
}

// The same on a copy of a database of a million messages.
export async function measureMillion(count, progress) {
    const data = join(temporaryFolder(), 'data');
    await output(join(BUILD, 'tests/growth_seed'), [data, '1000000']);
    const times = [];
    for (let i = 0; i < count; i += 1) {
        const begun = process.hrtime.bigint();
        const server = await startGuildhall([], data);
        await ask(server.port);
        times.push(Number(process.hrtime.bigint() - begun) / 1e6);
        await stop(server.child);
        progress(`start on a million messages: ${i + 1} of ${count}`);
    }
    return { times };
}

// Growth per session, in bytes, when they come in groups of which each sends its heartbeat before the
// next one comes; what READY held until then can be used again.
async function measureGroups(world, group) {
    const server = await startGuildhall([], world.data);
    const { pid } = server.child;
    const sink = new Sink(server.port, world, MANY + 1);
    await sink.open(1);
    const before = rssBytes(pid);
    for (let count = group; count <= MANY; count += group) {
        await sink.open(count + 1);
        await sink.heartbeat();
    }
    const growth = (rssBytes(pid) - before) / MANY;
    sink.child.stdin.end();
    await stop(server.child);
    return growth;
}

export async function measureSessions(world, progress) {
    const atOnce = await measureGroups(world, MANY);
    progress(`${MANY} sessions at once`);
    const inGroups = await measureGroups(world, GROUP);
    progress(`${MANY} sessions in groups`);
    return { sessions: MANY, group: GROUP, atOnce, inGroups };
}
