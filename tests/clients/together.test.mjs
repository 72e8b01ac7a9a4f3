// Two different libraries in one guild: a discord.js bot and an oceanic.js bot talk to each other, and
// a person reads along over HTTP.

import '../lib/plain.mjs';

import assert from 'node:assert/strict';
import test from 'node:test';
import * as discord from 'discord.js';
import * as oceanic from 'oceanic.js';

import { ok } from '../lib/api.mjs';
import { atEnd, useServer } from '../lib/server.mjs';
import { within } from '../lib/wait.mjs';
import { authorize, bot, guild, person, post } from '../lib/world.mjs';

const ROUNDS = 25;

const server = await useServer();
const owner = await person(server);
const home = await guild(server, owner);
const robots = [await bot(server, owner), await bot(server, owner)];
for (const robot of robots)
    await authorize(server, owner, robot, home);

const first = new discord.Client({
    intents: [
        discord.GatewayIntentBits.Guilds, discord.GatewayIntentBits.GuildMessages,
        discord.GatewayIntentBits.MessageContent,
    ],
    rest: { api: `${server.url}/api` },
});
const second = new oceanic.Client({
    auth: robots[1].token,
    rest: { baseURL: `${server.url}/api/v10` },
    gateway: { intents: ['GUILDS', 'GUILD_MESSAGES', 'MESSAGE_CONTENT'] },
});
const failures = [];
second.on('error', (error) => failures.push(error));

atEnd(async () => {
    await first.destroy();
    second.disconnect(false);
});

test('both log in', async () => {
    const ready = Promise.all([
        new Promise((done) => {
            first.once(discord.Events.ClientReady, done);
        }),
        new Promise((done) => {
            second.once('ready', done);
        }),
    ]);
    await first.login(robots[0].bare);
    await second.connect();
    await within(ready, () => `both to be ready; errors: ${failures}`);
});

test('they count in turns, and the log shows the whole conversation in order', async () => {
    const done = new Promise((resolve, reject) => {
        const answer = (author, content, send) => {
            const number = Number(content);
            if (number >= 2 * ROUNDS)
                resolve();
            else
                send(String(number + 1)).catch(reject);
        };
        first.on(discord.Events.MessageCreate, (message) => {
            if (message.author.id !== robots[0].id && message.author.bot || message.content === '0')
                answer(message.author.id, message.content, (text) => message.channel.send(text));
        });
        second.on('messageCreate', (message) => {
            if (message.author.id === robots[0].id)
                answer(message.author.id, message.content,
                    (text) => message.channel.createMessage({ content: text }));
        });
    });
    await post(server, owner, home.channel, '0');
    await within(done, () => `the count to end; errors: ${failures}`);
    const log = await ok(server, 'GET', `/channels/${home.channel}/messages?limit=100`, {
        token: owner.token,
    });
    const counted = log.filter((message) => /^\d+$/.test(message.content)).reverse();
    assert.deepEqual(counted.map((message) => message.content),
        Array.from({ length: 2 * ROUNDS + 1 }, (_, i) => String(i)));
    for (const [i, message] of counted.slice(1).entries())
        assert.equal(message.author.id, robots[i % 2].id);
});
