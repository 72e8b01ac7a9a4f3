// Makes the data of a release for the upgrade tests: runs that release's own binary, fills it through
// its API, and keeps its database as SQL and what it answers as JSON.
//
//     RELEASE=0.2.0 GUILDHALL_BIN=/path/to/released/guildhall node --test tests/upgrade/record.mjs
//
// makes tests/upgrade/0.2.0/. Files of earlier releases are never made again: their worth is that
// no later program has touched them. Passwords and tokens in them are of nobody.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';

import { api, ok } from '../lib/api.mjs';
import { ROOT, Server, temporaryFolder } from '../lib/server.mjs';
import {
    CATEGORY, PASSWORD, PERMISSIONS, TEXT, VOICE, authorize, bot, channel, guild, invite, join as joinGuild, person, post,
} from '../lib/world.mjs';

const { RELEASE } = process.env;

async function makePeople(server) {
    const names = ['ada_upgrade', 'bert_upgrade', 'carl_upgrade', 'dora_upgrade'];
    const [ada, bert, carl, dora] = await Promise.all(names.map((name) => person(server, name)));
    // A second token of one account, and one that was given back.
    const second = await ok(server, 'POST', '/auth/login', { body: { login: bert.email, password: PASSWORD } });
    const gone = await ok(server, 'POST', '/auth/login', { body: { login: bert.email, password: PASSWORD } });
    await ok(server, 'POST', '/auth/logout', { token: gone.token, body: {} });
    return { ada, bert, carl, dora, second: second.token, gone: gone.token };
}

async function makeChannels(server, owner, home, bert) {
    const shelf = await channel(server, owner, home, { name: 'shelf', type: CATEGORY });
    const open = await channel(server, owner, home, { name: 'öffentlich', topic: 'Ä topic "quoted" \u{1f389}', parent_id: shelf.id, nsfw: true });
    const voice = await channel(server, owner, home, { name: 'Talk', type: VOICE, bitrate: 96000, user_limit: 7 });
    const secret = await channel(server, owner, home, {
        name: 'secret', type: TEXT,
        permission_overwrites: [
            { id: home.id, type: 0, allow: '0', deny: String(PERMISSIONS.VIEW_CHANNEL) },
            { id: bert.id, type: 1, allow: String(PERMISSIONS.VIEW_CHANNEL | PERMISSIONS.SEND_MESSAGES), deny: '0' },
        ],
    });
    return { open, voice, secret };
}

async function makeMessages(server, { ada, bert, carl }, robot, home, rooms) {
    const first = await post(server, ada, home.channel, 'The very first');
    await post(server, bert, home.channel, `Hello <@${ada.id}> and <@${carl.id}>`);
    const answer = await post(server, carl, home.channel, 'An answer', { message_reference: { message_id: first.id } });
    await post(server, robot, home.channel, 'beep \u{1f916}');
    await post(server, ada, rooms.open.id, 'ü'.repeat(2000));
    await post(server, bert, rooms.secret.id, 'nobody but us', { nonce: '12345', enforce_nonce: true });
    const doomed = await post(server, carl, home.channel, 'soon gone');
    await ok(server, 'DELETE', `/channels/${home.channel}/messages/${doomed.id}`, { token: carl.token });
    await ok(server, 'PATCH', `/channels/${home.channel}/messages/${answer.id}`, {
        token: carl.token, body: { content: 'An answer, edited' },
    });
    for (let i = 0; i < 60; i += 1)
        await post(server, i % 2 === 0 ? ada : bert, rooms.open.id, `line ${i}`);
    return first;
}

// Everything that somebody can look at, asked by everybody.
function questions(people, robot, homes, rooms, codes, first) {
    const list = [];
    const tokens = [people.ada.token, people.bert.token, people.second, people.gone, people.carl.token, people.dora.token, robot.token];
    for (const token of tokens) {
        list.push(['/users/@me', token], ['/users/@me/guilds', token], [`/users/${people.ada.id}`, token]);
        for (const home of homes)
            list.push([`/guilds/${home.id}`, token], [`/guilds/${home.id}/channels`, token]);
        for (const id of [homes[0].channel, homes[1].channel, rooms.open.id, rooms.voice.id, rooms.secret.id])
            list.push([`/channels/${id}`, token], [`/channels/${id}/messages?limit=${token === people.bert.token ? 100 : 2}`, token]);
        list.push([`/channels/${homes[0].channel}/messages/${first.id}`, token]);
    }
    for (const code of codes)
        list.push([`/invites/${code}`, undefined]);
    list.push(['/applications/@me', robot.token], [`/applications/${robot.application}`, people.ada.token]);
    return list;
}

async function ask(server, list) {
    const answers = [];
    for (const [path, token] of list) {
        const { status, body } = await api(server, 'GET', path, { token });
        answers.push({ path, token, status, body });
    }
    return answers;
}

function sqlite(args) {
    const done = spawnSync('sqlite3', args, { encoding: 'utf8', maxBuffer: 1 << 28 });
    assert.equal(done.status, 0, done.stderr);
    return done.stdout;
}

function dump(file) {
    const pragmas = ['user_version', 'application_id'].map((name) => `PRAGMA ${name} = ${sqlite([file, `PRAGMA ${name}`]).trim()};\n`);
    return `${pragmas.join('')}${sqlite([file, '.dump'])}`;
}

test(`the data of release ${RELEASE}`, async () => {
    assert.match(RELEASE ?? '', /^\d+\.\d+\.\d+$/);
    const data = temporaryFolder();
    const server = await Server.start({ data });
    const people = await makePeople(server);
    const { ada, bert, carl, dora } = people;
    const home = await guild(server, ada, 'The Öld Guild');
    const other = await guild(server, dora, 'Elsewhere');
    const robot = await bot(server, ada, 'robot_upgrade');
    await authorize(server, ada, robot, home, String(PERMISSIONS.MANAGE_MESSAGES));
    const entry = await invite(server, ada, home.channel, { max_age: 0 });
    const limited = await invite(server, ada, home.channel, { max_age: 0, max_uses: 5, unique: true });
    await joinGuild(server, bert, entry.code);
    await joinGuild(server, carl, limited.code);
    await joinGuild(server, dora, entry.code);
    await ok(server, 'DELETE', `/users/@me/guilds/${home.id}`, { token: dora.token });
    const rooms = await makeChannels(server, ada, home, bert);
    const first = await makeMessages(server, people, robot, home, rooms);
    const answers = await ask(server, questions(people, robot, [home, other], rooms, [entry.code, limited.code], first));
    await server.stop();
    const folder = join(ROOT, 'tests/upgrade', RELEASE);
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'sqlite.sql'), dump(join(data, 'guildhall.db')));
    const known = {
        people: { ada, bert, carl, dora }, password: PASSWORD, bot: robot,
        guild: home.id, channel: home.channel, code: entry.code,
    };
    const lines = answers.map((answer) => `  ${JSON.stringify(answer)}`);
    writeFileSync(join(folder, 'answers.json'),
        `{\n "known": ${JSON.stringify(known)},\n "answers": [\n${lines.join(',\n')}\n ]\n}\n`);
});
