// Intents: a session gets the events that it asked for and no others; without MESSAGE_CONTENT the
// content of others' messages is empty, with Discord's exceptions.

import assert from 'node:assert/strict';
import test from 'node:test';

import { ok } from '../lib/api.mjs';
import { Gateway, OF_SESSIONS } from '../lib/gateway.mjs';
import { UNLIMITED, useServer } from '../lib/server.mjs';
import { INTENTS, channel, invite, join, person, post, world } from '../lib/world.mjs';

// One loop, so that what one session has received, the others have been given too.
const server = await useServer({ flags: [...UNLIMITED, '--server.loops=1'] });
const { owner, guild, bot: robot } = await world(server);

// Everything that happens in a guild; a session with all intents tells when it is over.
async function happen(watchers) {
    const all = await Gateway.session(server, robot);
    const message = await post(server, owner, guild.channel, 'content');
    await ok(server, 'PATCH', `/channels/${guild.channel}/messages/${message.id}`, {
        token: owner.token, body: { content: 'changed' },
    });
    await ok(server, 'DELETE', `/channels/${guild.channel}/messages/${message.id}`, { token: owner.token });
    const room = await channel(server, owner, guild, { name: 'new-room' });
    const { code } = await invite(server, owner, guild.channel, { unique: true });
    const newcomer = await person(server);
    await join(server, newcomer, code);
    await ok(server, 'POST', `/channels/${guild.channel}/typing`, { token: owner.token });
    await all.event('TYPING_START');
    for (const watcher of watchers)
        await watcher.flush();
    await all.end();
    return { message, room, code, newcomer };
}

const names = (gateway) => [...new Set(gateway.received.filter((p) => p.op === 0).map((p) => p.t))]
    .filter((name) => !OF_SESSIONS.includes(name) && name !== 'GUILD_CREATE').sort();

const CASES = [
    [0, []],
    ['GUILDS', ['CHANNEL_CREATE']],
    ['GUILD_MEMBERS', ['GUILD_MEMBER_ADD']],
    ['GUILD_INVITES', ['INVITE_CREATE']],
    ['GUILD_MESSAGES', ['MESSAGE_CREATE', 'MESSAGE_DELETE', 'MESSAGE_UPDATE']],
    ['GUILD_MESSAGE_TYPING', ['TYPING_START']],
    ['MESSAGE_CONTENT', []],
    ['GUILD_PRESENCES', []],
];

test('each intent gives its events and no others', async () => {
    // INVITE_CREATE needs MANAGE_CHANNELS, so the watchers are the owner's own sessions.
    const watchers = [];
    for (const [name] of CASES) {
        const intents = name === 0 ? 0 : INTENTS[name];
        watchers.push(await Gateway.session(server, owner, { identify: { intents } }));
    }
    await happen(watchers);
    for (const [i, [name, expected]] of CASES.entries()) {
        assert.deepEqual(names(watchers[i]), expected, `intent ${name}`);
        await watchers[i].end();
    }
});

test('INVITE_CREATE is not for those who may not manage the channel', async () => {
    const gateway = await Gateway.session(server, robot);
    const { code } = await invite(server, owner, guild.channel, { unique: true });
    const message = await post(server, owner, guild.channel, 'fence');
    await gateway.event('MESSAGE_CREATE', (d) => d.id === message.id);
    assert.deepEqual(gateway.events('INVITE_CREATE').map((d) => d.code), []);
    assert.ok(code.length > 0);
    await gateway.end();
});

test('without MESSAGE_CONTENT others\' content is empty', async () => {
    const gateway = await Gateway.session(server, robot, {
        identify: { intents: INTENTS.GUILDS | INTENTS.GUILD_MESSAGES },
    });
    const other = await post(server, owner, guild.channel, 'secret');
    const { d } = await gateway.event('MESSAGE_CREATE', (m) => m.id === other.id);
    assert.equal(d.content, '');
    assert.deepEqual([d.embeds, d.attachments, d.components], [[], [], []]);
    assert.equal(d.author.id, owner.id);

    const mention = await post(server, owner, guild.channel, `hey <@${robot.id}>`);
    const named = await gateway.event('MESSAGE_CREATE', (m) => m.id === mention.id);
    assert.equal(named.d.content, `hey <@${robot.id}>`);
    assert.deepEqual(named.d.mentions.map((user) => user.id), [robot.id]);

    const own = await post(server, robot, guild.channel, 'my own');
    const mine = await gateway.event('MESSAGE_CREATE', (m) => m.id === own.id);
    assert.equal(mine.d.content, 'my own');

    await ok(server, 'PATCH', `/channels/${guild.channel}/messages/${other.id}`, {
        token: owner.token, body: { content: 'still secret' },
    });
    const edit = await gateway.event('MESSAGE_UPDATE', (m) => m.id === other.id);
    assert.equal(edit.d.content, '');
    assert.equal(JSON.stringify(gateway.received).includes('secret'), false);
    await gateway.end();
});

test('with MESSAGE_CONTENT it is there', async () => {
    const gateway = await Gateway.session(server, robot);
    const message = await post(server, owner, guild.channel, 'open');
    const { d } = await gateway.event('MESSAGE_CREATE', (m) => m.id === message.id);
    assert.equal(d.content, 'open');
    await gateway.end();
});
