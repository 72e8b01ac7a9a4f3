// A planned stop in the middle of everything, and a start on what was kept, whatever became of it: who
// goes on has every message once and in order, who does not is told so, and the server neither falls nor hangs.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import test from 'node:test';

import { api } from '../lib/api.mjs';
import { smallDisk } from '../lib/disk.mjs';
import { Gateway, OP } from '../lib/gateway.mjs';
import { Server, UNLIMITED, atEnd, temporaryFolder } from '../lib/server.mjs';
import { rounds } from '../lib/wait.mjs';
import { authorize, bot, post, world } from '../lib/world.mjs';

const SEED = Number(process.env.GUILDHALL_SEED ?? 20261121);
const SESSIONS = 12;
const FLAGS = [...UNLIMITED, '--server.loops=2'];

function dice(seed) {
    let state = seed >>> 0;
    return (n) => {
        state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
        return Math.floor(state / 2 ** 32 * n);
    };
}

const servers = [];
atEnd(() => Promise.all(servers.filter((server) => server.exit === undefined).map((server) => server.kill())));

async function start(data, options = {}) {
    const server = await Server.start({ data, flags: FLAGS, ...options });
    servers.push(server);
    return server;
}

const contents = (gateway) => gateway.events('MESSAGE_CREATE').map((d) => d.content);

// The gateway that goes on with the session, or null: it is no more.
async function resume(server, who, old) {
    const back = await Gateway.connect(server);
    await back.resume(who, old.session, old.seq);
    const answer = await back.wait((p) => p.op === OP.INVALID_SESSION || p.t === 'RESUMED', 'an answer to Resume');
    if (answer.t === 'RESUMED')
        return back;
    assert.equal(answer.d, false);
    await back.end();
    return null;
}

// Everything at once, until the server is gone. What fails then has failed.
function storm(server, place, live, robots) {
    let going = true;
    const doing = [];
    const again = (work) => doing.push((async () => {
        while (going)
            await work().catch(() => new Promise((done) => { setTimeout(done, 1); }));
    })());
    const { owner, guild: home } = place;
    let number = 0;
    for (let i = 0; i < 3; i += 1)
        again(() => post(server, owner, home.channel, `m${number += 1}`));
    again(async () => {
        const made = await api(server, 'POST', `/guilds/${home.id}/roles`, { token: owner.token, body: { name: 'r' } });
        await api(server, 'PATCH', `/guilds/${home.id}/roles/${home.id}`, {
            token: owner.token, body: { permissions: String(1024n + 2048n + 65536n + (number % 2 === 0 ? 64n : 0n)) },
        });
        await api(server, 'DELETE', `/guilds/${home.id}/roles/${made.body.id}`, { token: owner.token });
    });
    again(async () => {
        const form = new FormData();
        form.set('payload_json', JSON.stringify({ content: `m${number += 1}` }));
        form.set('files[0]', new Blob([Buffer.alloc(300_000, 'x')]), 'x.bin');
        await fetch(`${server.url}/api/v10/channels/${home.channel}/messages`, {
            method: 'POST', headers: { authorization: owner.token }, body: form,
        });
    });
    for (const robot of robots)
        again(async () => {
            const newcomer = await Gateway.connect(server);
            await newcomer.identify(robot);
            await newcomer.cut();
        });
    again(async () => {
        const one = live[number % live.length];
        one.send({ op: OP.MEMBERS, d: { guild_id: home.id, query: '', limit: 0, nonce: 'n' } });
        await one.flush();
    });
    return async () => {
        going = false;
        await Promise.all(doing);
    };
}

async function allMessages(server, place) {
    const all = [];
    for (let after = '0'; ;) {
        const page = await api(server, 'GET', `/channels/${place.guild.channel}/messages?limit=100&after=${after}`, { token: place.owner.token });
        assert.equal(page.status, 200);
        if (page.body.length === 0)
            return all;
        const sorted = page.body.sort((a, b) => (BigInt(a.id) < BigInt(b.id) ? -1 : 1));
        all.push(...sorted);
        after = sorted.at(-1).id;
    }
}

