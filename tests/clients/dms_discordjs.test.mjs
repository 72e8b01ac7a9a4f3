// Direct messages and the bot's own profile, by an unmodified discord.js bot.

import '../lib/plain.mjs';

import assert from 'node:assert/strict';
import test from 'node:test';
import { ChannelType, Client, Events, GatewayIntentBits as Intents, Partials } from 'discord.js';

import { ok } from '../lib/api.mjs';
import { fails, openDm, sessionOf } from '../lib/people.mjs';
import { UNLIMITED, atEnd, useServer } from '../lib/server.mjs';
import { within } from '../lib/wait.mjs';
import { authorize, bot, freshName, guild, person, post } from '../lib/world.mjs';

const PNG = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==', 'base64');
const server = await useServer({ flags: UNLIMITED });
const owner = await person(server);
const home = await guild(server, owner);
const robot = await bot(server, owner);
await authorize(server, owner, robot, home);
const client = new Client({
    intents: [Intents.Guilds, Intents.DirectMessages, Intents.DirectMessageTyping, Intents.DirectMessageReactions],
    partials: [Partials.Channel, Partials.Message],
    rest: { api: `${server.url}/api`, cdn: server.url },
});
atEnd(() => client.destroy());

const next = (event, matches = () => true) => within(new Promise((done) => {
    const listen = (...args) => {
        if (!matches(...args))
            return;
        client.off(event, listen);
        done(args);
    };
    client.on(event, listen);
}), `the client's event ${event}`);

const ready = next(Events.ClientReady);
await client.login(robot.bare);
await ready;

test('user.send(), and what the other answers', async () => {
    const session = await sessionOf(server, owner);
    const user = await client.users.fetch(owner.id);
    const sent = await user.send('beep');
    assert.equal(sent.channel.type, ChannelType.DM);
    assert.equal(sent.guild, null);
    assert.equal(sent.channel.recipientId, owner.id);
    assert.equal((await session.event('MESSAGE_CREATE', (m) => m.content === 'beep')).d.author.bot, true);
    const dm = await openDm(server, owner, robot);
    assert.equal(dm.id, sent.channelId);
    const heard = next(Events.MessageCreate, (m) => m.author.id === owner.id);
    await post(server, owner, dm.id, 'to you too');
    const [answer] = await heard;
    assert.equal(answer.content, 'to you too');
    assert.ok(answer.channel.isDMBased());
    const reply = await answer.reply('again');
    assert.equal(reply.reference.messageId, answer.id);
    const edited = next(Events.MessageUpdate, (before, after) => after.id === answer.id);
    await ok(server, 'PATCH', `/channels/${dm.id}/messages/${answer.id}`, { token: owner.token, body: { content: 'and to you' } });
    assert.equal((await edited)[1].content, 'and to you');
    await sent.edit('boop');
    await session.event('MESSAGE_UPDATE', (m) => m.id === sent.id && m.content === 'boop');
    const page = await sent.channel.messages.fetch({ limit: 10 });
    assert.deepEqual([...page.values()].map((m) => m.content), ['again', 'and to you', 'boop']);
    const typing = next(Events.TypingStart);
    await ok(server, 'POST', `/channels/${dm.id}/typing`, { token: owner.token });
    const [start] = await typing;
    assert.equal(start.inGuild(), false);
    assert.equal(start.user.id, owner.id);
    const gone = next(Events.MessageDelete, (m) => m.id === answer.id);
    await ok(server, 'DELETE', `/channels/${dm.id}/messages/${answer.id}`, { token: owner.token });
    await gone;
    await sent.channel.sendTyping();
    await session.event('TYPING_START', (t) => t.user_id === robot.id);
    await sent.delete();
    await user.deleteDM();
    await session.end();
});

test('whom it may not write to', async () => {
    const stranger = await person(server);
    const user = await client.users.fetch(stranger.id);
    await assert.rejects(user.send('spam'), { code: 50278 });
    await ok(server, 'PUT', `/users/@me/relationships/${robot.id}`, { token: owner.token, body: { type: 2 } });
    await assert.rejects((await client.users.fetch(owner.id)).send('spam'), { code: 50007 });
    await fails(server, 'PUT', `/users/@me/relationships/${owner.id}`, [403, 20001], { token: robot.token, body: {} });
});

test('its own name and pictures', async () => {
    const username = freshName('machine');
    const updated = next(Events.UserUpdate, (before, after) => after.id === robot.id && after.avatar !== null);
    await client.user.setUsername(username);
    await client.user.setAvatar(PNG);
    await client.user.setBanner(PNG);
    await updated;
    assert.equal(client.user.username, username);
    const seen = await client.users.fetch(robot.id, { force: true });
    assert.equal(seen.avatar, client.user.avatar);
    assert.equal((await fetch(seen.displayAvatarURL())).status, 200);
    assert.equal((await fetch(seen.bannerURL())).status, 200);
});
