// A whole community run by an unmodified discord.js bot: its own methods build, edit and police a
// guild, and its own events tell of what a person does there.

import '../lib/plain.mjs';

import assert from 'node:assert/strict';
import test from 'node:test';
import {
    AuditLogEvent, AutoModerationActionType, AutoModerationRuleEventType, AutoModerationRuleTriggerType,
    ChannelType, Client, Events, GatewayIntentBits, GuildScheduledEventEntityType,
    GuildScheduledEventPrivacyLevel, PermissionFlagsBits, StickerFormatType,
} from 'discord.js';

import { api, ok } from '../lib/api.mjs';
import { UNLIMITED, atEnd, useServer } from '../lib/server.mjs';
import { until, within } from '../lib/wait.mjs';
import { authorize, bot, guild, invite, join, person, post } from '../lib/world.mjs';

// One red pixel.
const PNG = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==', 'base64');

const server = await useServer({ flags: UNLIMITED });
const intents = Object.values(GatewayIntentBits).filter((bit) => typeof bit === 'number' &&
    bit !== GatewayIntentBits.GuildPresences);
const client = new Client({ intents, rest: { api: `${server.url}/api`, cdn: server.url } });
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
const home = await guild(server, owner, 'Community');
const robot = await bot(server, owner);
await authorize(server, owner, robot, home, String(PermissionFlagsBits.Administrator));
const { code } = await invite(server, owner, home.channel);
const visitor = await person(server);
const other = await person(server);
let here;

const asOwner = (method, path, body) => ok(server, method, path, { token: owner.token, body });

test('the bot is in', async () => {
    const ready = next(Events.ClientReady);
    await client.login(robot.bare);
    await ready;
    here = client.guilds.cache.get(home.id) ?? (await next(Events.GuildCreate))[0];
    assert.ok(here.members.me.permissions.has('Administrator'));
});

test('people come in', async () => {
    const added = next(Events.GuildMemberAdd, (member) => member.id === visitor.id);
    await join(server, visitor, code);
    const [member] = await added;
    assert.equal(member.guild.id, home.id);
    await join(server, other, code);
    assert.equal((await here.members.fetch({ user: visitor.id, force: true })).id, visitor.id);
    const found = await here.members.search({ query: visitor.username.slice(0, 8), limit: 10 });
    assert.ok(found.has(visitor.id));
    const listed = await here.members.list({ limit: 100 });
    assert.equal(listed.size, 4);
});

test('channels are made, edited, moved and deleted', async () => {
    const category = await here.channels.create({ name: 'Rooms', type: ChannelType.GuildCategory });
    const text = await here.channels.create({
        name: 'talk', type: ChannelType.GuildText, parent: category, topic: 'About', rateLimitPerUser: 5, reason: 'needed',
    });
    assert.equal(text.parentId, category.id);
    const voice = await here.channels.create({ name: 'Voice', type: ChannelType.GuildVoice, bitrate: 32000, userLimit: 7 });
    assert.equal(voice.userLimit, 7);
    const forum = await here.channels.create({
        name: 'questions', type: ChannelType.GuildForum, availableTags: [{ name: 'open' }, { name: 'solved', moderated: true }],
    });
    assert.deepEqual(forum.availableTags.map((tag) => tag.name), ['open', 'solved']);
    const edited = await text.edit({ name: 'talk-more', topic: 'Other', nsfw: true, rateLimitPerUser: 0 });
    assert.deepEqual([edited.name, edited.topic, edited.nsfw, edited.rateLimitPerUser], ['talk-more', 'Other', true, 0]);
    await text.setPosition(1);
    await text.permissionOverwrites.edit(here.roles.everyone, { SendMessages: false });
    await until(() => !text.permissionsFor(visitor.id).has('SendMessages'), 'the overwrite to arrive');
    assert.equal(text.permissionsFor(visitor.id).has('ViewChannel'), true);
    const refused = await api(server, 'POST', `/channels/${text.id}/messages`, { token: visitor.token, body: { content: 'x' } });
    assert.equal(refused.body.code, 50013);
    await text.lockPermissions();
    await until(() => text.permissionsLocked, 'the channel to be in step with its category');
    await here.channels.setPositions([{ channel: voice.id, position: 0 }, { channel: forum.id, position: 1 }]);
    const heard = next(Events.ChannelUpdate, (before, now) => now.id === text.id && now.name === 'renamed');
    await asOwner('PATCH', `/channels/${text.id}`, { name: 'renamed' });
    await heard;
    const gone = next(Events.ChannelDelete, (channel) => channel.id === forum.id);
    await asOwner('DELETE', `/channels/${forum.id}`);
    await gone;
    await voice.delete();
});

