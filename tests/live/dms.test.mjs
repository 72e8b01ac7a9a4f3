// Direct messages of two: who hears what, when, and who may not.

import assert from 'node:assert/strict';
import test from 'node:test';

import { ok } from '../lib/api.mjs';
import { Gateway } from '../lib/gateway.mjs';
import { DIRECT_INTENTS, befriend, fails, kinds, openDm, sessionOf } from '../lib/people.mjs';
import { UNLIMITED, useServer } from '../lib/server.mjs';
import { authorize, bot, guild, invite, join, person, post, PASSWORD } from '../lib/world.mjs';

const server = await useServer({ flags: [...UNLIMITED] });

const open = (who, other) => openDm(server, who, other);

test('a first message: the other is told of the channel, then of the message', async () => {
    const [ada, bob] = [await person(server), await person(server)];
    await befriend(server, ada, bob);
    const [a, b] = [await sessionOf(server, ada), await sessionOf(server, bob)];
    const dm = await open(ada, bob);
    assert.equal(dm.type, 1);
    assert.deepEqual(dm.recipients.map((u) => u.id), [bob.id]);
    assert.equal((await open(ada, bob)).id, dm.id, 'a pair has one channel');
    assert.equal((await a.event('CHANNEL_CREATE')).d.id, dm.id);
    const sent = await post(server, ada, dm.id, 'hello');
    assert.equal(sent.guild_id, undefined);
    assert.equal(sent.member, undefined);
    const heard = (await b.event('MESSAGE_CREATE')).d;
    assert.equal(heard.content, 'hello');
    assert.equal(heard.channel_id, dm.id);
    assert.equal(heard.guild_id, undefined);
    assert.equal(heard.member, undefined);
    const told = (await b.event('CHANNEL_CREATE')).d;
    assert.equal(told.id, dm.id);
    assert.deepEqual(told.recipients.map((u) => u.id), [ada.id]);
    assert.deepEqual(kinds(b).slice(-2), ['CHANNEL_CREATE', 'MESSAGE_CREATE']);
    assert.equal((await a.event('MESSAGE_CREATE')).d.id, sent.id);
    // Reading it, by both; the channel knows its newest message.
    for (const who of [ada, bob]) {
        const list = await ok(server, 'GET', `/channels/${dm.id}/messages`, { token: who.token });
        assert.deepEqual(list.map((m) => m.content), ['hello']);
        const seen = await ok(server, 'GET', `/channels/${dm.id}`, { token: who.token });
        assert.equal(seen.last_message_id, sent.id);
    }
    await ok(server, 'PATCH', `/channels/${dm.id}/messages/${sent.id}`, { token: ada.token, body: { content: 'hallo' } });
    assert.equal((await b.event('MESSAGE_UPDATE')).d.content, 'hallo');
    await fails(server, 'DELETE', `/channels/${dm.id}/messages/${sent.id}`, [403, 50003], { token: bob.token });
    await ok(server, 'POST', `/channels/${dm.id}/typing`, { token: bob.token });
    const typing = (await a.event('TYPING_START')).d;
    assert.equal(typing.user_id, bob.id);
    assert.equal(typing.guild_id, undefined);
    assert.equal(typing.member, undefined);
    await ok(server, 'DELETE', `/channels/${dm.id}/messages/${sent.id}`, { token: ada.token });
    const gone = (await b.event('MESSAGE_DELETE')).d;
    assert.equal(gone.id, sent.id);
    assert.equal(gone.guild_id, undefined);
    await a.end();
    await b.end();
});

