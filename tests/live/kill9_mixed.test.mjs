// kill -9 under mixed load, and while it starts: posts, edits, deletions, new channels and guilds, people
// who register, join and leave. After each restart what was answered is as it was answered, what was not
// is there wholly or not at all, and the event log has no gap.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import http from 'node:http';
import { join as joinPath } from 'node:path';
import test from 'node:test';

import { api, ok } from '../lib/api.mjs';
import { Server, UNLIMITED, atEnd, temporaryFolder } from '../lib/server.mjs';
import { rounds } from '../lib/wait.mjs';
import { PASSWORD, TEXT, freshName, guild, invite, person } from '../lib/world.mjs';

const ROUNDS = rounds(20);
const STARTS_KILLED = 2; // a round

class Gone extends Error {}

// One request on a connection of the actor's own; Gone once the server is dead.
function request(server, agent, method, path, { token, body } = {}) {
    const text = body === undefined ? '' : JSON.stringify(body);
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) };
    if (token !== undefined)
        headers.authorization = token;
    return new Promise((done, fail) => {
        const gone = () => fail(new Gone());
        http.request(`${server.url}/api/v10${path}`, { method, agent, headers }, (answer) => {
            let read = '';
            answer.setEncoding('utf8').on('data', (chunk) => {
                read += chunk;
            }).on('end', () => {
                if (!answer.complete)
                    return gone();
                const { statusCode } = answer;
                if (statusCode < 200 || statusCode > 299)
                    return fail(new Error(`${method} ${path} answered ${statusCode}: ${read}`));
                return done(read === '' ? undefined : JSON.parse(read));
            }).on('error', gone);
        }).on('error', gone).end(text);
    });
}

// Calls turn(ask) again and again until the server dies.
async function act(server, turn) {
    const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
    const ask = (...args) => request(server, agent, ...args);
    try {
        for (let n = 0; ; n += 1)
            await turn(ask, n);
    } catch (error) {
        if (!(error instanceof Gone))
            throw error;
    }
    agent.destroy();
}

// --- what was asked for and what was answered; maybe*: asked and not answered ---

function poster(server, world, name) {
    return act(server, async (ask, n) => {
        const path = `/channels/${world.channel}/messages`;
        const entry = { content: `${name} ${n}` };
        world.attempted.add(entry.content);
        const { id } = await ask('POST', path, { token: world.owner.token, body: { content: entry.content } });
        world.messages.set(id, entry);
        if (n % 3 === 1) {
            entry.maybeContent = `${entry.content} edited`;
            world.attempted.add(entry.maybeContent);
            await ask('PATCH', `${path}/${id}`, {
                token: world.owner.token, body: { content: entry.maybeContent },
            });
            entry.content = entry.maybeContent;
        } else if (n % 3 === 2) {
            entry.maybeGone = true;
            await ask('DELETE', `${path}/${id}`, { token: world.owner.token });
            entry.gone = true;
        }
    });
}

function builder(server, world, name) {
    return act(server, async (ask, n) => {
        const { token } = world.owner;
        if (n % 8 === 0) {
            const made = await ask('POST', '/guilds', { token, body: { name: `${name} ${n}` } });
            world.guilds.add(made.id);
        } else {
            const made = await ask('POST', `/guilds/${world.guild.id}/channels`, {
                token, body: { name: `${name}-${n}`, type: TEXT },
            });
            world.channels.set(made.id, `${name}-${n}`);
        }
    });
}

function newcomers(server, world) {
    return act(server, async (ask, n) => {
        const username = freshName('newcomer');
        const { token } = await ask('POST', '/auth/register', {
            body: {
                username, email: `${username}@example.org`, password: PASSWORD, date_of_birth: '2000-01-01',
                consent: true,
            },
        });
        const who = { username, token, joined: false };
        world.people.push(who);
        who.maybe = true;
        await ask('POST', `/invites/${world.code}`, { token, body: {} });
        who.joined = true;
        who.maybe = n % 2 === 1;
        if (!who.maybe)
            return;
        await ask('DELETE', `/users/@me/guilds/${world.guild.id}`, { token });
        who.joined = false;
        who.maybe = false;
    });
}

// --- after the restart ---

async function allMessages(server, world) {
    const all = [];
    for (let after = '0'; ;) {
        const page = await ok(server, 'GET', `/channels/${world.channel}/messages?after=${after}&limit=100`, {
            token: world.owner.token,
        });
        if (page.length === 0)
            return new Map(all);
        page.reverse();
        all.push(...page.map((message) => [message.id, message.content]));
        after = page.at(-1).id;
    }
}

async function checkMessages(server, world) {
    const there = await allMessages(server, world);
    for (const [id, entry] of world.messages) {
        const content = there.get(id);
        if (entry.gone) {
            assert.equal(content, undefined, `${id} was deleted and is there`);
        } else if (content === undefined) {
            assert.ok(entry.maybeGone, `${id} was acknowledged and is lost`);
        } else {
            assert.ok(content === entry.content || content === entry.maybeContent,
                `${id} is "${content}" and not "${entry.content}"`);
        }
    }
    const contents = [...there.values()];
    assert.equal(new Set(contents).size, contents.length, 'a message is there twice');
    for (const content of contents)
        assert.ok(world.attempted.has(content), `nobody wrote "${content}"`);
    return contents.length;
}

