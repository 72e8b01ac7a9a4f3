// A small disk in memory, in a mount namespace of its own, which only root may have.

import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { join } from 'node:path';

import { atEnd, temporaryFolder } from './server.mjs';

// {data, inside (the same folder, seen from here), enter (a prefix for commands), command}, or null.
export async function smallDisk(size) {
    const data = temporaryFolder();
    const script = `mount -t tmpfs -o size=${size},mode=700 tmpfs "$0" && echo mounted && exec sleep 600`;
    const holder = spawn('unshare', ['-m', 'sh', '-c', script, data], { stdio: ['ignore', 'pipe', 'ignore'] });
    atEnd(() => holder.kill('SIGKILL'));
    const mounted = await new Promise((done) => {
        holder.once('error', () => done(false));
        holder.once('exit', () => done(false));
        holder.stdout.once('data', () => done(true));
    });
    if (!mounted)
        return null;
    const enter = ['nsenter', '-m', '-t', String(holder.pid)];
    const command = (...line) => {
        const ended = spawnSync(enter[0], [...enter.slice(1), ...line], { encoding: 'utf8' });
        assert.equal(ended.status, 0, ended.stderr);
    };
    return { data, inside: join(`/proc/${holder.pid}/root`, data), enter, command };
}
