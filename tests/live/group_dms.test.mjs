// Groups of people: who comes in, who goes, what everybody is told, and what the last one leaves behind.

import assert from 'node:assert/strict';
import test from 'node:test';

import { api, ok } from '../lib/api.mjs';
import { befriend, fails, kinds, makeGroup, openDm, sessionOf } from '../lib/people.mjs';
import { Gateway, OF_SESSIONS } from '../lib/gateway.mjs';
import { UNLIMITED, useServer } from '../lib/server.mjs';
import { bot, person, post } from '../lib/world.mjs';
import { PNG } from './matrix/world.mjs';

const server = await useServer({ flags: [...UNLIMITED] });

async function circle(count) {
    const people = [];
    for (let i = 0; i < count; i += 1)
        people.push(await person(server));
    for (const other of people.slice(1))
        await befriend(server, people[0], other);
    return people;
}
const read = (who, group) => ok(server, 'GET', `/channels/${group.id}/messages`, { token: who.token });
const edit = (who, group, body) => ok(server, 'PATCH', `/channels/${group.id}`, { token: who.token, body });
const recipient = (group, user) => `/channels/${group.id}/recipients/${user.id}`;

test('a group of friends: everybody is told, and hears each other', async () => {
    const [ada, bob, cleo] = await circle(3);
    const [b, c] = [await sessionOf(server, bob), await sessionOf(server, cleo)];
    const group = await makeGroup(server, ada, [bob, cleo]);
    assert.equal(group.type, 3);
    assert.equal(group.owner_id, ada.id);
    assert.equal(group.name, null);
    assert.deepEqual(group.recipients.map((u) => u.id), [bob.id, cleo.id]);
    const told = (await b.event('CHANNEL_CREATE')).d;
    assert.deepEqual(told.recipients.map((u) => u.id), [ada.id, cleo.id], 'without the reader');
    await c.event('CHANNEL_CREATE');
    await post(server, bob, group.id, 'hello all');
    assert.equal((await c.event('MESSAGE_CREATE')).d.content, 'hello all');
    const again = await makeGroup(server, ada, [bob, cleo]);
    assert.notEqual(again.id, group.id, 'the same people may have several groups');
    await b.end();
    await c.end();
});

test('coming in and going: recipients, system messages, the owner', async () => {
    const [ada, bob, cleo, dan] = await circle(4);
    const group = await makeGroup(server, ada, [bob, cleo]);
    const [b, c, d] = [await sessionOf(server, bob), await sessionOf(server, cleo), await sessionOf(server, dan)];
    await fails(server, 'PUT', recipient(group, dan), [403, 50007], { token: bob.token, body: {} });
    await ok(server, 'PUT', recipient(group, dan), { token: ada.token, body: {} });
    assert.equal((await b.event('CHANNEL_RECIPIENT_ADD')).d.user.id, dan.id);
    const added = (await b.event('MESSAGE_CREATE')).d;
    assert.equal(added.type, 1);
    assert.equal(added.author.id, ada.id);
    assert.deepEqual(added.mentions.map((u) => u.id), [dan.id]);
    assert.equal((await d.event('CHANNEL_CREATE')).d.id, group.id);
    assert.equal((await d.event('MESSAGE_CREATE')).d.id, added.id);
    await fails(server, 'DELETE', recipient(group, cleo), [403, 50013], { token: bob.token });
    await ok(server, 'DELETE', recipient(group, cleo), { token: ada.token });
    assert.equal((await c.event('CHANNEL_DELETE')).d.id, group.id);
    assert.equal((await b.event('CHANNEL_RECIPIENT_REMOVE')).d.user.id, cleo.id);
    const removed = (await b.event('MESSAGE_CREATE', (m) => m.type === 2)).d;
    assert.equal(removed.author.id, ada.id);
    assert.deepEqual(removed.mentions.map((u) => u.id), [cleo.id]);
    await post(server, bob, group.id, 'she is gone');
    await b.event('MESSAGE_CREATE', (m) => m.content === 'she is gone');
    await c.flush();
    assert.ok(!c.events('MESSAGE_CREATE').some((m) => m.content === 'she is gone'));
    await fails(server, 'GET', `/channels/${group.id}/messages`, [403, 50001], { token: cleo.token });
    // The owner leaves; whoever has been there longest is next.
    await ok(server, 'DELETE', `/channels/${group.id}`, { token: ada.token });
    assert.equal((await b.event('CHANNEL_UPDATE')).d.owner_id, bob.id);
    await ok(server, 'DELETE', recipient(group, dan), { token: bob.token });
    const history = await read(bob, group);
    assert.deepEqual(history.map((m) => m.type), [2, 2, 0, 2, 1]);
    for (const one of [b, c, d])
        await one.end();
});

