// The MESSAGE_CONTENT intent: what a bot without it does not get, over HTTP and gateway, and what it
// gets all the same.

import assert from 'node:assert/strict';
import test from 'node:test';

import { api, assertError, ok } from '../lib/api.mjs';
import { Gateway } from '../lib/gateway.mjs';
import { UNLIMITED, atEnd, useServer } from '../lib/server.mjs';
import { INTENTS, channel, post, world } from '../lib/world.mjs';

// SEND_MESSAGES, VIEW_CHANNEL and READ_MESSAGE_HISTORY come with @everyone.
const server = await useServer({ flags: [...UNLIMITED, '--applications.privileged_intents=false'] });
const { owner, guild: home, bot: robot, member } = await world(server);
const gateway = await Gateway.session(server, robot, {
    identify: { intents: INTENTS.GUILDS | INTENTS.GUILD_MESSAGES },
});
atEnd(() => gateway.end());

const rich = { embeds: [{ title: 'title' }], components: [{ type: 1, components: [
    { type: 2, style: 1, label: 'button', custom_id: 'button' }] }] };
const poll = { question: { text: 'q' }, answers: [{ poll_media: { text: 'a' } }, { poll_media: { text: 'b' } }] };
const read = (who, id) => ok(server, 'GET', `/channels/${home.channel}/messages/${id}`, { token: who.token });
const listed = async (who, id) => (await ok(server, 'GET', `/channels/${home.channel}/messages`, { token: who.token }))
    .find((message) => message.id === id);
const heard = async (id) => (await gateway.event('MESSAGE_CREATE', (m) => m.id === id)).d;
const everyWay = async (id) => [await read(robot, id), await listed(robot, id), await heard(id)];

function assertBlank(message) {
    assert.equal(message.content, '');
    for (const list of ['embeds', 'components', 'attachments'])
        assert.deepEqual(message[list], [], list);
    assert.equal('poll' in message, false);
}

test('what others write is blank, for the bot alone', async () => {
    const sent = await post(server, member, home.channel, 'words', rich);
    for (const message of await everyWay(sent.id)) {
        assertBlank(message);
        assert.equal(message.author.id, member.id);
    }
    const whole = await read(owner, sent.id);
    assert.equal(whole.content, 'words');
    assert.equal(whole.embeds.length, 1);
    assert.equal(whole.components.length, 1);
});

test('polls too', async () => {
    const sent = await ok(server, 'POST', `/channels/${home.channel}/messages`, { token: member.token, body: { poll } });
    assert.equal(sent.poll.question.text, 'q');
    for (const message of await everyWay(sent.id))
        assertBlank(message);
});

test('what is replied to is as blank as the reply', async () => {
    const first = await post(server, member, home.channel, 'question');
    const reply = await post(server, owner, home.channel, 'answer', { message_reference: { message_id: first.id } });
    for (const message of await everyWay(reply.id)) {
        assertBlank(message);
        assertBlank(message.referenced_message);
    }
});

test('what is forwarded is as blank as the forward, and the bot forwards none of it', async () => {
    const first = await post(server, member, home.channel, 'secret words', rich);
    const reference = { type: 1, message_id: first.id, channel_id: home.channel };
    const forward = await ok(server, 'POST', `/channels/${home.channel}/messages`, {
        token: owner.token, body: { message_reference: reference },
    });
    assert.equal(forward.message_snapshots[0].message.content, 'secret words');
    for (const message of await everyWay(forward.id)) {
        assertBlank(message.message_snapshots[0].message);
        assert.equal(message.message_snapshots[0].message.timestamp, first.timestamp);
        assert.equal(JSON.stringify(message).includes('secret'), false);
    }
    assertError(await api(server, 'POST', `/channels/${home.channel}/messages`, {
        token: robot.token, body: { message_reference: reference },
    }), 400, 160014);
});

test('its own messages, and those that mention it, are whole', async () => {
    const own = await post(server, robot, home.channel, 'mine');
    const named = await post(server, member, home.channel, `<@${robot.id}> words`);
    for (const sent of [own, named])
        for (const message of await everyWay(sent.id))
            assert.equal(message.content, sent.content);
    // Of an edit: the mention that is gone takes the content with it.
    await ok(server, 'PATCH', `/channels/${home.channel}/messages/${named.id}`, {
        token: member.token, body: { content: 'words' },
    });
    const { d } = await gateway.event('MESSAGE_UPDATE', (m) => m.id === named.id);
    assertBlank(d);
    assertBlank(await read(robot, named.id));
});

test('a reply gives nothing away of what it replies to: not to its author, nor to whom it mentions', async () => {
    const secret = await post(server, member, home.channel, 'a secret', rich);
    const reference = { message_reference: { message_id: secret.id } };
    const own = await post(server, robot, home.channel, 'tell me', reference);
    assert.equal(own.content, 'tell me');
    assertBlank(own.referenced_message);
    const named = await post(server, owner, home.channel, `see, <@${robot.id}>`, reference);
    assert.equal(named.referenced_message.content, 'a secret');
    for (const sent of [own, named])
        for (const message of await everyWay(sent.id)) {
            assert.equal(message.content, sent.content);
            assertBlank(message.referenced_message);
            assert.equal(message.referenced_message.id, secret.id);
        }
    const edited = await ok(server, 'PATCH', `/channels/${home.channel}/messages/${own.id}`, {
        token: robot.token, body: { content: 'please' },
    });
    assertBlank(edited.referenced_message);
    // What it may read it reads there too.
    const mine = await post(server, robot, home.channel, 'mine');
    const answer = await post(server, robot, home.channel, 'mine too', { message_reference: { message_id: mine.id } });
    for (const message of [answer, ...await everyWay(answer.id)])
        assert.equal(message.referenced_message.content, 'mine');
});

test('pins and published messages are as blank as all others', async () => {
    const pinned = await post(server, member, home.channel, 'pinned secret', rich);
    await ok(server, 'PUT', `/channels/${home.channel}/messages/pins/${pinned.id}`, { token: owner.token });
    const read = (path) => ok(server, 'GET', `/channels/${home.channel}${path}`, { token: robot.token });
    const [old, page] = [await read('/pins'), await read('/messages/pins')];
    for (const message of [old[0], page.items[0].message]) {
        assert.equal(message.id, pinned.id);
        assertBlank(message);
    }
    const news = await channel(server, owner, home, { name: 'news', type: 5 });
    await ok(server, 'PUT', `/channels/${news.id}/permissions/${robot.id}`, {
        token: owner.token, body: { type: 1, allow: String(1n << 13n), deny: '0' },
    });
    const said = await post(server, owner, news.id, 'published secret');
    const published = await ok(server, 'POST', `/channels/${news.id}/messages/${said.id}/crosspost`, { token: robot.token });
    assert.equal(published.id, said.id);
    assertBlank(published);
});
