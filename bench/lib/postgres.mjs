// A PostgreSQL of the benchmark's own (scripts/postgres), with its defaults but for its memory.

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { output, ROOT } from './process.mjs';

const SCRIPT = join(ROOT, 'scripts/postgres');
const TOOLS = process.env.GUILDHALL_TEST_POSTGRES_BIN ?? '/usr/lib/postgresql/15/bin';

export class PostgresServer {
    static async start() {
        const server = new PostgresServer();
        server.folder = mkdtempSync(join(tmpdir(), 'guildhall-bench-pg-'));
        process.on('exit', () => server.stop());
        server.url = (await output(SCRIPT, ['start', server.folder])).trim();
        return server;
    }

    tool(name) {
        return join(TOOLS, name);
    }

    // The URL of a new database; both sides of a comparison use it.
    async database(name) {
        await output(this.tool('psql'), ['-q', '-c', `CREATE DATABASE ${name}`, this.url]);
        const url = new URL(this.url);
        url.pathname = `/${name}`;
        return url.href;
    }

    stop() {
        if (this.folder === undefined)
            return;
        spawnSync(SCRIPT, ['stop', this.folder]);
        rmSync(this.folder, { recursive: true, force: true });
        this.folder = undefined;
    }
}
