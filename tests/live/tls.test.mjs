// HTTPS and the gateway over TLS on the listener: versions, every way of cutting bytes, ends, reload.

import assert from 'node:assert/strict';
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { Duplex } from 'node:stream';
import test, { afterEach } from 'node:test';
import tls from 'node:tls';

import { ok } from '../lib/api.mjs';
import { Gateway, OP } from '../lib/gateway.mjs';
import { Raw, RawWs } from '../lib/raw.mjs';
import { Server, UNLIMITED, atEnd, temporaryFolder, useServer } from '../lib/server.mjs';
import { certificate, connectTls, expire, request, tlsFlags } from '../lib/tls.mjs';
import { until, within } from '../lib/wait.mjs';
import { post, world } from '../lib/world.mjs';

const trusted = certificate();
// Clients of this process trust the certificate; what is wrong with one is tested by `ca` below.
process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0';
const server = await useServer({
    flags: [...UNLIMITED, '--server.loops=2', '--metrics.enabled=true', '--http.head_timeout_ms=700', ...tlsFlags(trusted)],
});
const { owner, guild, bot: robot } = await world(server);
const GET = 'GET /api/v10/gateway HTTP/1.1\r\nHost: x\r\n\r\n';

const health = async (at = server, options = {}) => (await request(at, '/healthz', options)).status;
afterEach(async () => assert.equal(await health(), 200));

async function metric(name) {
    const text = (await request(server, '/metrics')).body.toString();
    return Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(text)[1]);
}

test('the certificate is the one that was given, and its chain holds', async () => {
    assert.match(server.url, /^https:/);
    assert.equal(await health(server, { ca: trusted.ca, rejectUnauthorized: true }), 200);
});

for (const [version, good] of [['TLSv1', false], ['TLSv1.1', false], ['TLSv1.2', true], ['TLSv1.3', true]]) {
    test(`${version} is ${good ? 'spoken' : 'refused'}`, async () => {
        const options = { minVersion: version, maxVersion: version, ciphers: 'DEFAULT@SECLEVEL=0' };
        if (!good) {
            await assert.rejects(health(server, options), /protocol|alert|EPROTO|SSL/i);
            return;
        }
        const raw = await connectTls(server, options);
        assert.equal(raw.socket.getProtocol(), version);
        raw.write(GET);
        assert.equal((await raw.response()).status, 200);
        raw.destroy();
    });
}

test('the protocol inside is agreed upon: http/1.1, and no other', async () => {
    const raw = await connectTls(server, { ALPNProtocols: ['h2', 'http/1.1'] });
    assert.equal(raw.socket.alpnProtocol, 'http/1.1');
    raw.destroy();
    await assert.rejects(connectTls(server, { ALPNProtocols: ['h2'] }), /no application protocol|EPROTO|alert/i);
});

test('addresses that are made say https and wss', async () => {
    assert.equal((await ok(server, 'GET', '/gateway')).url, `wss://127.0.0.1:${server.port}`);
    const gateway = await Gateway.session(server, robot);
    assert.equal(gateway.ready.resume_gateway_url, `wss://127.0.0.1:${server.port}`);
    await gateway.end();
    const form = new FormData();
    form.set('files[0]', new Blob(['text']), 'a.txt');
    const answer = await fetch(`${server.url}/api/v10/channels/${guild.channel}/messages`, {
        method: 'POST', headers: { authorization: owner.token }, body: form,
    });
    const message = await answer.json();
    assert.ok(message.attachments[0].url.startsWith(`https://127.0.0.1:${server.port}/`), message.attachments[0].url);
    const url = new URL(message.attachments[0].url);
    assert.equal((await request(server, url.pathname + url.search)).body.toString(), 'text');
});

test('HTTP on the port of HTTPS is told so', async () => {
    const raw = await Raw.connect(server);
    raw.write(GET);
    const answer = await raw.response();
    assert.equal(answer.status, 400);
    assert.match(answer.body.message, /HTTPS/);
    await raw.end();
    raw.destroy();
});

test('what is neither is closed', async () => {
    for (const bytes of [Buffer.alloc(100), Buffer.from('\r\n\r\n'), Buffer.alloc(3000, 0x16), Buffer.from([0x80, 0x2e])]) {
        const raw = await Raw.connect(server);
        raw.write(bytes);
        await raw.end();
        raw.destroy();
    }
});

// An upload of 8 MiB and its download, by the attachment's address.
test('large bodies, both ways', async () => {
    const bytes = Buffer.alloc(8 * 1024 * 1024, Buffer.from(Array.from({ length: 251 }, (_, i) => i)));
    const form = new FormData();
    form.set('files[0]', new Blob([bytes]), 'a.bin');
    const answer = await fetch(`${server.url}/api/v10/channels/${guild.channel}/messages`, {
        method: 'POST', headers: { authorization: owner.token }, body: form,
    });
    const message = await answer.json();
    assert.equal(answer.status, 200, JSON.stringify(message));
    const url = new URL(message.attachments[0].url);
    const back = await request(server, url.pathname + url.search);
    assert.equal(back.status, 200);
    assert.ok(back.body.equals(bytes));
});

