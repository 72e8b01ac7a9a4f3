// `guildhall store copy`: an installation moves to another place while people write, and on from
// there; nothing that was acknowledged is missing, and nothing is acknowledged that would be.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import test from 'node:test';

import { api, ok } from '../lib/api.mjs';
import { databaseUrl, POSTGRES } from '../lib/database.mjs';
import { BINARY, cleanEnvironment, run, Server, temporaryFolder } from '../lib/server.mjs';
import { until } from '../lib/wait.mjs';
import { guild, person } from '../lib/world.mjs';

const WRITERS = 4;

// The command beside a running server, without holding up this process.
async function copy(data, to, url = databaseUrl(data)) {
    const child = spawn(BINARY, ['store', 'copy', '--to', to, '--data', data], {
        cwd: temporaryFolder(), env: cleanEnvironment({ GUILDHALL_STORE_URL: url }),
    });
    let text = '';
    for (const stream of [child.stdout, child.stderr])
        stream.setEncoding('utf8').on('data', (part) => {
            text += part;
        });
    const [code] = await once(child, 'close');
    return { code, text };
}

// Posts until it is told that it cannot.
async function write(server, owner, channel, acknowledged) {
    for (;;) {
        const answer = await api(server, 'POST', `/channels/${channel}/messages`, {
            token: owner.token, body: { content: `message ${acknowledged.length}` },
        });
        if (answer.status !== 200) {
            assert.equal(answer.status, 503);
            assert.ok(answer.headers.get('retry-after'));
            return;
        }
        acknowledged.push(answer.body.id);
    }
}

async function allMessages(server, owner, channel) {
    const ids = [];
    for (let before = '';;) {
        const page = await ok(server, 'GET', `/channels/${channel}/messages?limit=100${before}`,
            { token: owner.token });
        ids.push(...page.map(({ id }) => id));
        if (page.length < 100)
            return ids;
        before = `&before=${page.at(-1).id}`;
    }
}

// Copies the server's installation while it is written to; what was acknowledged, oldest first.
async function moveUnderLoad(server, owner, channel, to, url) {
    const acknowledged = [];
    const writers = Array.from({ length: WRITERS }, () => write(server, owner, channel, acknowledged));
    await until(() => acknowledged.length > 200, 'some messages');
    const { code, text } = await copy(server.data, to, url);
    assert.equal(code, 0, text);
    assert.match(text, /Copied, read back, and equal/);
    assert.match(text, /takes no more writes/);
    await Promise.all(writers);
    assert.equal((await fetch(`${server.url}/readyz`)).status, 503);
    assert.ok((await allMessages(server, owner, channel)).length >= acknowledged.length);
    await server.stop();
    return acknowledged;
}

async function assertAllThere(server, owner, channel, acknowledged) {
    const there = new Set(await allMessages(server, owner, channel));
    assert.deepEqual(acknowledged.filter((id) => !there.has(id)), []);
    const { id } = await ok(server, 'POST', `/channels/${channel}/messages`,
        { token: owner.token, body: { content: 'goes on' } });
    assert.ok([...there].every((old) => BigInt(old) < BigInt(id)));
}

test('an installation moves under load, and on from there', async () => {
    const first = await Server.start();
    const owner = await person(first);
    const { channel } = await guild(first, owner);
    const second = temporaryFolder();
    const acknowledged = await moveUnderLoad(first, owner, channel, `sqlite:${second}`);
    const there = await Server.start({ data: second, env: { GUILDHALL_STORE_URL: '' } });
    await assertAllThere(there, owner, channel, acknowledged);
    // On PostgreSQL back to it, else into one more folder.
    const third = temporaryFolder();
    const to = POSTGRES === '' ? `sqlite:${third}` : databaseUrl(third);
    acknowledged.push(...await moveUnderLoad(there, owner, channel, to, ''));
    const back = await Server.start({ data: third });
    await assertAllThere(back, owner, channel, acknowledged);
    assert.equal(run(['log', 'verify', '--data', third]).code, 0);
    await back.stop();
});

test('what cannot be copied to is refused, and the server goes on', async () => {
    const server = await Server.start();
    const owner = await person(server);
    const { channel } = await guild(server, owner);
    const taken = await Server.start({ data: temporaryFolder(), env: { GUILDHALL_STORE_URL: '' } });
    await person(taken);
    const cases = [
        [`sqlite:${taken.data}`, /in use/, 1],
        ['mysql://somewhere', /postgres:\/\//, 2],
        ['postgres://u:very-secret@127.0.0.1:1/x', /cannot be used/, 1],
    ];
    for (const [to, text, code] of cases) {
        const done = await copy(server.data, to);
        assert.equal(done.code, code, done.text);
        assert.match(done.text, text);
        assert.doesNotMatch(done.text, /very-secret/);
        await ok(server, 'POST', `/channels/${channel}/messages`,
            { token: owner.token, body: { content: 'still here' } });
    }
    await taken.stop();
    const done = await copy(server.data, `sqlite:${taken.data}`);
    assert.equal(done.code, 1);
    assert.match(done.text, /an installation at the target/);
    await server.stop();
});

// A second copy fails, whatever the reason, and must not let writes in again: the first one counts
// on there being none.
test('what has been copied stays as it is', async () => {
    const server = await Server.start();
    const owner = await person(server);
    const { channel } = await guild(server, owner);
    const to = `sqlite:${temporaryFolder()}`;
    assert.equal((await copy(server.data, to)).code, 0);
    for (const other of [to, 'mysql://somewhere', `sqlite:${temporaryFolder()}`]) {
        const done = await copy(server.data, other);
        assert.equal(done.code, 1, done.text);
        assert.match(done.text, /takes no writes/);
        const { status } = await api(server, 'POST', `/channels/${channel}/messages`,
            { token: owner.token, body: { content: 'lost, if it were acknowledged' } });
        assert.equal(status, 503);
    }
    await server.stop();
});
