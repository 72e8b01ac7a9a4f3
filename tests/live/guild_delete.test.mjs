// guildhall guild delete ID: gone for everybody at once, and its rows soon after; beside a running
// server, through restarts, and without a server.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import test from 'node:test';

import { api, assertError, ok } from '../lib/api.mjs';
import { databaseEnvironment } from '../lib/database.mjs';
import { Gateway } from '../lib/gateway.mjs';
import { BINARY, Server, UNLIMITED, atEnd, cleanEnvironment, run } from '../lib/server.mjs';
import { until, within } from '../lib/wait.mjs';
import { authorize, guild as makeGuild, invite, join, post, world } from '../lib/world.mjs';

// One loop, so that what one session has received, the others have been given too.
const flags = [...UNLIMITED, '--server.loops=1'];
const server = await Server.start({ flags });
atEnd(() => server.stop());
const { owner, guild, member, bot: robot } = await world(server);
const { code } = await invite(server, owner, guild.channel);
const other = await makeGuild(server, member, 'Beside it');

const remove = (id, data = server.data) => run(['guild', 'delete', id, '--data', data]);

const rows = async (where, id) => {
    const counts = await Promise.all(['channels', 'roles', 'members', 'messages', 'invites'].map(
        (table) => where.sql(`SELECT COUNT(*) FROM ${table} WHERE guild_id = ${id}`)));
    counts.push(await where.sql(`SELECT COUNT(*) FROM event_log WHERE stream_kind = 1 AND stream_id = ${id}`));
    return counts.map((text) => Number(text)).reduce((sum, n) => sum + n, 0);
};

test('members, bots and those who resume hear GUILD_DELETE; nothing answers any more', async () => {
    for (let i = 0; i < 300; i += 1)
        await post(server, i % 2 ? owner : member, guild.channel, `message ${i}`);
    const sessions = await Promise.all([owner, member, robot].map((who) => Gateway.session(server, who)));
    const away = await Gateway.session(server, member);
    await away.cut();

    const done = remove(guild.id);
    assert.equal(done.code, 0, done.stdout + done.stderr);
    assert.match(done.stdout, /gone for everybody/);
    assert.match(done.stdout, /\ndone\n$/);
    assert.equal(await rows(server, guild.id), 0);
    assert.ok(await rows(server, other.id) > 0);

    for (const session of sessions) {
        const gone = await session.event('GUILD_DELETE', (d) => d.id === guild.id);
        assert.ok(!gone.d.unavailable, 'it is no outage');
    }
    const back = await Gateway.connect(server);
    await back.resume(member, away.session, away.seq);
    await back.event('RESUMED');
    assert.equal(back.events('GUILD_DELETE').filter((d) => d.id === guild.id).length, 1);

    for (const [path, number] of [[`/guilds/${guild.id}`, 10004], [`/channels/${guild.channel}/messages`, 10003],
        [`/invites/${code}`, 10006]])
        assertError(await api(server, 'GET', path, { token: owner.token }), 404, number);
    assertError(await api(server, 'POST', `/channels/${guild.channel}/messages`, {
        token: owner.token, body: { content: 'hello?' },
    }), 404, 10003);
    assertError(await api(server, 'POST', `/invites/${code}`, { token: member.token, body: {} }), 404, 10006);
    assert.deepEqual((await ok(server, 'GET', '/users/@me/guilds', { token: owner.token })), []);

    // Others go on, and those who begin now do not hear of it.
    const fresh = await Gateway.session(server, member);
    await fresh.flush();
    const sent = await post(server, member, other.channel, 'life goes on');
    for (const session of [sessions[1], back, fresh])
        await session.event('MESSAGE_CREATE', (d) => d.id === sent.id);
    assert.ok(!JSON.stringify(fresh.received).includes(guild.id));
    for (const session of [...sessions, back, fresh])
        await session.end();
});

test('sessions that begin while it happens are ready, with or without the guild', async () => {
    const doomed = await makeGuild(server, owner, 'Doomed');
    const way = await invite(server, owner, doomed.channel);
    await join(server, member, way.code);
    await authorize(server, owner, robot, doomed);
    const beginning = [owner, member, robot, owner, member, robot].map((who) => Gateway.session(server, who));
    const done = remove(doomed.id);
    assert.equal(done.code, 0, done.stdout + done.stderr);
    const sessions = await Promise.all(beginning);
    for (const session of sessions) {
        const told = () => session.received.filter((p) => p.op === 0 && JSON.stringify(p.d).includes(doomed.id));
        await until(() => told().length === 0 || told().at(-1).t === 'GUILD_DELETE',
            () => `the last that is said of the guild: ${JSON.stringify(told())}`);
        await session.flush();
        assert.ok(told().length === 0 || told().at(-1).t === 'GUILD_DELETE');
        await session.end();
    }
});

test('the log agrees with what is left, and the doctor finds nothing amiss', () => {
    for (const words of [['log', 'verify'], ['doctor']]) {
        const done = run([...words, '--data', server.data]);
        assert.equal(done.code, 0, done.stdout + done.stderr);
        assert.doesNotMatch(done.stdout, /^warning +orphans/m);
    }
});

test('unknown guilds and wrong words', () => {
    for (const id of ['1234567890123456789', guild.id]) {
        const done = remove(id);
        assert.equal(done.code, 1);
        assert.match(done.stdout + done.stderr, /there is no guild/);
    }
    assert.equal(remove('the-guild').code, 2);
    assert.equal(run(['guild', 'delete', '--data', server.data]).code, 2);
});

test('a server that is killed in the middle goes on with it when it starts again', async () => {
    const first = await Server.start({ flags });
    atEnd(() => first.kill());
    const there = await world(first);
    for (let i = 0; i < 1500; i += 100) {
        await Promise.all(Array.from({ length: 100 }, (_, k) =>
            post(first, there.owner, there.guild.channel, `message ${i + k}`)));
    }
    const command = spawn(BINARY, ['guild', 'delete', there.guild.id, '--data', first.data], {
        env: cleanEnvironment(databaseEnvironment(first.data)), stdio: ['ignore', 'pipe', 'ignore'],
    });
    const ended = new Promise((done) => {
        command.once('exit', done);
    });
    await within(new Promise((done) => {
        command.stdout.once('data', done);
    }), 'the first line of the command');
    await first.kill();
    assert.notEqual(await within(ended, 'the command to notice'), 0);

    const second = await Server.start({ flags, data: first.data });
    atEnd(() => second.stop());
    assertError(await api(second, 'GET', `/guilds/${there.guild.id}`, { token: there.owner.token }), 404, 10004);
    const gateway = await Gateway.session(second, there.member);
    await until(async () => await rows(second, there.guild.id) === 0, 'the rest of the rows to go');
    await until(async () => await second.sql('SELECT COUNT(*) FROM tasks') === '0', 'the task to end');
    await gateway.end();
    await second.stop();
});

test('without a server the command does the work itself', async () => {
    const first = await Server.start({ flags });
    atEnd(() => first.stop());
    const there = await world(first);
    for (let i = 0; i < 50; i += 1)
        await post(first, there.owner, there.guild.channel, `message ${i}`);
    await first.stop();
    const done = remove(there.guild.id, first.data);
    assert.equal(done.code, 0, done.stdout + done.stderr);
    assert.match(done.stdout, /\ndone\n$/);
    const second = await Server.start({ flags, data: first.data });
    atEnd(() => second.stop());
    assert.equal(await rows(second, there.guild.id), 0);
    await ok(second, 'GET', '/users/@me', { token: there.owner.token });
    await second.stop();
});
