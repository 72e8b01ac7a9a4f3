// A PostgreSQL of a test's own, for tests that end it or change its settings: scripts/postgres.

import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { createDatabase, psql } from './database.mjs';
import { ROOT, atEnd, temporaryFolder } from './server.mjs';

const SCRIPT = join(ROOT, 'scripts/postgres');
const started = new Set();
let serial = 0;

// The suite removes what is left in that folder, also when this process is killed.
function ownFolder() {
    serial += 1;
    const folder = join(process.env.GUILDHALL_TEST_POSTGRES_FOLDER ?? temporaryFolder(), `${process.pid}-${serial}`);
    mkdirSync(folder, { recursive: true });
    return folder;
}

process.on('exit', () => {
    for (const folder of started)
        spawnSync(SCRIPT, ['stop', folder]);
});

export class Postgres {
    constructor(folder) {
        this.folder = folder;
        this.databases = 0;
    }

    static async start() {
        const postgres = new Postgres(ownFolder());
        started.add(postgres.folder);
        await postgres.resume();
        atEnd(() => postgres.stop());
        return postgres;
    }

    async #run(command) {
        return (await promisify(execFile)(SCRIPT, [command, this.folder])).stdout.trim();
    }

    #read(name) {
        return readFileSync(join(this.folder, name), 'utf8').trim();
    }

    // Of a role that owns the databases that it makes, over an unencrypted connection.
    get url() {
        return this.#read('url');
    }

    get password() {
        return new URL(this.url).password;
    }

    get ca() {
        return join(this.folder, 'ca.crt');
    }

    // An empty one: its URL.
    database() {
        this.databases += 1;
        return createDatabase(this.url, `own_${this.databases}`);
    }

    // As the superuser.
    admin(...texts) {
        return psql(this.#read('url.admin'), ...texts);
    }

    configure(name, value) {
        this.admin(`ALTER SYSTEM SET ${name} = '${value}'`, 'SELECT pg_reload_conf()');
    }

    // As a power cut does.
    async crash() {
        await this.#run('crash');
    }

    // As its administrator does, for an upgrade.
    async halt() {
        await this.#run('halt');
    }

    // After either, with the same data at the same address.
    async resume() {
        const url = await this.#run('start');
        assert.match(url, /^postgresql:/);
    }

    async stop() {
        await this.#run('stop');
        started.delete(this.folder);
    }
}
