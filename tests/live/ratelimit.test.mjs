// Rate limits: headers on every answer, 429 as libraries expect it, and off by one key.

import assert from 'node:assert/strict';
import test from 'node:test';

import { api } from '../lib/api.mjs';
import { Server, UNLIMITED } from '../lib/server.mjs';
import { until } from '../lib/wait.mjs';
import { guild, person } from '../lib/world.mjs';

function assertRefusal(answer, global) {
    assert.equal(answer.status, 429);
    assert.deepEqual(Object.keys(answer.body).sort(), ['global', 'message', 'retry_after']);
    assert.equal(answer.body.message, 'You are being rate limited.');
    assert.equal(answer.body.global, global);
    assert.ok(answer.body.retry_after > 0);
    assert.match(answer.headers.get('retry-after'), /^[1-9]\d*$/, 'whole seconds');
    assert.ok(answer.headers.get('via'), 'without Via libraries think that a proxy banned them');
    assert.equal(answer.headers.get('x-ratelimit-global'), global ? 'true' : null);
    assert.equal(answer.headers.get('x-ratelimit-scope'), global ? 'global' : 'user');
}

// Asks until it is refused.
async function exhaust(request, most) {
    for (let i = 0; i < most; i += 1) {
        const answer = await request();
        if (answer.status === 429)
            return answer;
    }
    throw new Error(`${most} requests were not refused`);
}

test('a bucket: counted down in headers, refused at its end, free again after it', async () => {
    const server = await Server.start({ flags: ['--limits.requests_per_second=100000'] });
    const owner = await person(server);
    const home = await guild(server, owner);
    const request = (who = owner) => api(server, 'POST', `/channels/${home.channel}/typing`, { token: who.token });
    const first = await request();
    assert.equal(first.status, 204);
    const limit = Number(first.headers.get('x-ratelimit-limit'));
    assert.ok(limit > 0);
    assert.equal(Number(first.headers.get('x-ratelimit-remaining')), limit - 1);
    assert.ok(Number(first.headers.get('x-ratelimit-reset-after')) > 0);
    assert.ok(Math.abs(Number(first.headers.get('x-ratelimit-reset')) - Date.now() / 1000) < 60);
    assert.ok(first.headers.get('x-ratelimit-bucket'));
    const refused = await exhaust(request, limit + 1);
    assertRefusal(refused, false);
    assert.equal(refused.headers.get('x-ratelimit-remaining'), '0');

    const other = await guild(server, owner); // another channel is another count
    const elsewhere = await api(server, 'POST', `/channels/${other.channel}/typing`, { token: owner.token });
    assert.equal(elsewhere.status, 204);
    assert.equal(elsewhere.headers.get('x-ratelimit-bucket'), first.headers.get('x-ratelimit-bucket'));
    await until(async () => (await request()).status === 204, 'the window to pass');
    await server.stop();
});

test('the global limit of an account', async () => {
    const server = await Server.start({ flags: ['--limits.requests_per_second=5'] });
    const owner = await person(server);
    const paths = ['/users/@me', '/users/@me/guilds', `/users/${owner.id}`];
    let i = 0;
    const refused = await exhaust(() => api(server, 'GET', paths[i++ % 3], { token: owner.token }), 12);
    assertRefusal(refused, true);
    await until(async () => (await api(server, 'GET', '/users/@me', { token: owner.token })).status === 200,
        'the second to pass');
    await server.stop();
});

test('who has no account is counted by address', async () => {
    const server = await Server.start({ flags: ['--limits.requests_per_second=5'] });
    assertRefusal(await exhaust(() => api(server, 'GET', '/gateway'), 200), true);
    await server.stop();
});

test('health and the start page are not limited', async () => {
    const server = await Server.start({ flags: ['--limits.requests_per_second=5'] });
    for (let i = 0; i < 100; i += 1)
        assert.equal((await api(server, 'GET', '/healthz', { base: '' })).status, 200);
    await server.stop();
});

test('--limits.enabled=false switches all of it off', async () => {
    const server = await Server.start({ flags: [...UNLIMITED, '--limits.requests_per_second=1'] });
    const owner = await person(server);
    const home = await guild(server, owner);
    for (let i = 0; i < 150; i += 1) {
        const answer = await api(server, 'POST', `/channels/${home.channel}/typing`, { token: owner.token });
        assert.equal(answer.status, 204);
    }
    await server.stop();
});
