// The payloads of the dispatches: shape and content as Discord documents them.

import assert from 'node:assert/strict';
import test from 'node:test';

import { ok } from '../lib/api.mjs';
import { Gateway } from '../lib/gateway.mjs';
import { atEnd, useServer } from '../lib/server.mjs';
import { authorize, bot, channel, guild as makeGuild, invite, join, person, post, world } from '../lib/world.mjs';

const TIMESTAMP = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+00:00$/;

const server = await useServer();
const { owner, guild, bot: robot, member } = await world(server);
const gateway = await Gateway.session(server, robot);
atEnd(() => gateway.end());

test('MESSAGE_CREATE', async () => {
    const sent = await post(server, member, guild.channel, `hello <@${robot.id}>`, { nonce: 'abc' });
    const { d } = await gateway.event('MESSAGE_CREATE', (m) => m.id === sent.id);
    assert.equal(d.channel_id, guild.channel);
    assert.equal(d.guild_id, guild.id);
    assert.equal(d.channel_type, 0);
    assert.equal(d.content, `hello <@${robot.id}>`);
    assert.equal(d.nonce, 'abc');
    assert.equal(d.type, 0);
    assert.equal(d.tts, false);
    assert.equal(d.pinned, false);
    assert.equal(d.mention_everyone, false);
    assert.equal(d.edited_timestamp, null);
    assert.match(d.timestamp, TIMESTAMP);
    assert.equal(d.author.id, member.id);
    assert.equal(d.author.username, member.username);
    assert.equal(d.author.discriminator, '0');
    assert.equal(d.author.email, undefined, 'an e-mail address is nobody else\'s');
    assert.equal(d.member.user, undefined);
    assert.deepEqual(d.member.roles, []);
    assert.match(d.member.joined_at, TIMESTAMP);
    assert.deepEqual(d.mentions.map((user) => user.id), [robot.id]);
    for (const list of ['embeds', 'attachments', 'mention_roles', 'components'])
        assert.deepEqual(d[list], []);
});

test('MESSAGE_UPDATE carries the whole message', async () => {
    const sent = await post(server, member, guild.channel, 'before');
    await ok(server, 'PATCH', `/channels/${guild.channel}/messages/${sent.id}`, {
        token: member.token, body: { content: 'after' },
    });
    const { d } = await gateway.event('MESSAGE_UPDATE', (m) => m.id === sent.id);
    assert.equal(d.content, 'after');
    assert.match(d.edited_timestamp, TIMESTAMP);
    assert.equal(d.author.id, member.id);
    assert.equal(d.guild_id, guild.id);
    assert.equal(d.timestamp, sent.timestamp);
});

test('MESSAGE_DELETE has ids and nothing else', async () => {
    const sent = await post(server, member, guild.channel, 'gone soon');
    await ok(server, 'DELETE', `/channels/${guild.channel}/messages/${sent.id}`, { token: member.token });
    const { d } = await gateway.event('MESSAGE_DELETE', (m) => m.id === sent.id);
    assert.deepEqual(d, { id: sent.id, channel_id: guild.channel, guild_id: guild.id });
});

test('TYPING_START has seconds and the member', async () => {
    await ok(server, 'POST', `/channels/${guild.channel}/typing`, { token: member.token });
    const { d } = await gateway.event('TYPING_START', (t) => t.user_id === member.id);
    assert.equal(d.channel_id, guild.channel);
    assert.equal(d.guild_id, guild.id);
    assert.ok(Math.abs(d.timestamp - Date.now() / 1000) < 120, `${d.timestamp} is in seconds`);
    assert.equal(d.member.user.id, member.id);
});

test('CHANNEL_CREATE', async () => {
    const made = await channel(server, owner, guild, { name: 'announced', topic: 'news' });
    const { d } = await gateway.event('CHANNEL_CREATE', (c) => c.id === made.id);
    assert.equal(d.guild_id, guild.id);
    assert.equal(d.name, 'announced');
    assert.equal(d.topic, 'news');
    assert.equal(d.type, 0);
    assert.deepEqual(d.permission_overwrites, []);
});

test('GUILD_MEMBER_ADD, and messages of the new member', async () => {
    const newcomer = await person(server);
    const { code } = await invite(server, owner, guild.channel);
    await join(server, newcomer, code);
    const { d } = await gateway.event('GUILD_MEMBER_ADD', (m) => m.user.id === newcomer.id);
    assert.equal(d.guild_id, guild.id);
    assert.equal(d.user.username, newcomer.username);
    assert.match(d.joined_at, TIMESTAMP);
    assert.deepEqual(d.roles, []);
    const sent = await post(server, newcomer, guild.channel, 'I am new');
    await gateway.event('MESSAGE_CREATE', (m) => m.id === sent.id);
});

test('GUILD_CREATE for whoever joins while connected, then the guild\'s events', async () => {
    const newcomer = await person(server);
    const mine = await Gateway.session(server, newcomer);
    const { code } = await invite(server, owner, guild.channel);
    await join(server, newcomer, code);
    const { d } = await mine.event('GUILD_CREATE', (g) => g.id === guild.id);
    assert.ok(d.channels.some((c) => c.id === guild.channel));
    const sent = await post(server, owner, guild.channel, 'welcome');
    await mine.event('MESSAGE_CREATE', (m) => m.id === sent.id);
    await mine.end();
});

test('GUILD_CREATE for the maker of a guild, and for a bot that is added to it', async () => {
    const maker = await Gateway.session(server, owner);
    const other = await makeGuild(server, owner, 'Another');
    const { d } = await maker.event('GUILD_CREATE', (g) => g.id === other.id);
    assert.equal(d.name, 'Another');
    assert.equal(d.member_count, 1);
    const helper = await bot(server, owner);
    const helping = await Gateway.session(server, helper);
    await authorize(server, owner, helper, other);
    await helping.event('GUILD_CREATE', (g) => g.id === other.id);
    const sent = await post(server, owner, other.channel, 'hello, helper');
    await helping.event('MESSAGE_CREATE', (m) => m.id === sent.id);
    await maker.end();
    await helping.end();
});

test('events of one channel come in the order of their ids, each once', async () => {
    const from = gateway.mark();
    const sent = await Promise.all(Array.from({ length: 60 }, (_, i) =>
        post(server, i % 2 === 0 ? owner : member, guild.channel, `burst ${i}`)));
    const last = await post(server, owner, guild.channel, 'burst is over');
    await gateway.event('MESSAGE_CREATE', (m) => m.id === last.id);
    const got = gateway.received.slice(from).filter((p) => p.t === 'MESSAGE_CREATE').map((p) => p.d.id);
    const expected = [...sent, last].map((m) => m.id).sort((a, b) => (BigInt(a) < BigInt(b) ? -1 : 1));
    assert.deepEqual(got, expected);
});
