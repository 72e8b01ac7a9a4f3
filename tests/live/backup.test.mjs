// guildhall backup and restore: what an installation was, another one is.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, openSync, readFileSync, readdirSync, statSync, symlinkSync,
    writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';

import { api, ok } from '../lib/api.mjs';
import { databaseEnvironment, sql } from '../lib/database.mjs';
import { Gateway } from '../lib/gateway.mjs';
import { BINARY, Server, UNLIMITED, atEnd, cleanEnvironment, run, temporaryFolder } from '../lib/server.mjs';
import { until, within } from '../lib/wait.mjs';
import { PASSWORD, channel, post, world } from '../lib/world.mjs';

const MIB = 1024 * 1024;

const create = (data, file, ...more) => run(['backup', 'create', file, ...more, '--data', data]);
const verify = (file) => run(['backup', 'verify', file]);
const restore = (data, file) => run(['restore', file, '--data', data]);

function good(done) {
    assert.equal(done.code, 0, `${done.stdout}${done.stderr}`);
    return done.stdout;
}

// Files as an attachment store would keep them: named by their contents.
function addMedia(data, sizes) {
    for (const size of sizes) {
        const bytes = randomBytes(size);
        const name = createHash('sha256').update(bytes).digest('hex');
        mkdirSync(join(data, 'media', name.slice(0, 2)), { recursive: true });
        writeFileSync(join(data, 'media', name.slice(0, 2), name), bytes);
    }
}

function media(data) {
    const root = join(data, 'media');
    const names = readdirSync(root, { recursive: true }).filter((name) => statSync(join(root, name)).isFile());
    return Object.fromEntries(names.toSorted().map((name) => [name, readFileSync(join(root, name)).toString('base64')]));
}

// Every row of every table. The floor of ids is ahead of the clock while a server runs, and the books of
// the migrations say when this very database was made.
const TABLES = ['tenants', 'users', 'credentials', 'tokens', 'applications', 'guilds', 'channels', 'overwrites', 'roles',
    'members', 'member_roles', 'messages', 'recent_nonces', 'invites', 'streams', 'event_log', 'log_readers', 'tasks',
    'secrets', 'search_documents'];
function rows(data) {
    return Object.fromEntries(TABLES.map((table) =>
        [table, sql(data, `SELECT * FROM ${table}`).split('\n').toSorted()]));
}

// What an account sees of its installation.
async function seen(server, { owner, member, bot, guild }) {
    const all = {};
    for (const { token, id } of [owner, member, bot]) {
        for (const path of ['/users/@me', `/guilds/${guild.id}`, `/guilds/${guild.id}/channels`,
            `/guilds/${guild.id}/members/${id}`, `/channels/${guild.channel}/messages?limit=100`])
            all[`${id} ${path}`] = (await api(server, 'GET', path, { token })).body;
    }
    const gateway = await Gateway.session(server, bot);
    await gateway.end();
    return all;
}

// A command in a process of its own.
function begin(data, ...words) {
    const child = spawn(BINARY, [...words, '--data', data], {
        env: cleanEnvironment(databaseEnvironment(data)), stdio: ['ignore', 'pipe', 'pipe'],
    });
    const command = { child, out: '' };
    for (const stream of [child.stdout, child.stderr]) {
        stream.setEncoding('utf8').on('data', (text) => {
            command.out += text;
        });
    }
    command.exited = new Promise((done) => {
        child.once('close', (code) => done(code));
    });
    atEnd(() => child.kill('SIGKILL'));
    return command;
}

// That the bot was there is noted a moment after its Identify, once a day (users.seen_at_ms): before the
// backup, so that its next session changes nothing.
async function beSeen(server, bot) {
    const gateway = await Gateway.session(server, bot);
    await until(() => Number(sql(server.data, `SELECT seen_at_ms FROM users WHERE id = ${bot.id}`)) > 0, 'the bot to be seen');
    await gateway.end();
}

