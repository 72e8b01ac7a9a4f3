// The operator's commands, with a server and without: the same words in and out, and a server that does
// not mind who asks, how badly, or who goes away in the middle.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';

import { Admin, frame, request, socketOf } from '../lib/admin.mjs';
import { assertServes } from '../lib/api.mjs';
import { databaseEnvironment } from '../lib/database.mjs';
import { BINARY, Server, atEnd, cleanEnvironment, run, temporaryFolder, useServer } from '../lib/server.mjs';
import { until, within } from '../lib/wait.mjs';
import { post, world } from '../lib/world.mjs';

const MOST_AT_ONCE = 8;

const server = await useServer();
const { guild, member } = await world(server);
for (let n = 0; n < 200; n += 1)
    await post(server, member, guild.channel, `${n} ${'long '.repeat(390)}`);

// A command in a process of its own, which goes on until somebody ends it.
function begin(data, ...words) {
    const child = spawn(BINARY, [...words, '--data', data], {
        env: cleanEnvironment(databaseEnvironment(data)), stdio: ['ignore', 'pipe', 'pipe'],
    });
    const command = { child, out: '', err: '' };
    child.stdout.setEncoding('utf8').on('data', (text) => {
        command.out += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text) => {
        command.err += text;
    });
    command.exited = new Promise((done) => {
        child.once('close', (code, signal) => done({ code, signal }));
    });
    atEnd(() => child.kill('SIGKILL'));
    return command;
}

const follow = async (data) => {
    const command = begin(data, 'log', 'tail', '--follow', '--count', '1');
    await until(() => command.out.includes('\n'), 'the first row');
    return command;
};

test('a command says the same beside a server and without one', async () => {
    const data = temporaryFolder();
    const first = await Server.start({ data });
    const place = await world(first);
    await post(first, place.member, place.guild.channel, 'remember me');
    const commands = [
        ['migrate', 'status'],
        ['log', 'tail', '--stream', `guild:${place.guild.id}`, '--count', '1000'],
        ['log', 'replay', '--stream', `guild:${place.guild.id}`, '--count', '1000'],
        ['log', 'verify'],
        ['log', 'tail', '--stream', 'nonsense'],
        ['log', 'tail', '--count=0'],
    ];
    const said = () => commands.map((words) => run([...words, '--data', data]));
    const beside = said();
    await first.stop();
    const without = said();
    assert.deepEqual(without, beside);
    assert.deepEqual(beside.map(({ code }) => code), [0, 0, 0, 0, 2, 2]);
    for (const { stdout } of beside)
        assert.notEqual(stdout, '');
});

test('mistakes in the words are exit code 2, wherever the server is', () => {
    for (const data of [server.data, temporaryFolder()]) {
        const mistakes = [
            [['log', 'tail', '--nothing'], /there is no option --nothing/],
            [['log', 'tail', 'surplus'], /surplus/],
            [['log', 'replay'], /--stream is missing/],
            [['log', 'tail', '--count'], /--count needs a value/],
            [['backup', 'create'], /something is missing/],
            [['backup', 'destroy'], /unknown command/],
            [['migrate', 'status', '--no.such=1'], /no\.such/],
        ];
        for (const [words, expected] of mistakes) {
            const done = run([...words, '--data', data]);
            assert.equal(done.code, 2, `${words}: ${done.stdout}${done.stderr}`);
            assert.match(done.stderr, expected);
            assert.equal(done.stdout, '');
        }
    }
    const help = run(['log', 'tail', '--help']);
    assert.equal(help.code, 0);
    assert.match(help.stdout, /usage: guildhall log tail/);
});

test('the socket is the operator\'s alone, and goes with the server', async () => {
    const data = temporaryFolder();
    const one = await Server.start({ data });
    assert.equal(statSync(socketOf(data)).mode & 0o777, 0o600);
    assert.ok(statSync(socketOf(data)).isSocket());
    await one.kill();
    assert.ok(existsSync(socketOf(data)), 'a killed server cannot take it away');
    assert.equal(run(['migrate', 'status', '--data', data]).code, 0, 'and nobody minds');
    const two = await Server.start({ data });
    assert.equal(run(['migrate', 'status', '--data', data]).code, 0);
    await two.stop();
    assert.equal(existsSync(socketOf(data)), false);
});

test('a path longer than a socket\'s address', async () => {
    const data = join(temporaryFolder(), 'x'.repeat(120));
    mkdirSync(data);
    const long = await Server.start({ data });
    assert.equal(run(['log', 'verify', '--data', data]).code, 0);
    await long.stop();
});

test('what needs a stopped server is refused beside a running one', async () => {
    const done = run(['restore', '/nowhere.tar', '--data', server.data]);
    assert.equal(done.code, 1);
    assert.match(done.stderr, /in use/);
    const forced = await Admin.connect(server.data);
    forced.send(request('restore', '/nowhere.tar'));
    await within(forced.closed, 'the answer');
    assert.match(forced.frames()[0][1], /does not know/);
    assert.deepEqual(forced.frames().at(-1), ['x', '\x02']);
    await assertServes(server);
});

