// guildhall log tail, replay and verify: beside a running server and without one.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import test from 'node:test';

import { ok } from '../lib/api.mjs';
import { databaseEnvironment } from '../lib/database.mjs';
import { BINARY, Server, UNLIMITED, atEnd, cleanEnvironment, run } from '../lib/server.mjs';
import { until, within } from '../lib/wait.mjs';
import { post, world } from '../lib/world.mjs';

const server = await Server.start({ flags: UNLIMITED });
const { guild, member } = await world(server);
const sent = [];
for (let i = 0; i < 20; i += 1)
    sent.push(await post(server, member, guild.channel, `words of mine ${i}`));
await ok(server, 'DELETE', `/channels/${guild.channel}/messages/${sent[1].id}`, { token: member.token });

const log = (...words) => run(['log', ...words, '--data', server.data]);
const stream = `guild:${guild.id}`;

function json(stdout) {
    return stdout.trim().split('\n').map((line) => JSON.parse(line));
}

test('tail shows the newest rows, and nothing that people wrote', () => {
    const { code, stdout, stderr } = log('tail', '--stream', stream, '--count', '3');
    assert.equal(code, 0, stderr);
    const lines = stdout.trim().split('\n');
    assert.equal(lines.length, 3);
    assert.match(lines[2], new RegExp(
        `^\\d{4}-\\d\\d-\\d\\dT[0-9:.]+Z ${stream} \\d+ MESSAGE_DELETE guild=${guild.id} ` +
        `channel=${guild.channel} entity=${sent[1].id} actor=${member.id}$`));
    assert.match(lines[1], new RegExp(`MESSAGE_CREATE .* entity=${sent[19].id} `));
    for (const words of [['tail', '--count', '1000'], ['tail', '--count', '1000', '--json']])
        assert.ok(!log(...words).stdout.includes('words of mine'));
    const rows = json(log('tail', '--stream', stream, '--json').stdout);
    assert.deepEqual(rows.map(({ position }) => position).toSorted((a, b) => a - b), rows.map(({ position }) => position));
    assert.equal(rows.at(-1).kind, 'MESSAGE_DELETE');
    assert.equal(rows.at(-1).entity_id, sent[1].id);
});

test('tail of all streams ends with what happened last', async () => {
    const last = await post(server, member, guild.channel, 'the last one');
    const rows = json(log('tail', '--json').stdout);
    assert.equal(rows.length, 20);
    assert.equal(rows.at(-1).entity_id, last.id);
    assert.ok(json(log('tail', '--json', '--count', '50').stdout).some((row) => row.stream.startsWith('user:')));
});

test('following shows each new row once, until it is ended', async () => {
    const child = spawn(BINARY, ['log', 'tail', '--follow', '--json', '--count', '1', '--stream', stream,
        '--data', server.data], { env: cleanEnvironment(databaseEnvironment(server.data)), stdio: ['ignore', 'pipe', 'inherit'] });
    atEnd(() => child.kill('SIGKILL'));
    let out = '';
    child.stdout.setEncoding('utf8').on('data', (text) => {
        out += text;
    });
    const rows = () => (out.includes('\n') ? json(out.slice(0, out.lastIndexOf('\n'))) : []);
    await until(() => rows().length === 1, 'the row that was there');
    const first = await post(server, member, guild.channel, 'followed');
    await until(() => rows().at(-1).entity_id === first.id, 'the first new row');
    const more = [];
    for (let i = 0; i < 10; i += 1)
        more.push(await post(server, member, guild.channel, `followed ${i}`));
    await until(() => rows().at(-1).entity_id === more.at(-1).id, 'the other new rows');
    assert.deepEqual(rows().slice(1).map((row) => row.entity_id), [first, ...more].map(({ id }) => id));
    const exited = new Promise((done) => {
        child.once('exit', done);
    });
    child.kill('SIGTERM');
    await within(exited, 'the follower to end');
    await post(server, member, guild.channel, 'nobody follows');
});

test('replay shows events as they are now', () => {
    const { code, stdout, stderr } = log('replay', '--stream', stream);
    assert.equal(code, 0, stderr);
    const events = json(stdout);
    assert.deepEqual(events.map(({ position }) => position), events.map((_, i) => i + 1));
    const of = (id, kind) => events.find((e) => e.entity_id === id && e.kind === kind);
    assert.equal(of(sent[0].id, 'MESSAGE_CREATE').event.t, 'MESSAGE_CREATE');
    assert.equal(of(sent[0].id, 'MESSAGE_CREATE').event.d.content, 'words of mine 0');
    assert.equal(of(sent[1].id, 'MESSAGE_CREATE').event, null);
    assert.equal(of(sent[1].id, 'MESSAGE_DELETE').event.d.id, sent[1].id);
    const rest = json(log('replay', '--stream', stream, '--after', '3', '--count', '2').stdout);
    assert.deepEqual(rest, events.slice(3, 5));
});

test('wrong words are refused before anything is read', () => {
    for (const words of [['tail', '--stream', 'room:1'], ['tail', '--count', '0'], ['replay'],
        ['tail', 'extra'], ['verify', '--mend']]) {
        const { code, stdout, stderr } = log(...words);
        assert.equal(code, 2, words.join(' '));
        assert.ok((stdout + stderr).length > 0);
    }
});

test('verify finds damage and repairs what it can, while the server works', async () => {
    assert.equal(log('verify').code, 0, log('verify').stdout);
    await server.sql(`UPDATE guilds SET member_count = 40 WHERE id = ${guild.id}`);
    const found = log('verify');
    assert.equal(found.code, 1);
    assert.match(found.stdout, /^ {2}member_count: guild:\d+: member_count is 40, there are \d+ members$/m);
    const repaired = log('verify', '--repair');
    assert.equal(repaired.code, 0, repaired.stdout);
    assert.match(repaired.stdout, /\(repaired\)$/m);
    assert.equal(log('verify').code, 0);
    await post(server, member, guild.channel, 'goes on');
    assert.equal(log('verify').code, 0);
});

test('without a server the same is said', async () => {
    const words = [['tail', '--count', '50'], ['tail', '--stream', stream, '--json'],
        ['replay', '--stream', stream], ['verify']];
    const beside = words.map((w) => log(...w).stdout);
    await server.stop();
    for (const [i, w] of words.entries()) {
        const { code, stdout, stderr } = log(...w);
        assert.equal(code, 0, stderr);
        assert.equal(stdout, beside[i], w.join(' '));
    }
});
