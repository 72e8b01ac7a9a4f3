// An unmodified oceanic.js bot (which sends "Bot " in Identify and speaks to REST by a base address of
// its own) talks with a person.

import '../lib/plain.mjs';

import assert from 'node:assert/strict';
import test from 'node:test';
import { Client } from 'oceanic.js';

import { api, ok } from '../lib/api.mjs';
import { Proxy } from '../lib/proxy.mjs';
import { UNLIMITED, atEnd, useServer } from '../lib/server.mjs';
import { until, within } from '../lib/wait.mjs';
import { authorize, bot, guild, person, post } from '../lib/world.mjs';

const MESSAGES_WHILE_AWAY = 200;

const proxy = await Proxy.listen();
const server = await useServer({ flags: [...UNLIMITED, `--server.public_url=${proxy.url}`] });
proxy.to(server);

const owner = await person(server);
const home = await guild(server, owner, 'Home of oceanic.js');
const robot = await bot(server, owner);
await authorize(server, owner, robot, home);

const client = new Client({
    auth: robot.token,
    rest: { baseURL: `${server.url}/api/v10` },
    gateway: {
        intents: ['GUILDS', 'GUILD_MEMBERS', 'GUILD_MESSAGES', 'GUILD_MESSAGE_TYPING', 'MESSAGE_CONTENT'],
        reconnectDelay: () => 50,
    },
});
const failures = [];
client.on('error', (error) => failures.push(error));

atEnd(() => {
    client.disconnect(false);
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
    }), () => `the client's event ${event}; errors: ${failures}`);
}

test('the bot logs in and gets its guild', async () => {
    const ready = next('ready');
    await client.connect();
    await ready;
    assert.equal(client.user.id, robot.id);
    const joined = client.guilds.get(home.id);
    assert.equal(joined.name, 'Home of oceanic.js');
    assert.equal(joined.ownerID, owner.id);
    assert.ok(joined.channels.has(home.channel));
    assert.ok(joined.clientMember);
});

test('person and bot exchange messages', async () => {
    const heard = next('messageCreate', (message) => message.content === 'ping');
    const asked = await post(server, owner, home.channel, 'ping');
    const [message] = await heard;
    assert.equal(message.author.id, owner.id);
    const answer = await message.channel.createMessage({
        content: 'pong', messageReference: { messageID: message.id },
    });
    assert.equal(answer.author.id, robot.id);
    const read = await ok(server, 'GET', `/channels/${home.channel}/messages?after=${asked.id}`, {
        token: owner.token,
    });
    assert.deepEqual(read.map((m) => m.content), ['pong']);
    assert.equal(read[0].message_reference.message_id, asked.id);
});

test('edits and deletions are seen', async () => {
    const draft = await post(server, owner, home.channel, 'draft');
    const changed = next('messageUpdate', (message) => message.id === draft.id);
    await ok(server, 'PATCH', `/channels/${home.channel}/messages/${draft.id}`, {
        token: owner.token, body: { content: 'done' },
    });
    const [now] = await changed;
    assert.equal(now.content, 'done');
    const gone = next('messageDelete', (message) => message.id === draft.id);
    await ok(server, 'DELETE', `/channels/${home.channel}/messages/${draft.id}`, { token: owner.token });
    await gone;

    const mine = await client.rest.channels.createMessage(home.channel, { content: 'mine' });
    const edited = await client.rest.channels.editMessage(home.channel, mine.id, { content: 'mine, edited' });
    assert.equal(edited.content, 'mine, edited');
    await client.rest.channels.deleteMessage(home.channel, mine.id);
    const read = await api(server, 'GET', `/channels/${home.channel}/messages/${mine.id}`, {
        token: owner.token,
    });
    assert.equal(read.status, 404);
});

test('typing is seen both ways', async () => {
    const typing = next('typingStart');
    await ok(server, 'POST', `/channels/${home.channel}/typing`, { token: owner.token });
    const [channel, member] = await typing;
    assert.equal(channel.id, home.channel);
    assert.equal(member.id, owner.id);
    await client.rest.channels.sendTyping(home.channel);
});

test('errors reach the library with code and status', async () => {
    await assert.rejects(client.rest.channels.getMessage(home.channel, '1'), (error) => {
        assert.equal(error.code, 10008);
        assert.equal(error.status, 404);
        return true;
    });
});

test('a cut connection resumes; none of 200 messages is lost or seen twice', async () => {
    const seen = [];
    client.on('messageCreate', (message) => seen.push(message.content));
    let fresh = 0;
    client.on('packet', (packet) => {
        fresh += packet.t === 'READY' ? 1 : 0;
    });
    const expected = Array.from({ length: MESSAGES_WHILE_AWAY }, (_, i) => `while away ${i}`);
    const resumed = next('shardResume');
    for (const [i, content] of expected.entries()) {
        if (i === 20) { // some before, most while the bot cannot reach the server, some after
            proxy.hold();
            assert.ok(proxy.cut() > 0, 'the bot was connected through the proxy');
        }
        if (i === 180)
            proxy.release();
        await post(server, owner, home.channel, content);
    }
    await resumed;
    await until(() => seen.length >= MESSAGES_WHILE_AWAY, `${MESSAGES_WHILE_AWAY} messages`);
    const last = next('messageCreate', (message) => message.content === 'the end');
    await post(server, owner, home.channel, 'the end');
    await last;
    assert.deepEqual(seen, [...expected, 'the end']);
    assert.equal(fresh, 0, 'it did not identify anew');
});