test('the restored server answers as the original did, row by row and file by file', async () => {
    const server = await Server.start({});
    const place = await world(server);
    for (let n = 0; n < 50; n += 1)
        await post(server, place.member, place.guild.channel, `message ${n} 'quoted' "twice" \\ é 漢 🙂`);
    await channel(server, place.owner, place.guild, { name: 'second' });
    await beSeen(server, place.bot);
    addMedia(server.data, [0, 1, 511, 512, 513, 65536, 300000]);
    const folder = temporaryFolder();
    const file = join(folder, 'backup.tar');
    assert.match(good(create(server.data, file)), /backup\.tar is written/);
    assert.deepEqual(readdirSync(folder), ['backup.tar'], 'and nothing else is left');
    assert.equal(statSync(file).mode & 0o777, 0o600);
    assert.match(good(verify(file)), /is good/);
    const before = await seen(server, place);
    await server.stop();

    const data = temporaryFolder();
    good(restore(data, file));
    assert.deepEqual(rows(data), rows(server.data));
    assert.deepEqual(media(data), media(server.data));
    const again = await Server.start({ data });
    assert.deepEqual(await seen(again, place), before);
    const login = await api(again, 'POST', '/auth/login', {
        body: { login: place.owner.username, password: PASSWORD },
    });
    assert.equal(login.status, 200);
    const { id } = await post(again, place.member, place.guild.channel, 'and on it goes');
    assert.ok(BigInt(id) > BigInt(Object.values(before).at(-1)[0].id));
    good(run(['log', 'verify', '--data', data]));
    await again.stop();
});

test('under load: all that was acknowledged before it began is in it, and nothing half', async () => {
    const server = await Server.start({});
    const place = await world(server);
    const acknowledged = [];
    let going = true;
    const writers = Array.from({ length: 8 }, async (_, w) => {
        // Bounded: a copy at this rate would never catch up with writers who are faster than it.
        for (let n = 0; going && n < 600; n += 1) {
            acknowledged.push((await post(server, place.owner, place.guild.channel, `writer ${w} ${n} ${'x'.repeat(800)}`)).id);
            if (n % 20 === w)
                await channel(server, place.owner, place.guild, { name: `room-${w}-${n}` });
        }
    });
    await until(() => acknowledged.length > 1500, 'a database of some size');
    const file = join(temporaryFolder(), 'backup.tar');
    const sure = [...acknowledged];
    const command = begin(server.data, 'backup', 'create', file, '--bytes-per-second', '2000000');
    assert.equal(await within(command.exited, 'the backup'), 0, command.out);
    const during = acknowledged.length - sure.length;
    going = false;
    await Promise.all(writers);
    assert.ok(during > 20, `${during} messages were written meanwhile`);
    await server.stop();

    good(verify(file));
    const data = temporaryFolder();
    good(restore(data, file));
    const there = new Set(sql(data, 'SELECT id FROM messages').split('\n'));
    assert.deepEqual(sure.filter((id) => !there.has(id)), []);
    const extra = [...there].filter((id) => !acknowledged.includes(id));
    assert.ok(extra.length <= 8, 'at most what was under way when the writers ended');
    const again = await Server.start({ data });
    good(run(['log', 'verify', '--data', data])); // counters, log and entities agree
    await post(again, place.owner, place.guild.channel, 'and on it goes');
    await again.stop();
});

test('the media that come while the database is copied are in it, too', async () => {
    const server = await Server.start({});
    await world(server);
    addMedia(server.data, [400000]);
    const file = join(temporaryFolder(), 'backup.tar');
    const command = begin(server.data, 'backup', 'create', file, '--bytes-per-second', '400000');
    await until(() => existsSync(`${file}.partial`), 'the backup to begin');
    addMedia(server.data, [1000, 2000]);
    assert.equal(await within(command.exited, 'the backup'), 0, command.out);
    const data = temporaryFolder();
    good(restore(data, file));
    assert.deepEqual(media(data), media(server.data));
    await server.stop();
});