test(`a stop in the middle of everything (seed ${SEED})`, async () => {
    const draw = dice(SEED);
    const data = temporaryFolder();
    let server = await start(data);
    const place = await world(server);
    const robots = [];
    for (let i = 0; i < 3; i += 1) {
        robots.push(await bot(server, place.owner));
        await authorize(server, place.owner, robots[i], place.guild);
    }
    let kept = 0;
    for (let round = 0; round < rounds(2); round += 1) {
        const who = [place.bot, place.owner, place.member];
        const live = await Promise.all(Array.from({ length: SESSIONS }, (_, i) => Gateway.session(server, who[i % who.length])));
        await post(server, place.owner, place.guild.channel, `begin ${round}`);
        await Promise.all(live.map((gateway) => gateway.event('MESSAGE_CREATE', (d) => d.content === `begin ${round}`)));
        const end = storm(server, place, live, robots);
        const enough = 20 + draw(200);
        await live[0].wait(() => live[0].events('MESSAGE_CREATE').length >= enough, 'the storm');
        for (let i = 0; i < 3; i += 1)
            await live[1 + draw(SESSIONS - 1)].cut(); // away already
        await server.stop();
        await end();
        server = await start(data);
        const backs = await Promise.all(live.map((old, i) => resume(server, who[i % who.length], old)));
        await post(server, place.owner, place.guild.channel, `end ${round}`);
        const truth = (await allMessages(server, place)).map((m) => m.content);
        const expected = truth.slice(truth.indexOf(`begin ${round}`));
        for (const [i, back] of backs.entries()) {
            if (back === null)
                continue;
            kept += 1;
            await back.event('MESSAGE_CREATE', (d) => d.content === `end ${round}`);
            assert.deepEqual([...contents(live[i]), ...contents(back)], expected, `session ${i} of round ${round}`);
            await back.end();
        }
        await (await Gateway.session(server, place.bot)).end();
    }
    assert.equal(kept, rounds(2) * SESSIONS, 'all of them have gone on');
    await server.stop();
});

test(`rows in which bytes have changed (seed ${SEED})`, async () => {
    const draw = dice(SEED + 1);
    const data = temporaryFolder();
    let server = await start(data);
    const place = await world(server);
    for (let round = 0; round < rounds(8); round += 1) {
        const live = await Promise.all(Array.from({ length: 3 }, () => Gateway.session(server, place.bot)));
        for (let i = 0; i < 3; i += 1)
            await post(server, place.owner, place.guild.channel, `text ${i}`);
        await server.stop();
        const [table, column] = round % 3 === 2 ? ['gateway_payloads', 'payloads'] : ['gateway_sessions', 'state'];
        const rows = await server.sql(`SELECT number, ${process.env.GUILDHALL_TEST_POSTGRES
            ? `encode(${column}, 'hex')` : `hex(${column})`} FROM ${table}`);
        for (const row of rows.split('\n')) {
            const [number, hex] = row.split('|');
            const bytes = Buffer.from(hex, 'hex');
            for (let n = 1 + draw(3); n > 0; n -= 1) {
                // Mostly the numbers before and behind the texts.
                const near = draw(2) === 0 ? draw(Math.min(60, bytes.length)) : bytes.length - 1 - draw(Math.min(30, bytes.length));
                bytes[draw(4) === 0 ? draw(bytes.length) : near] = [0, 1, 0x7f, 0x80, 0xff, draw(256)][draw(6)];
            }
            const cut = draw(5) === 0 ? bytes.subarray(0, draw(bytes.length)) : bytes;
            const literal = process.env.GUILDHALL_TEST_POSTGRES ? `'\\x${cut.toString('hex')}'` : `X'${cut.toString('hex')}'`;
            await server.sql(`UPDATE ${table} SET ${column} = ${literal} WHERE number = ${number}`);
        }
        server = await start(data);
        for (const old of live) {
            // As the session may be another by now, what it is told is not looked at: it answers.
            const back = await Gateway.connect(server, { heartbeats: false });
            back.socket.removeAllListeners('message');
            const answered = new Promise((done) => {
                back.socket.once('message', done);
                back.socket.once('close', done);
            });
            back.send({ op: OP.RESUME, d: { token: place.bot.bare, session_id: old.session, seq: old.seq } });
            await answered;
            await back.cut();
        }
        const fresh = await Gateway.session(server, place.bot);
        await post(server, place.owner, place.guild.channel, 'still here');
        await fresh.event('MESSAGE_CREATE', (d) => d.content === 'still here');
        await fresh.end();
    }
    await server.stop();
});