test('roles are made, edited, given, moved and deleted', async () => {
    const role = await here.roles.create({ name: 'Helpers', colors: { primaryColor: 0x112233 }, hoist: true, permissions: ['SendMessages', 'ViewChannel'] });
    assert.equal(role.colors.primaryColor, 0x112233);
    const higher = await here.roles.create({ name: 'Higher', permissions: [] });
    await here.roles.setPositions([{ role: role.id, position: 1 }, { role: higher.id, position: 2 }]);
    await until(() => here.roles.cache.get(higher.id).position > here.roles.cache.get(role.id).position, 'the new order');
    await role.edit({ name: 'Guides', mentionable: true });
    const member = await here.members.fetch(visitor.id);
    const changed = next(Events.GuildMemberUpdate, (before, now) => now.id === visitor.id && now.roles.cache.has(role.id));
    await member.roles.add(role, 'helps');
    await changed;
    await member.roles.set([higher.id]);
    await until(() => member.roles.cache.has(higher.id) && !member.roles.cache.has(role.id), 'the roles as set');
    const deleted = next(Events.GuildRoleDelete, (gone) => gone.id === higher.id);
    await asOwner('DELETE', `/guilds/${home.id}/roles/${higher.id}`);
    await deleted;
    await until(async () => (await here.members.fetch({ user: visitor.id, force: true })).roles.cache.size === 1, 'the role to be gone from its holder');
    await role.delete();
});

test('members are renamed, timed out and let go', async () => {
    const member = await here.members.fetch(visitor.id);
    await member.setNickname('Visi', 'shorter');
    assert.equal((await here.members.fetch({ user: visitor.id, force: true })).nickname, 'Visi');
    await member.timeout(60000, 'calm down');
    const refused = await api(server, 'POST', `/channels/${home.channel}/messages`, { token: visitor.token, body: { content: 'x' } });
    assert.equal(refused.status, 403);
    await member.timeout(null);
    await post(server, visitor, home.channel, 'back');
    const removed = next(Events.GuildMemberRemove, (gone) => gone.id === visitor.id);
    await member.kick('out');
    await removed;
    assert.equal(await here.members.prune({ dry: true, days: 7 }), 0);
});

test('bans are set, listed and lifted', async () => {
    const banned = next(Events.GuildBanAdd, (ban) => ban.user.id === other.id);
    await here.members.ban(other.id, { reason: 'spam', deleteMessageSeconds: 3600 });
    await banned;
    const bans = await here.bans.fetch();
    assert.equal(bans.get(other.id).reason, 'spam');
    assert.equal((await here.bans.fetch(other.id)).user.id, other.id);
    const again = await api(server, 'POST', `/invites/${code}`, { token: other.token, body: {} });
    assert.equal(again.body.code, 40007);
    const lifted = next(Events.GuildBanRemove, (ban) => ban.user.id === other.id);
    await here.bans.remove(other.id, 'forgiven');
    await lifted;
    const both = await here.bans.bulkCreate([other.id, visitor.id], { reason: 'both' });
    assert.equal(both.bannedUsers.length, 2);
    await here.bans.remove(other.id);
    await here.bans.remove(visitor.id);
    await join(server, visitor, code);
});

test('the audit log tells who did what and why', async () => {
    const logs = await here.fetchAuditLogs({ type: AuditLogEvent.MemberBanAdd, limit: 50 });
    const entry = logs.entries.find((one) => one.reason === 'spam');
    assert.equal(entry.executorId, robot.id);
    assert.equal(entry.targetId, other.id);
    const heard = next(Events.GuildAuditLogEntryCreate, (one) => one.action === AuditLogEvent.GuildUpdate);
    await asOwner('PATCH', `/guilds/${home.id}`, { name: 'Community 2' });
    const [said] = await heard;
    assert.equal(said.executorId, owner.id);
    assert.deepEqual(said.changes.find((change) => change.key === 'name'), { key: 'name', old: 'Community', new: 'Community 2' });
    const mine = await here.fetchAuditLogs({ user: robot.id, limit: 3 });
    assert.ok(mine.entries.every((one) => one.executorId === robot.id));
});

