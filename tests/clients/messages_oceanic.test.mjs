// Messages, files, reactions, polls, pins, search and direct messages by an unmodified oceanic.js bot.

import '../lib/plain.mjs';

import assert from 'node:assert/strict';
import test from 'node:test';
import { Client } from 'oceanic.js';

import { api, ok } from '../lib/api.mjs';
import { UNLIMITED, atEnd, useServer } from '../lib/server.mjs';
import { within } from '../lib/wait.mjs';
import { authorize, bot, guild, invite, join, person, post } from '../lib/world.mjs';

const PNG = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==', 'base64');
const GUILD_TEXT = 0;
const GUILD_ANNOUNCEMENT = 5;
const FLAG_CROSSPOSTED = 1;
const TYPE_POLL_RESULT = 46;

const server = await useServer({ flags: UNLIMITED });
const owner = await person(server);
const home = await guild(server, owner, 'Messages');
const robot = await bot(server, owner);
await authorize(server, owner, robot, home, '8');
const { code } = await invite(server, owner, home.channel);
const visitor = await person(server);
await join(server, visitor, code);

const client = new Client({
    auth: robot.token,
    rest: { baseURL: `${server.url}/api/v10` },
    gateway: {
        intents: ['GUILDS', 'GUILD_MEMBERS', 'GUILD_MESSAGES', 'GUILD_MESSAGE_REACTIONS', 'GUILD_MESSAGE_POLLS', 'GUILD_EXPRESSIONS',
            'MESSAGE_CONTENT', 'DIRECT_MESSAGES', 'DIRECT_MESSAGE_REACTIONS', 'DIRECT_MESSAGE_TYPING'],
        reconnectDelay: () => 50,
    },
});
const failures = [];
client.on('error', (error) => failures.push(error));
atEnd(() => client.disconnect(false));

function next(event, matches = () => true) {
    return within(new Promise((done) => {
        const listen = (...args) => {
            if (!matches(...args))
                return;
            client.off(event, listen);
            done(args);
        };
        client.on(event, listen);
    }), () => `the client's event ${event}; errors: ${failures}`);
}

const room = home.channel;
const { channels, guilds } = client.rest;
const as = (who, method, path, body) => ok(server, method, path, { token: who.token, body });

test('the bot is in', async () => {
    const ready = next('ready');
    await client.connect();
    await ready;
    assert.ok(client.guilds.has(home.id));
});

test('a message with everything at once', async () => {
    const first = await post(server, visitor, room, 'a question');
    const sent = await channels.createMessage(room, {
        content: `<@${visitor.id}>`, nonce: 42, enforceNonce: true, allowedMentions: { users: [visitor.id] },
        messageReference: { messageID: first.id, failIfNotExists: true },
        embeds: [{ title: 'T', description: 'D', color: 1, fields: [{ name: 'n', value: 'v' }] }],
        components: [{ type: 1, components: [{ type: 2, style: 1, customID: 'go', label: 'Go' }] }],
        files: [{ name: 'dot.png', contents: PNG, index: 0 }, { name: 'a.txt', contents: Buffer.from('text'), index: 1 }],
        attachments: [{ id: '0', description: 'a dot' }, { id: '1' }],
    });
    assert.equal(sent.referencedMessage.id, first.id);
    assert.deepEqual(sent.mentions.users.map((user) => user.id).includes(visitor.id), true);
    assert.equal(sent.embeds[0].fields[0].value, 'v');
    assert.equal(sent.components[0].components[0].customID, 'go');
    assert.equal(sent.attachments.size, 2);
    const dot = sent.attachments.find((file) => file.filename === 'dot.png');
    assert.deepEqual([dot.width, dot.height, dot.description], [1, 1, 'a dot']);
    assert.deepEqual(Buffer.from(await (await fetch(dot.url)).arrayBuffer()), PNG);
    const again = await channels.createMessage(room, { content: 'other', nonce: 42, enforceNonce: true });
    assert.equal(again.id, sent.id);
    const kept = await channels.editMessage(room, sent.id, { content: 'less', embeds: [], attachments: [{ id: dot.id }] });
    assert.deepEqual([kept.content, kept.embeds.length, kept.attachments.size], ['less', 0, 1]);
});

test('history is paged both ways', async () => {
    const texts = [];
    for (let i = 0; i < 5; i += 1)
        texts.push((await channels.createMessage(room, { content: `line ${i}` })).id);
    const before = await channels.getMessages(room, { before: texts[4], limit: 2 });
    assert.deepEqual(before.map((message) => message.id), [texts[3], texts[2]]);
    const after = await channels.getMessages(room, { after: texts[0], limit: 2 });
    assert.deepEqual(after.map((message) => message.id), [texts[2], texts[1]]);
    const around = await channels.getMessages(room, { around: texts[2], limit: 3 });
    assert.deepEqual(around.map((message) => message.id), [texts[3], texts[2], texts[1]]);
    const gone = next('messageDeleteBulk');
    assert.equal(await channels.deleteMessages(room, texts), 5);
    assert.equal((await gone)[0].length, 5);
});

