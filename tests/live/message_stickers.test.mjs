// Stickers on messages: whose, how many, where; what is shown stays what was sent.

import assert from 'node:assert/strict';
import test from 'node:test';

import { api, assertError, formCodes, ok } from '../lib/api.mjs';
import { png } from '../lib/media.mjs';
import { befriend, openDm } from '../lib/people.mjs';
import { useServer } from '../lib/server.mjs';
import { channel, guild, invite, join, person, world } from '../lib/world.mjs';

const USE_EXTERNAL_STICKERS = 1n << 37n;
const server = await useServer();
const { owner, guild: home, member } = await world(server);
const there = await guild(server, owner, 'Elsewhere');

async function sticker(at, name) {
    const body = new FormData();
    for (const [key, value] of Object.entries({ name, description: '', tags: 'wave' }))
        body.set(key, value);
    body.set('file', new Blob([png({ width: 320, height: 320 })], { type: 'image/png' }), 'a.png');
    const answer = await api(server, 'POST', `/guilds/${at.id}/stickers`, { token: owner.token, raw: body });
    assert.equal(answer.status, 201, answer.text);
    return answer.body;
}
const send = (who, to, ids, more = {}) => api(server, 'POST', `/channels/${to}/messages`, {
    token: who.token, body: { sticker_ids: ids, ...more },
});
const own = [await sticker(home, 'one'), await sticker(home, 'two'), await sticker(home, 'three')];
const foreign = await sticker(there, 'foreign');

test('up to three of the guild, alone or with text; an edit leaves them', async () => {
    const { status, body } = await send(member, home.channel, own.map((s) => s.id));
    assert.equal(status, 200);
    assert.equal(body.content, '');
    assert.deepEqual(body.sticker_items, own.map((s) => ({ id: s.id, name: s.name, format_type: 1 })));
    const path = `/channels/${home.channel}/messages/${body.id}`;
    const edited = await ok(server, 'PATCH', path, { token: member.token, body: { content: 'and text' } });
    assert.deepEqual(edited.sticker_items, body.sticker_items);
    const bare = await ok(server, 'PATCH', path, { token: member.token, body: { content: '' } });
    assert.deepEqual([bare.content, bare.sticker_items], ['', body.sticker_items]);
    const four = await send(member, home.channel, [...own, foreign].map((s) => s.id));
    assert.deepEqual(formCodes(four, 'sticker_ids'), ['BASE_TYPE_MAX_LENGTH']);
});

test('of another guild: who is in it, where that is allowed', async () => {
    assertError(await send(member, home.channel, [foreign.id]), 400, 50081);
    await join(server, member, (await invite(server, owner, there.channel)).code);
    assert.equal((await send(member, home.channel, [foreign.id])).status, 200);
    const strict = await channel(server, owner, home, {
        name: 'strict', permission_overwrites: [{ id: home.id, type: 0, allow: '0', deny: String(USE_EXTERNAL_STICKERS) }],
    });
    assertError(await send(member, strict.id, [foreign.id]), 403, 50013);
    assert.equal((await send(member, strict.id, [own[0].id])).status, 200);
});

test('in a direct message those of the sender\'s guilds', async () => {
    const friend = await person(server);
    await befriend(server, member, friend);
    const dm = await openDm(server, member, friend);
    assert.equal((await send(member, dm.id, [own[0].id])).status, 200);
    assertError(await send(friend, dm.id, [own[0].id]), 400, 50081);
});

test('renamed or deleted, what was sent stays', async () => {
    const { body } = await send(member, home.channel, [own[1].id]);
    await ok(server, 'DELETE', `/guilds/${home.id}/stickers/${own[1].id}`, { token: owner.token });
    const read = await ok(server, 'GET', `/channels/${home.channel}/messages/${body.id}`, { token: owner.token });
    assert.deepEqual(read.sticker_items, body.sticker_items);
    assertError(await send(member, home.channel, [own[1].id]), 400, 50081);
    assertError(await send(member, home.channel, ['1']), 400, 50081);
});
