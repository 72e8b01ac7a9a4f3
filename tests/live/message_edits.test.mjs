// Edits: what a body leaves out stays, what nobody may change, and what everybody hears of it.

import assert from 'node:assert/strict';
import test from 'node:test';

import { api, assertError, formCodes, ok } from '../lib/api.mjs';
import { useServer } from '../lib/server.mjs';
import { post, world } from '../lib/world.mjs';

const SUPPRESS_EMBEDS = 1 << 2;
const COMPONENTS_V2 = 1 << 15;

const server = await useServer();
const { owner, guild: home, member } = await world(server);
const path = (message) => `/channels/${home.channel}/messages/${message.id}`;
const edit = (who, message, body) => api(server, 'PATCH', path(message), { token: who.token, body });
const edited = async (who, message, body) => {
    const answer = await edit(who, message, body);
    assert.equal(answer.status, 200, answer.text);
    const read = await ok(server, 'GET', path(message), { token: owner.token });
    assert.deepEqual(read, answer.body);
    return read;
};
const row = (label) => ({ type: 1, components: [{ type: 2, style: 1, label, custom_id: label }] });

test('what a body leaves out stays', async () => {
    const message = await post(server, member, home.channel, `hello <@${owner.id}>`, {
        embeds: [{ title: 'one' }], components: [row('button')],
    });
    let now = await edited(member, message, { content: 'other' });
    assert.equal(now.content, 'other');
    assert.deepEqual(now.mentions, []);
    assert.deepEqual(now.embeds, message.embeds);
    assert.deepEqual(now.components, message.components);
    assert.notEqual(now.edited_timestamp, null);
    now = await edited(member, message, { embeds: [{ title: 'two' }] });
    assert.equal(now.content, 'other');
    assert.equal(now.embeds[0].title, 'two');
    now = await edited(member, message, { components: [] });
    assert.deepEqual(now.components, []);
    now = await edited(member, message, { embeds: null });
    assert.deepEqual(now.embeds, []);
    assert.equal(now.content, 'other');
});

test('a message does not become empty', async () => {
    const message = await post(server, member, home.channel, 'words', { embeds: [{ title: 'one' }] });
    await edited(member, message, { content: '' });
    assertError(await edit(member, message, { embeds: [] }), 400, 50006, 'Cannot send an empty message');
    const now = await ok(server, 'GET', path(message), { token: owner.token });
    assert.equal(now.embeds[0].title, 'one');
});

test('whoever manages messages hides embeds, and that is no edit', async () => {
    const message = await post(server, member, home.channel, 'words', { embeds: [{ title: 'one' }] });
    const now = await edited(owner, message, { flags: SUPPRESS_EMBEDS });
    assert.equal(now.flags, SUPPRESS_EMBEDS);
    assert.equal(now.edited_timestamp, null);
    assert.equal((await edited(owner, message, { flags: 0 })).flags, 0);
    for (const body of [{ content: 'x' }, { embeds: [] }, { components: [] }, { flags: 4, content: 'x' }])
        assertError(await edit(owner, message, body), 403, 50005,
            'Cannot edit a message authored by another user');
    const other = await post(server, owner, home.channel, 'mine');
    assertError(await edit(member, other, { flags: SUPPRESS_EMBEDS }), 403, 50005);
});

test('whoever is timed out edits nothing', async () => {
    const message = await post(server, member, home.channel, 'words');
    const set = (until) => ok(server, 'PATCH', `/guilds/${home.id}/members/${member.id}`, {
        token: owner.token, body: { communication_disabled_until: until },
    });
    await set(new Date(Date.now() + 60_000).toISOString());
    assertError(await edit(member, message, { content: 'more' }), 403, 50013);
    await set(null);
    await edited(member, message, { content: 'more' });
});

test('a message becomes one of components, for good', async () => {
    const message = await post(server, member, home.channel, 'words');
    const body = { flags: COMPONENTS_V2, components: [{ type: 10, content: 'text' }] };
    assert.deepEqual(formCodes(await edit(member, message, body), 'flags'),
        ['MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2']);
    const now = await edited(member, message, { ...body, content: null });
    assert.equal(now.flags, COMPONENTS_V2);
    assert.equal(now.components[0].content, 'text');
    assert.equal((await edited(member, message, { flags: 0 })).flags, COMPONENTS_V2);
    assert.equal((await edit(member, message, { content: 'words' })).status, 400);
});

test('a message of components has nothing else, and needs its flag', async () => {
    const send = (body) => api(server, 'POST', `/channels/${home.channel}/messages`, { token: member.token, body });
    const components = [{ type: 17, components: [{ type: 10, content: 'text' }] }];
    const made = await send({ flags: COMPONENTS_V2, components });
    assert.equal(made.status, 200, made.text);
    assert.equal(made.body.flags, COMPONENTS_V2);
    for (const more of [{ content: 'x' }, { embeds: [{ title: 'x' }] }])
        assert.equal((await send({ flags: COMPONENTS_V2, components, ...more })).status, 400);
    assert.equal((await send({ components })).status, 400);
    const plain = await post(server, member, home.channel, 'words');
    assert.equal((await edit(member, plain, { components })).status, 400);
});