test('pipelined requests, in one write and a byte at a time', async () => {
    for (const cut of [false, true]) {
        const raw = await connectTls(server);
        const all = GET.repeat(cut ? 3 : 100);
        if (!cut)
            raw.write(all);
        for (const byte of cut ? all : '')
            raw.write(byte); // a record each
        for (let i = 0; i < (cut ? 3 : 100); i += 1)
            assert.equal((await raw.response()).status, 200);
        raw.destroy();
    }
});

// What a client's TLS says goes through `say`; what the socket says comes back.
async function through(say) {
    const { socket } = await Raw.connect(server);
    const between = new Duplex({
        write(bytes, encoding, done) {
            say(bytes, socket);
            done();
        },
        final(done) {
            socket.end();
            done();
        },
        destroy(error, done) {
            socket.destroy();
            done(error);
        },
        read() {},
    });
    socket.on('data', (bytes) => between.push(bytes)).on('end', () => between.push(null));
    return between;
}

test('a handshake and a request, one byte of ciphertext at a time', async () => {
    let said = 0;
    const socket = await through((bytes, to) => {
        for (const byte of bytes)
            to.write(Buffer.from([byte]));
        said += bytes.length;
    });
    const raw = await connectTls(server, { socket, host: undefined, port: undefined });
    raw.write(GET);
    assert.equal((await raw.response()).status, 200);
    assert.ok(said > 200, 'it went through our hands');
    raw.destroy();
});

test('cut after any byte of the handshake: nothing stays behind', async () => {
    const hello = await within(new Promise((done) => {
        through(done).then((socket) => tls.connect({ socket, rejectUnauthorized: false }).on('error', () => {}));
    }), 'a client hello');
    assert.equal(hello[0], 22);
    for (let at = 1; at < hello.length; at += 17) {
        const raw = await Raw.connect(server);
        raw.write(hello.subarray(0, at));
        raw.socket.end();
        await raw.end();
        raw.destroy();
    }
    await until(async () => await metric('guildhall_connections') <= 4, 'the connections to be gone');
});

test('a slow handshake is ended in time, and so is a silent socket', async () => {
    for (const first of ['', '\x16\x03\x01']) {
        const raw = await Raw.connect(server);
        const began = Date.now();
        if (first !== '')
            raw.write(Buffer.from(first, 'latin1'));
        await raw.end();
        assert.ok(Date.now() - began >= 600 && Date.now() - began < 5000, `${Date.now() - began} ms`);
        raw.destroy();
    }
});

