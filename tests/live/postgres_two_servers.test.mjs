// Several servers that start at the same moment on one empty database: the schema is made once, and each
// of them serves. Two with the same number would make the same ids: the second is refused.

import assert from 'node:assert/strict';
import test from 'node:test';

import { assertServes, ok } from '../lib/api.mjs';
import { createDatabase, POSTGRES, psql } from '../lib/database.mjs';
import { Server, UNLIMITED, run, temporaryFolder } from '../lib/server.mjs';
import { person } from '../lib/world.mjs';

const SERVERS = 4;
const ROUNDS = 3;

let serial = 0;
const made = [];
process.on('exit', () => {
    for (const name of made)
        psql(POSTGRES, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
});

function database() {
    serial += 1;
    made.push(`shared_${process.pid}_${serial}`);
    return createDatabase(POSTGRES, made.at(-1));
}

const start = (url, worker) => Server.start({
    env: { GUILDHALL_STORE_URL: url }, flags: [...UNLIMITED, `--server.worker_id=${worker}`],
});

test(`${SERVERS} servers start at once on an empty database, ${ROUNDS} times`, async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
        const url = database();
        const servers = await Promise.all(Array.from({ length: SERVERS }, (_, i) => start(url, i)));
        const applied = psql(url, 'SELECT version FROM schema_migrations ORDER BY version').split('\n');
        assert.deepEqual(applied, applied.map((_, i) => String(i + 1)), 'each migration once');
        const people = await Promise.all(servers.map((server) => person(server)));
        assert.equal(new Set(people.map((who) => who.id)).size, SERVERS);
        for (const who of people)
            assert.equal((await ok(servers[0], 'GET', '/users/@me', { token: who.token })).id, who.id);
        await Promise.all(servers.map((server) => server.stop()));
    }
});

test('a second server with the same number is refused, the first serves on', async () => {
    const url = database();
    const first = await start(url, 7);
    const second = run(['serve', '--data', temporaryFolder(), '--listen', '127.0.0.1:0',
        '--server.worker_id=7', '--store.pool_acquire_ms=500'], { env: { GUILDHALL_STORE_URL: url } });
    assert.equal(second.code, 1);
    assert.equal(second.stdout, '');
    assert.match(second.stderr, /server\.worker_id 7/);
    await assertServes(first);
    await person(first);
    await first.stop();
    const again = await start(url, 7);
    await again.stop();
});
