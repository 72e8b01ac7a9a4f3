// Slow mode: the pause, what its refusal says, and who is exempt.

import assert from 'node:assert/strict';
import test from 'node:test';

import { api, assertError, ok } from '../lib/api.mjs';
import { useServer } from '../lib/server.mjs';
import { channel, post, world } from '../lib/world.mjs';

const server = await useServer();
const { owner, guild: home, member, bot: robot } = await world(server);
const slow = await channel(server, owner, home, { name: 'slow', rate_limit_per_user: 120 });
const send = (who, where = slow.id, body = { content: 'words' }) => api(
    server, 'POST', `/channels/${where}/messages`, { token: who.token, body });

test('a second message within the pause is refused, with how long to wait', async () => {
    assert.equal((await send(member)).status, 200);
    const refused = await send(member);
    assertError(refused, 429, 20016, 'This action cannot be performed due to slowmode rate limit');
    assert.ok(refused.body.retry_after > 100 && refused.body.retry_after <= 120, String(refused.body.retry_after));
    assert.equal(refused.headers.get('retry-after'), String(Math.ceil(refused.body.retry_after)));
    assert.equal(refused.body.global, false);
    const messages = await ok(server, 'GET', `/channels/${slow.id}/messages`, { token: member.token });
    assert.equal(messages.length, 1);
});

test('elsewhere there is no pause', async () => {
    for (let i = 0; i < 3; i++)
        assert.equal((await send(member, home.channel)).status, 200);
});

test('bots, the owner and those who may bypass it are not slowed down', async () => {
    for (const who of [robot, owner]) {
        await post(server, who, slow.id, 'one');
        await post(server, who, slow.id, 'two');
    }
    const role = await ok(server, 'POST', `/guilds/${home.id}/roles`, {
        token: owner.token, body: { name: 'fast', permissions: String(1n << 52n) },
    });
    await ok(server, 'PUT', `/guilds/${home.id}/members/${member.id}/roles/${role.id}`, { token: owner.token });
    assert.equal((await send(member)).status, 200);
    await ok(server, 'DELETE', `/guilds/${home.id}/members/${member.id}/roles/${role.id}`, { token: owner.token });
    assert.equal((await send(member)).status, 429);
});

test('editing is not slowed down, and the end of slow mode ends the pause', async () => {
    const [mine] = (await ok(server, 'GET', `/channels/${slow.id}/messages`, { token: member.token }))
        .filter((message) => message.author.id === member.id);
    await ok(server, 'PATCH', `/channels/${slow.id}/messages/${mine.id}`, {
        token: member.token, body: { content: 'edited' },
    });
    await ok(server, 'PATCH', `/channels/${slow.id}`, { token: owner.token, body: { rate_limit_per_user: 0 } });
    assert.equal((await send(member)).status, 200);
});

test('two at once: one passes', async () => {
    const other = await channel(server, owner, home, { name: 'slower', rate_limit_per_user: 120 });
    const answers = await Promise.all(Array.from({ length: 8 }, () => send(member, other.id)));
    assert.deepEqual(answers.map((answer) => answer.status).sort(), [200, ...Array(7).fill(429)]);
});