test('the limit of bytes a second holds, and progress is told', async () => {
    const server = await Server.start({});
    await world(server);
    addMedia(server.data, [MIB, MIB, MIB]);
    const file = join(temporaryFolder(), 'backup.tar');
    const rate = 1500000;
    const began = Date.now();
    const said = good(create(server.data, file, '--bytes-per-second', String(rate)));
    const speed = statSync(file).size / ((Date.now() - began) / 1000);
    assert.ok(speed < rate * 1.2, `${Math.round(speed)} bytes a second`);
    assert.ok(speed > rate * 0.8, `${Math.round(speed)} bytes a second`);
    const lines = said.trim().split('\n').slice(0, -1);
    assert.ok(lines.length >= 3 && lines.length <= 8, said);
    for (const line of lines)
        assert.match(line, /^backup: \d+ %, \d+ of \d+ bytes, \d+ s left$/);
    await server.stop();
});

test('a server that is killed in the midst of it: the same command goes on', async () => {
    const data = temporaryFolder();
    const server = await Server.start({ data });
    const place = await world(server);
    addMedia(data, Array(30).fill(100000));
    const file = join(temporaryFolder(), 'backup.tar');
    const words = ['backup', 'create', file, '--bytes-per-second', '1000000'];
    const command = begin(data, ...words);
    await until(() => existsSync(`${file}.partial`) && statSync(`${file}.partial`).size > MIB, 'a part of it');
    await server.kill();
    assert.equal(await within(command.exited, 'the command'), 1);
    assert.match(command.out, /the server ended before the command did/);
    assert.equal(existsSync(file), false);

    const again = await Server.start({ data });
    await post(again, place.member, place.guild.channel, 'of a later moment');
    const said = good(create(data, file));
    const kept = Number(/kept: (\d+) files/.exec(said)?.[1] ?? 0);
    assert.ok(kept >= 9 && kept < 30, said);
    good(verify(file));
    await again.stop();
    const other = temporaryFolder();
    good(restore(other, file));
    assert.deepEqual(rows(other), rows(data));
    assert.deepEqual(media(other), media(data));
});

test('a client that goes away ends it, and so does a stop of the server', async () => {
    const data = temporaryFolder();
    const server = await Server.start({ data });
    await world(server);
    addMedia(data, Array(20).fill(100000));
    const file = join(temporaryFolder(), 'backup.tar');
    const words = ['backup', 'create', file, '--bytes-per-second', '300000'];
    const first = begin(data, ...words);
    await until(() => existsSync(`${file}.partial`), 'the backup to begin');
    assert.match(create(data, file).stdout, /Another backup .* is under way/);
    first.child.kill('SIGKILL');
    const second = await until(async () => {
        const command = begin(data, ...words);
        await until(() => command.out !== '', 'a word');
        return command.out.includes('under way') ? null : command;
    }, 'the first one to end');
    const began = Date.now();
    await server.stop();
    assert.ok(Date.now() - began < 5000);
    assert.equal(await within(second.exited, 'the command'), 1);
    assert.match(second.out, /goes on with what is in/);
    good(create(data, file)); // without a server
    good(verify(file));
});

test('damage is found, named, and not restored', async () => {
    const server = await Server.start({});
    await world(server);
    addMedia(server.data, [5000]);
    await server.stop();
    const file = join(temporaryFolder(), 'backup.tar');
    good(create(server.data, file));
    const bytes = readFileSync(file);
    const at = bytes.indexOf('media/') + 512 + 100;
    writeSync(openSync(file, 'r+'), Buffer.from([bytes[at] ^ 1]), 0, 1, at);
    const found = verify(file);
    assert.equal(found.code, 1);
    assert.match(found.stdout, /media\/[0-9a-f/]+ .* is not what SHA256SUMS says/);
    const data = temporaryFolder();
    assert.equal(restore(data, file).code, 1);
    assert.deepEqual(readdirSync(data), ['guildhall.lock']);
});

test('an installation that is there is not restored over', async () => {
    const server = await Server.start({});
    const place = await world(server);
    const file = join(temporaryFolder(), 'backup.tar');
    good(create(server.data, file));
    await post(server, place.member, place.guild.channel, 'precious');
    const beside = restore(server.data, file);
    assert.equal(beside.code, 1);
    assert.match(beside.stderr, /in use/);
    await server.stop();
    const before = rows(server.data);
    const refused = restore(server.data, file);
    assert.equal(refused.code, 1);
    assert.match(refused.stdout, /already/);
    assert.deepEqual(rows(server.data), before);
});

