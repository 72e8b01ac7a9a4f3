// RFC 6455 by the byte: what is right works in every form, what is wrong has its close code.

import assert from 'node:assert/strict';
import test, { afterEach } from 'node:test';

import { assertServes } from '../lib/api.mjs';
import { Raw, RawWs } from '../lib/raw.mjs';
import { useServer } from '../lib/server.mjs';

const TEXT = 1;
const BINARY = 2;
const CLOSE = 8;
const PING = 9;
const PONG = 10;
const HEARTBEAT = '{"op":1,"d":null}';

const server = await useServer();

afterEach(() => assertServes(server));

async function open() {
    const ws = await RawWs.connect(server);
    assert.equal((await ws.payload()).op, 10);
    return ws;
}

const WRONG = [
    ['an unmasked frame', (ws) => ws.text(HEARTBEAT, { mask: false }), 1002],
    ['an unmasked ping', (ws) => ws.send(PING, '', { mask: false }), 1002],
    ['a reserved bit', (ws) => ws.text(HEARTBEAT, { rsv: 4 }), 1002],
    ['another reserved bit', (ws) => ws.text(HEARTBEAT, { rsv: 1 }), 1002],
    ['a reserved data opcode', (ws) => ws.send(3, 'x'), 1002],
    ['a reserved control opcode', (ws) => ws.send(11, 'x'), 1002],
    ['a continuation of nothing', (ws) => ws.send(0, HEARTBEAT), 1002],
    ['a message inside another', (ws) => ws.text('{"op":1', { fin: false }).text(HEARTBEAT), 1002],
    ['a fragmented ping', (ws) => ws.send(PING, 'x', { fin: false }), 1002],
    ['a ping of 126 bytes', (ws) => ws.send(PING, 'x'.repeat(126)), 1002],
    ['a close frame of one byte', (ws) => ws.send(CLOSE, 'x'), 1002],
    ['a close code that may not be sent', (ws) => ws.send(CLOSE, Buffer.from([0x03, 0xed])), 1002],
    ['a close code out of range', (ws) => ws.send(CLOSE, Buffer.from([0x00, 0x01])), 1002],
    ['a close reason that is not UTF-8', (ws) => ws.send(CLOSE, Buffer.from([0x03, 0xe8, 0xff])), 1007],
    ['text that is not UTF-8', (ws) => ws.send(TEXT, Buffer.from([0x22, 0xc3, 0x28, 0x22])), 1007],
    ['an overlong form', (ws) => ws.send(TEXT, Buffer.from([0xc0, 0xaf])), 1007],
    ['a surrogate in UTF-8', (ws) => ws.send(TEXT, Buffer.from([0xed, 0xa0, 0x80])), 1007],
    ['UTF-8 that breaks in the second fragment', (ws) => ws.send(TEXT, Buffer.from([0xe2]), { fin: false })
        .send(0, Buffer.from([0x41])), 1007],
    ['a frame too large', (ws) => ws.text('x'.repeat(20000)), 4002],
    ['a frame that says it is too large', (ws) => ws.text('', { length: 2 ** 31 }), 4002],
    ['fragments that are too large together', (ws) => {
        ws.text('x'.repeat(8000), { fin: false });
        for (let i = 0; i < 3; i += 1)
            ws.send(0, 'x'.repeat(8000), { fin: false });
    }, 4002],
    ['a binary message', (ws) => ws.send(BINARY, HEARTBEAT), 4002],
];

for (const [name, act, code] of WRONG) {
    test(`${name}: ${code}`, async () => {
        const ws = await open();
        act(ws);
        await ws.expectClose(code);
    });
}

test('a command in fragments, pings in between, one byte per write', async () => {
    const ws = await open();
    const frames = [RawWs.frame(TEXT, '', { fin: false })];
    for (const byte of HEARTBEAT) {
        frames.push(RawWs.frame(0, byte, { fin: false }));
        frames.push(RawWs.frame(PING, `before ${byte}`));
    }
    frames.push(RawWs.frame(0, ''));
    for (const byte of Buffer.concat(frames))
        ws.raw.write(Buffer.from([byte]));
    for (const byte of HEARTBEAT) {
        const pong = await ws.frame();
        assert.equal(pong.opcode, PONG);
        assert.equal(pong.data.toString(), `before ${byte}`);
    }
    assert.equal((await ws.payload()).op, 11);
    ws.destroy();
});

test('UTF-8 that is split across fragments', async () => {
    const ws = await open();
    const text = Buffer.from('{"op":1,"d":null,"x":"€"}');
    const at = text.indexOf(0xe2) + 1;
    ws.send(TEXT, text.subarray(0, at), { fin: false }).send(0, text.subarray(at));
    assert.equal((await ws.payload()).op, 11);
    ws.destroy();
});

test('many commands in one write', async () => {
    const ws = await open();
    ws.raw.write(Buffer.concat(Array.from({ length: 50 }, () => RawWs.frame(TEXT, HEARTBEAT))));
    for (let i = 0; i < 50; i += 1)
        assert.equal((await ws.payload()).op, 11);
    ws.destroy();
});

