// Custom emojis: made, renamed, restricted, deleted, and who may do which.

import assert from 'node:assert/strict';
import test from 'node:test';

import { api, assertError, formCodes, ok } from '../lib/api.mjs';
import { Gateway } from '../lib/gateway.mjs';
import { dataUri, gif, png } from '../lib/media.mjs';
import { useServer } from '../lib/server.mjs';
import { audited, change, newcomer, role } from '../lib/structure.mjs';
import { ALL_INTENTS, person, world } from '../lib/world.mjs';

const CREATE = String(1n << 43n);
const MANAGE = String(1n << 30n);
const EXPRESSIONS = 1 << 3, MODERATION = 1 << 2;

const server = await useServer();
const { owner, guild: home, member } = await world(server);
const eyes = await Gateway.session(server, owner,
    { identify: { intents: ALL_INTENTS | EXPRESSIONS | MODERATION } });

// Discord gives everybody CREATE_GUILD_EXPRESSIONS; these tests are about who has it.
await ok(server, 'PATCH', `/guilds/${home.id}/roles/${home.id}`, {
    token: owner.token, body: { permissions: String(1n << 10n | 1n << 11n) },
});

const at = (id = '') => `/guilds/${home.id}/emojis${id && `/${id}`}`;
const make = (who, body, headers) => api(server, 'POST', at(), { token: who.token, body, headers });
const edit = (who, id, body) => api(server, 'PATCH', at(id), { token: who.token, body });
const drop = (who, id, headers) => api(server, 'DELETE', at(id), { token: who.token, headers });
let serial = 0;
const picture = () => dataUri(png({ seed: serial += 1 }));
const made = async (who, name = `e_${serial}`) => {
    const answer = await make(who, { name, image: picture() });
    assert.equal(answer.status, 201, answer.text);
    return answer.body;
};
// A member with these permissions.
async function holder(permissions) {
    const who = await newcomer(server, home);
    const made = await role(server, owner, home, { permissions });
    await ok(server, 'PUT', `/guilds/${home.id}/members/${who.id}/roles/${made.id}`, { token: owner.token });
    return who;
}

test('an emoji is made, shown to everybody, and told with the whole list', async () => {
    const from = eyes.mark();
    const answer = await make(owner, { name: 'blob_cat', image: picture(), roles: [] },
        { 'x-audit-log-reason': 'cats' });
    assert.equal(answer.status, 201, answer.text);
    const { user, ...rest } = answer.body;
    assert.equal(user.id, owner.id);
    assert.deepEqual(rest, {
        id: rest.id, name: 'blob_cat', roles: [], require_colons: true, managed: false, animated: false, available: true,
    });
    const told = await eyes.event('GUILD_EMOJIS_UPDATE', (d) => d.guild_id === home.id, { from });
    assert.deepEqual(told.d, { guild_id: home.id, emojis: [rest] });
    const entry = await audited(eyes, from, 60, { target_id: rest.id, user_id: owner.id, reason: 'cats' });
    assert.deepEqual(change(entry, 'name'), { key: 'name', new_value: 'blob_cat' });
    // The maker only for those who may make or manage.
    assert.deepEqual(await ok(server, 'GET', at(), { token: member.token }), [rest]);
    assert.deepEqual(await ok(server, 'GET', at(rest.id), { token: member.token }), rest);
    assert.deepEqual(await ok(server, 'GET', at(), { token: owner.token }), [answer.body]);
    const guild = await ok(server, 'GET', `/guilds/${home.id}`, { token: member.token });
    assert.deepEqual(guild.emojis, [rest]);
});

test('GIFs move', async () => {
    const still = (await make(owner, { name: 'still', image: dataUri(gif({ seed: 1 }), 'image/gif') })).body;
    const moving = (await make(owner, { name: 'moving', image: dataUri(gif({ frames: 2 }), 'image/gif') })).body;
    assert.equal(still.animated, false);
    assert.equal(moving.animated, true);
});

test('a name and roles are changed; what changes nothing is told to nobody', async () => {
    const emoji = await made(owner);
    const restricted = await role(server, owner, home);
    const from = eyes.mark();
    const after = (await edit(owner, emoji.id, { name: 'renamed', roles: [restricted.id, restricted.id] })).body;
    assert.equal(after.name, 'renamed');
    assert.deepEqual(after.roles, [restricted.id]);
    const entry = await audited(eyes, from, 61, { target_id: emoji.id });
    assert.deepEqual(change(entry, 'name'), { key: 'name', old_value: emoji.name, new_value: 'renamed' });
    const next = eyes.mark();
    assert.equal((await edit(owner, emoji.id, { name: 'renamed' })).status, 200);
    const fence = await made(owner);
    const told = await eyes.event('GUILD_EMOJIS_UPDATE', () => true, { from: next });
    assert.ok(told.d.emojis.some((e) => e.id === fence.id), 'the first event after it is the next change');
    assert.deepEqual((await edit(owner, emoji.id, { roles: null })).body.roles, []);
});