test(`killed while it saves or restores: whole sessions, or none (seed ${SEED})`, async () => {
    const draw = dice(SEED + 2);
    const data = temporaryFolder();
    let server = await start(data);
    const place = await world(server);
    for (let round = 0; round < rounds(6); round += 1) {
        const live = await Promise.all(Array.from({ length: SESSIONS }, () => Gateway.session(server, place.bot)));
        for (let i = 0; i < 5; i += 1)
            await post(server, place.owner, place.guild.channel, `${round} ${i} ${'x'.repeat(1500)}`);
        server.child.kill('SIGTERM');
        await new Promise((done) => { setTimeout(done, draw(60)); });
        await server.kill();
        server = await start(data);
        await post(server, place.owner, place.guild.channel, `${round} end`);
        for (const old of live) {
            const back = await resume(server, place.bot, old);
            if (back === null)
                continue;
            await back.event('MESSAGE_CREATE', (d) => d.content === `${round} end`);
            assert.deepEqual([...contents(old), ...contents(back)].map((text) => text.slice(0, 3)),
                [0, 1, 2, 3, 4, 'e'].map((n) => `${round} ${n}`));
            await back.end();
        }
    }
    await server.stop();
});

test(`told to stop while it starts (seed ${SEED})`, async () => {
    const draw = dice(SEED + 3);
    const data = temporaryFolder();
    const first = await start(data);
    const place = await world(first);
    const live = await Promise.all(Array.from({ length: SESSIONS }, () => Gateway.session(first, place.bot)));
    await first.stop();
    for (let round = 0; round < rounds(6); round += 1) {
        // From before the signals are its own (then it is gone, and nothing was taken) to when it serves.
        const starting = start(data).catch(() => null);
        await new Promise((done) => { setTimeout(done, draw(80)); });
        const pids = spawnSync('pgrep', ['-f', '--', `--data ${data} `], { encoding: 'utf8' }).stdout.split('\n').filter(Boolean);
        for (const pid of pids)
            process.kill(Number(pid), 'SIGTERM');
        const server = await starting;
        if (server !== null)
            await server.stop();
    }
    const last = await start(data);
    for (const old of live) {
        const back = await resume(last, place.bot, old);
        assert.notEqual(back, null);
        await back.end();
    }
    await last.stop();
});

test('the disk is full while it saves: it stops all the same, and nothing half comes back', async (t) => {
    const disk = await smallDisk('8m');
    if (disk === null || process.env.GUILDHALL_TEST_POSTGRES) {
        t.skip('needs a mount namespace, and SQLite');
        return;
    }
    const server = await start(disk.data, { prefix: disk.enter });
    const place = await world(server);
    const live = await Promise.all(Array.from({ length: SESSIONS }, () => Gateway.session(server, place.bot, { heartbeats: false })));
    for (let i = 0; i < 20; i += 1)
        await post(server, place.owner, place.guild.channel, `${i} ${'x'.repeat(1900)}`);
    await live[0].wait(() => live[0].events('MESSAGE_CREATE').length === 20, 'the messages');
    disk.command('sh', '-c', `dd if=/dev/zero of=${disk.data}/filler bs=4k 2>/dev/null; true`);
    await server.stop();
    assert.match(server.stderr, /sessions could not be kept/);
    disk.command('rm', `${disk.data}/filler`);
    const next = await start(disk.data, { prefix: disk.enter });
    for (const old of live) {
        const back = await resume(next, place.bot, old);
        if (back !== null)
            await back.end();
    }
    await (await Gateway.session(next, place.bot)).end();
    await next.stop();
});
