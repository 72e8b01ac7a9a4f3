// guildhall user erase ID: closed at once, then everything that they wrote goes, where everybody can see
// it go.

import assert from 'node:assert/strict';
import test from 'node:test';

import { api, assertError, ok } from '../lib/api.mjs';
import { Gateway } from '../lib/gateway.mjs';
import { Server, UNLIMITED, atEnd, run } from '../lib/server.mjs';
import { PASSWORD, authorize, bot, guild as makeGuild, invite, join, person, post, world } from '../lib/world.mjs';

const server = await Server.start({ flags: [...UNLIMITED, '--server.loops=1'] });
atEnd(() => server.stop());
const { owner, guild, member, bot: robot } = await world(server);

const erase = (id) => run(['user', 'erase', id, '--data', server.data]);

const violet = await person(server);
const { code } = await invite(server, owner, guild.channel);
await join(server, violet, code);
const own = await makeGuild(server, violet, 'Violets own');
const alone = await makeGuild(server, violet, 'Nobody else here');
await join(server, member, (await invite(server, violet, own.channel)).code);
const tool = await bot(server, violet, 'violets_tool');
await authorize(server, owner, tool, guild);
const written = [];
for (let i = 0; i < 60; i += 1)
    written.push(await post(server, violet, guild.channel, `violet says ${i}`, { nonce: `violets-nonce-${i}` }));
await post(server, tool, guild.channel, 'the tool says');
const kept = await post(server, member, guild.channel, `I agree with <@${violet.id}>`, {
    message_reference: { message_id: written[3].id },
});

test('everybody sees it happen', async () => {
    const theirs = await Gateway.session(server, violet);
    const tools = await Gateway.session(server, tool);
    const watcher = await Gateway.session(server, robot);
    const heir = await Gateway.session(server, member);

    const done = erase(violet.id);
    assert.equal(done.code, 0, done.stdout + done.stderr);
    assert.match(done.stdout, /account is closed/);
    assert.match(done.stdout, /\ndone\n$/);

    await theirs.expectClose(4004);
    await tools.expectClose(4004);
    for (const { id } of written)
        await watcher.event('MESSAGE_DELETE', (d) => d.id === id && d.channel_id === guild.channel);
    for (const id of [violet.id, tool.id])
        await watcher.event('GUILD_MEMBER_REMOVE', (d) => d.guild_id === guild.id && d.user.id === id);
    const removed = watcher.events('GUILD_MEMBER_REMOVE').map((d) => d.user.username);
    assert.ok(removed.every((name) => name.startsWith('deleted_user#')), removed.join());

    // The guild has another owner, who may do what owners may.
    await heir.event('GUILD_MEMBER_REMOVE', (d) => d.guild_id === own.id && d.user.id === violet.id);
    const view = await ok(server, 'GET', `/guilds/${own.id}`, { token: member.token });
    assert.equal(view.owner_id, member.id);
    await ok(server, 'POST', `/guilds/${own.id}/channels`, { token: member.token, body: { name: 'mine', type: 0 } });
    await watcher.end();
    await heir.end();
});

test('the account is nobody any more', async () => {
    assertError(await api(server, 'GET', '/users/@me', { token: violet.token }), 401, 0);
    assertError(await api(server, 'GET', '/users/@me', { token: tool.token }), 401, 0);
    for (const login of [violet.email, violet.username]) {
        const answer = await api(server, 'POST', '/auth/login', { body: { login, password: PASSWORD } });
        assert.ok(answer.status >= 400 && answer.status < 500, answer.text);
    }
    assertError(await api(server, 'GET', `/guilds/${alone.id}`, { token: owner.token }), 404, 10004);
    const left = await ok(server, 'GET', `/channels/${guild.channel}/messages?limit=100`, { token: owner.token });
    assert.deepEqual(left.filter((m) => m.author.id === violet.id || m.author.id === tool.id), []);
    const reply = left.find((m) => m.id === kept.id);
    assert.equal(reply.referenced_message, null);
    assert.ok(!JSON.stringify(left).includes(violet.username));
    // The name and the address are free again.
    await ok(server, 'POST', '/auth/register', {
        body: { username: violet.username, email: violet.email, password: PASSWORD, date_of_birth: '2000-01-01', consent: true },
    });
});

test('no row has any of it', async () => {
    for (const text of [
        `SELECT COUNT(*) FROM users WHERE id IN (${violet.id}, ${tool.id})`,
        `SELECT COUNT(*) FROM messages WHERE author_id IN (${violet.id}, ${tool.id})`,
        `SELECT COUNT(*) FROM members WHERE user_id IN (${violet.id}, ${tool.id})`,
        `SELECT COUNT(*) FROM recent_nonces WHERE nonce LIKE 'violets-nonce-%'`,
        `SELECT COUNT(*) FROM event_log WHERE actor_id = ${violet.id} AND kind = 1 AND delta IS NOT NULL`,
        `SELECT COUNT(*) FROM applications WHERE owner_id = ${violet.id}`,
        `SELECT COUNT(*) FROM roles WHERE bot_id = ${tool.id}`,
        `SELECT COUNT(*) FROM tasks`,
    ])
        assert.equal(await server.sql(text), '0', text);
});

test('the log agrees with what is left, and the doctor finds nothing amiss', () => {
    for (const words of [['log', 'verify'], ['doctor']]) {
        const done = run([...words, '--data', server.data]);
        assert.equal(done.code, 0, done.stdout + done.stderr);
        assert.doesNotMatch(done.stdout, /^warning +orphans/m);
    }
});

test('unknown people and wrong words', () => {
    for (const id of ['1234567890123456789', violet.id]) {
        const done = erase(id);
        assert.equal(done.code, 1);
        assert.match(done.stdout + done.stderr, /there is no user/);
    }
    assert.equal(erase('violet').code, 2);
});