test('clients that go away end their commands, and leave no trace', async () => {
    for (let round = 0; round < 3; round += 1) {
        const followers = await Promise.all(Array.from({ length: MOST_AT_ONCE - 1 }, () => follow(server.data)));
        for (const { child } of followers)
            child.kill('SIGKILL');
        await Promise.all(followers.map(({ exited }) => exited));
        await until(() => run(['migrate', 'status', '--data', server.data]).code === 0, 'room again');
    }
    await assertServes(server);
});

test('at most so many at once; the next one is told', async () => {
    const own = await Server.start({});
    await world(own);
    const status = () => run(['migrate', 'status', '--data', own.data]);
    const followers = await Promise.all(Array.from({ length: MOST_AT_ONCE }, () => follow(own.data)));
    assert.equal(status().code, 1);
    assert.match(status().stdout, /Too many commands/);
    followers[0].child.kill('SIGTERM');
    await until(() => status().code === 0, 'room again');
    await own.stop();
});

test('nonsense on the socket is answered or ended, and nothing else happens', async () => {
    const nonsense = [
        Buffer.alloc(0),
        Buffer.from('GET / HTTP/1.1\r\n\r\n'),
        Buffer.alloc(100000, 0xff),
        frame('q', Buffer.alloc(0)),
        frame('q', Buffer.from('no end')),
        frame('q', Buffer.from('\0')),
        frame('q', Buffer.from('\0'.repeat(1000))),
        frame('z', Buffer.from('/\0migrate\0status\0')),
        frame('q', Buffer.from('/\0')),
        request('no', 'such', 'command'),
        request('log'),
        request('log', 'tail', ...Array(20).fill('--json')),
        request('log', 'tail', `--${'x'.repeat(1000)}=1`),
        request('log', 'tail', ...Array(60).fill('word')),
        request('log', 'tail', ...Array(100).fill('word')),
        request('log', 'tail', 'x'.repeat(60000)),
        frame('q', Buffer.alloc(65537, 'a')),
        frame('q', Buffer.alloc(10)).subarray(0, 7),
    ];
    for (const bytes of nonsense) {
        const admin = await Admin.connect(server.data);
        admin.send(bytes);
        admin.socket.end();
        await within(admin.closed, `the end of ${bytes.subarray(0, 40)}`);
        for (const [kind, text] of admin.frames()) {
            assert.match(kind, /[ox]/);
            if (kind === 'x')
                assert.equal(text, '\x02');
        }
    }
    assert.equal(run(['log', 'verify', '--data', server.data]).code, 0);
    await assertServes(server);
});

test('clients that do not read are given up, and others go on', async () => {
    const status = () => run(['migrate', 'status', '--data', server.data]);
    const deaf = [];
    await until(async () => {
        const admin = await Admin.connect(server.data);
        admin.socket.pause();
        admin.send(request('log', 'replay', '--stream', `guild:${guild.id}`, '--count', '1000'));
        deaf.push(admin);
        return status().code === 1;
    }, 'all places to be taken');
    await post(server, member, guild.channel, 'meanwhile');
    await until(() => status().code === 0, 'one of them to be given up');
    for (const { socket } of deaf)
        socket.resume();
    await within(Promise.all(deaf.map(({ closed }) => closed)), 'their ends');
    const cut = deaf.filter((admin) => admin.frames().at(-1)?.[0] !== 'x');
    assert.notEqual(cut.length, 0);
});

test('a server that stops ends the commands under way', async () => {
    const data = temporaryFolder();
    const short = await Server.start({ data });
    await world(short);
    const followers = await Promise.all([follow(data), follow(data)]);
    const silent = await Admin.connect(data); // asks for nothing
    const began = Date.now();
    await short.stop();
    assert.ok(Date.now() - began < 5000, `took ${Date.now() - began} ms`);
    for (const { exited } of followers)
        assert.equal((await within(exited, 'the client to end')).signal, null);
    await within(silent.closed, 'the silent one');
});

test('other accounts of the machine are not heard', async (t) => {
    if (process.getuid() !== 0) {
        t.skip('needs two accounts');
        return;
    }
    const data = temporaryFolder();
    const open = await Server.start({ data });
    chmodSync(data, 0o777);
    chmodSync(socketOf(data), 0o777); // as a careless operator might
    const script = `
        const s = require('net').connect(${JSON.stringify(socketOf(data))});
        s.write(Buffer.from(${JSON.stringify(request('migrate', 'status').toString('hex'))}, 'hex'));
        let n = 0;
        s.on('data', (d) => { n += d.length; });
        s.on('error', () => {});
        s.on('close', () => console.log('got ' + n));`;
    const other = spawn('setpriv', ['--reuid=65534', '--clear-groups', process.execPath, '-e', script],
        { stdio: ['ignore', 'pipe', 'pipe'] });
    let out = '';
    other.stdout.setEncoding('utf8').on('data', (text) => {
        out += text;
    });
    await within(new Promise((done) => {
        other.once('close', done);
    }), 'the other account');
    assert.equal(out, 'got 0\n');
    await open.stop();
});
