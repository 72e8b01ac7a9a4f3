// A connection that ends after any number of bytes: whatever the client had read by then, Resume goes
// on exactly there. A proxy counts the bytes and cuts; where, is drawn from a seed.

import assert from 'node:assert/strict';
import net from 'node:net';
import test from 'node:test';

import { Gateway, OP } from '../lib/gateway.mjs';
import { UNLIMITED, atEnd, useServer } from '../lib/server.mjs';
import { rounds, until, within } from '../lib/wait.mjs';
import { post, world } from '../lib/world.mjs';

const SEED = Number(process.env.GUILDHALL_TEST_SEED ?? 20261121);
const server = await useServer({ flags: [...UNLIMITED, '--server.loops=2'] });
const { owner, guild: home, bot: robot, member } = await world(server);

// mulberry32
function random(seed) {
    let a = seed;
    return (below) => {
        a = (a + 0x6d2b79f5) | 0;
        let t = Math.imul(a ^ (a >>> 15), 1 | a);
        t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
        return ((t ^ (t >>> 14)) >>> 0) % below;
    };
}

// Lets `budget` bytes of the server's through, of them the last in the middle of whatever it is.
class Cutter {
    static async listen() {
        const cutter = new Cutter();
        cutter.listener = net.createServer((client) => cutter.#join(client));
        await new Promise((done) => {
            cutter.listener.listen(0, '127.0.0.1', done);
        });
        atEnd(() => cutter.listener.close());
        return cutter;
    }

    get ws() {
        return `ws://127.0.0.1:${this.listener.address().port}`;
    }

    #join(client) {
        const upstream = net.connect({ host: '127.0.0.1', port: server.port, noDelay: true });
        const end = () => {
            client.destroy();
            upstream.destroy();
        };
        client.on('error', end).on('close', end);
        upstream.on('error', end).on('close', end);
        client.pipe(upstream);
        let left = this.budget;
        upstream.on('data', (data) => {
            if (data.length < left) {
                left -= data.length;
                client.write(data);
                return;
            }
            // What was let through arrives; then the network is gone, without a close frame.
            client.end(data.subarray(0, left), () => upstream.destroy());
            upstream.removeAllListeners('data').pause();
        });
    }
}

// From the answer to the upgrade on: the handshake itself always comes through.
const HANDSHAKE = 300;

async function connect(cutter, budget) {
    cutter.budget = HANDSHAKE + budget;
    return Gateway.connect(cutter);
}

// Everything that the session was given, put together from all its connections; numbers that come
// twice must be the same payload.
class Told {
    constructor() {
        this.payloads = new Map();
        this.repeats = 0;
    }

    take(gateway) {
        for (const payload of gateway.received.filter((p) => p.op === OP.DISPATCH)) {
            const known = this.payloads.get(payload.s);
            if (known !== undefined) {
                assert.deepEqual(payload, known, `number ${payload.s} is one event`);
                this.repeats += 1;
            }
            this.payloads.set(payload.s, payload);
        }
    }

    get last() {
        return Math.max(...this.payloads.keys());
    }

    messages() {
        const list = [...this.payloads.entries()].sort(([a], [b]) => a - b);
        list.forEach(([s], i) => assert.equal(s, i + 1, 'no number is missing'));
        return list.map(([, p]) => p).filter((p) => p.t === 'MESSAGE_CREATE').map((p) => p.d.content);
    }
}

async function cutAgainAndAgain(who, cuts, seed) {
    const draw = random(seed);
    const cutter = await Cutter.listen();
    const told = new Told();
    const begun = await Gateway.session(server, who);
    const { session } = begun;
    await begun.cut();
    told.take(begun);
    let posted = 0;
    let seq = begun.seq;
    for (let i = 0; i < cuts; i += 1) {
        // A few new ones before, and some while it is connected.
        for (let n = draw(4); n > 0; n -= 1)
            await post(server, owner, home.channel, `message ${(posted += 1)} ${'x'.repeat(draw(300))}`);
        let gateway;
        try {
            gateway = await connect(cutter, draw(6000));
        } catch {
            continue; // cut before Hello was whole
        }
        gateway.seq = seq;
        gateway.session = session;
        gateway.send({ op: OP.RESUME, d: { token: who.bare ?? who.token, session_id: session, seq } });
        for (let n = draw(3); n > 0; n -= 1)
            await post(server, owner, home.channel, `message ${(posted += 1)} ${'y'.repeat(draw(1900))}`);
        if (draw(4) === 0)
            gateway.socket.terminate(); // the client's end goes first
        else
            await Promise.race([gateway.closed,
                until(() => gateway.seq > seq && gateway.events('RESUMED').length > 0, 'RESUMED', 2000).catch(() => {})]);
        gateway.socket.terminate();
        await within(gateway.closed, 'the cut');
        assert.equal(gateway.received.filter((p) => p.op === OP.INVALID_SESSION).length, 0);
        told.take(gateway);
        // Now and then it has forgotten the last ones, but what a Resume has confirmed: they come again.
        seq = Math.max(told.last - (draw(3) === 0 ? draw(4) : 0), seq);
    }
    const back = await Gateway.connect(server);
    await back.resume(who, session, seq);
    await back.event('RESUMED');
    const end = await post(server, owner, home.channel, 'the end');
    await back.event('MESSAGE_CREATE', (d) => d.id === end.id);
    told.take(back);
    await back.end();
    const said = told.messages().map((text) => text.replace(/ [xy]*$/, ''));
    assert.deepEqual(said, [...Array.from({ length: posted }, (_, n) => `message ${n + 1}`), 'the end']);
    assert.ok(told.repeats > 0, 'some came twice');
}

