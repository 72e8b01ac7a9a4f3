// Everything a message can be, by an unmodified discord.js bot: its own builders make them, its own
// caches and events show what came of it; people do their part over HTTP.

import '../lib/plain.mjs';

import assert from 'node:assert/strict';
import test from 'node:test';
import {
    ActionRowBuilder, AttachmentBuilder, ButtonBuilder, ButtonStyle, ChannelType, Client, ContainerBuilder, EmbedBuilder, Events,
    GatewayIntentBits, MessageFlags, MessageReferenceType, MessageType, Partials, PermissionFlagsBits, StringSelectMenuBuilder,
    TextDisplayBuilder,
} from 'discord.js';

import { api, ok } from '../lib/api.mjs';
import { UNLIMITED, atEnd, useServer } from '../lib/server.mjs';
import { until, within } from '../lib/wait.mjs';
import { authorize, bot, guild, invite, join, person, post } from '../lib/world.mjs';

// One red pixel.
const PNG = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==', 'base64');
const ANNOUNCEMENT = 5;

const server = await useServer({ flags: UNLIMITED });
const intents = Object.values(GatewayIntentBits).filter((bit) => typeof bit === 'number' &&
    bit !== GatewayIntentBits.GuildPresences);
const client = new Client({ intents, partials: [Partials.Channel, Partials.Message, Partials.Reaction], rest: { api: `${server.url}/api`, cdn: server.url } });
atEnd(() => client.destroy());

function next(event, matches = () => true) {
    return within(new Promise((done) => {
        const listen = (...args) => {
            if (!matches(...args))
                return;
            client.off(event, listen);
            done(args);
        };
        client.on(event, listen);
    }), `the client's event ${event}`);
}

const owner = await person(server);
const home = await guild(server, owner, 'Messages');
const robot = await bot(server, owner);
await authorize(server, owner, robot, home, String(PermissionFlagsBits.Administrator));
const { code } = await invite(server, owner, home.channel);
const visitor = await person(server);
await join(server, visitor, code);
let here;
let room;

const as = (who, method, path, body) => ok(server, method, path, { token: who.token, body });
const said = (content) => next(Events.MessageCreate, (message) => message.content === content);

test('the bot is in', async () => {
    const ready = next(Events.ClientReady);
    await client.login(robot.bare);
    await ready;
    here = client.guilds.cache.get(home.id) ?? (await next(Events.GuildCreate))[0];
    room = await client.channels.fetch(home.channel);
    await client.channels.fetch(home.channel);
});

test('joins are told of in the system channel', async () => {
    const late = await person(server);
    await as(owner, 'PATCH', `/guilds/${home.id}`, { system_channel_id: home.channel, system_channel_flags: 0 });
    const heard = next(Events.MessageCreate, (message) => message.type === MessageType.UserJoin);
    await join(server, late, code);
    const [message] = await heard;
    assert.equal(message.author.id, late.id);
    assert.equal(message.system, true);
});

test('text, mentions, nonce, flags', async () => {
    const sent = await room.send({
        content: `<@${visitor.id}> @everyone`, nonce: '12345', enforceNonce: true, allowedMentions: { users: [visitor.id] },
        flags: MessageFlags.SuppressNotifications,
    });
    assert.equal(sent.nonce, '12345');
    assert.ok(sent.mentions.users.has(visitor.id));
    assert.equal(sent.mentions.everyone, false);
    assert.ok(sent.flags.has(MessageFlags.SuppressNotifications));
    const again = await room.send({ content: 'other', nonce: '12345', enforceNonce: true });
    assert.equal(again.id, sent.id);
    const edited = await sent.edit({ content: 'changed' });
    assert.equal(edited.content, 'changed');
    assert.ok(edited.editedTimestamp > 0);
});

test('replies and forwards', async () => {
    const first = await post(server, visitor, home.channel, 'a question');
    const question = await room.messages.fetch(first.id);
    const answer = await question.reply('an answer');
    assert.equal(answer.type, MessageType.Reply);
    assert.equal((await answer.fetchReference()).id, first.id);
    assert.equal(answer.mentions.repliedUser.id, visitor.id);
    const other = await here.channels.create({ name: 'elsewhere', type: ChannelType.GuildText });
    const forwarded = await question.forward(other);
    assert.ok(forwarded.flags.has(MessageFlags.HasSnapshot));
    assert.equal(forwarded.reference.type, MessageReferenceType.Forward);
    assert.equal(forwarded.messageSnapshots.first().content, 'a question');
    await assert.rejects(room.send({ content: 'x', reply: { messageReference: '1', failIfNotExists: true } }), { code: 50035 });
    const loose = await room.send({ content: 'loose', reply: { messageReference: '1', failIfNotExists: false } });
    assert.equal(loose.content, 'loose');
});

