// Every encoding with every compression: the same conversation, the same payloads; a Resume that goes
// on in another transport; and what is refused.

import assert from 'node:assert/strict';
import test from 'node:test';
import zlib from 'node:zlib';
import WebSocket from 'ws';

import { assertServes, ok } from '../lib/api.mjs';
import { atom, binary, encode, read, term } from '../lib/etf.mjs';
import { Gateway, OP } from '../lib/gateway.mjs';
import { UNLIMITED, useServer } from '../lib/server.mjs';
import { TRANSPORTS } from '../lib/transports.mjs';
import { within } from '../lib/wait.mjs';
import { post, world } from '../lib/world.mjs';

const server = await useServer({
    flags: [...UNLIMITED, '--server.loops=2', '--gateway.permessage_deflate=true'],
});
const { owner, guild, bot: robot } = await world(server);
const TEXT = 'h\u00e9llo "\u{1F600}"\n\\ <&> ' + 'x'.repeat(300);

const dispatches = (gateway) => gateway.received.filter((p) => p.op === OP.DISPATCH);

for (const [name, transport] of Object.entries(TRANSPORTS)) {
    test(`${name}: the same as plain JSON`, async () => {
        const plain = await Gateway.session(server, robot);
        const gateway = await Gateway.session(server, robot, { transport });
        assert.equal(gateway.hello.d.heartbeat_interval, plain.hello.d.heartbeat_interval);
        const { session_id: one, _trace: t1, ...ready } = gateway.ready;
        const { session_id: two, _trace: t2, ...wanted } = plain.ready;
        assert.deepEqual(ready, wanted);
        assert.notEqual(one, two);
        for (let i = 0; i < 20; i += 1)
            await post(server, owner, guild.channel, `${TEXT} ${name} ${i}`);
        const last = (m) => m.content === `${TEXT} ${name} 19`;
        const got = await gateway.event('MESSAGE_CREATE', last);
        assert.deepEqual(got.d, (await plain.event('MESSAGE_CREATE', last)).d);
        assert.deepEqual(gateway.events('MESSAGE_CREATE'), plain.events('MESSAGE_CREATE'));
        assert.deepEqual(gateway.events('GUILD_CREATE'), plain.events('GUILD_CREATE'));
        await gateway.flush();
        await gateway.end();
        await plain.end();
    });
}

test('a session goes on in another transport', async () => {
    const names = Object.keys(TRANSPORTS);
    let at = await Gateway.session(server, robot, { transport: TRANSPORTS[names.at(-1)] });
    const { session } = at;
    for (const name of names) {
        await at.cut();
        for (let i = 0; i < 5; i += 1)
            await post(server, owner, guild.channel, `${name} ${i}`);
        const back = await Gateway.connect(server, { transport: TRANSPORTS[name] });
        await back.resume(robot, session, at.seq);
        await back.event('RESUMED');
        assert.deepEqual(back.events('MESSAGE_CREATE').map((m) => m.content),
            [0, 1, 2, 3, 4].map((i) => `${name} ${i}`));
        at = back;
    }
    await at.end();
});

test('a READY and guilds of some size are whole in every transport', async () => {
    for (let i = 0; i < 60; i += 1) {
        await ok(server, 'POST', `/guilds/${guild.id}/channels`, {
            token: owner.token, body: { name: `channel-${i}`, type: 0, topic: 'word '.repeat(100) },
        });
    }
    const plain = await Gateway.session(server, owner);
    const wanted = plain.ready.guilds.find((g) => g.id === guild.id);
    assert.ok(wanted.channels.length >= 60);
    for (const [name, transport] of Object.entries(TRANSPORTS)) {
        const gateway = await Gateway.session(server, owner, { transport });
        assert.deepEqual(gateway.ready.guilds.find((g) => g.id === guild.id), wanted, name);
        if (name.includes('stream'))
            assert.ok(gateway.stream.wire < gateway.stream.raw / 2, `${name}: ${gateway.stream.wire}`);
        await gateway.end();
    }
    await plain.end();
});

