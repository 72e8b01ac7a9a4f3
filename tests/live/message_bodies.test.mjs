// Embeds, components, stickers and files of messages: what comes back is what was sent, with the addresses of
// the files in it; what is wrong is named where it is.

import assert from 'node:assert/strict';
import test from 'node:test';

import { api, assertError, formCodes, ok } from '../lib/api.mjs';
import { file, form, FORM_TYPE, payload } from '../lib/forms.mjs';
import { useServer, UNLIMITED } from '../lib/server.mjs';
import { world } from '../lib/world.mjs';

const server = await useServer({ flags: [...UNLIMITED] });
const w = await world(server, { permissions: String(8) });
const path = `/channels/${w.guild.channel}/messages`;
const send = (body) => api(server, 'POST', path, { token: w.bot.token, body });
const sent = (body) => ok(server, 'POST', path, { token: w.bot.token, body });
const V2 = 1 << 15;

// As a form, with files.
async function upload(body, files, { method = 'POST', to = path } = {}) {
    const answer = await fetch(`${server.url}/api/v10${to}`, {
        method,
        headers: { Authorization: w.bot.token, 'Content-Type': FORM_TYPE },
        body: form([payload(body), ...files]),
    });
    const text = await answer.text();
    return { status: answer.status, headers: answer.headers, text, body: text === '' ? undefined : JSON.parse(text) };
}

test('embeds are kept without what only the server knows', async () => {
    const made = await sent({ embeds: [{ title: ' t ', type: 'video', color: 5, provider: { name: 'x' }, image: { url: 'https://a.b/c.png', width: 7 } }] });
    const [embed] = made.embeds;
    assert.deepEqual(embed, { type: 'rich', title: 't', color: 5, image: { url: 'https://a.b/c.png', proxy_url: 'https://a.b/c.png' } });
    assert.deepEqual((await ok(server, 'GET', `${path}/${made.id}`, { token: w.bot.token })).embeds, [embed]);
    const edited = await ok(server, 'PATCH', `${path}/${made.id}`, { token: w.bot.token, body: { content: 'x', embeds: [] } });
    assert.deepEqual(edited.embeds, []);
    assert.equal((await sent({ embed: { title: 'of old clients' } })).embeds[0].title, 'of old clients');
});

test('mistakes in embeds and components are named where they are', async () => {
    const fields = (count) => Array.from({ length: count }, () => ({ name: 'a', value: 'b' }));
    const cases = [
        [{ embeds: [{ description: 'x'.repeat(4000) }, { description: 'y'.repeat(2001) }] }, 'embeds', 'MAX_EMBED_SIZE_EXCEEDED'],
        [{ embeds: Array.from({ length: 11 }, () => ({ title: 'x' })) }, 'embeds', 'BASE_TYPE_MAX_LENGTH'],
        [{ embeds: [{ fields: fields(26) }] }, 'embeds.0.fields', 'BASE_TYPE_MAX_LENGTH'],
        [{ embeds: [{ fields: [...fields(3), { name: 'a', value: 'x'.repeat(1025) }] }] }, 'embeds.0.fields.3.value', 'BASE_TYPE_MAX_LENGTH'],
        [{ embeds: [{}] }, 'embeds.0.description', 'BASE_TYPE_REQUIRED'],
        [{ attachments: Array.from({ length: 11 }, (_, id) => ({ id })) }, 'attachments', 'BASE_TYPE_MAX_LENGTH'],
        [{ content: 'x', attachments: [{ id: 3 }] }, 'attachments.0', 'ATTACHMENT_NOT_FOUND'],
        [{ components: [{ type: 1, components: [{ type: 2, style: 1, label: 'x' }] }] }, 'components.0.components.0.custom_id', 'BUTTON_COMPONENT_CUSTOM_ID_REQUIRED'],
        [{ components: [{ type: 10, content: 'x' }] }, 'components.0', 'UNION_TYPE_CHOICES'],
        [{ content: 'x', flags: V2, components: [{ type: 10, content: 'x' }] }, 'content', 'MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2'],
        [{ flags: V2, components: [{ type: 13, file: { url: 'attachment://none.txt' } }] }, 'components.0.file.url', 'UNFURLED_MEDIA_ITEM_REFERENCED_ATTACHMENT_NOT_FOUND'],
        [{ poll: { question: { text: 'q' }, answers: [] } }, 'poll.answers', 'BASE_TYPE_MIN_LENGTH'],
        [{ content: 'x', message_reference: { type: 1, message_id: '5' } }, 'message_reference.channel_id', 'BASE_TYPE_REQUIRED'],
    ];
    for (const [body, at, code] of cases)
        assert.deepEqual(formCodes(await send(body), at), [code], at);
    assertError(await send({ embeds: [], components: [], sticker_ids: [] }), 400, 50006);
    assertError(await send({ sticker_ids: ['5'] }), 400, 50081);
    assertError(await send({ poll: { question: { text: 'q' }, answers: [{ poll_media: { text: 'a', emoji: { name: 'smile' } } }] } }), 400, 520004);
});