test('embeds come back as they were built', async () => {
    const embed = new EmbedBuilder().setTitle('Title').setDescription('Text').setColor(0x123456).setURL('https://example.org/')
        .addFields({ name: 'a', value: 'b', inline: true }).setFooter({ text: 'foot' }).setAuthor({ name: 'who' }).setTimestamp(new Date(0));
    const sent = await room.send({ embeds: [embed] });
    const [got] = (await room.messages.fetch({ message: sent.id, force: true })).embeds;
    assert.deepEqual([got.title, got.description, got.color, got.footer.text, got.author.name, got.fields[0].inline],
        ['Title', 'Text', 0x123456, 'foot', 'who', true]);
    const quiet = await sent.suppressEmbeds(true);
    assert.ok(quiet.flags.has(MessageFlags.SuppressEmbeds));
    const long = new EmbedBuilder().setDescription('x'.repeat(4096));
    const more = new EmbedBuilder().setDescription('y'.repeat(1905));
    await assert.rejects(room.send({ embeds: [long, more] }), { code: 50035 });
});

test('components, old and new', async () => {
    const row = new ActionRowBuilder().addComponents(
        new ButtonBuilder().setCustomId('go').setLabel('Go').setStyle(ButtonStyle.Primary),
        new ButtonBuilder().setURL('https://example.org/').setLabel('Link').setStyle(ButtonStyle.Link));
    const menu = new ActionRowBuilder().addComponents(new StringSelectMenuBuilder().setCustomId('pick')
        .addOptions({ label: 'One', value: '1' }, { label: 'Two', value: '2' }));
    const sent = await room.send({ content: 'choose', components: [row, menu] });
    assert.equal(sent.components[0].components[0].customId, 'go');
    assert.equal(sent.components[1].components[0].options.length, 2);
    const cleared = await sent.edit({ components: [] });
    assert.equal(cleared.components.length, 0);
    const container = new ContainerBuilder().setAccentColor(0xff0000)
        .addTextDisplayComponents(new TextDisplayBuilder().setContent('# Hello'));
    const modern = await room.send({ components: [container], flags: MessageFlags.IsComponentsV2 });
    assert.equal(modern.components[0].components[0].content, '# Hello');
    await assert.rejects(room.send({ content: 'no', components: [container], flags: MessageFlags.IsComponentsV2 }), { code: 50035 });
});

test('files are sent, served, kept, replaced', async () => {
    const sent = await room.send({
        content: 'files', files: [new AttachmentBuilder(PNG, { name: 'dot.png', description: 'a dot' }),
            new AttachmentBuilder(Buffer.from('hello'), { name: 'notes.txt' })],
    });
    assert.equal(sent.attachments.size, 2);
    const dot = sent.attachments.find((file) => file.name === 'dot.png');
    assert.deepEqual([dot.width, dot.height, dot.contentType, dot.description], [1, 1, 'image/png', 'a dot']);
    const bytes = Buffer.from(await (await fetch(dot.url)).arrayBuffer());
    assert.deepEqual(bytes, PNG);
    // Looked up now: MESSAGE_UPDATE takes it out of `sent`.
    const gone = sent.attachments.find((file) => file.name === 'notes.txt');
    const kept = await sent.edit({ attachments: [dot], files: [new AttachmentBuilder(Buffer.from('new'), { name: 'new.txt' })] });
    assert.deepEqual(kept.attachments.map((file) => file.name).sort(), ['dot.png', 'new.txt']);
    assert.equal((await fetch(gone.url)).status, 404);
    await kept.delete();
    await until(async () => (await fetch(dot.url)).status === 404, 'the file to go with its message');
});

test('an attachment in an embed', async () => {
    const sent = await room.send({
        files: [new AttachmentBuilder(PNG, { name: 'pic.png' })],
        embeds: [new EmbedBuilder().setTitle('pic').setImage('attachment://pic.png')],
    });
    assert.match(sent.embeds[0].image.url, /^http.*pic\.png/);
});

test('stickers', async () => {
    const sticker = await here.stickers.create({ file: PNG, name: 'dot', tags: 'dot' });
    const sent = await room.send({ stickers: [sticker] });
    assert.equal(sent.stickers.first().id, sticker.id);
});

