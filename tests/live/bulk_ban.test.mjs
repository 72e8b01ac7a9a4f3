// Many banned at once.

import assert from 'node:assert/strict';
import test from 'node:test';

import { api, assertError, formCodes, ok } from '../lib/api.mjs';
import { moderator } from '../lib/moderation.mjs';
import { useServer } from '../lib/server.mjs';
import { audited, newcomer, watch } from '../lib/structure.mjs';
import { person, post, world } from '../lib/world.mjs';

const server = await useServer();
const { owner, guild: home, member } = await world(server);
const eyes = await watch(server, owner);
const mod = await moderator(server, home, 'BAN_MEMBERS', 'MANAGE_GUILD');

const bulk = (by, body, headers) =>
    api(server, 'POST', `/guilds/${home.id}/bulk-ban`, { token: by.token, body, headers });

test('members and strangers; who ranks above, is unknown or banned already fails', async () => {
    const inside = await newcomer(server, home);
    const stranger = await person(server);
    const early = await person(server);
    await ok(server, 'PUT', `/guilds/${home.id}/bans/${early.id}`, { token: owner.token, body: {} });
    const spam = await post(server, inside, home.channel, 'spam');
    const from = eyes.mark();
    const answer = await bulk(mod, {
        user_ids: [stranger.id, inside.id, owner.id, mod.id, early.id, '1', inside.id], delete_message_seconds: 60,
    }, { 'x-audit-log-reason': 'raid' });
    assert.equal(answer.status, 200, answer.text);
    assert.deepEqual(answer.body.banned_users.sort(), [stranger.id, inside.id].sort());
    assert.deepEqual(answer.body.failed_users.sort(), [owner.id, mod.id, early.id, '1'].sort());
    for (const { id } of [stranger, inside]) {
        await eyes.event('GUILD_BAN_ADD', (d) => d.user.id === id, { from });
        await audited(eyes, from, 22, { reason: 'raid', user_id: mod.id });
        assert.equal((await ok(server, 'GET', `/guilds/${home.id}/bans/${id}`, { token: mod.token })).reason, 'raid');
    }
    await eyes.event('GUILD_MEMBER_REMOVE', (d) => d.user.id === inside.id, { from });
    const gone = await eyes.event('MESSAGE_DELETE_BULK', undefined, { from });
    assert.deepEqual(gone.d.ids, [spam.id]);
    assertError(await bulk(mod, { user_ids: [stranger.id, owner.id] }), 400, 500000);
});

test('two hundred in one request, two hundred and one not', async () => {
    const people = [];
    for (let i = 0; i < 20; i += 1)
        people.push(...await Promise.all([1, 2].map(() => person(server))));
    const unknown = Array.from({ length: 160 }, (_, i) => String(1000 + i));
    const answer = await bulk(owner, { user_ids: [...unknown, ...people.map((p) => p.id)] });
    assert.equal(answer.status, 200, answer.text);
    assert.equal(answer.body.banned_users.length, 40);
    assert.equal(answer.body.failed_users.length, 160);
    const many = Array.from({ length: 201 }, (_, i) => String(1000 + i));
    assert.deepEqual(formCodes(await bulk(owner, { user_ids: many }), 'user_ids'), ['BASE_TYPE_MAX_LENGTH']);
    assert.deepEqual(formCodes(await bulk(owner, { user_ids: [] }), 'user_ids'), ['BASE_TYPE_MIN_LENGTH']);
    assert.deepEqual(formCodes(await bulk(owner, {}), 'user_ids'), ['BASE_TYPE_REQUIRED']);
});

test('it takes both permissions', async () => {
    const bans = await moderator(server, home, 'BAN_MEMBERS');
    const manages = await moderator(server, home, 'MANAGE_GUILD');
    for (const who of [bans, manages, member])
        assertError(await bulk(who, { user_ids: [(await person(server)).id] }), 403, 50013);
});
