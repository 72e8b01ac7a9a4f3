// Messages of the server itself: the greeting of a newcomer, and what may be done with it.

import assert from 'node:assert/strict';
import test from 'node:test';

import { api, assertError, ok } from '../lib/api.mjs';
import { useServer } from '../lib/server.mjs';
import { channel, guild, invite, join, person, post } from '../lib/world.mjs';

const server = await useServer();
const owner = await person(server);
const home = await guild(server, owner);

const settings = (body) => ok(server, 'PATCH', `/guilds/${home.id}`, { token: owner.token, body });
const newest = async (where = home.channel) => (await ok(
    server, 'GET', `/channels/${where}/messages?limit=1`, { token: owner.token }))[0];
const welcome = async () => {
    const newcomer = await person(server);
    await join(server, newcomer, (await invite(server, owner, home.channel)).code);
    return newcomer;
};

test('whoever joins is greeted in the system channel', async () => {
    await settings({ system_channel_flags: 0 });
    const newcomer = await welcome();
    const greeting = await newest();
    assert.equal(greeting.type, 7);
    assert.equal(greeting.content, '');
    assert.equal(greeting.author.id, newcomer.id);
    assert.equal(greeting.flags, 0);
    assert.equal('message_reference' in greeting, false);
    const { last_message_id: last } = await ok(server, 'GET', `/channels/${home.channel}`, { token: owner.token });
    assert.equal(last, greeting.id);
});

test('nobody edits it, not even whom it is about, and nobody replies to it', async () => {
    const newcomer = await welcome();
    const greeting = await newest();
    const path = `/channels/${home.channel}/messages/${greeting.id}`;
    for (const who of [newcomer, owner])
        assertError(await api(server, 'PATCH', path, { token: who.token, body: { content: 'x' } }), 403, 50021,
            'Cannot execute action on a system message');
    assertError(await api(server, 'POST', `/channels/${home.channel}/messages`, {
        token: owner.token, body: { content: 'x', message_reference: { message_id: greeting.id } },
    }), 403, 50021);
    assertError(await api(server, 'POST', `/channels/${home.channel}/messages`, {
        token: owner.token,
        body: { message_reference: { type: 1, message_id: greeting.id, channel_id: home.channel } },
    }), 403, 50021);
});

test('it is deleted as any message', async () => {
    await welcome();
    const greeting = await newest();
    const path = `/channels/${home.channel}/messages/${greeting.id}`;
    const other = await welcome();
    assertError(await api(server, 'DELETE', path, { token: other.token }), 403, 50013);
    await ok(server, 'DELETE', path, { token: owner.token });
    assert.equal((await api(server, 'GET', path, { token: owner.token })).status, 404);
});

test('the flag, or no system channel, silences it', async () => {
    const before = await post(server, owner, home.channel, 'before');
    await settings({ system_channel_flags: 1 });
    await welcome();
    assert.equal((await newest()).id, before.id);
    await settings({ system_channel_flags: 0, system_channel_id: null });
    await welcome();
    assert.equal((await newest()).id, before.id);
    const other = await channel(server, owner, home, { name: 'lobby' });
    await settings({ system_channel_id: other.id });
    const newcomer = await welcome();
    assert.equal((await newest(other.id)).author.id, newcomer.id);
    assert.equal((await newest()).id, before.id);
});