test('closing takes it out of one list, and the next message brings it back', async () => {
    const [ada, bob] = [await person(server), await person(server)];
    await befriend(server, ada, bob);
    const dm = await open(ada, bob);
    await post(server, ada, dm.id, 'one');
    const b = await sessionOf(server, bob);
    assert.deepEqual(b.ready.private_channels.map((c) => c.id), [dm.id]);
    await ok(server, 'DELETE', `/channels/${dm.id}`, { token: bob.token });
    assert.equal((await b.event('CHANNEL_DELETE')).d.id, dm.id);
    assert.deepEqual(await ok(server, 'GET', '/users/@me/channels', { token: bob.token }), []);
    const before = b.received.length;
    await post(server, ada, dm.id, 'two');
    await b.event('MESSAGE_CREATE', (m) => m.content === 'two');
    assert.deepEqual(kinds(b, before), ['CHANNEL_CREATE', 'MESSAGE_CREATE']);
    const list = await ok(server, 'GET', '/users/@me/channels', { token: bob.token });
    assert.deepEqual(list.map((c) => c.id), [dm.id]);
    await b.end();
});

test('who is not in it gets no access, by any route', async () => {
    const [ada, bob, eve] = [await person(server), await person(server), await person(server)];
    await befriend(server, ada, bob);
    const dm = await open(ada, bob);
    const { id } = await post(server, ada, dm.id, 'secret');
    for (const [method, path, body] of [
        ['GET', ''], ['PATCH', '', { name: 'x' }], ['DELETE', ''], ['GET', '/messages'],
        ['GET', `/messages/${id}`], ['POST', '/messages', { content: 'hi' }], ['POST', '/typing'],
        ['PATCH', `/messages/${id}`, { content: 'hi' }], ['DELETE', `/messages/${id}`],
        ['GET', '/pins'], ['PUT', `/recipients/${eve.id}`, {}],
    ])
        await fails(server, method, `/channels/${dm.id}${path}`, [403, 50001], { token: eve.token, body });
    // What is of guilds alone says so.
    await fails(server, 'GET', `/channels/${dm.id}/invites`, [403, 50003], { token: ada.token });
    await fails(server, 'PUT', `/channels/${dm.id}/permissions/${bob.id}`, [403, 50003], {
        token: ada.token, body: { type: 1, allow: '0', deny: '0' },
    });
    await fails(server, 'PATCH', `/channels/${dm.id}`, [403, 50003], { token: ada.token, body: { name: 'x' } });
    await fails(server, 'GET', `/users/@me/dms/${eve.id}`, [404, 10003], { token: ada.token });
});

test('who may write: friends, then members of a guild that both are in, as the other wishes', async () => {
    const [ada, bob] = [await person(server), await person(server)];
    const dm = await open(ada, bob);
    const write = (status) => (status
        ? fails(server, 'POST', `/channels/${dm.id}/messages`, status, { token: ada.token, body: { content: 'hi' } })
        : post(server, ada, dm.id, 'hi'));
    const settings = (who, body) => ok(server, 'PATCH', '/users/@me/settings', { token: who.token, body });
    await write([403, 50278]);
    await settings(bob, { strangers_allowed: true });
    await write();
    await settings(bob, { strangers_allowed: false });
    await write([403, 50278]);
    const home = await guild(server, ada);
    const { code } = await invite(server, ada, home.channel);
    await join(server, bob, code);
    await write();
    await settings(bob, { restricted_guilds: [home.id] });
    await write([403, 50007]);
    await settings(bob, { restricted_guilds: [] });
    await write();
    // The raid brake of the one guild that they share.
    const later = new Date(Date.now() + 3600_000).toISOString();
    await ok(server, 'PUT', `/guilds/${home.id}/incident-actions`, {
        token: ada.token, body: { dms_disabled_until: later },
    });
    await write([403, 50007]);
    await befriend(server, ada, bob);
    await write();
    // A block, from either side, ends it; and what was written stays.
    await ok(server, 'PUT', `/users/@me/relationships/${ada.id}`, { token: bob.token, body: { type: 2 } });
    await write([403, 50007]);
    await fails(server, 'POST', `/channels/${dm.id}/messages`, [403, 50007], { token: bob.token, body: { content: 'hi' } });
    const list = await ok(server, 'GET', `/channels/${dm.id}/messages`, { token: bob.token });
    assert.equal(list.length, 4);
});

