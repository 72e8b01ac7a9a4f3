// The configuration as an operator meets it: sources and their order, mistakes named, exit code 2
// before anything is opened.

import assert from 'node:assert/strict';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';

import { Gateway } from '../lib/gateway.mjs';
import { Server, UNLIMITED, run, temporaryFolder } from '../lib/server.mjs';

function folderWith(text) {
    const cwd = temporaryFolder();
    writeFileSync(join(cwd, 'guildhall.conf'), text);
    return cwd;
}

// The value in force and its source, from `config print`.
function printed(key, options, flags = []) {
    const done = run(['config', 'print', ...flags], options);
    assert.equal(done.code, 0, done.stderr);
    const line = done.stdout.split('\n').find((text) => text.includes(key));
    assert.ok(line, `${key} is printed`);
    return line;
}

test('defaults < file < environment < flags', () => {
    const cwd = folderWith('[http]\nidle_timeout_ms = 11111\n');
    const env = { GUILDHALL_HTTP_IDLE_TIMEOUT_MS: '22222' };
    const flag = ['--http.idle_timeout_ms=33333'];
    const key = 'idle_timeout_ms';
    assert.match(printed(key, {}), /75000/);
    assert.match(printed(key, { cwd }), /11111/);
    assert.match(printed(key, { cwd, env }), /22222/);
    assert.match(printed(key, { cwd, env }, flag), /33333/);
    assert.match(printed(key, { cwd }), /guildhall\.conf/, 'the source is told');
    assert.match(printed(key, { cwd, env }), /GUILDHALL_HTTP_IDLE_TIMEOUT_MS/);
});

const MISTAKES = [
    ['an unknown flag', { flags: ['--http.no_such_key=1'] }, /http\.no_such_key/],
    ['an unknown section', { flags: ['--nothing.key=1'] }, /nothing\.key/],
    ['a flag without a value', { flags: ['--http.idle_timeout_ms'] }, /http\.idle_timeout_ms/],
    ['a word that is no flag', { flags: ['surplus'] }, /surplus/],
    ['a value that is no number', { flags: ['--http.idle_timeout_ms=soon'] }, /idle_timeout_ms.*100.*3600000/s],
    ['a value below the range', { flags: ['--http.idle_timeout_ms=1'] }, /idle_timeout_ms.*100.*3600000/s],
    ['a value above the range', { flags: ['--server.workers=100000'] }, /server\.workers.*4.*1024/s],
    ['a negative number', { flags: ['--server.workers=-5'] }, /server\.workers/],
    ['a number beyond 64 bits', { flags: ['--server.workers=99999999999999999999'] }, /server\.workers/],
    ['a number with an end', { flags: ['--server.workers=5x'] }, /server\.workers/],
    ['a truth that is none', { flags: ['--limits.enabled=perhaps'] }, /limits\.enabled.*true.*false/s],
    ['a choice that is none', { flags: ['--log.level=loud'] }, /log\.level.*debug.*error/s],
    ['an address without a port', { flags: ['--server.listen=localhost'] }, /listen/],
    ['a port that is none', { flags: ['--server.listen=127.0.0.1:99999'] }, /listen/],
    ['an unknown variable', { env: { GUILDHALL_HTTP_NO_SUCH: '1' } }, /GUILDHALL_HTTP_NO_SUCH/],
    ['a bad variable', { env: { GUILDHALL_SERVER_WORKERS: 'many' } }, /GUILDHALL_SERVER_WORKERS.*4.*1024/s],
    ['an unknown key in the file', { file: '[http]\nno_such_key = 1\n' }, /guildhall\.conf.*2.*no_such_key/s],
    ['an unknown section in the file', { file: '[nothing]\nkey = 1\n' }, /guildhall\.conf.*nothing/s],
    ['a bad value in the file', { file: '\n[http]\nidle_timeout_ms = 1\n' }, /guildhall\.conf.*3.*100.*3600000/s],
    ['a line that is none', { file: 'what is this\n' }, /guildhall\.conf.*1/s],
    ['a named file that is not there', { flags: ['--config', '/nowhere/at/all.conf'] }, /\/nowhere\/at\/all\.conf/],
    ['a named file that is a folder', { flags: ['--config', '/'] }, /\//],
    ['reserved workers beyond all', { flags: ['--server.workers=16', '--server.workers_read_reserved=16'] },
        /workers_read_reserved/],
];

for (const [name, { flags = [], env = {}, file }, message] of MISTAKES) {
    test(`${name}: exit code 2, and nothing was opened`, () => {
        const cwd = file === undefined ? temporaryFolder() : folderWith(file);
        for (const command of [['config', 'check'], ['serve', '--data', './data', '--listen', '127.0.0.1:0']]) {
            const done = run([...command, ...flags], { cwd, env });
            assert.equal(done.code, 2, `${command[0]}: ${done.stderr}`);
            assert.match(done.stderr, message);
            assert.equal(done.stdout, '');
        }
        assert.equal(existsSync(join(cwd, 'data')), false, 'the data folder was not made');
    });
}

test('a right configuration checks, and a missing default file is fine', () => {
    assert.equal(run(['config', 'check']).code, 0);
    assert.equal(run(['config', 'check'], { cwd: folderWith('[log]\nlevel = debug\n; a comment\n# another\n') }).code, 0);
});

test('--help names every option with its default', () => {
    for (const args of [['--help'], ['help'], ['serve', '--help']]) {
        const done = run(args);
        assert.equal(done.code, 0);
        for (const key of ['server.listen', 'limits.enabled', 'gateway.heartbeat_interval_ms', '41250', '--data'])
            assert.ok(done.stdout.includes(key), `${args}: ${key}`);
        assert.equal(done.stderr, '');
    }
});

test('no command, or an unknown one: usage on standard error, exit code 2', () => {
    for (const args of [[], ['dance'], ['config'], ['config', 'dance']]) {
        const done = run(args);
        assert.equal(done.code, 2, args.join(' '));
        assert.equal(done.stdout, '');
        assert.match(done.stderr, /usage/i);
    }
});

test('the sample file is a valid file that changes nothing', () => {
    const sample = run(['config', 'sample']);
    assert.equal(sample.code, 0);
    const cwd = folderWith(sample.stdout);
    assert.equal(run(['config', 'check'], { cwd }).code, 0);
});

test('a server reads file and environment too', async () => {
    const server = await Server.start({
        flags: UNLIMITED, env: { GUILDHALL_GATEWAY_HEARTBEAT_INTERVAL_MS: '12345' },
    });
    const gateway = await Gateway.connect(server);
    assert.equal(gateway.hello.d.heartbeat_interval, 12345);
    await gateway.end();
    await server.stop();
});

test('the data folder is made, if it is not there', async () => {
    const data = join(temporaryFolder(), 'fresh');
    const server = await Server.start({ data });
    assert.ok(existsSync(data));
    await server.stop();
});