test('the end is said: close_notify, then the end of TCP', async () => {
    const raw = await connectTls(server);
    const ended = new Promise((done) => {
        raw.socket.once('end', done); // node: only after close_notify or FIN; an error otherwise
    });
    raw.write('GET /api/v10/gateway HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
    assert.equal((await raw.response()).status, 200);
    await within(ended, 'the end');
    assert.equal(raw.error, undefined);
    raw.destroy();
});

test('half closed: what was asked before is answered', async () => {
    const raw = await connectTls(server, { allowHalfOpen: true });
    raw.socket.end(GET.repeat(3));
    for (let i = 0; i < 3; i += 1)
        assert.equal((await raw.response()).status, 200);
    await raw.end();
    raw.destroy();
});

test('commands in the same record as the upgrade request', async () => {
    const raw = await connectTls(server);
    raw.write(Buffer.concat([
        Buffer.from('GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
            'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n'),
        RawWs.frame(1, '{"op":1,"d":null}'),
    ]));
    assert.equal((await raw.response()).status, 101);
    const ws = new RawWs(raw);
    assert.deepEqual([(await ws.payload()).op, (await ws.payload()).op].sort(), [10, 11]);
    ws.destroy();
});

test('a gateway session: events, large ones too, and Resume across loops', async () => {
    const gateway = await Gateway.session(server, robot);
    const texts = Array.from({ length: 40 }, (_, i) => `${i} `.padEnd(2000, 'x'));
    for (const text of texts)
        await post(server, owner, guild.channel, text);
    for (const text of texts)
        await gateway.event('MESSAGE_CREATE', (d) => d.content === text);
    // The kernel chooses the loop: of twelve connections some come to the other one.
    let { session, seq } = gateway;
    await gateway.cut();
    for (let i = 0; i < 12; i += 1) {
        await post(server, owner, guild.channel, `while away ${i}`);
        const again = await Gateway.connect(server);
        await again.resume(robot, session, seq);
        await again.event('RESUMED');
        await again.event('MESSAGE_CREATE', (d) => d.content === `while away ${i}`);
        ({ session, seq } = again);
        await again.cut();
    }
});

test('a session that is resumed in the same record as commands that follow', async () => {
    const gateway = await Gateway.session(server, robot);
    const { session, seq } = gateway;
    await gateway.cut();
    for (let i = 0; i < 6; i += 1) {
        const raw = await connectTls(server);
        raw.write('GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
            'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n');
        assert.equal((await raw.response()).status, 101);
        const ws = new RawWs(raw);
        assert.equal((await ws.payload()).op, OP.HELLO);
        const resume = { op: OP.RESUME, d: { token: robot.bare, session_id: session, seq } };
        raw.write(Buffer.concat([RawWs.frame(1, JSON.stringify(resume)), RawWs.frame(1, '{"op":1,"d":null}')]));
        const seen = [];
        while (!seen.includes(OP.ACK) || !seen.includes(OP.DISPATCH))
            seen.push((await ws.payload()).op);
        ws.destroy();
    }
});

test('a client that does not read is not owed without end', async () => {
    const raw = await connectTls(server);
    raw.socket.pause();
    const asked = 'GET /api/v10/gateway HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(200);
    for (let i = 0; i < 50; i += 1)
        raw.write(asked);
    raw.socket.resume();
    await raw.when((bytes) => (bytes.length > 100_000 ? true : undefined), 'answers');
    raw.destroy();
});

test('SIGHUP: new connections get the new certificate, old ones stay; a bad one changes nothing', async () => {
    const folder = temporaryFolder();
    const live = { certificate: join(folder, 'live.pem'), key: join(folder, 'live.key') };
    const use = (made) => {
        copyFileSync(made.certificate, live.certificate);
        copyFileSync(made.key, live.key);
    };
    const first = certificate({ folder, name: 'first' });
    const second = certificate({ folder, name: 'second', kind: 'rsa' });
    use(first);
    const other = await Server.start({ flags: [...UNLIMITED, ...tlsFlags(live)] });
    atEnd(() => other.stop());
    const subject = async () => {
        const raw = await connectTls(other);
        const { CN } = raw.socket.getPeerCertificate().subject;
        raw.destroy();
        return CN;
    };
    assert.equal(await subject(), 'first');
    const old = await connectTls(other);
    use(second);
    other.child.kill('SIGHUP');
    await until(async () => await subject() === 'second', 'the new certificate');
    old.write(GET);
    assert.equal((await old.response()).status, 200, 'the connection of before lives on');
    old.destroy();
    copyFileSync(first.key, live.key); // not the second's
    other.child.kill('SIGHUP');
    await until(() => /cannot be used/.test(other.stderr), 'the refusal in the log');
    assert.match(other.stderr, /not the key of server\.tls_certificate/);
    assert.equal(await subject(), 'second');
});

test('without TLS, SIGHUP does no harm', async () => {
    const plain = await Server.start();
    plain.child.kill('SIGHUP');
    await until(() => /no TLS/.test(plain.stderr), 'the log line');
    assert.equal((await fetch(`${plain.url}/healthz`)).status, 200);
    await plain.stop();
});

test('what cannot be used is refused at the start, by the name of its option', async () => {
    const good = certificate();
    const other = certificate();
    const locked = certificate({ more: ['-passout', 'pass:secret'] });
    for (const [flags, says] of [
        [[`--server.tls_certificate=${good.certificate}`], /server\.tls_key is not/],
        [[`--server.tls_key=${good.key}`], /server\.tls_certificate is not/],
        [tlsFlags({ ...good, certificate: '/nonexistent.pem' }), /server\.tls_certificate: \/nonexistent\.pem: No such file/],
        [tlsFlags({ ...good, key: '/nonexistent.key' }), /server\.tls_key: \/nonexistent\.key: No such file/],
        [tlsFlags({ ...good, key: other.key }), /server\.tls_key: .*not the key/],
        [tlsFlags({ ...good, key: good.certificate }), /server\.tls_key: /],
        [tlsFlags({ ...locked, certificate: locked.key }), /server\.tls_certificate: /],
    ])
        await assert.rejects(Server.start({ flags: [...UNLIMITED, ...flags] }), says);
});

test('an expired certificate is served with a warning', async () => {
    const expired = certificate({ name: 'expired' });
    expire(expired);
    const old = await Server.start({ flags: [...UNLIMITED, ...tlsFlags(expired)] });
    assert.match(old.stderr, /the certificate has expired/);
    assert.equal(await health(old), 200);
    await old.stop();
});

test('an orderly stop says goodbye over TLS', async () => {
    const other = await Server.start({ flags: [...UNLIMITED, ...tlsFlags(trusted)] });
    const gateway = await Gateway.connect(other);
    const raw = await connectTls(other);
    // The handshake has ended for both: closing on bytes that the server has not read is a reset.
    raw.write(GET);
    assert.equal((await raw.response()).status, 200);
    const errorsAtEnd = new Promise((done) => {
        // The answer to close_notify may find nobody any more: a reset, but after the end was said.
        raw.socket.once('end', () => done(raw.error));
    });
    await other.stop();
    await gateway.op(OP.RECONNECT);
    await within(gateway.closed, 'the close');
    assert.equal(await within(errorsAtEnd, 'close_notify'), undefined);
    raw.destroy();
});