test('the guild is edited and has an icon', async () => {
    const updated = next(Events.GuildUpdate, (before, now) => now.description === 'All about it');
    await here.edit({ description: 'All about it', icon: PNG, verificationLevel: 1, afkTimeout: 900 });
    const [, now] = await updated;
    const image = await fetch(now.iconURL({ extension: 'png', size: 64 }));
    assert.equal(image.status, 200);
    assert.match(image.headers.get('content-type'), /^image\//);
    assert.deepEqual(Buffer.from(await image.arrayBuffer()), PNG);
    await here.edit({ verificationLevel: 0 });
});

test('emojis, stickers and sounds', async () => {
    const made = next(Events.GuildEmojiCreate);
    const emoji = await here.emojis.create({ attachment: PNG, name: 'red_dot' });
    await made;
    assert.equal((await fetch(emoji.imageURL())).status, 200);
    await emoji.edit({ name: 'dot' });
    await until(() => here.emojis.cache.get(emoji.id)?.name === 'dot', 'the new name');
    assert.ok((await here.emojis.fetch()).has(emoji.id));
    const sticker = await here.stickers.create({ file: { attachment: PNG, name: 'dot.png' }, name: 'dot', tags: 'dot', description: 'A dot' });
    assert.equal(sticker.format, StickerFormatType.PNG);
    assert.equal((await fetch(sticker.url)).status, 200);
    await sticker.delete();
    const deleted = next(Events.GuildEmojiDelete);
    await emoji.delete();
    await deleted;
});

test('invites are made, fetched and withdrawn', async () => {
    const channel = here.channels.cache.get(home.channel);
    const made = await channel.createInvite({ maxAge: 600, maxUses: 3, unique: true });
    assert.equal(made.maxUses, 3);
    const all = await here.invites.fetch();
    assert.ok(all.has(made.code));
    const seen = await client.fetchInvite(made.code);
    assert.equal(seen.guild.id, home.id);
    const deleted = next(Events.InviteDelete, (one) => one.code === made.code);
    await made.delete();
    await deleted;
});

test('automatic moderation blocks and tells', async () => {
    const rule = await here.autoModerationRules.create({
        name: 'No turnips', eventType: AutoModerationRuleEventType.MessageSend, triggerType: AutoModerationRuleTriggerType.Keyword,
        triggerMetadata: { keywordFilter: ['turnip*'], regexPatterns: ['p[o0]tat[o0]'] }, enabled: true,
        actions: [{ type: AutoModerationActionType.BlockMessage, metadata: { customMessage: 'no roots' } }],
    });
    const acted = next(Events.AutoModerationActionExecution);
    const refused = await api(server, 'POST', `/channels/${home.channel}/messages`, { token: visitor.token, body: { content: 'Turnips!' } });
    assert.equal(refused.body.code, 200000);
    const [execution] = await acted;
    assert.equal(execution.ruleId, rule.id);
    assert.equal(execution.userId, visitor.id);
    const second = await api(server, 'POST', `/channels/${home.channel}/messages`, { token: visitor.token, body: { content: 'a p0tato' } });
    assert.equal(second.body.code, 200000);
    await rule.setEnabled(false);
    await post(server, visitor, home.channel, 'turnips');
    await rule.delete();
});

test('events are scheduled, begun and ended', async () => {
    const made = next(Events.GuildScheduledEventCreate);
    const event = await here.scheduledEvents.create({
        name: 'Meeting', scheduledStartTime: Date.now() + 3600e3, scheduledEndTime: Date.now() + 7200e3,
        privacyLevel: GuildScheduledEventPrivacyLevel.GuildOnly, entityType: GuildScheduledEventEntityType.External,
        entityMetadata: { location: 'The park' },
    });
    await made;
    assert.equal(event.entityMetadata.location, 'The park');
    await event.setStatus(2);
    await event.setStatus(3);
    assert.equal((await here.scheduledEvents.fetch()).has(event.id), false);
});

test('a guild of 200 channels and 100 roles becomes a template and a guild again', async () => {
    const roles = [{ id: '0', name: '@everyone', permissions: '1024' }];
    for (let i = 1; i < 100; i += 1)
        roles.push({ id: String(i), name: `role ${i}`, permissions: String(1024 + 2048 * (i % 2)), color: i, hoist: i % 3 === 0 });
    const channels = [];
    for (let i = 0; i < 200; i += 1)
        channels.push(i % 20 === 0 ? { id: String(i), type: 4, name: `Category ${i}` } : {
            id: String(i), type: i % 7 === 0 ? 2 : 0, name: `room-${i}`, parent_id: String(i - (i % 20)),
            permission_overwrites: [{ id: String(1 + (i % 99)), type: 0, allow: '2048', deny: '1024' }],
        });
    const big = await asOwner('POST', '/guilds', { name: 'Big', roles, channels });
    const added = next(Events.GuildCreate, (one) => one.id === big.id);
    await authorize(server, owner, robot, big, String(PermissionFlagsBits.Administrator));
    const [seen] = await added;
    assert.equal(seen.channels.cache.size, 200);
    assert.equal(seen.roles.cache.size, 101, 'a hundred and the role of the bot');
    const template = await seen.createTemplate('Big one', 'as it is');
    assert.equal(template.name, 'Big one');
    const again = await asOwner('POST', `/guilds/templates/${template.code}`, { name: 'Big again' });
    const copied = await asOwner('GET', `/guilds/${again.id}/channels`);
    const original = await asOwner('GET', `/guilds/${big.id}/channels`);
    const shape = (list, rolesById) => {
        const names = new Map(list.map((channel) => [channel.id, channel.name]));
        return list.map((channel) => [channel.name, channel.type, names.get(channel.parent_id) ?? null, channel.position,
            (channel.permission_overwrites ?? []).filter((one) => rolesById.has(one.id))
                .map((one) => [rolesById.get(one.id), one.allow, one.deny]).sort()])
            .sort((a, b) => (a[0] < b[0] ? -1 : 1));
    };
    const byId = (one) => new Map(one.roles.filter((role) => !role.managed)
        .map((role) => [role.id, role.id === one.id ? '@everyone' : role.name]));
    const before = await asOwner('GET', `/guilds/${big.id}`);
    const after = await asOwner('GET', `/guilds/${again.id}`);
    assert.deepEqual(shape(copied, byId(after)), shape(original, byId(before)));
    const look = (one) => one.roles.filter((role) => !role.managed)
        .map((role) => [role.name, role.permissions, role.color, role.hoist, role.mentionable]).sort();
    assert.deepEqual(look(after), look(before));
});
