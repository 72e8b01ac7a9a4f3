// Databases that cannot be used: exit code 1 with a sentence that says why, and never the password.
// TLS that is asked for is checked.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import net from 'node:net';
import { join as joinPath } from 'node:path';
import test from 'node:test';

import { assertServes } from '../lib/api.mjs';
import { psql, variant } from '../lib/database.mjs';
import { Postgres } from '../lib/postgres.mjs';
import { Server, run, temporaryFolder } from '../lib/server.mjs';
import { until } from '../lib/wait.mjs';

const postgres = await Postgres.start();

const IMPATIENT = ['--store.pool_acquire_ms=1000'];

function refuse(url, says, secret = postgres.password) {
    const done = run(['serve', '--data', temporaryFolder(), '--listen', '127.0.0.1:0', ...IMPATIENT],
        { env: { GUILDHALL_STORE_URL: url } });
    assert.equal(done.code, 1, `${done.signal} ${done.stderr}`);
    assert.equal(done.stdout, '');
    assert.match(done.stderr, says);
    assert.ok(!done.stderr.includes(secret), 'the password is not told');
}

async function serves(url) {
    const server = await Server.start({ env: { GUILDHALL_STORE_URL: url } });
    await assertServes(server);
    await server.stop();
    assert.ok(!server.stderr.includes(postgres.password), 'the password is not told');
    return server.stderr;
}

const verified = (more) => variant(postgres.database(), {
    sslmode: 'verify-full', sslrootcert: postgres.ca, ...more,
});

test('TLS with a certificate that is checked', async () => {
    assert.match(await serves(verified()), /tls=TLSv1\.[23]/);
    assert.match(await serves(postgres.database()), /tls=none/);
});

test('a certificate of another authority is refused', () => {
    const folder = temporaryFolder();
    const ca = joinPath(folder, 'ca.crt');
    const made = spawnSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt',
        'ec_paramgen_curve:prime256v1', '-nodes', '-days', '1', '-subj', '/CN=Another CA', '-keyout',
        joinPath(folder, 'ca.key'), '-out', ca], { encoding: 'utf8' });
    assert.equal(made.status, 0, made.stderr);
    refuse(verified({ sslrootcert: ca }), /certificate verify failed/);
});

test('a certificate of another host is refused', () => {
    const url = new URL(verified({ hostaddr: '127.0.0.1' }));
    url.hostname = 'db.example.org';
    refuse(url.href, /certificate for "localhost".*does not match host name "db\.example\.org"/s);
});

test('a server without TLS is refused if it is asked for', async () => {
    const url = verified();
    postgres.configure('ssl', 'off');
    await until(() => psql(postgres.url, 'SHOW ssl') === 'off', 'the setting to hold');
    refuse(url, /does not support SSL/);
    postgres.configure('ssl', 'on');
    await until(() => psql(postgres.url, 'SHOW ssl') === 'on', 'the setting to hold');
});

test('wrong passwords, roles and databases are named, without the password', () => {
    const wrong = new URL(postgres.database());
    wrong.password = 'wr0ng-p4ssw0rd';
    refuse(wrong.href, /password authentication failed for user "guildhall"/, wrong.password);
    wrong.username = 'nobody_like_that';
    refuse(wrong.href, /password authentication failed for user "nobody_like_that"/, wrong.password);
    refuse(variant(postgres.url, { database: 'no_such_database' }), /database "no_such_database" does not exist/);
});

test('what is no URL of PostgreSQL is refused, and no part of it is quoted', () => {
    for (const url of ['mysql://user:s3cret-word@127.0.0.1/db', 's3cret-word',
        'postgresql://user:a@s3cret-word@127.0.0.1/db', 'postgresql://user:a/s3cret-word@127.0.0.1/db',
        'postgresql://user:a%zz-s3cret-word@127.0.0.1/db', 'postgresql://user:s3cret-word@127.0.0.1/db?nonsense=1'])
        refuse(url, /url|URL/, 's3cret-word');
});

test('a database of another encoding is refused', () => {
    psql(postgres.url, 'CREATE DATABASE latin TEMPLATE template0 ENCODING \'LATIN1\' LOCALE_PROVIDER libc LOCALE \'C\'');
    refuse(variant(postgres.url, { database: 'latin' }), /encoding is not UTF8/);
});

test('a role that may not make tables is refused', () => {
    postgres.admin('CREATE ROLE guest LOGIN PASSWORD \'guest-w0rd\'');
    const url = new URL(postgres.database());
    url.username = 'guest';
    url.password = 'guest-w0rd';
    refuse(url.href, /permission denied for schema public/, 'guest-w0rd');
});

test('a server that is not there is waited for, and then named', () => {
    const url = new URL(postgres.url);
    url.port = '1';
    refuse(url.href, /127\.0\.0\.1.*port 1 failed: Connection refused/s);
});

// Speaks as much of the protocol as logging in takes.
function oldServer(version) {
    const message = (type, ...parts) => {
        const body = Buffer.concat(parts);
        const head = Buffer.alloc(5);
        head.write(type);
        head.writeInt32BE(body.length + 4, 1);
        return Buffer.concat([head, body]);
    };
    const setting = (name, value) => message('S', Buffer.from(`${name}\0${value}\0`));
    return net.createServer((socket) => {
        socket.on('error', () => {});
        socket.once('data', () => socket.write(Buffer.concat([
            message('R', Buffer.alloc(4)), setting('server_version', version), setting('client_encoding', 'UTF8'),
            setting('standard_conforming_strings', 'on'), message('Z', Buffer.from('I')),
        ])));
    });
}

test('a server that is too old is refused', async () => {
    const server = oldServer('9.6.24').listen(0, '127.0.0.1');
    await new Promise((done) => {
        server.once('listening', done);
    });
    const url = `postgresql://guildhall:s3cret-word@127.0.0.1:${server.address().port}/db?sslmode=disable`;
    // Not by run(): the server of this process must answer meanwhile.
    const start = Server.start({ env: { GUILDHALL_STORE_URL: url } }).then((started) => started.kill());
    await assert.rejects(start, (error) => {
        assert.match(error.message, /code 1,.*PostgreSQL 9.*or later is needed/s);
        assert.ok(!error.message.includes('s3cret-word'));
        return true;
    });
    server.close();
});
