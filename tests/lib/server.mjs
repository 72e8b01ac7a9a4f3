// Starts the real binary on a free port of the loopback interface and stops it again. A server is
// stopped by SIGTERM and must exit with 0; its standard error is shown when it does not.

import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { after } from 'node:test';

import { databaseEnvironment, sql } from './database.mjs';
import { within } from './wait.mjs';

export const ROOT = resolve(fileURLToPath(import.meta.url), '../../..');
export const BINARY = resolve(process.env.GUILDHALL_BIN ?? join(ROOT, 'build/release/guildhall'));
// Rate limits would only slow the tests of other things down.
export const UNLIMITED = ['--limits.enabled=false'];

const folders = [];
const running = new Set();

process.on('exit', () => {
    for (const child of running)
        child.kill('SIGKILL');
    for (const folder of folders)
        rmSync(folder, { recursive: true, force: true });
});

export function temporaryFolder() {
    const folder = mkdtempSync(join(tmpdir(), 'guildhall-test-'));
    folders.push(folder);
    return folder;
}

// The environment without settings that somebody's shell may hold.
export function cleanEnvironment(extra = {}) {
    const kept = Object.entries(process.env).filter(([key]) => !key.startsWith('GUILDHALL_'));
    return { ...Object.fromEntries(kept), ...extra };
}

// Sanitizers make everything several times slower: a read may take longer than it otherwise may.
const PATIENCE = process.env.GUILDHALL_TEST_SANITIZER ? { GUILDHALL_STORE_READ_LIMIT_MS: '20000' } : {};

// And with the database of the data folder, if the test does not name one itself.
function storeEnvironment(data, env) {
    const own = 'GUILDHALL_STORE_URL' in env ? {} : databaseEnvironment(data);
    return cleanEnvironment({ ...own, ...env });
}

// Runs a command of the binary to its end: {code, stdout, stderr}. One with --data gets its database.
export function run(args, { env = {}, cwd = temporaryFolder() } = {}) {
    const at = args.indexOf('--data') + 1;
    const environment = at > 0 ? storeEnvironment(resolve(cwd, args[at]), env) : cleanEnvironment(env);
    const done = spawnSync(BINARY, args, {
        cwd, env: environment, encoding: 'utf8', timeout: 20000,
    });
    if (done.error)
        throw done.error;
    return { code: done.status, signal: done.signal, stdout: done.stdout, stderr: done.stderr };
}

export class Server {
    constructor(child, data) {
        this.child = child;
        this.data = data;
        this.stdout = '';
        this.stderr = '';
        this.exited = new Promise((done) => {
            child.once('exit', (code, signal) => {
                running.delete(child);
                this.exit = { code, signal };
                done(this.exit);
            });
        });
    }

    // Resolves when it serves; rejects if it ends before.
    static async start({ flags = UNLIMITED, data = temporaryFolder(), env = {}, prefix = [] } = {}) {
        const line = [...prefix, BINARY, 'serve', '--data', data, '--listen', '127.0.0.1:0', ...flags];
        const child = spawn(line[0], line.slice(1), {
            cwd: temporaryFolder(), env: storeEnvironment(data, { ...PATIENCE, ...env }),
            stdio: ['ignore', 'pipe', 'pipe'],
        });
        running.add(child);
        const server = new Server(child, data);
        await within(server.#ready(), () => `the ready line; stderr: ${server.stderr}`);
        return server;
    }

    #ready() {
        return new Promise((done, fail) => {
            this.child.once('error', fail);
            this.child.stderr.setEncoding('utf8').on('data', (text) => {
                this.stderr += text;
            });
            this.child.stdout.setEncoding('utf8').on('data', (text) => {
                this.stdout += text;
                const match = /^ready (https?:\/\/(.+):(\d+))$/m.exec(this.stdout);
                if (!match)
                    return;
                [, this.url, this.host] = match;
                this.port = Number(match[3]);
                done();
            });
            this.exited.then(({ code, signal }) => {
                fail(new Error(`the server ended before it was ready (code ${code}, ` +
                    `signal ${signal}): ${this.stderr}`));
            });
        });
    }

    get pid() {
        return this.child.pid;
    }

    get ws() {
        return this.url.replace(/^http/, 'ws');
    }

    async stop(signal = 'SIGTERM') {
        if (this.exit === undefined)
            this.child.kill(signal);
        const { code, signal: by } = await within(this.exited, () =>
            `the server to end after ${signal}; stderr: ${this.stderr}`);
        assert.deepEqual({ code, by }, { code: 0, by: null },
            `the server must end with code 0; stderr: ${this.stderr}`);
    }

    // The rows that the text gives, asked past the server: lines with '|' between columns.
    async sql(text) {
        return sql(this.data, text);
    }

    async kill() {
        this.child.kill('SIGKILL');
        await within(this.exited, 'the server to be killed');
    }
}

// What a test file has begun is ended after its last test, the newest first: clients before servers.
const endings = [];
const LEFT_OPEN_MS = 15000;
after(async () => {
    try {
        while (endings.length > 0)
            await endings.pop()();
    } finally {
        // It rings only if something keeps the process alive: a socket or an interval of a test that failed.
        setTimeout(() => {
            process.stderr.write('something was left open by a test\n');
            process.exit(process.exitCode || 1);
        }, LEFT_OPEN_MS).unref();
    }
});

export function atEnd(ending) {
    endings.push(ending);
}

// A server for a whole test file: stopped, with its exit code checked, after the last test.
export async function useServer(options) {
    const server = await Server.start(options);
    atEnd(() => server.stop());
    return server;
}