test('messages to one person compress well, those to many still', async () => {
    const friend = await Gateway.session(server, owner, { transport: TRANSPORTS['json zlib-stream'] });
    const before = { wire: friend.stream.wire, raw: friend.stream.raw };
    for (let i = 0; i < 40; i += 1)
        await post(server, owner, guild.channel, `a message of some words, the ${i}th of them`);
    await friend.event('MESSAGE_CREATE', (m) => m.content.includes('the 39th'));
    const ratio = (friend.stream.wire - before.wire) / (friend.stream.raw - before.raw);
    assert.ok(ratio < 0.35, `narrow: ${ratio}`);
    await friend.end();
});

test('ETF: the envelope has atoms, the rest binaries, ids are strings', async () => {
    const frames = [];
    const socket = new WebSocket(`${server.ws}/?v=10&encoding=etf`, { perMessageDeflate: false });
    socket.on('message', (data) => frames.push(data));
    const until = (n) => within((async () => {
        while (frames.length < n)
            await new Promise((done) => { socket.once('message', done); socket.once('close', done); });
    })(), `${n} frames`);
    await until(1);
    const hello = read(frames[0]);
    assert.deepEqual([...hello.atomKeys].sort(), ['_trace', 'd', 'heartbeat_interval', 'op', 's', 't']);
    // Ids and numbers as Elixir's clients send them: integers, big ones included, lists of pairs not.
    socket.send(encode({
        op: 2, d: { token: robot.bare ?? robot.token, intents: 1n, properties: {}, large_threshold: 100.0 },
    }));
    await until(3);
    const ready = read(frames[1]);
    assert.equal(String(ready.value.t), 'READY');
    assert.deepEqual([...ready.atomKeys].sort(), ['d', 'op', 's', 't']);
    assert.equal(typeof ready.value.d.user.id, 'string');
    assert.equal(String(read(frames[2]).value.t), 'GUILD_CREATE');
    socket.close(1000);
});

// What is sent, to a connection of which encoding, before any Identify.
const REFUSED = [
    ['text to ETF', 'etf', JSON.stringify({ op: 1, d: null })],
    ['binary to JSON', 'json', Buffer.from(JSON.stringify({ op: 1, d: null }))],
    ['ETF to JSON', 'json', encode({ op: 1, d: null })],
    ['atoms as keys', 'etf', Buffer.concat([
        Buffer.from([131, 116, 0, 0, 0, 1]), atom('op'), term(1)])],
    ['a compressed term', 'etf', Buffer.concat([
        Buffer.from([131, 80, 0, 0, 0, 8]), zlib.deflateSync(encode({ op: 1 }).subarray(1))])],
    ['a tuple', 'etf', Buffer.from([131, 104, 1, 97, 1])],
    ['a count that is not there', 'etf', Buffer.from([131, 108, 255, 255, 255, 255])],
    ['four thousand of four billion', 'etf', Buffer.concat([
        Buffer.from([131, 108, 255, 255, 255, 255]), Buffer.alloc(4000, 106)])],
    ['a map of four billion', 'etf', Buffer.from([131, 116, 255, 255, 255, 255, 109, 0, 0, 0, 0, 106])],
    ['a binary of four billion', 'etf', Buffer.from([131, 109, 255, 255, 255, 255, 120])],
    ['a string of more than there is', 'etf', Buffer.from([131, 107, 255, 255, 1, 2])],
    ['an integer of 255 bytes', 'etf', Buffer.concat([Buffer.from([131, 110, 255, 0]), Buffer.alloc(255, 1)])],
    ['an integer of four billion bytes', 'etf', Buffer.from([131, 111, 255, 255, 255, 255, 0, 1])],
    ['an improper list', 'etf', Buffer.from([131, 108, 0, 0, 0, 1, 97, 1, 97, 2])],
    ...[['NaN', [0x7f, 0xf8, 0, 0, 0, 0, 0, 0]], ['infinity', [0xff, 0xf0, 0, 0, 0, 0, 0, 0]]].map(([name, bytes]) =>
        [name, 'etf', encode({ op: 1, d: Buffer.from([70, ...bytes]) })]),
    ...[['no UTF-8', [0xff, 0xfe]], ['half a character', [0xc3]], ['half a pair', [0xed, 0xa0, 0x80]], ['a NUL', [0]]]
        .flatMap(([name, bytes]) => [
            [`${name} in a binary`, 'etf', encode({ op: 1, d: Buffer.from([109, 0, 0, 0, bytes.length, ...bytes]) })],
            [`${name} in an atom`, 'etf', encode({ op: 1, d: Buffer.from([119, bytes.length, ...bytes]) })],
            [`${name} in a key`, 'etf', Buffer.from([131, 116, 0, 0, 0, 1, 109, 0, 0, 0, bytes.length, ...bytes, 97, 1])],
        ]),
    ['another version', 'etf', Buffer.from([130, 97, 1])],
    ['nothing', 'etf', Buffer.alloc(0)],
    ['a key twice', 'etf', Buffer.concat([
        Buffer.from([131, 116, 0, 0, 0, 2]), binary('op'), term(1), binary('op'), term(1)])],
    ['too deep', 'etf', Buffer.concat([Buffer.from([131]),
        Buffer.concat(Array.from({ length: 40 }, () => Buffer.from([104, 1]))), Buffer.from([106])])],
];
for (const [what, encoding, frame] of REFUSED) {
    test(`4002: ${what}`, async () => {
        const gateway = await Gateway.connect(server, { transport: TRANSPORTS[encoding] });
        gateway.socket.send(frame);
        await gateway.expectClose(4002);
        await assertServes(server);
    });
}

