// Stickers: uploaded as a form, changed, deleted; the packs that there are none of.

import assert from 'node:assert/strict';
import test from 'node:test';

import { api, assertError, formCodes, ok } from '../lib/api.mjs';
import { Gateway } from '../lib/gateway.mjs';
import { gif, lottie, mp3, png } from '../lib/media.mjs';
import { useServer } from '../lib/server.mjs';
import { audited, change } from '../lib/structure.mjs';
import { ALL_INTENTS, person, world } from '../lib/world.mjs';

const EXPRESSIONS = 1 << 3, MODERATION = 1 << 2;

const server = await useServer();
const { owner, guild: home, member } = await world(server);
const eyes = await Gateway.session(server, owner,
    { identify: { intents: ALL_INTENTS | EXPRESSIONS | MODERATION } });

const at = (id = '') => `/guilds/${home.id}/stickers${id && `/${id}`}`;
function form(fields, file = png({ width: 320, height: 320 }), name = 'a.png', type = 'image/png') {
    const body = new FormData();
    for (const [key, value] of Object.entries(fields))
        body.set(key, value);
    if (file !== null)
        body.set('file', new Blob([file], { type }), name);
    return body;
}
const make = (who, raw, headers) => api(server, 'POST', at(), { token: who.token, raw, headers });
const FIELDS = { name: 'wave', description: 'a wave', tags: 'wave' };

test('a sticker is made, shown, and told with the whole list', async () => {
    const from = eyes.mark();
    const answer = await make(owner, form(FIELDS), { 'x-audit-log-reason': 'hi' });
    assert.equal(answer.status, 201, answer.text);
    const { user, ...rest } = answer.body;
    assert.equal(user.id, owner.id);
    assert.deepEqual(rest, {
        id: rest.id, ...FIELDS, type: 2, format_type: 1, asset: '', available: true, guild_id: home.id,
    });
    const told = await eyes.event('GUILD_STICKERS_UPDATE', () => true, { from });
    assert.deepEqual(told.d, { guild_id: home.id, stickers: [rest] });
    const entry = await audited(eyes, from, 90, { target_id: rest.id, reason: 'hi' });
    assert.deepEqual(change(entry, 'tags'), { key: 'tags', new_value: 'wave' });
    assert.deepEqual(await ok(server, 'GET', at(), { token: member.token }), [rest]);
    assert.deepEqual(await ok(server, 'GET', at(rest.id), { token: member.token }), rest);
    const stranger = await person(server);
    assert.deepEqual(await ok(server, 'GET', `/stickers/${rest.id}`, { token: stranger.token }), rest);
});

for (const [what, file, format] of [
    ['PNG', png({ seed: 3 }), 1], ['APNG', png({ moving: true }), 2], ['Lottie', lottie(), 3],
    ['GIF', gif({ frames: 2, seed: 9 }), 4],
]) {
    test(`the format is what the bytes are: ${what}`, async () => {
        const answer = await make(owner, form(FIELDS, file, 'sticker.bin', 'application/octet-stream'));
        assert.equal(answer.status, 201, answer.text);
        assert.equal(answer.body.format_type, format);
    });
}

test('changed and deleted', async () => {
    const { id } = (await make(owner, form(FIELDS))).body;
    const from = eyes.mark();
    const after = await ok(server, 'PATCH', at(id), {
        token: owner.token, body: { name: 'bye', description: null, tags: 'bye' },
    });
    assert.deepEqual([after.name, after.description, after.tags], ['bye', null, 'bye']);
    const entry = await audited(eyes, from, 91, { target_id: id });
    assert.deepEqual(change(entry, 'description'), { key: 'description', old_value: 'a wave' });
    assertError(await api(server, 'PATCH', at(id), { token: member.token, body: { name: 'no' } }), 403, 50013);
    assertError(await api(server, 'DELETE', at(id), { token: member.token }), 403, 50013);
    assert.equal((await api(server, 'DELETE', at(id), { token: owner.token })).status, 204);
    await audited(eyes, from, 92, { target_id: id });
    assertError(await api(server, 'GET', at(id), { token: owner.token }), 404, 10060);
    assertError(await api(server, 'GET', `/stickers/${id}`, { token: owner.token }), 404, 10060);
});

for (const [what, body, path] of [
    ['no file', () => form(FIELDS, null), 'file'],
    ['no name', () => form({ tags: 'a', description: '' }), 'name'],
    ['no tags', () => form({ name: 'abc', description: '' }), 'tags'],
    ['a description of one character', () => form({ ...FIELDS, description: 'x' }), 'description'],
    ['a sound', () => form(FIELDS, mp3(100)), 'file'],
    ['too wide an image', () => form(FIELDS, png({ width: 321, height: 10 })), 'file'],
    ['too large a file', () => form(FIELDS, png({ extra: 512 * 1024 })), 'file'],
    ['JSON that is no animation', () => form(FIELDS, Buffer.from('{"w":1,"h":1}')), 'file'],
]) {
    test(`refused: ${what}`, async () => {
        const answer = await make(owner, body());
        assert.ok(formCodes(answer, path).length > 0);
    });
}

test('a body that is no form, or a broken one', async () => {
    const json = await api(server, 'POST', at(), { token: owner.token, body: FIELDS });
    assert.equal(json.status, 415);
    const broken = await api(server, 'POST', at(), {
        token: owner.token, raw: '--x\r\nContent-Disposition: form-data; name="name"\r\n\r\nabc',
        headers: { 'content-type': 'multipart/form-data; boundary=x' },
    });
    assert.equal(broken.status, 400);
});

test('60, and not one more', async () => {
    const { guild: other, owner: boss } = await world(server);
    const path = `/guilds/${other.id}/stickers`;
    for (let i = 0; i < 60; i += 1)
        await ok(server, 'POST', path, { token: boss.token, raw: form(FIELDS) });
    assertError(await api(server, 'POST', path, { token: boss.token, raw: form(FIELDS) }), 400, 30039);
});

test('packs', async () => {
    assert.deepEqual(await ok(server, 'GET', '/sticker-packs', { token: member.token }), { sticker_packs: [] });
    assertError(await api(server, 'GET', '/sticker-packs/123', { token: member.token }), 404, 10061);
});
