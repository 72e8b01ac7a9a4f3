// Clients that mean harm, or are broken: each ends with its close code or its limit, and a client that
// does neither goes on undisturbed beside them.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test, { afterEach } from 'node:test';

import { assertServes } from '../lib/api.mjs';
import { decode, encode } from '../lib/etf.mjs';
import { Gateway, OP } from '../lib/gateway.mjs';
import { RawWs } from '../lib/raw.mjs';
import { UNLIMITED, atEnd, useServer } from '../lib/server.mjs';
import { TIMEOUT_MS, until, within } from '../lib/wait.mjs';
import { ALL_INTENTS, authorize, bot, post, world } from '../lib/world.mjs';

const TEXT = 1;
const BINARY = 2;
const PING = 9;
const WINDOW_MS = 1500;
const server = await useServer({
    flags: [...UNLIMITED, '--server.loops=2', '--gateway.session_bytes_max=1048576', '--metrics.enabled=true',
        '--gateway.identify_timeout_ms=2000', '--gateway.heartbeat_interval_ms=60000',
        `--gateway.resume_window_ms=${WINDOW_MS}`],
});
// What is counted, is counted here.
const limited = await useServer({ flags: [] });
const { owner, guild, bot: robot } = await world(server);
let shard = 0;
// Sessions that are about something else are of shards that do not have the guild.
const SHARDS = 997;
const home = Number((BigInt(guild.id) >> 22n) % BigInt(SHARDS));
const elsewhere = () => {
    shard = (shard + 1) % SHARDS;
    return shard === home ? elsewhere() : [shard, SHARDS];
};
const identify = (who, more = {}) => ({
    op: OP.IDENTIFY,
    d: { token: who.bare ?? who.token, properties: {}, intents: ALL_INTENTS, shard: elsewhere(), ...more },
});

async function another() {
    const made = await bot(server, owner);
    await authorize(server, owner, made, guild);
    return made;
}

// An honest client that hears all that is said while the others do their worst.
const honest = await Gateway.session(server, robot);
atEnd(() => honest.end());
let said = 0;
async function hears() {
    said += 1;
    const { id } = await post(server, owner, guild.channel, `still there? ${said}`);
    await honest.event('MESSAGE_CREATE', (d) => d.id === id);
}
afterEach(async () => {
    await assertServes(server);
    await hears();
});

// Of the table below: what is sent as JSON is sent as ETF.
let etf = false;

async function opened(path = `/?v=10&encoding=${etf ? 'etf' : 'json'}`, at = server) {
    const ws = await RawWs.connect(at, path);
    if (path.endsWith('=etf')) {
        ws.text = (d) => ws.send(BINARY, encode(typeof d === 'string' ? JSON.parse(d) : d));
        ws.payload = async () => decode((await ws.frame()).data);
    }
    assert.equal((await ws.payload()).op, OP.HELLO);
    return ws;
}

// ---- each close code, by what brings it ----

const fresh = (act) => async () => {
    const ws = await opened();
    await act(ws);
    return ws;
};
const identified = (act, more) => async () => {
    const ws = await opened();
    ws.text(identify(robot, more));
    assert.equal((await ws.payload()).t, 'READY');
    await act(ws);
    return ws;
};