test('deleted', async () => {
    const emoji = await made(owner);
    const from = eyes.mark();
    assert.equal((await drop(owner, emoji.id, { 'x-audit-log-reason': 'enough' })).status, 204);
    // The list that tells of its making may still be on its way; the next one is without it.
    await eyes.event('GUILD_EMOJIS_UPDATE', (d) => !d.emojis.some((e) => e.id === emoji.id), { from });
    const entry = await audited(eyes, from, 62, { target_id: emoji.id, reason: 'enough' });
    assert.deepEqual(change(entry, 'name'), { key: 'name', old_value: emoji.name });
    assertError(await api(server, 'GET', at(emoji.id), { token: owner.token }), 404, 10014);
    assertError(await drop(owner, emoji.id), 404, 10014);
});

test('with CREATE one changes what is one\'s own, with MANAGE what is others\'', async () => {
    const creator = await holder(CREATE), manager = await holder(MANAGE);
    const own = await made(creator), others = await made(owner);
    assert.equal((await edit(creator, own.id, { name: 'mine' })).status, 200);
    assertError(await edit(creator, others.id, { name: 'mine' }), 403, 50013);
    assertError(await drop(creator, others.id), 403, 50013);
    assert.equal((await edit(manager, own.id, { name: 'managed' })).status, 200);
    assert.equal((await drop(manager, own.id)).status, 204);
    assertError(await make(manager, { name: 'nope', image: picture() }), 403, 50013);
    assertError(await make(member, { name: 'nope', image: picture() }), 403, 50013);
    assertError(await edit(member, others.id, { name: 'nope' }), 403, 50013);
    // Makers are shown to who may change theirs.
    const seen = await ok(server, 'GET', at(others.id), { token: creator.token });
    assert.equal(seen.user, undefined);
    assert.equal((await ok(server, 'GET', at(others.id), { token: manager.token })).user.id, owner.id);
});

test('strangers and other guilds\' emojis', async () => {
    const stranger = await person(server);
    assertError(await api(server, 'GET', at(), { token: stranger.token }), 403, 50001);
    const { guild: other, owner: boss } = await world(server);
    const emoji = await made(owner);
    assertError(await api(server, 'GET', `/guilds/${other.id}/emojis/${emoji.id}`, { token: boss.token }), 404, 10014);
    assertError(await api(server, 'DELETE', `/guilds/${other.id}/emojis/${emoji.id}`, { token: boss.token }), 404, 10014);
});

for (const [what, body, path, code] of [
    ['no image', { name: 'abc' }, 'image', 'BASE_TYPE_REQUIRED'],
    ['an empty image', { name: 'abc', image: '' }, 'image', 'BASE_TYPE_REQUIRED'],
    ['no name', { image: dataUri(png()) }, 'name', 'BASE_TYPE_REQUIRED'],
    ['a short name', { name: 'a', image: dataUri(png()) }, 'name', 'BASE_TYPE_BAD_LENGTH'],
    ['a name with other characters', { name: 'a-b', image: dataUri(png()) }, 'name', 'STRING_TYPE_REGEX'],
    ['no data URI', { name: 'abc', image: 'https://example.org/a.png' }, 'image', 'IMAGE_INVALID'],
    ['no base64', { name: 'abc', image: 'data:image/png;base64,!!!' }, 'image', 'IMAGE_INVALID'],
    ['no image in it', { name: 'abc', image: dataUri(Buffer.from('hello there')) }, 'image', 'IMAGE_INVALID'],
    ['a cut image', { name: 'abc', image: dataUri(png().subarray(0, 40)) }, 'image', 'IMAGE_INVALID'],
    ['too large an image', { name: 'abc', image: dataUri(png({ extra: 256 * 1024 })) }, 'image', 'BINARY_TYPE_MAX_SIZE'],
]) {
    test(`refused: ${what}`, async () => {
        const answer = await make(owner, body);
        assert.ok(formCodes(answer, path).includes(code), answer.text);
    });
}

test('a role that is not of the guild', async () => {
    assertError(await make(owner, { name: 'abc', image: picture(), roles: ['1234567890'] }), 400, 50028);
});

test('250 of a kind, and not one more', async () => {
    const { guild: other, owner: boss } = await world(server);
    const path = `/guilds/${other.id}/emojis`;
    const image = picture();
    for (let i = 0; i < 250; i += 1)
        await ok(server, 'POST', path, { token: boss.token, body: { name: `emoji_${i}`, image } });
    assertError(await api(server, 'POST', path, { token: boss.token, body: { name: 'more', image } }), 400, 30008);
    const moving = dataUri(gif({ frames: 3 }), 'image/gif');
    assert.equal((await api(server, 'POST', path, { token: boss.token, body: { name: 'moves', image: moving } })).status, 201);
    assert.equal((await ok(server, 'GET', path, { token: boss.token })).length, 251);
});