test('4,096 bytes hold for ETF, and not one more', async () => {
    const gateway = await Gateway.session(server, robot, { transport: TRANSPORTS.etf });
    const sized = (n) => {
        const empty = encode({ op: 1, d: null, pad: '' }).length;
        return encode({ op: 1, d: null, pad: 'x'.repeat(n - empty) });
    };
    const from = gateway.mark();
    gateway.send(sized(4096));
    await gateway.op(OP.ACK, { from });
    gateway.send(sized(4097));
    await gateway.expectClose(4002);
});

for (const query of ['encoding=xml', 'encoding=ETF', 'compress=gzip', 'compress=zlib',
    'encoding=etf&compress=zstd']) {
    test(`400: ${query}`, async () => {
        const socket = new WebSocket(`${server.ws}/?v=10&${query}`, { perMessageDeflate: false });
        const status = await within(new Promise((done, fail) => {
            socket.once('unexpected-response', (_, response) => done(response.statusCode));
            socket.once('open', () => fail(new Error('was accepted')));
            socket.once('error', () => {});
        }), 'a refusal');
        assert.equal(status, 400);
    });
}

test('permessage-deflate, both ways, with the window that was asked for', async () => {
    for (const perMessageDeflate of [true, { serverMaxWindowBits: 15, threshold: 0 }, { threshold: 0 }]) {
        const gateway = await Gateway.connect(server, { options: { perMessageDeflate } });
        assert.match(gateway.socket.extensions, /permessage-deflate/);
        await gateway.identify(robot);
        await post(server, owner, guild.channel, TEXT);
        await gateway.event('MESSAGE_CREATE', (m) => m.content === TEXT);
        await gateway.flush();
        await gateway.end();
    }
    const small = await Gateway.connect(server, {
        options: { perMessageDeflate: { serverMaxWindowBits: 10 } },
    });
    assert.equal(small.socket.extensions, '', 'a window that we cannot keep is declined');
    await small.end();
    const stream = await Gateway.connect(server, {
        transport: TRANSPORTS['json zlib-stream'], options: { perMessageDeflate: true },
    });
    assert.equal(stream.socket.extensions, '', 'not twice');
    await stream.end();
});

