// guildhall migrate status, up and verify: beside a running server and without one, on a folder that
// has no database yet, and on a schema that somebody has changed by hand.

import assert from 'node:assert/strict';
import test from 'node:test';

import { Server, run, temporaryFolder, useServer } from '../lib/server.mjs';

const migrate = (data, word) => run(['migrate', word, '--data', data]);

// {version, name, state} of each line.
function lines(stdout) {
    return stdout.trim().split('\n').map((line) => {
        const [version, name, , ...state] = line.split(/ {2,}/);
        return { version, name, state: state.join(' ').trim() };
    });
}

test('without a server: pending, up, applied; a second up does nothing', async () => {
    const data = temporaryFolder();
    const before = migrate(data, 'status');
    assert.equal(before.code, 0, before.stderr);
    assert.ok(lines(before.stdout).length >= 3);
    for (const { state } of lines(before.stdout))
        assert.equal(state, 'pending');
    const up = migrate(data, 'up');
    assert.equal(up.code, 0, up.stdout + up.stderr);
    assert.deepEqual(lines(up.stdout).map(({ name }) => name), lines(before.stdout).map(({ name }) => name));
    for (const { version, name, state } of lines(up.stdout)) {
        assert.equal(state, 'applied', name);
        assert.ok(name.startsWith(`${version}_`));
    }
    assert.equal(migrate(data, 'up').stdout, up.stdout);
    assert.equal(migrate(data, 'status').stdout, up.stdout);
    const server = await Server.start({ data });
    await server.stop();
    assert.equal(migrate(data, 'status').stdout, up.stdout);
});

test('a running server and a stopped one say the same', async () => {
    const server = await useServer();
    for (const word of ['status', 'up', 'verify']) {
        const asked = migrate(server.data, word);
        assert.equal(asked.code, 0, asked.stdout + asked.stderr);
        server[word] = asked.stdout;
    }
    await server.stop();
    for (const word of ['status', 'up', 'verify'])
        assert.equal(migrate(server.data, word).stdout, server[word]);
});

test('verify finds what was changed by hand, and nothing once it is mended', async () => {
    const server = await useServer();
    const clean = migrate(server.data, 'verify');
    assert.equal(clean.code, 0, clean.stdout);
    assert.match(clean.stdout, /^\d{3} tables, columns, keys and indexes compared: 0 differences\.$/m);
    await server.sql('DROP INDEX members_user');
    await server.sql('ALTER TABLE users ADD COLUMN shoe_size BIGINT');
    const found = migrate(server.data, 'verify');
    assert.equal(found.code, 1);
    assert.match(found.stdout, /^index members_user: missing$/m);
    assert.match(found.stdout, /^column users\.shoe_size: no migration makes it$/m);
    assert.match(found.stdout, /: 2 differences\.$/m);
    await server.sql('CREATE INDEX members_user ON members (user_id, guild_id)');
    await server.sql('ALTER TABLE users DROP COLUMN shoe_size');
    assert.equal(migrate(server.data, 'verify').stdout, clean.stdout);
});

test('a newer database is used if it says so, and refused with both versions if not', async () => {
    const data = temporaryFolder();
    const first = await Server.start({ data });
    await first.stop();
    const known = lines(migrate(data, 'status').stdout).length;
    await first.sql('INSERT INTO schema_migrations (version, name, checksum, applied_at_ms, compatible) ' +
        `SELECT ${known + 1}, '9999_later.sql', checksum, 1, ${known} FROM schema_migrations WHERE version = 1`);
    const second = await Server.start({ data });
    assert.match(second.stderr, /the database is newer than this program/);
    await second.stop();
    assert.match(migrate(data, 'status').stdout, /9999_later\.sql .*newer than this program/);
    await first.sql(`UPDATE schema_migrations SET compatible = ${known + 1} WHERE version = ${known + 1}`);
    const refused = run(['serve', '--data', data, '--listen', '127.0.0.1:0']);
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, new RegExp(`schema version ${known + 1}, written by a newer program`));
    assert.match(refused.stderr, new RegExp(`knows versions up to ${known}\\.`));
    const verify = migrate(data, 'verify');
    assert.equal(verify.code, 1);
    assert.match(verify.stdout, /written by a newer program/);
});