test('a bot writes to people whom it shares a guild with, and hears of answers by its intents', async () => {
    const [ada, bob] = [await person(server), await person(server)];
    const home = await guild(server, ada);
    const robot = await bot(server, ada);
    await authorize(server, ada, robot, home);
    const hears = await Gateway.session(server, robot, { identify: { intents: 1 | DIRECT_INTENTS } });
    const deaf = await Gateway.session(server, robot, { identify: { intents: 1 } });
    const second = await Gateway.session(server, robot, { identify: { intents: 1 | DIRECT_INTENTS, shard: [1, 2] } });
    assert.deepEqual(hears.ready.private_channels, []);
    const dm = await open(robot, ada);
    await post(server, robot, dm.id, 'beep');
    assert.equal((await hears.event('MESSAGE_CREATE')).d.content, 'beep');
    await post(server, ada, dm.id, 'to you too');
    const answer = await hears.event('MESSAGE_CREATE', (m) => m.author.id === ada.id);
    assert.equal(answer.d.content, 'to you too', 'no content intent is needed');
    assert.ok(!kinds(hears).includes('CHANNEL_CREATE'), 'bots are told of no direct message channels');
    const other = await open(robot, bob);
    await fails(server, 'POST', `/channels/${other.id}/messages`, [403, 50278], { token: robot.token, body: { content: 'spam' } });
    await ok(server, 'PATCH', `/guilds/${home.id}`, { token: ada.token, body: { name: 'witness' } });
    await deaf.event('GUILD_UPDATE');
    assert.ok(!kinds(deaf).includes('MESSAGE_CREATE'));
    assert.ok(!kinds(second).includes('MESSAGE_CREATE'), 'direct messages go to the first shard');
    const twin = await bot(server, ada);
    await fails(server, 'POST', '/users/@me/channels', [403, 50007], { token: robot.token, body: { recipient_id: twin.id } });
    for (const one of [hears, deaf, second])
        await one.end();
});

test('a Resume brings what was said meanwhile, in order, and nothing twice', async () => {
    const [ada, bob] = [await person(server), await person(server)];
    await befriend(server, ada, bob);
    const dm = await open(ada, bob);
    const first = await sessionOf(server, bob);
    await post(server, ada, dm.id, 'zero');
    await first.event('MESSAGE_CREATE');
    await first.cut();
    for (let i = 1; i <= 5; i += 1)
        await post(server, ada, dm.id, `m${i}`);
    const back = await Gateway.connect(server);
    await back.resume(bob, first.session, first.seq);
    await post(server, ada, dm.id, 'm6');
    await back.event('MESSAGE_CREATE', (m) => m.content === 'm6');
    const said = back.received.filter((p) => p.t === 'MESSAGE_CREATE').map((p) => p.d.content);
    assert.deepEqual(said, ['m1', 'm2', 'm3', 'm4', 'm5', 'm6']);
    await back.end();
});

test('two who open it at the same moment have one channel', async () => {
    for (let i = 0; i < 10; i += 1) {
        const [ada, bob] = [await person(server), await person(server)];
        const ids = await Promise.all([open(ada, bob), open(bob, ada), open(ada, bob)].map(async (dm) => (await dm).id));
        assert.deepEqual(new Set(ids).size, 1);
    }
});

test('nobody opens a channel with themselves, with nobody, or with more than fit', async () => {
    const ada = await person(server);
    const refused = (body, status) => fails(server, 'POST', '/users/@me/channels', status, { token: ada.token, body });
    await refused({ recipient_id: ada.id }, [400, 50033]);
    await refused({ recipient_id: '123456789012345678' }, [400, 50033]);
    await refused({}, [400, 50035]);
    await refused({ recipients: Array.from({ length: 10 }, (_, i) => `${i + 1}000000`) }, [400, 30004]);
    await fails(server, 'POST', '/auth/login', [400, 50035], { body: { login: ada.email, password: `${PASSWORD}x` } });
});
