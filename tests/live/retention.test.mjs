// How long messages are kept: who sets it, and that the server deletes what is too old and says so.

import assert from 'node:assert/strict';
import test from 'node:test';

import { api, assertError, formCodes, ok } from '../lib/api.mjs';
import { sql } from '../lib/database.mjs';
import { Server, UNLIMITED, temporaryFolder } from '../lib/server.mjs';
import { audited, change, watch } from '../lib/structure.mjs';
import { until } from '../lib/wait.mjs';
import { closeAll } from '../lib/gateway.mjs';
import { channel, invite, join, person, post, world } from '../lib/world.mjs';

const HOUR = 3600;
// An id of so many hours ago, in the place of one of now.
const OLDER = 3 * HOUR * 1000 * 2 ** 22;

// Messages, and what they are found by, as if they had been posted earlier.
function makeOlder(data, by) {
    sql(data, `UPDATE messages SET id = id - ${by}`);
    sql(data, `INSERT INTO search_documents SELECT id - ${by}, channel_id, length, words FROM search_documents`);
    sql(data, 'DELETE FROM search_documents WHERE id NOT IN (SELECT id FROM messages)');
}

test('a rule of a guild, and one of a channel', async () => {
    const data = temporaryFolder();
    let server = await Server.start({ data, flags: UNLIMITED });
    const { owner, guild } = await world(server);
    const other = await channel(server, owner, guild, { name: 'archive', type: 0 });
    const path = `/guilds/${guild.id}/retention`;
    const token = owner.token;

    assert.deepEqual(await ok(server, 'GET', path, { token }), { keep_seconds: null, channels: [] });
    const guest = await person(server);
    const { code } = await invite(server, owner, guild.channel);
    await join(server, guest, code);
    for (const [method, at, body] of [['GET', path], ['PUT', path, { keep_seconds: HOUR }],
        ['PUT', `${path}/${other.id}`, { keep_seconds: HOUR }], ['DELETE', `${path}/${other.id}`]])
        assertError(await api(server, method, at, { token: guest.token, body }), 403, 50013);
    for (const keep of ['long', HOUR - 1, 1e12, undefined]) {
        const answer = await api(server, 'PUT', path, { token, body: { keep_seconds: keep } });
        assert.ok(formCodes(answer, 'keep_seconds').length > 0);
    }
    assertError(await api(server, 'PUT', `${path}/1234`, { token, body: { keep_seconds: HOUR } }), 404, 10003);

    const gateway = await watch(server, owner);
    const from = gateway.dispatches?.length ?? 0;
    await ok(server, 'PUT', path, { token, body: { keep_seconds: 2 * HOUR } });
    const entry = await audited(gateway, from, 1);
    assert.equal(change(entry, 'message_retention_seconds').new_value, 2 * HOUR);
    assert.deepEqual(await ok(server, 'PUT', `${path}/${other.id}`, { token, body: { keep_seconds: null } }),
        { keep_seconds: 2 * HOUR, channels: [{ channel_id: other.id, keep_seconds: null }] });
    closeAll();

    for (const at of [guild.channel, other.id])
        for (let i = 0; i < 60; i += 1)
            await post(server, owner, at, `old ${i}`);
    await server.stop();
    makeOlder(data, OLDER);

    server = await Server.start({ data, flags: UNLIMITED });
    await post(server, owner, guild.channel, 'new');
    const left = async (at) => (await ok(server, 'GET', `/channels/${at}/messages?limit=100`, { token })).length;
    await until(async () => await left(guild.channel) === 1, 'old messages to go');
    assert.equal(await left(other.id), 60);
    const found = await ok(server, 'GET', `/guilds/${guild.id}/messages/search?content=old`, { token });
    assert.equal(found.total_results, 60);
    await ok(server, 'DELETE', `${path}/${other.id}`, { token });
    assert.deepEqual(await ok(server, 'GET', path, { token }), { keep_seconds: 2 * HOUR, channels: [] });
    await server.stop();

    server = await Server.start({ data, flags: UNLIMITED });
    await until(async () => await left(other.id) === 0, 'the other channel to follow the guild');
    await server.stop();
});

test('the installation has the last word', async () => {
    const data = temporaryFolder();
    let server = await Server.start({ data, flags: UNLIMITED });
    const { owner, guild } = await world(server);
    await post(server, owner, guild.channel, 'old');
    await ok(server, 'PUT', `/guilds/${guild.id}/retention/${guild.channel}`,
        { token: owner.token, body: { keep_seconds: null } });
    await server.stop();
    makeOlder(data, OLDER * 16);
    server = await Server.start({ data, flags: [...UNLIMITED, '--messages.retention_days=1'] });
    await until(async () => (await ok(server, 'GET', `/channels/${guild.channel}/messages`,
        { token: owner.token })).length === 0, 'old messages to go');
    await server.stop();
});
