// Processes of the benchmark: starting them, pinning their threads, reading what they cost.

import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

export const ROOT = resolve(fileURLToPath(import.meta.url), '../../..');
export const BUILD = resolve(process.env.BENCH_BUILD ?? join(ROOT, 'build/release'));
// Where the server's loop runs, and where everything else does.
export const CORE_SERVER = 0;
export const CORE_OTHERS = 1;

const folders = [];
const running = new Set();

process.on('exit', () => {
    for (const child of running)
        child.kill('SIGKILL');
    for (const folder of folders)
        rmSync(folder, { recursive: true, force: true });
});

for (const signal of ['SIGINT', 'SIGTERM'])
    process.on(signal, () => process.exit(1));

// `inMemory`: where no disk is waited for; on others where the system has no such place.
export function temporaryFolder({ inMemory = false } = {}) {
    const place = inMemory && existsSync('/dev/shm') ? '/dev/shm' : tmpdir();
    const folder = mkdtempSync(join(place, 'guildhall-bench-'));
    folders.push(folder);
    return folder;
}

export function start(file, args, { core, stdin = 'ignore' } = {}) {
    const line = core === undefined ? [file, ...args] : ['taskset', '-c', String(core), file, ...args];
    const kept = Object.entries(process.env).filter(([key]) => !key.startsWith('GUILDHALL_'));
    const child = spawn(line[0], line.slice(1), {
        cwd: temporaryFolder(), env: Object.fromEntries(kept), stdio: [stdin, 'pipe', 'pipe'],
    });
    running.add(child);
    child.errors = '';
    child.stderr.setEncoding('utf8').on('data', (text) => {
        child.errors = (child.errors + text).slice(-4000);
    });
    child.once('exit', () => running.delete(child));
    return child;
}

export function ended(child) {
    return child.exitCode !== null || child.signalCode !== null;
}

export async function stop(child, signal = 'SIGTERM') {
    if (ended(child))
        return;
    const gone = once(child, 'exit');
    child.kill(signal);
    await gone;
}

// Lines of a child's output, one at a time; an error when it ends instead.
export class Lines {
    constructor(child) {
        this.child = child;
        this.lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    }

    async next() {
        const { value, done } = await this.lines.next();
        if (done)
            throw new Error(`${this.child.spawnargs.join(' ')} ended: ${this.child.errors}`);
        return value;
    }
}

// Runs to the end; its output.
export async function output(file, args, options) {
    const child = start(file, args, options);
    let text = '';
    child.stdout.setEncoding('utf8').on('data', (part) => {
        text += part;
    });
    const [code] = await once(child, 'close');
    if (code !== 0)
        throw new Error(`${file} ended with ${code}: ${child.errors}`);
    return text;
}

function tasks(pid) {
    return readdirSync(`/proc/${pid}/task`);
}

function comm(pid, task) {
    return readFileSync(`/proc/${pid}/task/${task}/comm`, 'utf8').trim();
}

export function pin(pid, core) {
    const done = spawnSync('taskset', ['-cp', String(core), String(pid)]);
    if (done.status !== 0)
        throw new Error(`taskset: ${done.stderr}`);
}

// All threads there are, and those that they will make.
export function pinAll(pid, core) {
    const done = spawnSync('taskset', ['-acp', String(core), String(pid)]);
    if (done.status !== 0)
        throw new Error(`taskset: ${done.stderr}`);
}

function setFifo(task, priority) {
    return spawnSync('chrt', ['-f', '-p', String(priority), String(task)]).status === 0;
}

// Real-time priority keeps the neighbours of this machine out of the measurement, and orders what
// shares a core: workers before the sink before the writer. False where that is not allowed.
export function setPriority(pid) {
    return setFifo(pid, 1);
}

// All threads there are, before everybody else but not in real time: of that the kernel takes 50 ms in
// each second away from who uses all of it (sched_rt_runtime_us), as a loop does that is flooded.
export function setFirst(pid) {
    return tasks(pid).every((task) => spawnSync('chrt', ['-o', '-p', '0', task]).status === 0 &&
        spawnSync('renice', ['-n', '-20', '-p', task]).status === 0);
}

// Only what no one else wants of its core: for what takes part in a measurement, but is not measured.
export function setIdle(pid) {
    return spawnSync('chrt', ['-i', '-p', '0', String(pid)]).status === 0;
}

// The loop on a core of its own, all other threads of the server on the other one.
export function pinServer(pid) {
    for (const task of tasks(pid)) {
        const name = comm(pid, task);
        pin(task, name === 'gh-loop-0' ? CORE_SERVER : CORE_OTHERS);
        if (name === 'gh-loop-0' || name === 'gh-worker')
            setFifo(task, name === 'gh-worker' ? 2 : 1);
    }
}

export function children(pid) {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean);
}

// CPU time so far in ns, by the scheduler's clock: of all threads, or those of one name.
export function cpuNs(pids, name) {
    let sum = 0;
    for (const pid of [pids].flat()) {
        for (const task of tasks(pid)) {
            if (name === undefined || comm(pid, task) === name)
                sum += Number(readFileSync(`/proc/${pid}/task/${task}/schedstat`, 'utf8').split(' ')[0]);
        }
    }
    return sum;
}

export function rssBytes(pid) {
    const match = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
    return Number(match[1]) * 1024;
}
