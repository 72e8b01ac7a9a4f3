// SIGTERM and SIGINT: stop accepting, finish what is under way, send sessions away with op 7, exit 0.

import assert from 'node:assert/strict';
import test from 'node:test';

import { Gateway, OP } from '../lib/gateway.mjs';
import { api } from '../lib/api.mjs';
import { Raw, RawWs } from '../lib/raw.mjs';
import { Server, UNLIMITED, temporaryFolder } from '../lib/server.mjs';
import { post, world } from '../lib/world.mjs';

for (const signal of ['SIGTERM', 'SIGINT']) {
    test(`${signal}: sessions get op 7 and may resume elsewhere, exit code 0`, async () => {
        const server = await Server.start({});
        const { bot, member } = await world(server);
        const sessions = [await Gateway.session(server, bot), await Gateway.session(server, member),
            await Gateway.connect(server)];
        const began = Date.now();
        server.child.kill(signal);
        for (const gateway of sessions) {
            await gateway.op(OP.RECONNECT);
            const { code } = await gateway.closed;
            assert.ok(![1000, 1001].includes(code), `${code} would end the session`);
        }
        await server.stop();
        assert.ok(Date.now() - began < 9000, 'well before the limit');
    });
}

test('requests under way are finished; what was answered is kept', async () => {
    const data = temporaryFolder();
    const server = await Server.start({ data });
    const { owner, guild } = await world(server);
    const answers = [];
    let going = true;
    const posters = Array.from({ length: 8 }, async () => {
        for (let n = 0; going; n += 1) {
            try {
                const answer = await api(server, 'POST', `/channels/${guild.channel}/messages`, {
                    token: owner.token, body: { content: `message ${n}` },
                });
                if (answer.status === 200) {
                    answers.push(answer.body.id);
                } else {
                    assert.equal(answer.status, 503, 'whole answers, no 500');
                    going = false;
                }
            } catch (error) {
                if (error.name === 'AssertionError')
                    throw error;
                going = false; // the connection is closed: the server does not accept any more
            }
        }
    });
    await post(server, owner, guild.channel, 'in the midst of it');
    await server.stop();
    await Promise.all(posters);
    assert.ok(answers.length > 0);

    const again = await Server.start({ data });
    const there = new Set();
    for (let from = '1'; ;) {
        const { body } = await api(again, 'GET', `/channels/${guild.channel}/messages?after=${from}&limit=100`, {
            token: owner.token,
        });
        if (body.length === 0)
            break;
        body.forEach((message) => there.add(message.id));
        from = body[0].id;
    }
    assert.deepEqual(answers.filter((id) => !there.has(id)), []);
    await again.stop();
});

test('a request that began before is answered, with Connection: close', async () => {
    const server = await Server.start({});
    const raw = await Raw.connect(server);
    raw.write('POST /api/v10/auth/login HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n');
    assert.equal((await raw.response()).status, 100); // the server is in the middle of it
    const exit = server.stop();
    // New connections are refused once the listener is closed: then the stop has begun.
    for (let refused = false; !refused;) {
        try {
            const probe = await Raw.connect(server);
            await probe.end();
            probe.destroy();
        } catch {
            refused = true;
        }
    }
    raw.write('{}');
    const answer = await raw.response();
    assert.equal(answer.status, 400);
    assert.equal(answer.headers.get('connection'), 'close');
    await raw.end();
    raw.destroy();
    await exit;
});

test('idle connections and clients that do not answer do not hold it up', async () => {
    const server = await Server.start({ flags: [...UNLIMITED, '--server.shutdown_timeout_ms=2000'] });
    const idle = await Promise.all(Array.from({ length: 20 }, () => Raw.connect(server)));
    const deaf = await Promise.all(Array.from({ length: 5 }, () => RawWs.connect(server)));
    deaf.forEach((ws) => ws.raw.socket.pause());
    const half = await Raw.connect(server);
    half.write('POST /api/v10/auth/login HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{');
    const began = Date.now();
    await server.stop();
    assert.ok(Date.now() - began < 4000, `took ${Date.now() - began} ms`);
    for (const raw of [...idle, half])
        raw.destroy();
    deaf.forEach((ws) => ws.destroy());
});

test('two signals in a row are one stop', async () => {
    const server = await Server.start({});
    server.child.kill('SIGTERM');
    server.child.kill('SIGTERM');
    server.child.kill('SIGINT');
    await server.stop();
});
