// Friends, requests, blocks, ignoring, notes: both sides' lists, events and what READY says.

import assert from 'node:assert/strict';
import test from 'node:test';

import { ok } from '../lib/api.mjs';
import { befriend, fails, sessionOf } from '../lib/people.mjs';
import { UNLIMITED, useServer } from '../lib/server.mjs';
import { bot, guild, invite, join, person } from '../lib/world.mjs';

const server = await useServer({ flags: [...UNLIMITED] });

const mine = '/users/@me/relationships';
const put = (who, other, body = {}) => ok(server, 'PUT', `${mine}/${other.id}`, { token: who.token, body });
const remove = (who, other) => ok(server, 'DELETE', `${mine}/${other.id}`, { token: who.token });
const list = async (who) => (await ok(server, 'GET', mine, { token: who.token })).map((r) => [r.id, r.type]);
const two = async () => [await person(server), await person(server)];

test('asking by name, accepting, ending: both sides', async () => {
    const [ada, bob] = await two();
    const [a, b] = [await sessionOf(server, ada), await sessionOf(server, bob)];
    await ok(server, 'POST', mine, { token: ada.token, body: { username: bob.username, discriminator: null } });
    assert.deepEqual(await list(ada), [[bob.id, 4]]);
    assert.deepEqual(await list(bob), [[ada.id, 3]]);
    assert.equal((await a.event('RELATIONSHIP_ADD')).d.type, 4);
    const asked = (await b.event('RELATIONSHIP_ADD')).d;
    assert.deepEqual([asked.type, asked.user.username, asked.should_notify], [3, ada.username, true]);
    await put(ada, bob); // again: nothing
    await put(bob, ada);
    assert.deepEqual(await list(ada), [[bob.id, 1]]);
    assert.deepEqual(await list(bob), [[ada.id, 1]]);
    await a.event('RELATIONSHIP_ADD', (r) => r.type === 1);
    await fails(server, 'PUT', `${mine}/${bob.id}`, [400, 80007], { token: ada.token, body: {} });
    await ok(server, 'PATCH', `${mine}/${bob.id}`, { token: ada.token, body: { nickname: 'Bobby' } });
    assert.equal((await a.event('RELATIONSHIP_UPDATE')).d.nickname, 'Bobby');
    assert.equal((await ok(server, 'GET', mine, { token: bob.token }))[0].nickname, null);
    await remove(bob, ada);
    assert.deepEqual((await a.event('RELATIONSHIP_REMOVE')).d, { id: bob.id, type: 1, nickname: null });
    assert.deepEqual([await list(ada), await list(bob)], [[], []]);
    await fails(server, 'PATCH', `${mine}/${bob.id}`, [404, 10013], { token: ada.token, body: { nickname: 'x' } });
    await a.end();
    await b.end();
});

test('a request is taken back, or declined; all that came in at once', async () => {
    const [ada, bob] = await two();
    await put(ada, bob);
    await remove(ada, bob);
    assert.deepEqual([await list(ada), await list(bob)], [[], []]);
    await put(ada, bob);
    const cleo = await person(server);
    await put(cleo, bob);
    const dan = await person(server);
    await befriend(server, bob, dan);
    await ok(server, 'DELETE', mine, { token: bob.token });
    assert.deepEqual(await list(bob), [[dan.id, 1]]);
    assert.deepEqual(await list(cleo), []);
});

test('a block ends what there was, and is nobody else\'s business', async () => {
    const [ada, bob] = await two();
    await befriend(server, ada, bob);
    const b = await sessionOf(server, bob);
    await put(ada, bob, { type: 2 });
    assert.deepEqual(await list(ada), [[bob.id, 2]]);
    assert.deepEqual(await list(bob), []);
    assert.equal((await b.event('RELATIONSHIP_REMOVE')).d.id, ada.id);
    await fails(server, 'PUT', `${mine}/${ada.id}`, [403, 80001], { token: bob.token, body: {} });
    await put(bob, ada, { type: 2 });
    await remove(ada, bob);
    assert.deepEqual(await list(ada), []);
    assert.deepEqual(await list(bob), [[ada.id, 2]], 'the other\'s block stays');
    await b.end();
});