test('reactions', async () => {
    const sent = await channels.createMessage(room, { content: 'react' });
    await channels.createReaction(room, sent.id, '👍');
    const heard = next('messageReactionAdd', (message, user) => user.id === visitor.id);
    await as(visitor, 'PUT', `/channels/${room}/messages/${sent.id}/reactions/${encodeURIComponent('👍')}/@me`);
    assert.equal((await heard)[2].emoji.name, '👍');
    const users = await channels.getReactions(room, sent.id, '👍');
    assert.deepEqual(users.map((user) => user.id).sort(), [client.user.id, visitor.id].sort());
    const fresh = await channels.getMessage(room, sent.id);
    assert.deepEqual([fresh.reactions[0].count, fresh.reactions[0].me], [2, true]);
    const removed = next('messageReactionRemove');
    await channels.deleteReaction(room, sent.id, '👍', visitor.id);
    await removed;
    const kind = next('messageReactionRemoveEmoji');
    await channels.deleteReactions(room, sent.id, '👍');
    await kind;
    await channels.createReaction(room, sent.id, '🎉');
    const all = next('messageReactionRemoveAll');
    await channels.deleteReactions(room, sent.id);
    await all;
});

test('pins and announcements', async () => {
    const sent = await channels.createMessage(room, { content: 'keep' });
    const told = next('channelPinsUpdate');
    await channels.pinMessage(room, sent.id, 'good');
    await told;
    assert.deepEqual((await channels.getPins(room)).map((pin) => pin.message.id), [sent.id]);
    await channels.unpinMessage(room, sent.id);
    assert.equal((await channels.getPins(room)).length, 0);
    const news = await guilds.createChannel(home.id, GUILD_ANNOUNCEMENT, { name: 'news' });
    const item = await channels.createMessage(news.id, { content: 'news' });
    const published = await channels.crosspostMessage(news.id, item.id);
    assert.equal(published.flags & FLAG_CROSSPOSTED, FLAG_CROSSPOSTED);
});

test('polls', async () => {
    const sent = await channels.createMessage(room, {
        poll: { question: { text: 'Tea?' }, answers: [{ pollMedia: { text: 'Yes' } }, { pollMedia: { text: 'No' } }], duration: 1, allowMultiselect: true },
    });
    const voted = next('messagePollVoteAdd');
    await as(visitor, 'PUT', `/channels/${room}/polls/${sent.id}/answers/@me`, { answer_ids: [2] });
    await voted;
    assert.deepEqual((await channels.getPollAnswerUsers(room, sent.id, 2)).map((user) => user.id), [visitor.id]);
    const result = next('messageCreate', (message) => message.type === TYPE_POLL_RESULT);
    await channels.expirePoll(room, sent.id);
    await result;
});

test('search finds what may be seen', async () => {
    const secret = await as(owner, 'POST', `/guilds/${home.id}/channels`, {
        name: 'secret', type: GUILD_TEXT, permission_overwrites: [{ id: home.id, type: 0, deny: '1024' }],
    });
    await post(server, owner, secret.id, 'the zebra is hidden');
    await post(server, visitor, room, 'a zebra in the open');
    const mine = await guilds.searchMessages(home.id, { content: 'zebra' });
    assert.equal(mine.totalResults, 2);
    const theirs = await as(visitor, 'GET', `/guilds/${home.id}/messages/search?content=zebra`);
    assert.deepEqual(theirs.messages.map(([message]) => message.content), ['a zebra in the open']);
    const by = await guilds.searchMessages(home.id, { content: 'ZEBRA', authorIDs: visitor.id, sortOrder: 'asc' });
    assert.equal(by.totalResults, 1);
});

test('direct messages', async () => {
    const dm = await channels.createDM(visitor.id);
    const sent = await channels.createMessage(dm.id, { content: 'psst' });
    const list = await as(visitor, 'GET', `/channels/${dm.id}/messages`);
    assert.deepEqual(list.map((message) => message.id), [sent.id]);
    const heard = next('messageCreate', (message) => message.content === 'back');
    const answer = await as(visitor, 'POST', `/channels/${dm.id}/messages`, { content: 'back' });
    assert.equal((await heard)[0].channelID, dm.id);
    const reacted = next('messageReactionAdd');
    await as(visitor, 'PUT', `/channels/${dm.id}/messages/${answer.id}/reactions/${encodeURIComponent('👋')}/@me`);
    await reacted;
    const stranger = await person(server);
    const refused = await api(server, 'POST', `/channels/${dm.id}/messages`, { token: stranger.token, body: { content: 'x' } });
    assert.equal(refused.status, 403);
});

test('nothing went wrong on the way', () => {
    assert.deepEqual(failures, []);
});
