// Sounds of soundboards: made, changed, deleted.

import assert from 'node:assert/strict';
import test from 'node:test';

import { api, assertError, formCodes, ok } from '../lib/api.mjs';
import { Gateway } from '../lib/gateway.mjs';
import { dataUri, mp3, ogg, png } from '../lib/media.mjs';
import { useServer } from '../lib/server.mjs';
import { audited, change } from '../lib/structure.mjs';
import { ALL_INTENTS, world } from '../lib/world.mjs';

const EXPRESSIONS = 1 << 3, MODERATION = 1 << 2;

const server = await useServer();
const { owner, guild: home, member } = await world(server);
const eyes = await Gateway.session(server, owner,
    { identify: { intents: ALL_INTENTS | EXPRESSIONS | MODERATION } });

const at = (id = '') => `/guilds/${home.id}/soundboard-sounds${id && `/${id}`}`;
const sound = dataUri(mp3(1000), 'audio/mpeg');
const make = (who, body, headers) => api(server, 'POST', at(), { token: who.token, body, headers });

test('a sound is made, shown and told', async () => {
    const from = eyes.mark();
    const answer = await make(owner, { name: 'quack', sound, volume: 0.5, emoji_name: '🦆' },
        { 'x-audit-log-reason': 'ducks' });
    assert.equal(answer.status, 201, answer.text);
    const { user, ...rest } = answer.body;
    assert.equal(user.id, owner.id);
    assert.deepEqual(rest, {
        name: 'quack', sound_id: rest.sound_id, volume: 0.5, emoji_id: null, emoji_name: '🦆', guild_id: home.id, available: true,
    });
    const told = await eyes.event('GUILD_SOUNDBOARD_SOUND_CREATE', () => true, { from });
    assert.deepEqual(told.d, answer.body);
    const entry = await audited(eyes, from, 130, { target_id: rest.sound_id, reason: 'ducks' });
    assert.deepEqual(change(entry, 'volume'), { key: 'volume', new_value: 0.5 });
    assert.deepEqual(await ok(server, 'GET', at(), { token: member.token }), { items: [rest] });
    assert.deepEqual(await ok(server, 'GET', at(rest.sound_id), { token: member.token }), rest);
});

test('Ogg too; the volume is whole if nothing is said', async () => {
    const answer = await make(owner, { name: 'ogg', sound: dataUri(ogg(5200), 'audio/ogg') });
    assert.equal(answer.status, 201, answer.text);
    assert.equal(answer.body.volume, 1);
});

test('changed and deleted', async () => {
    const emoji = await ok(server, 'POST', `/guilds/${home.id}/emojis`, {
        token: owner.token, body: { name: 'duck', image: dataUri(png()) },
    });
    const { sound_id: id } = (await make(owner, { name: 'before', sound })).body;
    const from = eyes.mark();
    const after = await ok(server, 'PATCH', at(id), {
        token: owner.token, body: { name: 'after', volume: 0.25, emoji_id: emoji.id },
    });
    assert.deepEqual([after.name, after.volume, after.emoji_id, after.emoji_name], ['after', 0.25, emoji.id, null]);
    const told = await eyes.event('GUILD_SOUNDBOARD_SOUND_UPDATE', (d) => d.sound_id === id, { from });
    assert.equal(told.d.volume, 0.25);
    await audited(eyes, from, 131, { target_id: id });
    assertError(await api(server, 'PATCH', at(id), { token: owner.token, body: { emoji_id: '99' } }), 404, 10014);
    assertError(await api(server, 'PATCH', at(id), { token: member.token, body: { name: 'no' } }), 403, 50013);
    assertError(await api(server, 'DELETE', at(id), { token: member.token }), 403, 50013);
    assert.equal((await api(server, 'DELETE', at(id), { token: owner.token })).status, 204);
    const gone = await eyes.event('GUILD_SOUNDBOARD_SOUND_DELETE', () => true, { from });
    assert.deepEqual(gone.d, { sound_id: id, guild_id: home.id });
    await audited(eyes, from, 132, { target_id: id });
    assertError(await api(server, 'GET', at(id), { token: owner.token }), 404, 10097);
});

for (const [what, body, path, code] of [
    ['no sound', { name: 'abc' }, 'sound', 'BASE_TYPE_REQUIRED'],
    ['an image', { name: 'abc', sound: dataUri(png()) }, 'sound', 'IMAGE_INVALID'],
    ['too long a sound', { name: 'abc', sound: dataUri(ogg(5300), 'audio/ogg') }, 'sound', 'SOUND_DURATION'],
    ['too long an MP3', { name: 'abc', sound: dataUri(mp3(5300), 'audio/mpeg') }, 'sound', 'SOUND_DURATION'],
    ['too loud', { name: 'abc', sound, volume: 1.5 }, 'volume', 'NUMBER_TYPE_MAX'],
    ['too short a name', { name: 'a', sound }, 'name', 'BASE_TYPE_BAD_LENGTH'],
]) {
    test(`refused: ${what}`, async () => {
        const answer = await make(owner, body);
        assert.ok(formCodes(answer, path).includes(code), answer.text);
    });
}

test('48, and not one more', async () => {
    const { guild: other, owner: boss } = await world(server);
    const path = `/guilds/${other.id}/soundboard-sounds`;
    for (let i = 0; i < 48; i += 1)
        await ok(server, 'POST', path, { token: boss.token, body: { name: `sound ${i}`, sound } });
    assertError(await api(server, 'POST', path, { token: boss.token, body: { name: 'more', sound } }), 400, 30045);
});

test('sounds that everybody has: none', async () => {
    assert.deepEqual(await ok(server, 'GET', '/soundboard-default-sounds', { token: member.token }), []);
});