test('reactions', async () => {
    const sent = await room.send('react');
    await sent.react('👍');
    const heard = next(Events.MessageReactionAdd, (reaction, user) => user.id === visitor.id);
    await as(visitor, 'PUT', `/channels/${room.id}/messages/${sent.id}/reactions/${encodeURIComponent('👍')}/@me`);
    const [reaction] = await heard;
    assert.equal(reaction.emoji.name, '👍');
    const fresh = await room.messages.fetch({ message: sent.id, force: true });
    assert.equal(fresh.reactions.cache.get('👍').count, 2);
    assert.equal(fresh.reactions.cache.get('👍').me, true);
    assert.deepEqual([...(await fresh.reactions.cache.get('👍').users.fetch()).keys()].sort(), [client.user.id, visitor.id].sort());
    const emoji = await here.emojis.create({ attachment: PNG, name: 'dot' });
    await sent.react(emoji);
    const removed = next(Events.MessageReactionRemove, (gone, user) => user.id === visitor.id);
    await fresh.reactions.cache.get('👍').users.remove(visitor.id);
    await removed;
    const kind = next(Events.MessageReactionRemoveEmoji);
    await fresh.reactions.cache.get('👍').remove();
    await kind;
    const all = next(Events.MessageReactionRemoveAll);
    await sent.reactions.removeAll();
    await all;
});

test('pins', async () => {
    const sent = await room.send('pin me');
    const told = next(Events.ChannelPinsUpdate);
    const system = next(Events.MessageCreate, (message) => message.type === MessageType.ChannelPinnedMessage);
    await sent.pin('worth it');
    await told;
    const [message] = await system;
    assert.equal(message.reference.messageId, sent.id);
    const pins = await room.messages.fetchPins();
    assert.equal(pins.items[0].message.id, sent.id);
    assert.equal((await room.messages.fetch({ message: sent.id, force: true })).pinned, true);
    await sent.unpin();
    assert.equal((await room.messages.fetchPins()).items.length, 0);
});

test('polls', async () => {
    const sent = await room.send({ poll: { question: { text: 'Tea?' }, answers: [{ text: 'Yes', emoji: '👍' }, { text: 'No' }], duration: 2, allowMultiselect: false } });
    assert.equal(sent.poll.question.text, 'Tea?');
    const voted = next(Events.MessagePollVoteAdd, (answer, user) => user === visitor.id);
    await as(visitor, 'PUT', `/channels/${room.id}/polls/${sent.id}/answers/@me`, { answer_ids: [1] });
    const [answer] = await voted;
    assert.equal(answer.id, 1);
    assert.deepEqual([...(await sent.poll.answers.get(1).fetchVoters()).keys()], [visitor.id]);
    const result = next(Events.MessageCreate, (message) => message.type === MessageType.PollResult);
    const ended = await sent.poll.end();
    assert.equal(ended.poll.resultsFinalized, true);
    assert.equal((await result)[0].reference.messageId, sent.id);
});

test('many at once are deleted; announcements are published', async () => {
    const list = [];
    for (const text of ['one', 'two', 'three'])
        list.push(await room.send(text));
    const bulk = next(Events.MessageBulkDelete);
    await room.bulkDelete(list);
    assert.equal((await bulk)[0].size, 3);
    const news = await ok(server, 'POST', `/guilds/${home.id}/channels`, { token: owner.token, body: { name: 'news', type: ANNOUNCEMENT } });
    const channel = await client.channels.fetch(news.id);
    const item = await (await channel.send('news')).crosspost();
    // discord.js answers with what it has cached, which MESSAGE_UPDATE changes.
    await until(() => item.flags.has(MessageFlags.Crossposted), 'the message to be published');
});

test('slow mode holds people up, not the bot', async () => {
    const slow = await here.channels.create({ name: 'slow', type: ChannelType.GuildText, rateLimitPerUser: 120 });
    await post(server, visitor, slow.id, 'first');
    const second = await api(server, 'POST', `/channels/${slow.id}/messages`, { token: visitor.token, body: { content: 'second' } });
    assert.equal(second.status, 429);
    assert.equal(second.body.code, 20016);
    assert.ok(second.body.retry_after > 100 && second.body.retry_after <= 120);
    await slow.send('a');
    await slow.send('b');
});

test('direct messages, both ways', async () => {
    const user = await client.users.fetch(visitor.id);
    const sent = await user.send({ content: 'psst', files: [new AttachmentBuilder(PNG, { name: 'x.png' })] });
    assert.equal(sent.channel.type, ChannelType.DM);
    assert.equal(sent.guildId, null);
    const list = await as(visitor, 'GET', '/users/@me/channels');
    assert.equal(list[0].id, sent.channel.id);
    assert.equal(list[0].recipients[0].id, client.user.id);
    const heard = said('hello back');
    await as(visitor, 'POST', `/channels/${sent.channel.id}/messages`, { content: 'hello back' });
    const [message] = await heard;
    assert.equal(message.channel.isDMBased(), true);
    await message.react('👋');
    await message.pin();
    assert.equal((await message.channel.messages.fetchPins()).items.length, 1);
    const typing = next(Events.TypingStart);
    await as(visitor, 'POST', `/channels/${sent.channel.id}/typing`);
    assert.equal((await typing)[0].user.id, visitor.id);
    await as(visitor, 'PUT', `/users/@me/relationships/${client.user.id}`, { type: 2 });
    await assert.rejects(user.send('more'), { code: 50007 });
});