const VIOLATIONS = [
    [4001, 'an opcode that nobody knows', fresh((ws) => ws.text({ op: 200, d: null }))],
    [4001, 'an opcode that only servers send', identified((ws) => ws.text({ op: 0, d: {}, t: 'READY', s: 1 }))],
    [4001, 'an opcode beyond 64 bits', fresh((ws) => ws.text('{"op":18446744073709551616,"d":null}')), [4002]],
    [4001, 'op 5 to 42 that only people send, from a bot', identified((ws) => ws.text({ op: 13, d: {} }))],
    [4002, 'no JSON', fresh((ws) => ws.text('{"op":1,"d":nul}'))],
    [4002, 'JSON and more', fresh((ws) => ws.text('{"op":1,"d":null} {}'))],
    [4002, 'a payload of 4097 bytes', identified((ws) => ws.text('{"op":1,"d":null}'.padEnd(4097)))],
    [4002, 'a fragmented payload of 4097 bytes', identified((ws) => {
        ws.send(TEXT, '{"op":1,"d":null,"x":"', { fin: false });
        for (let i = 0; i < 41; i += 1)
            ws.send(0, 'y'.repeat(100), { fin: i === 40 });
    })],
    [4002, 'an Identify of 16 KiB', fresh((ws) => ws.text(identify(robot, { x: 'y'.repeat(16 * 1024) })))],
    [4002, 'ETF in a session of JSON', fresh((ws) => ws.send(2, Buffer.from([131, 116, 0, 0, 0, 0])))],
    ...[['token', 5], ['token', null], ['token', ['x']], ['properties', 'linux'], ['properties', null], ['intents', '1'],
        ['intents', 1.5], ['intents', [1]], ['compress', 1], ['compress', []], ['large_threshold', '50'],
        ['presence', 'online'], ['presence', []], ['capabilities', '0'], ['client_state', 1]].map(([field, value]) =>
        [4002, `Identify with ${field} ${JSON.stringify(value)}`, fresh((ws) =>
            ws.text(identify(robot, { [field]: value })))]),
    [4003, 'a command before Identify', fresh((ws) => ws.text({ op: 3, d: { since: null, activities: [], status: 'online', afk: false } }))],
    [4003, 'members before Identify', fresh((ws) => ws.text({ op: 8, d: { guild_id: guild.id, query: '', limit: 0 } }))],
    [4004, 'a token that is none', fresh((ws) => ws.text(identify({ bare: 'a.b.c' })))],
    [4004, 'a token of many bytes', fresh((ws) => ws.text(identify({ bare: 'x'.repeat(5000) })))],
    [4005, 'a second Identify', identified((ws) => ws.text(identify(robot)))],
    [4005, 'Resume of a session that is here', identified((ws) =>
        ws.text({ op: OP.RESUME, d: { token: robot.bare, session_id: 'x', seq: 0 } }))],
    [4007, 'Resume with a number of the future', async () => {
        const first = await opened();
        first.text(identify(robot));
        const { d } = await first.payload();
        const ws = await opened();
        ws.text({ op: OP.RESUME, d: { token: robot.bare, session_id: d.session_id, seq: 1_000_000 } });
        first.destroy();
        return ws;
    }],
    [4008, 'more than 120 commands a minute', async () => {
        const ws = await opened(undefined, limited);
        for (let i = 0; i < 121; i += 1)
            ws.text('{"op":1,"d":null}');
        return ws;
    }],
    [4009, 'no Identify in time', fresh(() => {})],
    [4009, 'heartbeats, but no Identify in time', fresh((ws) => ws.text('{"op":1,"d":null}'))],
    [4010, 'a shard beyond the last', fresh((ws) => ws.text(identify(robot, { shard: [7, 7] })))],
    [4010, 'a shard that is no pair', fresh((ws) => ws.text(identify(robot, { shard: [1, 2, 3] })))],
    [4010, 'a shard of fractions', fresh((ws) => ws.text(identify(robot, { shard: [0.5, 2] })))],
    [4012, 'a version that is not there', () => opened('/?v=5&encoding=json')],
    [4013, 'intents that nobody knows', fresh((ws) => ws.text(identify(robot, { intents: 2 ** 40 })))],
    [4013, 'a bot without intents', fresh((ws) => ws.text(identify(robot, { intents: null })))],
    [1002, 'an unmasked frame', fresh((ws) => ws.text('{"op":1,"d":null}', { mask: false }))],
    [1007, 'text that is no UTF-8', fresh((ws) => ws.send(TEXT, Buffer.from([0xff, 0xfe])))],
];

// Of these the text is the matter.
const OF_TEXT = ['no JSON', 'JSON and more', 'a payload of 4097 bytes', 'a fragmented payload of 4097 bytes',
    'ETF in a session of JSON', 'an unmasked frame', 'text that is no UTF-8', 'a version that is not there'];
for (const [code, name, act, instead] of VIOLATIONS) {
    for (const encoding of OF_TEXT.includes(name) ? ['json'] : ['json', 'etf']) {
        test(`${encoding}: ${name}: ${instead ?? code}`, async () => {
            etf = encoding === 'etf';
            try {
                const ws = await act();
                await ws.expectClose(instead?.[0] ?? code);
            } finally {
                etf = false;
            }
        });
    }
}