test('commands in the same write as the upgrade request', async () => {
    const raw = await Raw.connect(server);
    raw.write(Buffer.concat([
        Buffer.from('GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: keep-alive, Upgrade\r\n' +
            'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n'),
        RawWs.frame(TEXT, HEARTBEAT), RawWs.frame(PING, 'early'),
    ]));
    const answer = await raw.response();
    assert.equal(answer.status, 101);
    assert.equal(answer.headers.get('sec-websocket-accept'), 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=');
    const ws = new RawWs(raw);
    const frames = [await ws.frame(), await ws.frame(), await ws.frame()];
    const opcodes = frames.map((frame) => frame.opcode).sort();
    assert.deepEqual(opcodes, [TEXT, TEXT, PONG]);
    ws.destroy();
});

test('ping is answered with its own payload, an unasked pong with nothing', async () => {
    const ws = await open();
    ws.send(PONG, 'nobody asked').send(PING, '').send(PING, 'y'.repeat(125));
    assert.equal((await ws.frame()).data.length, 0);
    assert.equal((await ws.frame()).data.toString(), 'y'.repeat(125));
    ws.destroy();
});

test('the close handshake echoes the code and ends the connection', async () => {
    for (const payload of [Buffer.from([0x03, 0xe8]), Buffer.from([0x0f, 0xa0]), Buffer.alloc(0),
        Buffer.concat([Buffer.from([0x03, 0xe9]), Buffer.from('going away')])]) {
        const ws = await open();
        ws.send(CLOSE, payload);
        const frame = await ws.frame();
        assert.equal(frame.opcode, CLOSE);
        if (payload.length >= 2)
            assert.equal(frame.data.readUInt16BE(0), payload.readUInt16BE(0));
        await ws.raw.end();
        ws.destroy();
    }
});

test('nothing is read after a close frame', async () => {
    const ws = await open();
    ws.raw.write(Buffer.concat([RawWs.frame(CLOSE, Buffer.from([0x03, 0xe8])), RawWs.frame(TEXT, 'garbage{{{')]));
    const frame = await ws.frame();
    assert.equal(frame.opcode, CLOSE);
    assert.equal(frame.data.readUInt16BE(0), 1000);
    await ws.raw.end();
    ws.destroy();
});

const UPGRADE = {
    Upgrade: 'websocket', Connection: 'Upgrade', 'Sec-WebSocket-Version': '13',
    'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
};
for (const [name, change, statuses] of [
    ['version 8', { 'Sec-WebSocket-Version': '8' }, [426]],
    ['version 12', { 'Sec-WebSocket-Version': '12' }, [426]],
    ['no version', { 'Sec-WebSocket-Version': undefined }, [400, 426]],
    ['no key', { 'Sec-WebSocket-Key': undefined }, [400, 426]],
    ['a short key', { 'Sec-WebSocket-Key': 'abc' }, [400, 426]],
]) {
    test(`an upgrade with ${name}: ${statuses.join(' or ')}`, async () => {
        const raw = await Raw.connect(server);
        const headers = Object.entries({ ...UPGRADE, ...change }).filter(([, value]) => value !== undefined);
        raw.write(`GET / HTTP/1.1\r\nHost: x\r\n${headers.map(([k, v]) => `${k}: ${v}\r\n`).join('')}\r\n`);
        const answer = await raw.response();
        assert.ok(statuses.includes(answer.status), `${answer.status}: ${answer.text}`);
        if (answer.status === 426)
            assert.equal(answer.headers.get('sec-websocket-version'), '13');
        raw.destroy();
    });
}

test('an upgrade elsewhere is no gateway', async () => {
    const raw = await Raw.connect(server);
    raw.write('GET /api/v10/users/@me HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
        'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n');
    const answer = await raw.response();
    assert.ok(answer.status >= 400 && answer.status < 500, String(answer.status));
    raw.destroy();
});

test('encodings and compressions that are not there are refused before the upgrade', async () => {
    for (const query of ['v=10&encoding=xml', 'v=10&encoding=etf&compress=brotli', 'v=10&encoding=json&compress=gzip']) {
        const raw = await Raw.connect(server);
        const headers = Object.entries(UPGRADE).map(([k, v]) => `${k}: ${v}\r\n`).join('');
        raw.write(`GET /?${query} HTTP/1.1\r\nHost: x\r\n${headers}\r\n`);
        const answer = await raw.response();
        assert.equal(answer.status, 400);
        raw.destroy();
    }
});

test('permessage-deflate is offered and declined', async () => {
    const raw = await Raw.connect(server);
    const headers = Object.entries(UPGRADE).map(([k, v]) => `${k}: ${v}\r\n`).join('');
    raw.write(`GET / HTTP/1.1\r\nHost: x\r\nSec-WebSocket-Extensions: permessage-deflate\r\n${headers}\r\n`);
    const answer = await raw.response();
    assert.equal(answer.status, 101);
    assert.equal(answer.headers.get('sec-websocket-extensions'), undefined);
    raw.destroy();
});