test('components of both kinds come back with their numbers', async () => {
    const row = { type: 1, components: [{ type: 2, style: 5, url: 'https://a.b', label: 'go' }, { type: 2, style: 1, custom_id: 'x', emoji: { name: '🎉' } }] };
    const legacy = await sent({ content: 'x', components: [row] });
    assert.deepEqual(legacy.components.map((one) => [one.type, one.id, one.components.map((inner) => inner.id)]), [[1, 1, [2, 3]]]);
    const v2 = await sent({ flags: V2, components: [{ type: 17, components: [{ type: 10, content: 'text' }, { type: 14 }] }] });
    assert.equal(v2.flags & V2, V2);
    assert.deepEqual(v2.components[0].components.map((one) => one.type), [10, 14]);
    // An edit keeps to what the message is.
    const edit = (message, body) => api(server, 'PATCH', `${path}/${message.id}`, { token: w.bot.token, body });
    assert.equal((await edit(v2, { components: [{ type: 10, content: 'new' }] })).body.components[0].content, 'new');
    const refused = await edit(legacy, { components: [{ type: 10, content: 'new' }] });
    assert.equal(refused.status, 400, refused.text);
    assert.equal((await edit(legacy, { components: [] })).body.components.length, 0);
});

test('files: paired by number, shown where embeds and components name them', async () => {
    const plain = await upload({ content: 'x', attachments: [{ id: '1', description: 'second', filename: 'b.txt' }] }, [file(0, 'one', 'a.txt'), file(1, 'two', 'c.txt')]);
    assert.equal(plain.status, 200, plain.text);
    const named = Object.fromEntries(plain.body.attachments.map((one) => [one.filename, one]));
    assert.deepEqual(Object.keys(named).sort(), ['a.txt', 'b.txt']);
    assert.equal(named['b.txt'].description, 'second');
    const shown = await upload({ embeds: [{ image: { url: 'attachment://a.txt' } }] }, [file(0, 'one', 'a.txt')]);
    assert.equal(shown.status, 200, shown.text);
    assert.deepEqual(shown.body.attachments, [], 'what an embed shows is not shown twice');
    assert.match(shown.body.embeds[0].image.url, /^http.*\/a\.txt\?ex=/);
    const answer = await fetch(shown.body.embeds[0].image.url);
    assert.equal(await answer.text(), 'one');
    const more = await upload({}, [file(0, 'three', 'd.txt')], { method: 'PATCH', to: `${path}/${plain.body.id}` });
    assert.deepEqual(more.body.attachments.map((one) => one.filename).sort(), ['a.txt', 'b.txt', 'd.txt'], 'files without a list are added');
    const v2 = await upload({ flags: V2, components: [{ type: 13, file: { url: 'attachment://a.txt' } }] }, [file(0, 'four', 'a.txt')]);
    assert.equal(v2.status, 200, v2.text);
    const [part] = v2.body.components;
    assert.deepEqual([part.name, part.size, part.file.attachment_id], ['a.txt', 4, v2.body.attachments[0].id]);
    assert.match(part.file.url, /^http.*\/a\.txt\?ex=/);
});