test('name, icon and owner', async () => {
    const [ada, bob, cleo] = await circle(3);
    const group = await makeGroup(server, ada, [bob, cleo]);
    const c = await sessionOf(server, cleo);
    const named = await edit(bob, group, { name: 'Tea' });
    assert.equal(named.name, 'Tea');
    assert.equal((await c.event('CHANNEL_UPDATE')).d.name, 'Tea');
    const said = (await c.event('MESSAGE_CREATE')).d;
    assert.deepEqual([said.type, said.content, said.author.id], [4, 'Tea', bob.id]);
    const { icon } = await edit(bob, group, { icon: PNG });
    assert.equal((await c.event('MESSAGE_CREATE', (m) => m.type === 5)).d.author.id, bob.id);
    for (const path of [`/channel-icons/${group.id}/${icon}.png`, `/cdn/channel-icons/${group.id}/${icon}.png`])
        assert.equal((await api(server, 'GET', path, { base: '' })).status, 200);
    await fails(server, 'PATCH', `/channels/${group.id}`, [403, 50013], { token: bob.token, body: { owner: bob.id } });
    assert.equal((await edit(ada, group, { owner: cleo.id })).owner_id, cleo.id);
    const stranger = await person(server);
    await fails(server, 'PATCH', `/channels/${group.id}`, [400, 50033], { token: cleo.token, body: { owner: stranger.id } });
    const plain = await edit(cleo, group, { name: null, icon: null });
    assert.deepEqual([plain.name, plain.icon], [null, null]);
    await c.event('CHANNEL_UPDATE', (d) => d.name === null);
    await c.event("MESSAGE_CREATE", () => c.events("MESSAGE_CREATE").length === 4);
    const before = c.mark();
    await edit(cleo, group, { name: null });
    await c.flush();
    assert.deepEqual(kinds(c, before), [], 'nothing changed, nothing is told');
    assert.equal((await api(server, 'GET', `/channel-icons/${group.id}/${icon}.png`, { base: '' })).status, 404);
    await fails(server, 'PATCH', `/channels/${group.id}`, [400, 50035], {
        token: ada.token, body: { name: 'x'.repeat(101) },
    });
    await c.end();
});

test('the last one out takes the group with them', async () => {
    const [ada, bob, cleo] = await circle(3);
    const group = await makeGroup(server, ada, [bob, cleo]);
    await post(server, ada, group.id, 'short-lived');
    for (const who of [ada, bob, cleo])
        await ok(server, 'DELETE', `/channels/${group.id}`, { token: who.token });
    await fails(server, 'GET', `/channels/${group.id}`, [404, 10003], { token: ada.token });
    assert.deepEqual(await ok(server, 'GET', '/users/@me/channels', { token: cleo.token }), []);
});

test('limits: ten in a group, ten groups of one maker, friends only, people only', async () => {
    const [ada, ...friends] = await circle(12);
    const group = await makeGroup(server, ada, friends.slice(0, 9));
    await fails(server, 'PUT', recipient(group, friends[9]), [400, 30004], { token: ada.token, body: {} });
    await ok(server, 'PUT', recipient(group, friends[0]), { token: ada.token, body: {} });
    const robot = await bot(server, ada);
    const groupOf = (ids) => ({ token: ada.token, body: { recipients: ids } });
    await fails(server, 'POST', '/users/@me/channels', [400, 50033], groupOf([friends[0].id, robot.id]));
    const stranger = await person(server);
    await fails(server, 'POST', '/users/@me/channels', [403, 50007], groupOf([friends[0].id, stranger.id]));
    for (let i = 1; i < 10; i += 1)
        await makeGroup(server, ada, friends.slice(0, 2));
    await fails(server, 'POST', '/users/@me/channels', [400, 30011], groupOf([friends[0].id, friends[1].id]));
    await fails(server, 'POST', '/users/@me/channels', [403, 50025], {
        token: robot.token, body: { access_tokens: ['abc'], nicks: {} },
    });
});

test('a third brought into a direct message of two: a group of three, and the two keep theirs', async () => {
    const [ada, bob, cleo] = await circle(3);
    const dm = await openDm(server, ada, bob);
    await post(server, ada, dm.id, 'between us');
    const answer = await api(server, 'PUT', recipient(dm, cleo), { token: ada.token, body: {} });
    assert.equal(answer.status, 201, answer.text);
    assert.equal(answer.body.type, 3);
    assert.deepEqual(answer.body.recipients.map((u) => u.id), [bob.id, cleo.id]);
    assert.deepEqual(await read(cleo, answer.body), []);
    await fails(server, 'DELETE', recipient(dm, bob), [400, 50024], { token: ada.token });
});

test('who resumes is told of what happened in the group while they were away', async () => {
    const [ada, bob, cleo, dan] = await circle(4);
    const group = await makeGroup(server, ada, [bob, cleo]);
    const stays = await sessionOf(server, bob);
    const first = await sessionOf(server, bob);
    await first.cut();
    await ok(server, 'PUT', recipient(group, dan), { token: ada.token, body: {} });
    await edit(ada, group, { name: 'While you were out' });
    await ok(server, 'DELETE', recipient(group, cleo), { token: ada.token });
    const back = await Gateway.connect(server);
    await back.resume(bob, first.session, first.seq);
    await back.event('MESSAGE_CREATE', (m) => m.type === 2);
    await stays.event('MESSAGE_CREATE', (m) => m.type === 2);
    const told = (gateway) => kinds(gateway).filter((t) => !OF_SESSIONS.includes(t));
    assert.deepEqual(told(back), told(stays));
    await back.end();
    await stays.end();
});
