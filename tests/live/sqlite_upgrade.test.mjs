// Every release's database, as that release left it, under the present program: everything answers
// as it did, tokens and passwords still work, no row is lost, and the schema is that of a new database.
// tests/upgrade/record.mjs makes the data, with the released program.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';

import { Gateway } from '../lib/gateway.mjs';
import { api, ok } from '../lib/api.mjs';
import { ROOT, Server, temporaryFolder } from '../lib/server.mjs';
import { until } from '../lib/wait.mjs';
import { invite, join as joinGuild, person, post } from '../lib/world.mjs';

const FOLDER = join(ROOT, 'tests/upgrade');
const RELEASES = readdirSync(FOLDER).filter((name) => existsSync(join(FOLDER, name, 'sqlite.sql')));

function sqlite(file, input) {
    const done = spawnSync('sqlite3', [file], { input, encoding: 'utf8', maxBuffer: 1 << 28 });
    assert.equal(done.status, 0, done.stderr);
    assert.equal(done.stderr, '');
    return done.stdout;
}

function restore(release) {
    const data = join(temporaryFolder(), 'data');
    mkdirSync(data, { mode: 0o700 });
    sqlite(join(data, 'guildhall.db'), readFileSync(join(FOLDER, release, 'sqlite.sql'), 'utf8'));
    return data;
}

function schema(data) {
    return sqlite(join(data, 'guildhall.db'),
        'SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY type, name;');
}

// {table: rows}, without the books of migrations.
function counts(data) {
    const file = join(data, 'guildhall.db');
    const tables = sqlite(file, "SELECT name FROM sqlite_master WHERE type = 'table';").trim().split('\n');
    const kept = tables.filter((name) => !name.startsWith('schema_') && !name.startsWith('sqlite_'));
    return Object.fromEntries(kept.map((name) => [name, Number(sqlite(file, `SELECT count(*) FROM "${name}";`))]));
}

// Secrets are drawn when they are first needed, so a later program may have more of them. Until its
// messages are in the search index, a database from before that index has a task (kind 20) for it.
const REBUILDING = 'SELECT count(*) FROM tasks WHERE kind = 20;';
async function countsAtRest(data) {
    await until(() => sqlite(join(data, 'guildhall.db'), REBUILDING).trim() === '0', 'the search index');
    return counts(data);
}

// Those tables of `before`, and at least as many secrets.
function assertKept(before, after) {
    const kept = Object.fromEntries(Object.keys(before).map((name) => [name, after[name]]));
    assert.ok(kept.secrets >= before.secrets || before.secrets === undefined);
    assert.deepEqual({ ...kept, secrets: before.secrets }, { ...before, secrets: before.secrets });
}

// Later releases may say more, never something else.
function assertContains(actual, expected, where) {
    if (expected === null || typeof expected !== 'object') {
        assert.equal(actual, expected, where);
        return;
    }
    assert.ok(actual !== null && typeof actual === 'object', where);
    if (where.endsWith('.features')) { // a list in which order means nothing
        assert.deepEqual(expected.filter((name) => !actual.includes(name)), [], where);
        return;
    }
    if (Array.isArray(expected))
        assert.equal(actual.length, expected.length, where);
    for (const [key, value] of Object.entries(expected))
        assertContains(actual[key], value, `${where}.${key}`);
}

async function assertAnswers(server, answers) {
    for (const { path, token, status, body } of answers) {
        const now = await api(server, 'GET', path, { token });
        assert.equal(now.status, status, `${path}: ${now.text}`);
        assertContains(now.body, body, path);
    }
}

async function assertLives(server, { people, password, bot, guild, channel, code }) {
    const before = await ok(server, 'GET', `/channels/${channel}/messages?limit=1`, { token: people.ada.token });
    const gateway = await Gateway.session(server, bot);
    const { token } = await ok(server, 'POST', '/auth/login', { body: { login: people.carl.email, password } });
    const made = await post(server, { token }, channel, 'after the upgrade');
    assert.ok(BigInt(made.id) > BigInt(before[0].id), 'ids go on above the old ones');
    const event = await gateway.event('MESSAGE_CREATE', (d) => d.id === made.id);
    assert.equal(event.d.channel_id, channel);
    await gateway.end();
    const newcomer = await person(server);
    await joinGuild(server, newcomer, code);
    const again = await invite(server, people.ada, channel, { unique: true });
    assert.notEqual(again.code, code);
    const seen = await ok(server, 'GET', `/users/@me/guilds`, { token: newcomer.token });
    assert.deepEqual(seen.map(({ id }) => id), [guild]);
}

test('there are releases to come from', () => {
    assert.ok(RELEASES.includes('0.1.0'));
});

for (const release of RELEASES) {
    test(`a database of ${release} answers as it did, and goes on`, async () => {
        const data = restore(release);
        const { known, answers } = JSON.parse(readFileSync(join(FOLDER, release, 'answers.json'), 'utf8'));
        const before = counts(data);
        assert.ok(before.messages > 60 && before.event_log > 80);
        const server = await Server.start({ data });
        await assertAnswers(server, answers);
        const after = await countsAtRest(data);
        assertKept(before, after);
        assert.ok(after.search_documents > 60, 'what was written before can be found');
        await assertLives(server, known);
        await server.stop();
        const again = await Server.start({ data });
        await ok(again, 'GET', '/users/@me', { token: known.people.ada.token });
        await again.stop();
    });

    test(`a database of ${release} gets the schema of a new one`, async () => {
        const data = restore(release);
        const fresh = temporaryFolder();
        for (const folder of [data, fresh]) {
            const server = await Server.start({ data: folder });
            await server.stop();
        }
        assert.equal(schema(data), schema(fresh));
    });
}
