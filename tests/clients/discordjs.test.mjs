// An unmodified discord.js bot, pointed at the server by its documented options, talks with a person.

import '../lib/plain.mjs';

import assert from 'node:assert/strict';
import test from 'node:test';
import { Client, Events, GatewayIntentBits, Partials } from 'discord.js';

import { api, ok } from '../lib/api.mjs';
import { Proxy } from '../lib/proxy.mjs';
import { UNLIMITED, atEnd, useServer } from '../lib/server.mjs';
import { until, within } from '../lib/wait.mjs';
import { PERMISSIONS, authorize, bot, guild, person, post } from '../lib/world.mjs';

const MESSAGES_WHILE_AWAY = 200;

const proxy = await Proxy.listen();
const server = await useServer({ flags: [...UNLIMITED, `--server.public_url=${proxy.url}`] });
proxy.to(server);

const client = new Client({
    intents: [
        GatewayIntentBits.Guilds, GatewayIntentBits.GuildMembers, GatewayIntentBits.GuildMessages,
        GatewayIntentBits.GuildMessageTyping, GatewayIntentBits.MessageContent,
    ],
    partials: [Partials.Message, Partials.Channel],
    rest: { api: `${server.url}/api` },
});

atEnd(async () => {
    await client.destroy();
    proxy.close();
});

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
const home = await guild(server, owner, 'Home of discord.js');
const robot = await bot(server, owner);

test('the bot logs in', async () => {
    const ready = next(Events.ClientReady);
    await client.login(robot.bare);
    await ready;
    assert.equal(client.user.id, robot.id);
    assert.equal(client.user.bot, true);
    assert.equal(client.application.id, robot.application);
    assert.equal(client.guilds.cache.size, 0);
});

test('it sees the guild that it is added to', async () => {
    const added = next(Events.GuildCreate);
    await authorize(server, owner, robot, home, String(PERMISSIONS.VIEW_CHANNEL |
        PERMISSIONS.SEND_MESSAGES | PERMISSIONS.READ_MESSAGE_HISTORY));
    const [joined] = await added;
    assert.equal(joined.id, home.id);
    assert.equal(joined.name, 'Home of discord.js');
    assert.equal(joined.ownerId, owner.id);
    assert.equal(joined.memberCount, 2);
    assert.ok(joined.members.me, 'its own member is there');
    assert.ok(joined.channels.cache.has(home.channel));
    assert.ok(joined.roles.everyone);
    assert.ok(joined.members.me.permissionsIn(home.channel).has('SendMessages'));
});

test('person and bot exchange messages', async () => {
    const heard = next(Events.MessageCreate, (message) => message.content === 'ping');
    const asked = await post(server, owner, home.channel, 'ping');
    const [message] = await heard;
    assert.equal(message.id, asked.id);
    assert.equal(message.author.id, owner.id);
    assert.equal(message.guildId, home.id);
    assert.equal(message.member.id, owner.id);
    // The date is computed from the id: Discord's epoch.
    assert.ok(Math.abs(message.createdTimestamp - Date.now()) < 120000);

    const answer = await message.reply('pong');
    assert.equal(answer.type, 19);
    const read = await ok(server, 'GET', `/channels/${home.channel}/messages?after=${asked.id}`, {
        token: owner.token,
    });
    assert.deepEqual(read.map((m) => m.content), ['pong']);
    assert.equal(read[0].author.id, robot.id);
    assert.equal(read[0].author.bot, true);
    assert.equal(read[0].message_reference.message_id, asked.id);
    assert.equal(read[0].referenced_message.content, 'ping');
});

test('edits are seen both ways', async () => {
    const heard = next(Events.MessageCreate, (message) => message.content === 'first draft');
    const draft = await post(server, owner, home.channel, 'first draft');
    await heard;
    const changed = next(Events.MessageUpdate);
    await ok(server, 'PATCH', `/channels/${home.channel}/messages/${draft.id}`, {
        token: owner.token, body: { content: 'final version' },
    });
    const [before, now] = await changed;
    assert.equal(before.content, 'first draft');
    assert.equal(now.content, 'final version');
    assert.ok(now.editedTimestamp > 0);

    const channel = await client.channels.fetch(home.channel);
    const mine = await channel.send('of the bot');
    const edited = await mine.edit('of the bot, edited');
    assert.equal(edited.content, 'of the bot, edited');
    const read = await ok(server, 'GET', `/channels/${home.channel}/messages/${mine.id}`, {
        token: owner.token,
    });
    assert.equal(read.content, 'of the bot, edited');
    assert.notEqual(read.edited_timestamp, null);
});

test('deletions are seen both ways', async () => {
    const doomed = await post(server, owner, home.channel, 'doomed');
    const gone = next(Events.MessageDelete, (message) => message.id === doomed.id);
    await ok(server, 'DELETE', `/channels/${home.channel}/messages/${doomed.id}`, {
        token: owner.token,
    });
    await gone;

    const channel = await client.channels.fetch(home.channel);
    const mine = await channel.send('soon gone');
    await mine.delete();
    const read = await api(server, 'GET', `/channels/${home.channel}/messages/${mine.id}`, {
        token: owner.token,
    });
    assert.equal(read.status, 404);
    assert.equal(read.body.code, 10008);
});

test('typing is seen both ways', async () => {
    const typing = next(Events.TypingStart, ({ user }) => user.id === owner.id);
    await ok(server, 'POST', `/channels/${home.channel}/typing`, { token: owner.token });
    const [start] = await typing;
    assert.equal(start.channel.id, home.channel);
    // Seconds on the wire; the library makes milliseconds of them.
    assert.ok(Math.abs(start.startedTimestamp - Date.now()) < 120000);
    const channel = await client.channels.fetch(home.channel);
    await channel.sendTyping();
});

test('errors reach the library as its own error type', async () => {
    const channel = await client.channels.fetch(home.channel);
    await assert.rejects(channel.messages.fetch('1'), (error) => {
        assert.equal(error.name, 'DiscordAPIError[10008]');
        assert.equal(error.status, 404);
        return true;
    });
    await assert.rejects(channel.send({ content: 'x'.repeat(2001) }), (error) => {
        assert.equal(error.code, 50035);
        assert.match(error.message, /content\[BASE_TYPE_MAX_LENGTH\]/);
        return true;
    });
});

test('a cut connection resumes; none of 200 messages is lost or seen twice', async () => {
    const seen = [];
    client.on(Events.MessageCreate, (message) => seen.push(message.content));
    let fresh = 0;
    client.on(Events.ShardReady, () => {
        fresh += 1;
    });
    const expected = Array.from({ length: MESSAGES_WHILE_AWAY }, (_, i) => `while away ${i}`);
    const resumed = next(Events.ShardResume);

    for (const [i, content] of expected.entries()) {
        if (i === 20) { // some before, most while the bot cannot reach the server, some after
            proxy.hold();
            assert.ok(proxy.cut() > 0, 'the bot was connected through the proxy');
        }
        if (i === 180)
            proxy.release();
        await post(server, owner, home.channel, content);
    }
    const [shard, replayed] = await resumed;
    assert.equal(shard, 0);
    assert.ok(replayed > 100, `${replayed} events were replayed`);
    await until(() => seen.length >= MESSAGES_WHILE_AWAY, `${MESSAGES_WHILE_AWAY} messages`);
    const last = next(Events.MessageCreate, (message) => message.content === 'the end');
    await post(server, owner, home.channel, 'the end');
    await last;
    assert.deepEqual(seen, [...expected, 'the end']);
    assert.equal(fresh, 0, 'it did not identify anew');
});
