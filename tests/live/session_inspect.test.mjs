// `guildhall session list` and `session inspect`: an operator sees whose sessions there are, and of one
// what it is subscribed to, what is sent to it and why something is withheld; never what is said.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import test from 'node:test';

import { api, ok } from '../lib/api.mjs';
import { databaseEnvironment } from '../lib/database.mjs';
import { Gateway } from '../lib/gateway.mjs';
import { BINARY, atEnd, cleanEnvironment, run, temporaryFolder, useServer } from '../lib/server.mjs';
import { until } from '../lib/wait.mjs';
import { INTENTS, PERMISSIONS, authorize, bot, guild, person, post } from '../lib/world.mjs';

const SECRET = 'the words that nobody may read';

const server = await useServer();
const owner = await person(server);
const home = await guild(server, owner);
const robot = await bot(server, owner);
await authorize(server, owner, robot, home);

const INTENT = { identify: { intents: INTENTS.GUILDS | INTENTS.GUILD_MESSAGES } };
const session = await Gateway.session(server, robot, INTENT);
const id = session.session;

function begin(...words) {
    const child = spawn(BINARY, [...words, '--data', server.data], {
        env: cleanEnvironment(databaseEnvironment(server.data)), stdio: ['ignore', 'pipe', 'pipe'],
    });
    const command = { child, out: '', err: '' };
    child.stdout.setEncoding('utf8').on('data', (text) => {
        command.out += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text) => {
        command.err += text;
    });
    command.exited = new Promise((done) => {
        child.once('close', (code, signal) => done({ code, signal }));
    });
    atEnd(() => child.kill('SIGKILL'));
    return command;
}

const lines = (command, start) => command.out.split('\n').filter((line) => line.startsWith(start));

test('the list names the session and whose it is', () => {
    const { code, stdout } = run(['session', 'list', '--data', server.data]);
    assert.equal(code, 0);
    const line = stdout.split('\n').find((text) => text.startsWith(`session ${id} `));
    assert.ok(line, stdout);
    assert.match(line, new RegExp(`user=${robot.id} bot state=live .*guilds=1 `));
});

test('a session is watched: what it is sent, what is withheld and why, and no text', async () => {
    const watch = begin('session', 'inspect', id);
    await until(() => watch.out.includes(`subscribed guild=${home.id} state=live`), () => watch.out + watch.err);
    const reply = await api(server, 'POST', `/channels/${home.channel}/messages`, {
        token: owner.token, body: { content: SECRET }, headers: { 'x-request-id': 'watched-request-1' },
    });
    assert.equal(reply.status, 200);
    await until(() => lines(watch, 'sent ').some((line) => line.includes('MESSAGE_CREATE')), () => watch.out);
    const sent = lines(watch, 'sent ').find((line) => line.includes('MESSAGE_CREATE'));
    assert.match(sent, new RegExp(`^sent seq=\\d+ MESSAGE_CREATE bytes=\\d+ guild=${home.id} position=\\d+ ` +
        'request=watched-request-1 without content: intent MESSAGE_CONTENT$'));

    await api(server, 'POST', `/channels/${home.channel}/typing`, { token: owner.token });
    await until(() => lines(watch, 'withheld TYPING_START').length > 0, () => watch.out);
    assert.match(lines(watch, 'withheld TYPING_START')[0], /: the intent is missing$/);

    const hidden = await ok(server, 'POST', `/guilds/${home.id}/channels`, {
        token: owner.token,
        body: {
            name: 'hidden', type: 0,
            permission_overwrites: [{ id: home.id, type: 0, allow: '0', deny: String(PERMISSIONS.VIEW_CHANNEL) },
                { id: robot.id, type: 1, allow: '0', deny: String(PERMISSIONS.VIEW_CHANNEL) }],
        },
    });
    await post(server, owner, hidden.id, SECRET);
    await until(() => lines(watch, 'withheld MESSAGE_CREATE').length > 0, () => watch.out);
    assert.match(lines(watch, 'withheld MESSAGE_CREATE')[0], /: the channel is not visible$/);

    await session.end();
    assert.deepEqual(await watch.exited, { code: 0, signal: null });
    assert.match(watch.out, new RegExp(`\\nended ${id}\\n$`));
    assert.ok(!watch.out.includes(SECRET) && !server.stderr.includes(SECRET));
});

test('a watcher that goes leaves the session as it was, and the next one may look', async () => {
    const other = await Gateway.session(server, robot, INTENT);
    for (let n = 0; n < 3; n += 1) {
        const watch = begin('session', 'inspect', other.session);
        await until(() => watch.out.includes('subscribed guild='), () => watch.out + watch.err);
        watch.child.kill('SIGKILL');
        await watch.exited;
        const made = await post(server, owner, home.channel, `after ${n}`);
        const heard = await other.event('MESSAGE_CREATE', (d) => d.id === made.id);
        assert.equal(heard.d.content, '');
    }
    await other.end();
});

test('nobody to look at', () => {
    const unknown = run(['session', 'inspect', '0'.repeat(32), '--data', server.data]);
    assert.equal(unknown.code, 1);
    assert.match(unknown.stdout + unknown.stderr, /there is no session 0+; `guildhall session list` names them\./);
    const stopped = run(['session', 'list', '--data', temporaryFolder()]);
    assert.equal(stopped.code, 1);
    assert.match(stopped.stderr, /No server is running in /);
});

test('voice states: what is told of a channel out of sight, and why the rest is not', async () => {
    const intents = INTENTS.GUILDS | INTENTS.GUILD_VOICE_STATES;
    const eyes = await Gateway.session(server, robot, { identify: { intents } });
    const own = await Gateway.session(server, owner);
    const make = (name, more = {}) => ok(server, 'POST', `/guilds/${home.id}/channels`, { token: owner.token, body: { name, type: 2, ...more } });
    const open = await make('open');
    const shut = await make('shut', {
        permission_overwrites: [{ id: robot.id, type: 1, allow: '0', deny: String(PERMISSIONS.VIEW_CHANNEL) }],
    });
    const watch = begin('session', 'inspect', eyes.session);
    await until(() => watch.out.includes(`subscribed guild=${home.id} state=live`), () => watch.out + watch.err);
    const enter = async (id, from = own.mark()) => {
        own.send({ op: 4, d: { guild_id: home.id, channel_id: id, self_mute: false, self_deaf: false } });
        await own.event('VOICE_STATE_UPDATE', (d) => d.channel_id === id, { from });
    };
    await enter(open.id);
    await enter(shut.id); // seen as leaving
    await enter(null); // not seen
    await until(() => lines(watch, 'withheld VOICE_STATE_UPDATE').length > 0, () => watch.out);
    assert.match(lines(watch, 'withheld VOICE_STATE_UPDATE')[0], /: neither the channel where the user is nor the one that was left is visible$/);
    assert.equal(lines(watch, 'withheld VOICE_STATE_UPDATE').length, 1);
    const sent = lines(watch, 'sent ').filter((line) => line.includes('VOICE_STATE_UPDATE'));
    assert.equal(sent.length, 2);
    assert.ok(sent.every((line) => line.includes(`guild=${home.id} position=`)), sent.join('\n'));
    await Promise.all([eyes.end(), own.end()]);
});
