// A discord.js bot over planned restarts of the server, behind an address that stays: it never
// identifies again, and each message arrives exactly once.

import '../lib/plain.mjs';

import assert from 'node:assert/strict';
import test from 'node:test';
import { Client, Events, GatewayIntentBits } from 'discord.js';

import { Proxy } from '../lib/proxy.mjs';
import { Server, UNLIMITED, atEnd, temporaryFolder } from '../lib/server.mjs';
import { until } from '../lib/wait.mjs';
import { authorize, bot, guild, person, post } from '../lib/world.mjs';

const RESTARTS = 3;

const proxy = await Proxy.listen();
const data = temporaryFolder();
const flags = [...UNLIMITED, `--server.public_url=${proxy.url}`];
let server = await Server.start({ data, flags });
proxy.to(server);
const owner = await person(server);
const home = await guild(server, owner, 'Home over restarts');
const robot = await bot(server, owner);
await authorize(server, owner, robot, home);

const client = new Client({
    intents: [GatewayIntentBits.Guilds, GatewayIntentBits.GuildMessages, GatewayIntentBits.MessageContent],
    rest: { api: `${proxy.url}/api` },
});
const told = [];
const counts = { ready: 0, resumed: 0, guilds: 0, invalidated: 0 };
client.on(Events.MessageCreate, (message) => told.push(message.content));
client.on(Events.ShardReady, () => { counts.ready += 1; });
client.on(Events.ShardResume, () => { counts.resumed += 1; });
client.on(Events.GuildCreate, () => { counts.guilds += 1; });
client.on(Events.Invalidated, () => { counts.invalidated += 1; });

atEnd(async () => {
    await client.destroy();
    proxy.close();
    await server.stop();
});

test('messages before, in the midst of and after each restart arrive once', async () => {
    await client.login(robot.bare);
    await until(() => counts.ready === 1, 'the client to be ready');
    const sent = [];
    const say = async (text) => {
        sent.push(text);
        await post(server, owner, home.channel, text);
    };
    for (let round = 0; round < RESTARTS; round += 1) {
        for (let i = 0; i < 10; i += 1)
            await say(`before ${round}.${i}`);
        proxy.hold(); // the client may try at any time; it gets through once the server is back
        await server.stop();
        server = await Server.start({ data, flags });
        await say(`nobody is there ${round}`);
        proxy.to(server);
        proxy.release();
        await until(() => counts.resumed === round + 1, 'a resume');
        await say(`after ${round}`);
        await until(() => told.length >= sent.length, () => `${sent.length} messages, ${told.length} came`);
        assert.deepEqual(told, sent);
    }
    assert.deepEqual(counts, { ready: 1, resumed: RESTARTS, guilds: 0, invalidated: 0 });
});
