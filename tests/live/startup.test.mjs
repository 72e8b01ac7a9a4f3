// Starting: the ready line, the lock of the data folder, restarts that keep everything, and databases
// that are not ours to open.

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join as joinPath } from 'node:path';
import test from 'node:test';

import { api, assertServes, ok } from '../lib/api.mjs';
import { sql } from '../lib/database.mjs';
import { Gateway } from '../lib/gateway.mjs';
import { Server, UNLIMITED, run, temporaryFolder } from '../lib/server.mjs';
import { PASSWORD, post, world } from '../lib/world.mjs';

const refuse = (data) => run(['serve', '--data', data, '--listen', '127.0.0.1:0']);

test('one line says that it is ready and where, and it is', async () => {
    const server = await Server.start({});
    assert.match(server.stdout, /^ready http:\/\/127\.0\.0\.1:\d+\n$/);
    await assertServes(server);
    await server.stop();
    assert.match(server.stdout, /^ready [^\n]+\n$/, 'nothing else on standard output');
});

test('a second server on the same folder is refused, the first serves on', async () => {
    const server = await Server.start({});
    const second = refuse(server.data);
    assert.equal(second.code, 1);
    assert.equal(second.stdout, '');
    assert.match(second.stderr, /in use|another/i);
    await assertServes(server);
    await server.stop();
});

test('an address that is taken is named', async () => {
    const server = await Server.start({});
    const data = temporaryFolder();
    const second = run(['serve', '--data', data, '--listen', `127.0.0.1:${server.port}`]);
    // Listeners share a port among a server's own loops; two servers must not share one silently.
    assert.equal(second.code, 1, second.stderr);
    assert.match(second.stderr, new RegExp(String(server.port)));
    await server.stop();
});

test('everything is there after a restart: accounts, guilds, messages, tokens, invites', async () => {
    const data = temporaryFolder();
    const first = await Server.start({ data });
    const { owner, guild, member, bot } = await world(first);
    const message = await post(first, member, guild.channel, 'remember me');
    await first.stop();

    const second = await Server.start({ data });
    for (const who of [owner, member, bot])
        assert.equal((await ok(second, 'GET', '/users/@me', { token: who.token })).id, who.id);
    const login = await api(second, 'POST', '/auth/login', {
        body: { login: owner.username, password: PASSWORD },
    });
    assert.equal(login.status, 200);
    const read = await ok(second, 'GET', `/channels/${guild.channel}/messages`, { token: owner.token });
    assert.equal(read[0].id, message.id);
    const gateway = await Gateway.session(second, bot);
    const next = await post(second, member, guild.channel, 'and go on');
    assert.ok(BigInt(next.id) > BigInt(message.id));
    await gateway.event('MESSAGE_CREATE', (d) => d.id === next.id);
    await gateway.end();
    await second.stop();
});

test('a database of a newer version is refused and left alone', async () => {
    const data = temporaryFolder();
    await (await Server.start({ data })).stop();
    sql(data, 'INSERT INTO schema_migrations (version, name, checksum, applied_at_ms) SELECT version + 1, ' +
        '\'future.sql\', checksum, applied_at_ms FROM schema_migrations ORDER BY version DESC LIMIT 1');
    const before = sql(data, 'SELECT count(*) FROM schema_migrations');
    const done = refuse(data);
    assert.equal(done.code, 1);
    assert.match(done.stderr, /newer/);
    assert.equal(sql(data, 'SELECT count(*) FROM schema_migrations'), before);
});

test('a migration that was changed after it was applied is refused', async () => {
    const data = temporaryFolder();
    await (await Server.start({ data })).stop();
    sql(data, 'UPDATE schema_migrations SET checksum = (SELECT checksum FROM schema_migrations ' +
        'WHERE version = 2) WHERE version = 1');
    const done = refuse(data);
    assert.equal(done.code, 1);
    assert.match(done.stderr, /0001_first_light/);
});

test('a data folder that cannot be made is named', () => {
    const file = joinPath(temporaryFolder(), 'file');
    writeFileSync(file, '');
    const done = refuse(joinPath(file, 'below'));
    assert.equal(done.code, 1);
    assert.match(done.stderr, /below/);
});

test('the log on standard error is text by default', async () => {
    const server = await Server.start({ flags: UNLIMITED });
    await server.stop();
    assert.match(server.stderr, /serving/);
    assert.throws(() => JSON.parse(server.stderr.split('\n')[0]));
});
