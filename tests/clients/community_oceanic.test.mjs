// A community run by an unmodified oceanic.js bot.

import '../lib/plain.mjs';

import assert from 'node:assert/strict';
import test from 'node:test';
import { Client } from 'oceanic.js';

import { api, ok } from '../lib/api.mjs';
import { UNLIMITED, atEnd, useServer } from '../lib/server.mjs';
import { until, within } from '../lib/wait.mjs';
import { authorize, bot, guild, invite, join, person, post } from '../lib/world.mjs';

const PNG = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==', 'base64');

const server = await useServer({ flags: UNLIMITED });
const owner = await person(server);
const home = await guild(server, owner, 'Community');
const robot = await bot(server, owner);
await authorize(server, owner, robot, home, '8');
const { code } = await invite(server, owner, home.channel);
const visitor = await person(server);

const client = new Client({
    auth: robot.token,
    rest: { baseURL: `${server.url}/api/v10` },
    gateway: {
        intents: ['GUILDS', 'GUILD_MEMBERS', 'GUILD_MODERATION', 'GUILD_EXPRESSIONS', 'GUILD_INVITES', 'GUILD_MESSAGES',
            'MESSAGE_CONTENT', 'GUILD_SCHEDULED_EVENTS', 'AUTO_MODERATION_CONFIGURATION', 'AUTO_MODERATION_EXECUTION'],
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

let here;

test('the bot is in, and people come', async () => {
    const ready = next('ready');
    await client.connect();
    await ready;
    here = client.guilds.get(home.id);
    const added = next('guildMemberAdd', (member) => member.id === visitor.id);
    await join(server, visitor, code);
    await added;
    const found = await here.searchMembers({ query: visitor.username, limit: 5 });
    assert.deepEqual(found.map((member) => member.id), [visitor.id]);
});

test('channels and overwrites', async () => {
    const made = next('channelCreate', (channel) => channel.name === 'talk');
    const channel = await here.createChannel(0, { name: 'talk', topic: 'About' });
    await made;
    const changed = next('channelUpdate', (now) => now.id === channel.id && now.name === 'more');
    await channel.edit({ name: 'more' });
    await changed;
    await channel.editPermission(home.id, { type: 0, deny: 1024n });
    const hidden = await api(server, 'GET', `/channels/${channel.id}`, { token: visitor.token });
    assert.equal(hidden.status, 403);
    await channel.deletePermission(home.id);
    const seen = await api(server, 'GET', `/channels/${channel.id}`, { token: visitor.token });
    assert.equal(seen.status, 200);
    const gone = next('channelDelete', (one) => one.id === channel.id);
    await channel.delete();
    await gone;
});

test('roles and members', async () => {
    const role = await here.createRole({ name: 'Helpers', permissions: '2048' });
    const member = await here.getMember(visitor.id);
    const given = next('guildMemberUpdate', (now) => now.id === visitor.id && now.roles.includes(role.id));
    await member.addRole(role.id, 'helps');
    await given;
    await here.editMember(visitor.id, { nick: 'Visi' });
    assert.equal((await client.rest.guilds.getMember(home.id, visitor.id)).nick, 'Visi');
    const roleGone = next('guildRoleDelete');
    await here.deleteRole(role.id);
    await roleGone;
    await here.editMember(visitor.id, { communicationDisabledUntil: new Date(Date.now() + 60e3).toISOString() });
    const refused = await api(server, 'POST', `/channels/${home.channel}/messages`, { token: visitor.token, body: { content: 'x' } });
    assert.equal(refused.status, 403);
    await here.editMember(visitor.id, { communicationDisabledUntil: null });
    await post(server, visitor, home.channel, 'back');
});

test('bans, and the audit log', async () => {
    const banned = next('guildBanAdd');
    await here.createBan(visitor.id, { reason: 'spam' });
    await banned;
    assert.equal((await here.getBan(visitor.id)).reason, 'spam');
    assert.equal((await here.getBans()).length, 1);
    await here.removeBan(visitor.id);
    const log = await here.getAuditLog({ actionType: 22 });
    assert.equal(log.entries[0].reason, 'spam');
    assert.equal(log.entries[0].targetID, visitor.id);
    await join(server, visitor, code);
});

test('guild, emojis, invites', async () => {
    const updated = next('guildUpdate');
    await here.edit({ name: 'Community 2' });
    await updated;
    const emoji = await here.createEmoji({ name: 'dot', image: PNG });
    await until(() => client.guilds.get(home.id).emojis.has(emoji.id), 'the emoji in the cache');
    await here.deleteEmoji(emoji.id);
    const invites = await here.getInvites();
    assert.ok(invites.some((one) => one.code === code));
    const deleted = next('inviteDelete', (one) => one.code === code);
    await client.rest.channels.deleteInvite(code);
    await deleted;
});

test('automatic moderation', async () => {
    const rule = await here.createAutoModerationRule({
        name: 'No turnips', eventType: 1, triggerType: 1, triggerMetadata: { keywordFilter: ['turnip'] },
        actions: [{ type: 1, metadata: {} }], enabled: true,
    });
    const acted = next('autoModerationActionExecution');
    const refused = await api(server, 'POST', `/channels/${home.channel}/messages`, { token: visitor.token, body: { content: 'a turnip' } });
    assert.equal(refused.body.code, 200000);
    await acted;
    await here.deleteAutoModerationRule(rule.id);
    await post(server, visitor, home.channel, 'a turnip');
});
