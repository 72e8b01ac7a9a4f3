// The databases of the servers under test. Without GUILDHALL_TEST_POSTGRES: SQLite, in the data folder.
// With it (the URL of a database that may be written to): a schema of its own for each data folder, so
// that a server that starts again on the same folder finds the same data. They are dropped at the end.
// (A database each would do as well, but dropping one takes half a second.)

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';

export const POSTGRES = process.env.GUILDHALL_TEST_POSTGRES ?? '';

const PROGRAMS = '/usr/lib/postgresql/15/bin';
const PSQL = existsSync(join(PROGRAMS, 'psql')) ? join(PROGRAMS, 'psql') : 'psql';

const schemas = new Map(); // by data folder

process.on('exit', () => {
    if (schemas.size > 0)
        psqlRun(POSTGRES, ['SET client_min_messages TO error',
            ...[...schemas.values()].map((name) => `DROP SCHEMA IF EXISTS ${name} CASCADE`)]);
});

// Another database of the server of `url`, and other parameters.
export function variant(url, { database, ...parameters } = {}) {
    const made = new URL(url);
    if (database !== undefined)
        made.pathname = `/${database}`;
    for (const [name, value] of Object.entries(parameters))
        made.searchParams.set(name, value);
    return made.href;
}

function psqlRun(url, texts) {
    return spawnSync(PSQL, ['-X', '-q', '-A', '-t', '-v', 'ON_ERROR_STOP=1', '-d', url,
        ...texts.flatMap((text) => ['-c', text])], { encoding: 'utf8', maxBuffer: 1 << 28 });
}

function output(done) {
    assert.equal(done.status, 0, done.error?.message ?? done.stderr);
    return done.stdout.trim();
}

// Each text is a transaction of its own; the rows, with '|' between columns.
export function psql(url, ...texts) {
    return output(psqlRun(url, texts));
}

export function createDatabase(url, name) {
    psql(url, `CREATE DATABASE ${name} TEMPLATE template0`);
    return variant(url, { database: name });
}

// The URL of the data folder's database, made with the first call; '' for SQLite.
export function databaseUrl(data) {
    if (POSTGRES === '')
        return '';
    const folder = resolve(data);
    if (!schemas.has(folder)) {
        const name = `live_${process.pid}_${schemas.size}`;
        psql(POSTGRES, `CREATE SCHEMA ${name}`);
        schemas.set(folder, name);
    }
    return variant(POSTGRES, { options: `-csearch_path=${schemas.get(folder)}` });
}

// What the binary needs in its environment to use it.
export function databaseEnvironment(data) {
    const url = databaseUrl(data);
    return url === '' ? {} : { GUILDHALL_STORE_URL: url };
}

export function sqliteFile(data) {
    const file = readdirSync(data).find((name) => /\.(db|sqlite3?)$/.test(name));
    assert.ok(file, `a database among ${readdirSync(data)}`);
    return join(data, file);
}

// Looks into the database of a data folder, past the server; on both backends the same lines.
export function sql(data, text) {
    const url = databaseUrl(data);
    if (url !== '')
        return psql(url, text);
    return output(spawnSync('sqlite3', ['-cmd', '.timeout 10000', sqliteFile(data), text],
        { encoding: 'utf8', maxBuffer: 1 << 28 }));
}