test('what is odd but harmless is let through', async () => {
    for (const more of [{ compress: true }, { compress: null }, { compress: 'zlib-stream' }, { large_threshold: -5 }, { large_threshold: 1e6 },
        { properties: { $os: 'x', $browser: 'y', $device: 'z' } }, { presence: null }, { guild_subscriptions: true },
        { capabilities: 16381, client_state: { guild_versions: {} } }, { shard: null, token: `Bot ${robot.bare}` }]) {
        const ws = await opened();
        const who = more.shard === null ? await another() : robot;
        ws.text(identify(who, { ...more, ...(more.token && { token: `Bot ${who.bare}` }) }));
        assert.equal((await ws.payload()).t, 'READY', JSON.stringify(more));
        ws.text('{"op":1,"d":null}');
        ws.raw.write(RawWs.frame(8, Buffer.from([0x03, 0xe8])));
        await ws.raw.end();
        ws.destroy();
    }
});

// ---- Resume of what is not one's own, or is no more ----

async function expectInvalid(d) {
    const gateway = await Gateway.connect(server);
    gateway.send({ op: OP.RESUME, d });
    assert.equal((await gateway.op(OP.INVALID_SESSION)).d, false);
    await gateway.end();
}

test("another's session: Invalid Session, and it is not disturbed", async () => {
    const victim = await Gateway.session(server, robot, { identify: { shard: elsewhere() } });
    const thief = await another();
    await expectInvalid({ token: thief.bare, session_id: victim.session, seq: 1 });
    await expectInvalid({ token: owner.token, session_id: victim.session, seq: 1 });
    await expectInvalid({ token: 'x', session_id: victim.session, seq: 1 });
    await victim.flush();
    await victim.end();
});

test('a session that has expired, or was ended: Invalid Session', async () => {
    const gone = await Gateway.session(server, robot, { identify: { shard: elsewhere() } });
    const ended = await Gateway.session(server, robot, { identify: { shard: elsewhere() } });
    await gone.cut();
    await ended.end(1000);
    await expectInvalid({ token: robot.bare, session_id: ended.session, seq: ended.seq });
    const sessions = async () => Number(/^guildhall_gateway_sessions (\d+)$/m.exec(
        await (await fetch(`${server.url}/metrics`)).text())[1]);
    await until(async () => await sessions() === 1, 'only the honest session to be left');
    await expectInvalid({ token: robot.bare, session_id: gone.session, seq: gone.seq });
});

test('Resumes that go from loop to loop gain no time', async () => {
    const ws = await opened();
    const began = Date.now();
    let sent = 0;
    const timer = setInterval(() => {
        sent += 1;
        ws.text({ op: OP.RESUME, d: { token: robot.bare, session_id: `0${sent % 2}`.padEnd(32, 'f'), seq: 0 } });
    }, 300);
    try {
        await ws.expectClose(4009);
    } finally {
        clearInterval(timer);
    }
    assert.ok(sent >= 3 && Date.now() - began < 5000, `${sent} in ${Date.now() - began} ms`);
});

test('Resume after Resume after Resume', async () => {
    const ws = await opened(undefined, limited);
    for (let i = 0; i < 119; i += 1)
        ws.text({ op: OP.RESUME, d: { token: robot.bare, session_id: 'f'.repeat(32), seq: 0 } });
    for (let i = 0; i < 119; i += 1)
        assert.equal((await ws.payload()).op, OP.INVALID_SESSION);
    ws.text('{"op":1,"d":null}');
    assert.equal((await ws.payload()).op, OP.ACK);
    ws.text('{"op":1,"d":null}');
    await ws.expectClose(4008);
});

// ---- those that do not read ----

const LONG = 'x'.repeat(1900);
async function deafOnes(count) {
    const deaf = [];
    for (let i = 0; i < count; i += 1) {
        const one = await another();
        const ws = await opened();
        ws.text(identify(one, { shard: [0, 1] }));
        assert.equal((await ws.payload()).t, 'READY');
        deaf.push({ ws, one });
    }
    return deaf;
}

