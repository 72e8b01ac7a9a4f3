// Reading a guild's structure costs no SQL beyond finding out who asks: two statements (the token,
// the membership), however large the guild is.

import assert from 'node:assert/strict';
import test from 'node:test';

import { ok } from '../lib/api.mjs';
import { Server, UNLIMITED } from '../lib/server.mjs';
import { channel, guild, person, post } from '../lib/world.mjs';

const server = await Server.start({ flags: [...UNLIMITED, '--metrics.enabled=true'] });
test.after(() => server.stop());
const owner = await person(server);
const home = await guild(server, owner);

async function statements() {
    const text = await (await fetch(`${server.url}/metrics`)).text();
    return Number(/^guildhall_store_read_statements_total (\d+)$/m.exec(text)[1]);
}

async function cost(path) {
    const before = await statements();
    const body = await ok(server, 'GET', path, { token: owner.token });
    return { body, statements: await statements() - before };
}

const paths = [`/guilds/${home.id}`, `/guilds/${home.id}/channels`, `/guilds/${home.id}/roles`,
    `/channels/${home.channel}`];

test('guild, channels, roles and a channel, once they are known', async () => {
    for (let i = 0; i < 30; i += 1)
        await channel(server, owner, home, { name: `room-${i}` });
    await Promise.all(paths.map(cost));
    for (const path of paths)
        assert.equal((await cost(path)).statements, 2, path);
});

test('last_message_id is of now all the same', async () => {
    for (let i = 0; i < 3; i += 1) {
        const { id } = await post(server, owner, home.channel, `message ${i}`);
        const one = await cost(`/channels/${home.channel}`);
        assert.equal(one.body.last_message_id, id);
        assert.equal(one.statements, 2);
        const all = await cost(`/guilds/${home.id}/channels`);
        assert.equal(all.body.find((c) => c.id === home.channel).last_message_id, id);
        assert.equal(all.statements, 2);
    }
});

test('and after a change of the structure', async () => {
    const { id } = await post(server, owner, home.channel, 'before');
    const made = await channel(server, owner, home, { name: 'new' });
    const all = await cost(`/guilds/${home.id}/channels`);
    assert.equal(all.statements, 2);
    assert.equal(all.body.find((c) => c.id === home.channel).last_message_id, id);
    assert.equal(all.body.find((c) => c.id === made.id).last_message_id, null);
    const next = await post(server, owner, made.id, 'in it');
    assert.equal((await cost(`/channels/${made.id}`)).body.last_message_id, next.id);
});
