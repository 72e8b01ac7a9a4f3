// guildhall doctor: what it says of a healthy installation and of a damaged one, beside a running server
// and without one.

import assert from 'node:assert/strict';
import { chmodSync } from 'node:fs';
import test from 'node:test';

import { Server, UNLIMITED, atEnd, run } from '../lib/server.mjs';
import { post, world } from '../lib/world.mjs';

const server = await Server.start({ flags: UNLIMITED });
atEnd(() => server.stop());
const { owner, guild } = await world(server);
await post(server, owner, guild.channel, 'words of mine');

const doctor = (...words) => run(['doctor', ...words, '--data', server.data]);
const checks = () => {
    const { stdout } = doctor('--json');
    return JSON.parse(stdout).checks;
};

test('a healthy installation: nothing is a problem, and every line says what and what to do', () => {
    const { code, stdout, stderr } = doctor();
    assert.equal(code, 0, stdout + stderr);
    assert.match(stdout, /\n0 problems, \d+ warnings\n$/);
    assert.match(stdout, /^ok +integrity +no damage found$/m);
    const all = checks();
    for (const name of ['integrity', 'references', 'orphans', 'tasks', 'schema', 'space', 'clock', 'files', 'modes',
        'retention', 'backups'])
        assert.ok(all.some((one) => one.check === name), name);
    for (const one of all) {
        assert.ok(['ok', 'warning', 'problem'].includes(one.result));
        assert.equal('do' in one, one.result !== 'ok', JSON.stringify(one));
    }
    assert.ok(!stdout.includes('words of mine'));
});

test('with the server and without it: the same', async () => {
    const beside = checks().map(({ check, result }) => `${check} ${result}`);
    await server.stop();
    const without = checks().map(({ check, result }) => `${check} ${result}`);
    assert.deepEqual(without, beside);
});

test('what is wrong is found, and the exit code says so', async () => {
    chmodSync(server.data, 0o755);
    const again = await Server.start({ flags: UNLIMITED, data: server.data });
    atEnd(() => again.stop());
    await again.sql(`UPDATE guilds SET deleting = 1 WHERE id = ${guild.id}`);
    chmodSync(server.data, 0o755); // should the server have mended it
    const { code, stdout } = doctor();
    assert.equal(code, 1);
    assert.match(stdout, /^problem +tasks +a guild is being deleted, but nothing does it: \d+$/m);
    assert.match(stdout, /^problem +modes +others may enter the data folder/m);
    assert.match(stdout, /\n2 problems, /);
    // As it says: the command takes it up again.
    assert.equal(run(['guild', 'delete', guild.id, '--data', server.data]).code, 0);
    chmodSync(server.data, 0o700);
    assert.equal(doctor().code, 0);
    await again.stop();
});

test('wrong words', () => {
    assert.equal(doctor('--what').code, 2);
    assert.equal(doctor('me').code, 2);
});
