// How large a message may be: addresses are in none of Discord's sums, so a message of the right number
// of characters could be megabytes. What is taken can be replied to, pinned, forwarded, edited, read in
// pages and deleted; what is larger is refused with the field's name.

import assert from 'node:assert/strict';
import test from 'node:test';

import { api, assertError, formCodes, ok } from '../lib/api.mjs';
import { useServer } from '../lib/server.mjs';
import { guild, person } from '../lib/world.mjs';

const MESSAGES = 100;
const server = await useServer();
const owner = await person(server);
const home = await guild(server, owner);
const path = `/channels/${home.channel}/messages`;
const send = (body) => api(server, 'POST', path, { token: owner.token, body });

const url = (length, char = 'a') => `https://example.org/${char.repeat(length)}`;
const pictures = (count, length) => Array.from({ length: count }, () => ({
    image: { url: url(length) }, thumbnail: { url: url(length) }, footer: { text: 'f', icon_url: url(length) },
}));
const gallery = (length, char) => ({
    flags: 1 << 15,
    components: [{ type: 12, items: Array.from({ length: 10 }, () => ({ media: { url: url(length, char) } })) }],
});
// Ten embeds with three addresses, each kept twice: nearly what is taken, with text on top.
const largest = { content: '𝄞'.repeat(2000), embeds: [...pictures(9, 2000), { description: '𝄞'.repeat(3000) }] };

test('embeds and components beyond 128 KiB are refused, when posting and when editing', async () => {
    const tooMuch = pictures(10, 2020).map((one) => ({ ...one, url: url(2020), author: { name: 'a', icon_url: url(2020) } }));
    const answer = await send({ embeds: tooMuch });
    assertError(answer, 400, 50035);
    assert.deepEqual(formCodes(answer, 'embeds'), ['MAX_MESSAGE_SIZE_EXCEEDED']);
    const wide = gallery(2020, '\u{1F600}');
    wide.components = Array.from({ length: 4 }, () => wide.components[0]);
    const shown = await send(wide);
    assertError(shown, 400, 50035);
    assert.deepEqual(formCodes(shown, 'components'), ['MAX_MESSAGE_SIZE_EXCEEDED']);
    const small = await ok(server, 'POST', path, { token: owner.token, body: { content: 'small' } });
    const edit = await api(server, 'PATCH', `${path}/${small.id}`, { token: owner.token, body: { embeds: tooMuch } });
    assertError(edit, 400, 50035);
    assert.deepEqual(formCodes(edit, 'embeds'), ['MAX_MESSAGE_SIZE_EXCEEDED']);
    assert.equal((await send(gallery(1000, '\u{1F600}'))).status, 200);
});

test('with the largest that is taken everything works that works with a small one', async () => {
    const first = await ok(server, 'POST', path, { token: owner.token, body: largest });
    assert.ok(Buffer.byteLength(JSON.stringify(first.embeds)) > 100 * 1024);
    const reply = { ...largest, message_reference: { message_id: first.id } };
    const { id } = await ok(server, 'POST', path, { token: owner.token, body: reply });
    await ok(server, 'PUT', `/channels/${home.channel}/messages/pins/${id}`, { token: owner.token });
    const forward = await ok(server, 'POST', path, {
        token: owner.token, body: { message_reference: { type: 1, message_id: id, channel_id: home.channel } },
    });
    assert.deepEqual(forward.message_snapshots[0].message.embeds, first.embeds);
    await ok(server, 'PATCH', `${path}/${id}`, { token: owner.token, body: { content: 'x' } });
    await ok(server, 'DELETE', `${path}/${id}`, { token: owner.token });
});

test('a page of the largest, each with another one that it replies to', async () => {
    const answered = [];
    for (let i = 0; i < MESSAGES; i += 1)
        answered.push((await ok(server, 'POST', path, { token: owner.token, body: largest })).id);
    for (const id of answered)
        await ok(server, 'POST', path, { token: owner.token, body: { ...largest, message_reference: { message_id: id } } });
    const page = await ok(server, 'GET', `${path}?limit=${MESSAGES}`, { token: owner.token });
    assert.deepEqual(page.map((message) => message.referenced_message.id), answered.reverse());
    for (const message of page)
        assert.equal(message.referenced_message.embeds.length, 10);
});
