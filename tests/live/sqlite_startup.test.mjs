// The database's file: whose it is, and files that are not ours to open.

import assert from 'node:assert/strict';
import { chmodSync, statSync, writeFileSync } from 'node:fs';
import { join as joinPath } from 'node:path';
import test from 'node:test';

import { sqliteFile } from '../lib/database.mjs';
import { Server, run, temporaryFolder } from '../lib/server.mjs';

const refuse = (data) => run(['serve', '--data', data, '--listen', '127.0.0.1:0']);

test('the files of the database are for the server\'s own eyes, in whatever folder', async () => {
    const data = temporaryFolder();
    chmodSync(data, 0o755);
    const server = await Server.start({ data });
    for (const name of ['guildhall.db', 'guildhall.db-wal'])
        assert.equal(statSync(joinPath(data, name)).mode & 0o077, 0, name);
    await server.stop();
});

test('a file that is no database is refused', async () => {
    const data = temporaryFolder();
    await (await Server.start({ data })).stop();
    writeFileSync(sqliteFile(data), 'this is not a database, and long enough to be looked at as one. '.repeat(100));
    const done = refuse(data);
    assert.equal(done.code, 1);
    assert.notEqual(done.stderr, '');
});

test('a database that may only be read is refused', async () => {
    const data = temporaryFolder();
    await (await Server.start({ data })).stop();
    chmodSync(sqliteFile(data), 0o444);
    // Root writes to every file unless this is taken from it.
    const prefix = process.getuid() === 0 ? ['setpriv', '--bounding-set=-dac_override'] : [];
    const start = Server.start({ data, prefix }).then((server) => server.stop());
    await assert.rejects(start, /code 1,.*guildhall\.db .*read-only/s);
});
