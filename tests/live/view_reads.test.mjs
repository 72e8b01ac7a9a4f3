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

// The housekeeping of the server reads, too, once a second: what costs more than it may is done again.
async function cheaply(act) {
    for (let tries = 5; ; tries -= 1) {
        const { statements: n, body } = await act();
        if (n === 2 || tries === 1) {
            assert.equal(n, 2);
            return body;
        }
    }
}

const paths = [`/guilds/${home.id}`, `/guilds/${home.id}/channels`, `/guilds/${home.id}/roles`,
    `/channels/${home.channel}`];

test('guild, channels, roles and a channel, once they are known', async () => {
    for (let i = 0; i < 30; i += 1)
        await channel(server, owner, home, { name: `room-${i}` });
    await Promise.all(paths.map(cost));
    for (const path of paths)
        await cheaply(() => cost(path));
});

test('last_message_id is of now all the same', async () => {
    const ofNow = async (path, find) => {
        const { id } = await post(server, owner, home.channel, 'message');
        const read = await cost(path);
        assert.equal(find(read.body).last_message_id, id);
        return read;
    };
    for (let i = 0; i < 3; i += 1) {
        await cheaply(() => ofNow(`/channels/${home.channel}`, (one) => one));
        await cheaply(() => ofNow(`/guilds/${home.id}/channels`, (all) => all.find((c) => c.id === home.channel)));
    }
});

test('and after a change of the structure', async () => {
    const { id } = await post(server, owner, home.channel, 'before');
    const { made, all } = await cheaply(async () => {
        const made = await channel(server, owner, home, { name: 'new' });
        const { body, statements } = await cost(`/guilds/${home.id}/channels`);
        return { body: { made, all: body }, statements };
    });
    assert.equal(all.find((c) => c.id === home.channel).last_message_id, id);
    assert.equal(all.find((c) => c.id === made.id).last_message_id, null);
    const next = await post(server, owner, made.id, 'in it');
    assert.equal((await cost(`/channels/${made.id}`)).body.last_message_id, next.id);
});