test('permessage-deflate: a bomb and garbage', async () => {
    const connect = async () => Gateway.connect(server, { options: { perMessageDeflate: { threshold: 0 } } });
    const bomb = await connect();
    bomb.socket.send('x'.repeat(1 << 20));
    await bomb.expectClose(4002);
    const garbage = await connect();
    // A compressed text frame, masked with zeros, whose payload is no deflate stream.
    garbage.socket._socket.write(Buffer.from([0xc1, 0x84, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff]));
    await garbage.expectClose(1002);
    await assertServes(server);
});

// RFC 7692, frame by frame: [first byte, payload] each, masked with zeros.
const raw = (...frames) => Buffer.concat(frames.map(([first, payload = '']) => {
    const data = Buffer.from(payload);
    const size = data.length < 126 ? [0x80 | data.length] : [0xfe, data.length >> 8, data.length & 255];
    return Buffer.concat([Buffer.from([first, ...size, 0, 0, 0, 0]), data]);
}));
const deflated = (data, finishFlush = zlib.constants.Z_SYNC_FLUSH) => {
    const bytes = zlib.deflateRawSync(data, { finishFlush });
    return finishFlush === zlib.constants.Z_SYNC_FLUSH ? bytes.subarray(0, -4) : bytes;
};
const HEARTBEAT = '{"op":1,"d":null}';
const beat = deflated(HEARTBEAT);
const bomb = deflated('x'.repeat(1 << 20));
for (const [what, code, bytes] of [
    ['the bit on a ping', 1002, raw([0xc9])],
    ['the bit on a close', 1002, raw([0xc8])],
    ['the bit on a continuation', 1002, raw([0x41, beat.subarray(0, 3)], [0xc0, beat.subarray(3)])],
    ['another bit', 1002, raw([0xa1, HEARTBEAT])],
    ['both bits', 1002, raw([0xe1, beat])],
    ['a bomb in fragments', 4002, raw([0x41, bomb.subarray(0, 100)], [0x80, bomb.subarray(100)])],
    ['text that is no UTF-8', 1007, raw([0xc1, deflated(Buffer.from([0xff, 0xfe]))])],
    ['half of a message', 1002, raw([0xc1, beat.subarray(0, beat.length - 4)])],
    ['a window of the message before', 1002, raw([0xc1, beat], [0xc1, Buffer.from([0x02, 0x13, 0, 0])])],
    ['no message', 4002, raw([0xc1, Buffer.from([0])])],
    ['not even an empty block', 1002, raw([0xc1])],
]) {
    test(`permessage-deflate, ${what}: ${code}`, async () => {
        const gateway = await Gateway.connect(server, { options: { perMessageDeflate: { threshold: 0 } } });
        gateway.socket._socket.write(bytes);
        await gateway.expectClose(code);
    });
}

test('permessage-deflate: fragments, a ping between them, a final block, and none of it', async () => {
    const gateway = await Gateway.connect(server, { options: { perMessageDeflate: { threshold: 0 } } });
    for (const bytes of [
        raw([0x41, beat.subarray(0, 3)], [0x89, 'between'], [0x00], [0x80, beat.subarray(3)]),
        raw([0xc1, Buffer.concat([deflated(HEARTBEAT, zlib.constants.Z_FINISH), Buffer.from([0])])]),
        raw([0x81, HEARTBEAT]),
    ]) {
        const from = gateway.mark();
        gateway.socket._socket.write(bytes);
        await gateway.op(OP.ACK, { from });
    }
    await gateway.end();
});

test('garbage after connecting, in every transport', async () => {
    for (const transport of Object.values(TRANSPORTS)) {
        const gateway = await Gateway.connect(server, { transport });
        gateway.socket.send(Buffer.from([0x78, 0x9c, 0xff, 0x00, 0x28, 0xb5, 0x2f, 0xfd]), { binary: true });
        await gateway.expectClose(4002);
    }
    await assertServes(server);
});
