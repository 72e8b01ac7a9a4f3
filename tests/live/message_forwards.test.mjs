// Forwards: their form over HTTP and gateway, what they outlive, and what is refused.

import assert from 'node:assert/strict';
import test from 'node:test';

import { api, assertError, formCodes, ok } from '../lib/api.mjs';
import { useServer } from '../lib/server.mjs';
import { channel, guild, invite, join, person, post, world } from '../lib/world.mjs';

const server = await useServer();
const { owner, guild: home, member } = await world(server);
const there = await guild(server, owner, 'Elsewhere');
await join(server, member, (await invite(server, owner, there.channel)).code);

const send = (who, where, body) => api(server, 'POST', `/channels/${where}/messages`, { token: who.token, body });
const reference = (message, more = {}) => ({
    type: 1, message_id: message.id, channel_id: message.channel_id, guild_id: home.id, ...more,
});
const forward = (who, message, where) => send(who, where, { message_reference: reference(message) });

test('a forward shows the message as it was', async () => {
    const original = await post(server, owner, home.channel, `hello <@${member.id}>`, {
        embeds: [{ title: 'a title', description: 'text' }],
    });
    const { status, body } = await forward(member, original, there.channel);
    assert.equal(status, 200);
    assert.equal(body.type, 0);
    assert.equal(body.flags, 1 << 14);
    assert.equal(body.content, '');
    assert.deepEqual(body.mentions, []);
    assert.deepEqual(body.embeds, []);
    assert.deepEqual(body.message_reference, {
        type: 1, message_id: original.id, channel_id: home.channel, guild_id: home.id,
    });
    assert.equal('referenced_message' in body, false);
    assert.equal(body.message_snapshots.length, 1);
    const { message } = body.message_snapshots[0];
    assert.equal(message.content, original.content);
    assert.equal(message.timestamp, original.timestamp);
    assert.equal(message.edited_timestamp, null);
    assert.equal(message.type, 0);
    assert.deepEqual(message.embeds, original.embeds);
    assert.deepEqual(message.mentions.map((user) => user.id), [member.id]);
    await ok(server, 'DELETE', `/channels/${home.channel}/messages/${original.id}`, { token: owner.token });
    const read = await ok(server, 'GET', `/channels/${there.channel}/messages/${body.id}`, { token: owner.token });
    assert.deepEqual(read, body);
    const [listed] = await ok(server, 'GET', `/channels/${there.channel}/messages?limit=1`, { token: owner.token });
    assert.deepEqual(listed, body);
});

test('a forward of a forward shows the same', async () => {
    const original = await post(server, owner, home.channel, 'passed on');
    const { body: once } = await forward(member, original, home.channel);
    const { status, body: twice } = await send(member, there.channel, { message_reference: reference(once) });
    assert.equal(status, 200);
    assert.deepEqual(twice.message_snapshots, once.message_snapshots);
    assert.equal(twice.message_reference.message_id, once.id);
});

test('files go with the forward, and stay when the original goes', async () => {
    const form = new FormData();
    form.append('payload_json', JSON.stringify({ content: 'a file', attachments: [{ id: 0, description: 'notes' }] }));
    form.append('files[0]', new Blob(['some words in a file']), 'notes.txt');
    const { status, body: original } = await api(server, 'POST', `/channels/${home.channel}/messages`, {
        token: owner.token, raw: form,
    });
    assert.equal(status, 200);
    const { body } = await forward(member, original, there.channel);
    assert.deepEqual(body.attachments, []);
    const [file] = body.message_snapshots[0].message.attachments;
    assert.equal(file.filename, 'notes.txt');
    assert.equal(file.description, 'notes');
    assert.equal(file.size, 20);
    assert.notEqual(file.id, original.attachments[0].id);
    await ok(server, 'DELETE', `/channels/${home.channel}/messages/${original.id}`, { token: owner.token });
    const read = await ok(server, 'GET', `/channels/${there.channel}/messages/${body.id}`, { token: owner.token });
    const kept = await fetch(read.message_snapshots[0].message.attachments[0].url);
    assert.equal(kept.status, 200);
    assert.equal(await kept.text(), 'some words in a file');
    assert.equal((await fetch(original.attachments[0].url)).status, 404);
});

test('what is refused', async () => {
    const original = await post(server, owner, home.channel, 'words');
    const stranger = await person(server);
    await join(server, stranger, (await invite(server, owner, there.channel)).code);
    assertError(await forward(stranger, original, there.channel), 403, 50001, 'Missing Access');
    const secret = await channel(server, owner, home, {
        name: 'secret', permission_overwrites: [{ id: home.id, type: 0, deny: String(1n << 10n) }],
    });
    const hidden = await post(server, owner, secret.id, 'hidden');
    assertError(await forward(member, hidden, there.channel), 403, 50001, 'Missing Access');
    const unknown = await forward(member, { ...original, id: '1' }, there.channel);
    assert.deepEqual(formCodes(unknown, 'message_reference'), ['REPLIES_UNKNOWN_MESSAGE']);
    const both = await send(member, there.channel, { content: 'look', message_reference: reference(original) });
    assert.deepEqual(formCodes(both, 'message_reference'), ['MESSAGE_FORWARD_CANNOT_HAVE_CONTENT']);
    const nowhere = await send(member, there.channel, { message_reference: { type: 1, message_id: original.id } });
    assert.equal(nowhere.status, 400);
});

test('a forward is not edited, but deleted', async () => {
    const original = await post(server, owner, home.channel, 'words');
    const { body } = await forward(member, original, there.channel);
    const path = `/channels/${there.channel}/messages/${body.id}`;
    assertError(await api(server, 'PATCH', path, { token: member.token, body: { content: 'mine' } }), 403, 50021,
        'Cannot execute action on a system message');
    await ok(server, 'DELETE', path, { token: member.token });
});