test('ignoring stands beside what somebody is', async () => {
    const [ada, bob] = await two();
    const a = await sessionOf(server, ada);
    await ok(server, 'PUT', `${mine}/${bob.id}/ignore`, { token: ada.token, body: {} });
    assert.deepEqual([(await a.event('RELATIONSHIP_ADD')).d.type, a.events('RELATIONSHIP_ADD')[0].user_ignored], [0, true]);
    assert.deepEqual(await list(ada), [[bob.id, 0]]);
    await befriend(server, ada, bob);
    const [friend] = await ok(server, 'GET', mine, { token: ada.token });
    assert.deepEqual([friend.type, friend.user_ignored], [1, true]);
    await remove(ada, bob);
    assert.deepEqual(await list(ada), [[bob.id, 0]]);
    await ok(server, 'DELETE', `${mine}/${bob.id}/ignore`, { token: ada.token });
    assert.deepEqual(await list(ada), []);
    await a.end();
});

test('who may ask: everybody, friends of friends, members of the same guild, or nobody', async () => {
    const [ada, bob] = await two();
    const sources = (all, mutual_friends, mutual_guilds) => ok(server, 'PATCH', '/users/@me/settings', {
        token: bob.token, body: { friend_source_flags: { all, mutual_friends, mutual_guilds } },
    });
    const asks = async (allowed) => {
        if (!allowed)
            return fails(server, 'PUT', `${mine}/${bob.id}`, [403, 80000], { token: ada.token, body: {} });
        await put(ada, bob);
        return remove(ada, bob);
    };
    await asks(true);
    await sources(false, true, true);
    await asks(false);
    const cleo = await person(server);
    await befriend(server, cleo, ada);
    await befriend(server, bob, cleo);
    await asks(true);
    await sources(false, false, true);
    await asks(false);
    const home = await guild(server, ada);
    await join(server, bob, (await invite(server, ada, home.channel)).code);
    await asks(true);
    await sources(false, false, false);
    await asks(false);
    const both = await ok(server, 'GET', `/users/${bob.id}/relationships`, { token: ada.token });
    assert.deepEqual(both.map((u) => u.id), [cleo.id]);
});

test('nobody befriends themselves, a bot, or nobody', async () => {
    const ada = await person(server);
    const robot = await bot(server, ada);
    const refused = (other, status) => fails(server, 'PUT', `${mine}/${other}`, status, { token: ada.token, body: {} });
    await refused(ada.id, [403, 80003]);
    await refused(robot.id, [403, 80002]);
    await refused('123456789012345678', [404, 10013]);
    await fails(server, 'POST', mine, [400, 80004], { token: ada.token, body: { username: 'nobody_at_all' } });
    await fails(server, 'PUT', `${mine}/${ada.id}`, [403, 20001], { token: robot.token, body: {} });
    await fails(server, 'PUT', `${mine}/${robot.id}`, [400, 50035], { token: ada.token, body: { type: 5 } });
    const bob = await person(server);
    const bulk = await ok(server, 'POST', `${mine}/bulk`, {
        token: ada.token, body: { user_ids: [bob.id, ada.id, robot.id] },
    });
    assert.deepEqual(bulk, { successful_requests: [bob.id], failed_requests: [ada.id, robot.id] });
});

test('notes, and all of it in READY', async () => {
    const [ada, bob] = await two();
    await befriend(server, ada, bob);
    const a = await sessionOf(server, ada);
    const path = `/users/@me/notes/${bob.id}`;
    await ok(server, 'PUT', path, { token: ada.token, body: { note: 'likes tea' } });
    assert.deepEqual((await a.event('USER_NOTE_UPDATE')).d, { id: bob.id, note: 'likes tea' });
    assert.equal((await ok(server, 'GET', path, { token: ada.token })).note, 'likes tea');
    assert.deepEqual(await ok(server, 'GET', '/users/@me/notes', { token: ada.token }), { [bob.id]: 'likes tea' });
    await fails(server, 'PUT', path, [400, 50015], { token: ada.token, body: { note: 'x'.repeat(257) } });
    await fails(server, 'PUT', '/users/@me/notes/123456789012345678', [404, 10013], {
        token: ada.token, body: { note: 'x' },
    });
    const again = await sessionOf(server, ada);
    assert.deepEqual(again.ready.relationships.map((r) => [r.id, r.type, r.user.username]), [[bob.id, 1, bob.username]]);
    assert.deepEqual(again.ready.notes, { [bob.id]: 'likes tea' });
    assert.equal(again.ready.user_settings.theme, 'dark');
    await ok(server, 'PUT', path, { token: ada.token, body: { note: '' } });
    await fails(server, 'GET', path, [404, 10013], { token: ada.token });
    await a.end();
    await again.end();
});