async function checkPlaces(server, world) {
    const { token } = world.owner;
    const channels = await ok(server, 'GET', `/guilds/${world.guild.id}/channels`, { token });
    const names = new Map(channels.map((channel) => [channel.id, channel.name]));
    for (const [id, name] of world.channels)
        assert.equal(names.get(id), name, `channel ${id} was acknowledged and is lost`);
    assert.ok(names.size <= world.channels.size + 1, 'at most one channel that nobody knows of');
    const mine = await ok(server, 'GET', '/users/@me/guilds', { token });
    for (const id of world.guilds)
        assert.ok(mine.some((g) => g.id === id), `guild ${id} was acknowledged and is lost`);
    for (const { id } of mine) { // also one that was not answered is whole
        const whole = await ok(server, 'GET', `/guilds/${id}`, { token });
        assert.equal(whole.roles[0].id, id, `guild ${id} has no @everyone`);
        assert.ok((await ok(server, 'GET', `/guilds/${id}/channels`, { token })).length > 0);
    }
}

async function checkPeople(server, world) {
    for (const who of world.people) {
        const mine = await ok(server, 'GET', '/users/@me/guilds', { token: who.token });
        const there = mine.some((g) => g.id === world.guild.id);
        if (there !== who.joined)
            assert.ok(who.maybe, `${who.username} ${who.joined ? 'is no member' : 'is a member'}`);
    }
}

// What only the database shows. On another backend its own tests look.
function checkBooks(data) {
    const file = joinPath(data, 'guildhall.db');
    if (!existsSync(file))
        return;
    const questions = [
        'PRAGMA integrity_check',
        'SELECT count(*) FROM pragma_foreign_key_check',
        'SELECT count(*) FROM streams s WHERE head - trimmed <> (SELECT count(*) FROM event_log e WHERE ' +
            'e.stream_kind = s.stream_kind AND e.stream_id = s.stream_id AND position BETWEEN trimmed + 1 AND head)',
        'SELECT count(*) FROM event_log e WHERE NOT EXISTS (SELECT 1 FROM streams s WHERE ' +
            'e.stream_kind = s.stream_kind AND e.stream_id = s.stream_id AND position <= head)',
        'SELECT count(*) FROM guilds g WHERE member_count <> (SELECT count(*) FROM members m WHERE m.guild_id = g.id)',
        'SELECT count(*) FROM channels c WHERE last_message_id < (SELECT coalesce(max(id), 0) FROM messages m ' +
            'WHERE m.channel_id = c.id)',
    ];
    const done = spawnSync('sqlite3', ['-cmd', '.timeout 10000', file, questions.join(';')], { encoding: 'utf8' });
    assert.equal(done.status, 0, done.error?.message ?? done.stderr);
    assert.deepEqual(done.stdout.trim().split('\n'), ['ok', '0', '0', '0', '0', '0']);
}

// --- the rounds ---

async function makeWorld(server) {
    const owner = await person(server, freshName('owner'));
    const home = await guild(server, owner);
    const { code } = await invite(server, owner, home.channel);
    return {
        owner, code, guild: home, channel: home.channel, messages: new Map(), attempted: new Set(),
        channels: new Map(home.channels.map((channel) => [channel.id, channel.name])), guilds: new Set([home.id]), people: [],
    };
}

// Ended some time after it was begun: before it opens the database, in the midst of it, or after.
async function killWhileStarting(data) {
    const moment = (1 + Math.random() * 60) / 1000;
    const prefix = ['timeout', '--foreground', '-s', 'KILL', moment.toFixed(4)];
    const started = await Server.start({ data, flags: UNLIMITED, prefix }).catch((error) => {
        assert.match(error.message, /ended before it was ready \(code (137|null)/);
    });
    await started?.exited;
}

test(`${ROUNDS} times killed under mixed load and ${ROUNDS * STARTS_KILLED} times while starting`, async () => {
    const data = temporaryFolder();
    for (let i = 0; i < STARTS_KILLED; i += 1)
        await killWhileStarting(data); // the first start of all
    let server = await Server.start({ data });
    atEnd(() => server.kill()); // of a test that failed
    let written = 0;
    for (let round = 0; round < ROUNDS; round += 1) {
        const world = await makeWorld(server);
        const actors = [
            poster(server, world, `r${round} a`), poster(server, world, `r${round} b`),
            poster(server, world, `r${round} c`), builder(server, world, `r${round}`),
            newcomers(server, world), newcomers(server, world),
        ];
        await new Promise((done) => { // not a wait for something: the random moment of the kill
            setTimeout(done, 20 + Math.random() * 400);
        });
        await server.kill();
        await Promise.all(actors);
        for (let i = 0; i < STARTS_KILLED; i += 1)
            await killWhileStarting(data);

        server = await Server.start({ data });
        written += await checkMessages(server, world);
        await checkPlaces(server, world);
        await checkPeople(server, world);
        checkBooks(data);
        const next = await api(server, 'POST', `/channels/${world.channel}/messages`, {
            token: world.owner.token, body: { content: 'life goes on' },
        });
        assert.equal(next.status, 200);
        for (const id of world.messages.keys())
            assert.ok(BigInt(next.body.id) > BigInt(id), 'ids increase');
    }
    assert.ok(written > ROUNDS * 5, `only ${written} messages in all`);
    await server.stop();
    checkBooks(data);
});
