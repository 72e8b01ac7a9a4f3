// Unmodified client libraries fetch members: discord.js and oceanic.js, by id, by prefix, and a whole
// guild of thousands.

import '../lib/plain.mjs';

import assert from 'node:assert/strict';
import test from 'node:test';
import { Client, Events, GatewayIntentBits } from 'discord.js';
import { Client as Oceanic } from 'oceanic.js';

import { ok } from '../lib/api.mjs';
import { Gateway } from '../lib/gateway.mjs';
import { UNLIMITED, atEnd, useServer } from '../lib/server.mjs';
import { until, within } from '../lib/wait.mjs';
import { authorize, bot, world } from '../lib/world.mjs';

const MANY = 2500;

const server = await useServer({ flags: UNLIMITED });
const { owner, guild: home, bot: robot, member } = await world(server);
const second = await bot(server, owner);
await authorize(server, owner, second, home);
await ok(server, 'PATCH', `/guilds/${home.id}/members/${member.id}`, { token: owner.token, body: { nick: 'Walrus' } });
const numbers = `WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < ${MANY - 1})`;
await server.sql(`${numbers} INSERT INTO users (id, tenant_id, username, bot, flags, created_at_ms)
    SELECT 1000 + i, (SELECT min(tenant_id) FROM users), 'extra_' || i, 0, 0, 0 FROM n`);
await server.sql(`${numbers} INSERT INTO members (guild_id, user_id, joined_at_ms, timed_out_until_ms, deaf, mute)
    SELECT ${home.id}, 1000 + i, 1000, 0, 0, 0 FROM n`);
await server.sql(`UPDATE guilds SET member_count = member_count + ${MANY} WHERE id = ${home.id}`);
const EVERYBODY = MANY + 4;
const there = await Gateway.session(server, member);
atEnd(() => there.end());

test('discord.js', async () => {
    const client = new Client({
        intents: [GatewayIntentBits.Guilds, GatewayIntentBits.GuildMembers, GatewayIntentBits.GuildPresences],
        rest: { api: `${server.url}/api`, cdn: server.url },
    });
    atEnd(() => client.destroy());
    const ready = new Promise((done) => { client.once(Events.ClientReady, done); });
    await client.login(robot.bare);
    await within(ready, 'ready');
    const guild = client.guilds.cache.get(home.id);
    const some = await guild.members.fetch({ user: [owner.id, member.id, '77'], withPresences: true });
    assert.deepEqual([...some.keys()].toSorted(), [owner.id, member.id].toSorted());
    assert.equal(some.get(member.id).presence.status, 'online');
    const named = await guild.members.fetch({ query: 'walr' });
    assert.deepEqual([...named.keys()], [member.id]);
    const all = await guild.members.fetch();
    assert.equal(all.size, EVERYBODY);
    assert.equal(guild.members.cache.size, EVERYBODY);
    assert.equal(guild.memberCount, EVERYBODY);
    await client.destroy();
});

test('oceanic.js', async () => {
    const client = new Oceanic({
        auth: second.token,
        rest: { baseURL: `${server.url}/api/v10` },
        gateway: { intents: ['GUILDS', 'GUILD_MEMBERS', 'GUILD_PRESENCES'], reconnectDelay: () => 50 },
    });
    const failures = [];
    client.on('error', (error) => failures.push(error));
    atEnd(() => client.disconnect(false));
    const ready = new Promise((done) => { client.once('ready', done); });
    await client.connect();
    await within(ready, 'ready');
    await until(() => client.guilds.has(home.id), 'the guild');
    const guild = client.guilds.get(home.id);
    const some = await guild.fetchMembers({ userIDs: [owner.id, member.id], presences: true });
    assert.deepEqual(some.map((m) => m.id).toSorted(), [owner.id, member.id].toSorted());
    const named = await guild.fetchMembers({ query: 'WALRUS', limit: 10 });
    assert.deepEqual(named.map((m) => m.id), [member.id]);
    const all = await guild.fetchMembers();
    assert.equal(all.length, EVERYBODY);
    assert.equal(guild.members.size, EVERYBODY);
    assert.deepEqual(failures, []);
    client.disconnect(false);
});