test('a folder without an installation is not backed up, nor made into one', () => {
    const none = join(temporaryFolder(), 'none');
    const file = join(temporaryFolder(), 'none.tar');
    const environment = { env: { GUILDHALL_STORE_URL: '' } };
    for (const words of [['backup', 'create', file], ['doctor'], ['log', 'verify']]) {
        const done = run([...words, '--data', none], environment);
        assert.equal(done.code, 1, words.join(' '));
        assert.match(done.stderr, /no installation/);
    }
    assert.equal(existsSync(none), false);
    assert.equal(existsSync(file), false);
});

test('a backup among the media is refused, also by way of a link', async () => {
    const data = temporaryFolder();
    const server = await Server.start({ data });
    mkdirSync(join(data, 'media', 'below'), { recursive: true });
    const link = join(temporaryFolder(), 'link');
    symlinkSync(join(data, 'media', 'below'), link);
    for (const folder of [join(data, 'media'), link]) {
        const done = create(data, join(folder, 'b.tar'));
        assert.equal(done.code, 1, done.stdout);
        assert.match(done.stdout, /lies in the media folder/);
    }
    assert.deepEqual(readdirSync(join(data, 'media', 'below')), []);
    good(create(data, join(data, 'b.tar')));
    await server.stop();
});

test('ordinary tools can read one', async () => {
    const server = await Server.start({});
    await world(server);
    addMedia(server.data, [1000]);
    await server.stop();
    const folder = temporaryFolder();
    good(create(server.data, join(folder, 'b.tar')));
    const shell = spawn('sh', ['-c', 'tar xf b.tar && sha256sum -c SHA256SUMS && sqlite3 guildhall.db "SELECT count(*) FROM users"'],
        { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
    let out = '';
    for (const stream of [shell.stdout, shell.stderr]) {
        stream.setEncoding('utf8').on('data', (text) => {
            out += text;
        });
    }
    assert.equal(await new Promise((done) => {
        shell.once('close', done);
    }), 0, out);
    assert.match(out, /guildhall\.db: OK\n/);
    assert.match(out, /\n3\n$/);
});

test('by schedule: one is made at once if there is none, verified, counted, and old ones go', async () => {
    const data = temporaryFolder();
    const folder = join(temporaryFolder(), 'backups');
    mkdirSync(folder);
    const old = ['guildhall-20200101T000000Z.tar', 'guildhall-20200102T000000Z.tar'];
    for (const name of [...old, 'notes.txt'])
        writeFileSync(join(folder, name), 'x');
    const flags = [...UNLIMITED, `--backup.folder=${folder}`, '--backup.keep=2', '--metrics.enabled=true'];
    const server = await Server.start({ data, flags });
    const names = () => readdirSync(folder).toSorted();
    await until(() => !existsSync(join(folder, old[0])), 'the oldest to go');
    const [kept, made, notes, ...others] = names();
    assert.deepEqual([kept, notes, others], [old[1], 'notes.txt', []]);
    assert.match(made, /^guildhall-\d{8}T\d{6}Z\.tar$/);
    good(verify(join(folder, made)));
    const { text } = await api(server, 'GET', '/metrics', { base: '' });
    const at = Number(/^guildhall_backup_last_good_timestamp_seconds (\d+)$/m.exec(text)[1]);
    assert.ok(Math.abs(Date.now() / 1000 - at) < 120);
    assert.match(text, /^guildhall_backup_failures_total 0$/m);
    assert.match(server.stderr, /a backup was made/);
    await server.stop();
    const again = await Server.start({ data, flags });
    const doctor = run(['doctor', '--data', data]);
    assert.doesNotMatch(doctor.stdout, /problem.*backup/i);
    await again.stop();
    assert.deepEqual(names(), [kept, made, notes], 'it is not due again');
});