const slow = async () => Number(/^guildhall_gateway_slow_closed_total (\d+)$/m.exec(
    await (await fetch(`${server.url}/metrics`)).text())[1]);

test('who never reads, and who reads a byte a second, is closed; others miss nothing', async () => {
    const [never, dripping] = await deafOnes(2);
    const before = await slow();
    never.ws.raw.socket.pause();
    dripping.ws.raw.socket.pause();
    const drip = setInterval(() => dripping.ws.raw.socket.read(1), 1000);
    let posted = 0;
    const from = honest.mark();
    try {
        await until(async () => {
            await Promise.all(Array.from({ length: 40 }, () => post(server, owner, guild.channel, LONG)));
            posted += 40;
            await hears();
            return await slow() >= before + 2;
        }, 'the two to be closed', 2 * TIMEOUT_MS); // the kernel takes megabytes first
    } finally {
        clearInterval(drip);
    }
    const heard = honest.received.slice(from).filter((p) => p.t === 'MESSAGE_CREATE' && p.d.content === LONG);
    assert.equal(heard.length, posted);
    never.ws.destroy();
    dripping.ws.destroy();
});

test('pings as fast as they go: closed, and what is owed stays bounded', async () => {
    const ws = await opened(undefined, limited);
    ws.raw.socket.pause();
    const gone = new Promise((done) => {
        ws.raw.socket.once('close', done);
        ws.raw.socket.once('error', done);
    });
    const ping = Buffer.concat(Array.from({ length: 100 }, () => RawWs.frame(PING, 'y'.repeat(125))));
    for (let i = 0; i < 100 && !ws.raw.socket.destroyed; i += 1)
        ws.raw.write(ping);
    ws.raw.socket.resume();
    await within(gone, 'the close');
    ws.destroy();
});

// ---- those that chop ----

test('a session in frames of one byte, a write each', async () => {
    const ws = await opened();
    const text = JSON.stringify(identify(robot));
    ws.send(TEXT, text[0], { fin: false });
    for (let i = 1; i < text.length; i += 1)
        ws.send(0, text[i], { fin: i === text.length - 1 });
    assert.equal((await ws.payload()).t, 'READY');
    ws.destroy();
});

test('empty fragments without end hold nothing, and end with the deadline', async () => {
    const ws = await opened();
    const began = Date.now();
    ws.send(TEXT, '{', { fin: false });
    const empty = Buffer.concat(Array.from({ length: 500 }, () => RawWs.frame(0, '', { fin: false })));
    const timer = setInterval(() => ws.raw.socket.writable && ws.raw.write(empty), 5);
    try {
        await ws.expectClose(4009);
    } finally {
        clearInterval(timer);
    }
    assert.ok(Date.now() - began < 10_000);
});

test('a frame that never ends: the deadline', async () => {
    const ws = await opened();
    ws.raw.write(RawWs.frame(TEXT, 'x'.repeat(100), { length: 15_000 }));
    await ws.expectClose(4009);
});

test('control frames between fragments', async () => {
    const ws = await opened();
    ws.send(TEXT, '{"op":1', { fin: false }).send(PING, 'a').send(0, ',"d":', { fin: false }).send(PING, 'b')
        .send(0, 'null}');
    assert.equal((await ws.frame()).data.toString(), 'a');
    assert.equal((await ws.frame()).data.toString(), 'b');
    assert.equal((await ws.payload()).op, OP.ACK);
    ws.destroy();
});

test('half a handshake, a thousand times over', async () => {
    const head = 'GET /?v=10&encoding=json HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
        'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n';
    for (let round = 0; round < 20; round += 1) {
        const batch = await Promise.all(Array.from({ length: 50 }, async (_, i) => {
            const { raw } = await opened();
            raw.write(head.slice(0, (round * 50 + i) % head.length));
            return raw;
        }));
        batch.forEach((raw) => raw.destroy());
    }
    const rss = Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${server.pid}/status`, 'utf8'))[1]);
    assert.ok(rss < (process.env.GUILDHALL_TEST_SANITIZER ? 2048 : 256) * 1024, `${rss} KiB`);
});