test(`a bot's connection is cut at any byte (seed ${SEED})`, async () => {
    await cutAgainAndAgain(robot, rounds(150), SEED);
});

test(`a person's, likewise (seed ${SEED + 1})`, async () => {
    await cutAgainAndAgain(member, rounds(80), SEED + 1);
});

test('two resumes at once, from all loops: one lives, and has everything', async () => {
    for (let round = 0; round < rounds(15); round += 1) {
        const first = await Gateway.session(server, robot);
        const { session, seq } = first;
        const posted = await post(server, owner, home.channel, `race ${round}`);
        const rivals = await Promise.all(Array.from({ length: 6 }, () => Gateway.connect(server)));
        for (const rival of rivals)
            rival.resume(robot, session, seq);
        await first.expectClose(4000); // its socket was still open
        await until(() => rivals.filter((rival) => rival.close === undefined).length === 1, 'one to be left');
        const lives = rivals.find((rival) => rival.close === undefined);
        for (const rival of rivals.filter((other) => other !== lives))
            assert.equal(rival.close.code, 4000);
        const after = await post(server, owner, home.channel, `after ${round}`);
        await lives.event('MESSAGE_CREATE', (d) => d.id === after.id);
        const ids = lives.events('MESSAGE_CREATE').map((d) => d.id);
        assert.ok(ids.includes(posted.id) && ids.filter((id) => id === after.id).length === 1);
        await lives.end();
    }
});

test('a Resume that comes after a later one ends nothing', async () => {
    const first = await Gateway.session(server, robot);
    const { session, seq } = first;
    await post(server, owner, home.channel, 'told');
    await first.event('MESSAGE_CREATE', (d) => d.content === 'told');
    await first.cut();
    const second = await Gateway.connect(server);
    await second.resume(robot, session, first.seq);
    await second.event('RESUMED');
    const late = await Gateway.connect(server);
    late.resume(robot, session, seq); // what that number lacks was confirmed by the Resume since
    assert.equal((await late.op(OP.INVALID_SESSION)).d, false);
    await late.cut();
    const posted = await post(server, owner, home.channel, 'goes on');
    await second.event('MESSAGE_CREATE', (d) => d.id === posted.id);
    await second.end();
});

test('a resume during the close handshake of the connection before', async () => {
    const first = await Gateway.session(server, robot);
    const second = await Gateway.connect(server);
    first.socket.close(4000);
    await second.resume(robot, first.session, first.seq);
    await second.event('RESUMED');
    await within(first.closed, 'the handshake');
    await second.flush();
    await second.end();
});

test('after op 9 the same socket may resume what is resumable, or identify', async () => {
    const first = await Gateway.session(server, robot);
    await first.cut();
    const back = await Gateway.connect(server);
    await back.resume(robot, 'f'.repeat(32), 1);
    assert.equal((await back.op(OP.INVALID_SESSION)).d, false);
    await back.resume(robot, first.session, first.seq);
    await back.event('RESUMED');
    await back.end();
    const again = await Gateway.connect(server);
    for (const [session, seq] of [['', 0], ['zz'.repeat(16), 0], ['00'.repeat(16), 0], [first.session, 2 ** 40]]) {
        const from = again.mark();
        await again.resume(robot, session, seq);
        assert.equal((await again.op(OP.INVALID_SESSION, { from })).d, false);
    }
    await again.identify(robot);
    await again.end();
});

test('a heartbeat with a number that was never sent confirms nothing', async () => {
    const first = await Gateway.session(server, robot, { heartbeats: false });
    const { seq } = first;
    const posted = await post(server, owner, home.channel, 'unconfirmed');
    await first.event('MESSAGE_CREATE', (d) => d.id === posted.id);
    for (const d of [seq + 1000, 2 ** 40, -1, 0, null]) {
        const from = first.mark();
        first.send({ op: OP.HEARTBEAT, d });
        await first.op(OP.ACK, { from });
    }
    await first.cut();
    const back = await Gateway.connect(server);
    await back.resume(robot, first.session, seq);
    await back.event('RESUMED');
    assert.deepEqual(back.events('MESSAGE_CREATE').map((d) => d.id), [posted.id]);
    await back.end();
});
