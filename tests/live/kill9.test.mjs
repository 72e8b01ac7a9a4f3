// kill -9 during a stream of posts: whatever was answered 200 is there after the restart, exactly once,
// and what was not answered is there once or not at all.

import assert from 'node:assert/strict';
import http from 'node:http';
import test from 'node:test';

import { Gateway } from '../lib/gateway.mjs';
import { ok } from '../lib/api.mjs';
import { Server, temporaryFolder } from '../lib/server.mjs';
import { rounds } from '../lib/wait.mjs';
import { post, world } from '../lib/world.mjs';

const ROUNDS = rounds(20);
const CONNECTIONS = 6;

// One connection that posts until it breaks. Own connections, so that a broken one is not retried.
function stream(server, author, channel, name, acknowledged, attempted) {
    const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
    let count = 0;
    return new Promise((done) => {
        const send = () => {
            const content = `${name} ${count}`;
            count += 1;
            attempted.add(content);
            const body = JSON.stringify({ content });
            const request = http.request(`${server.url}/api/v10/channels/${channel}/messages`, {
                method: 'POST', agent,
                headers: {
                    authorization: author.token, 'content-type': 'application/json',
                    'content-length': Buffer.byteLength(body),
                },
            }, (answer) => {
                let text = '';
                answer.setEncoding('utf8').on('data', (chunk) => {
                    text += chunk;
                }).on('end', () => {
                    assert.equal(answer.statusCode, 200, text);
                    acknowledged.set(JSON.parse(text).id, content);
                    send();
                }).on('error', done);
            });
            request.on('error', () => done());
            request.end(body);
        };
        send();
    });
}

async function readAfter(server, reader, channel, after) {
    const all = [];
    for (let from = after; ;) {
        const page = await ok(server, 'GET', `/channels/${channel}/messages?after=${from}&limit=100`, {
            token: reader.token,
        });
        if (page.length === 0)
            return all;
        page.reverse();
        all.push(...page);
        from = page.at(-1).id;
    }
}

test(`${ROUNDS} times killed, nothing acknowledged is lost`, async () => {
    const data = temporaryFolder();
    let server = await Server.start({ data });
    const { owner, guild, member, bot: robot } = await world(server);
    let after = (await post(server, owner, guild.channel, 'the first')).id;
    let total = 0;
    let unanswered = 0;
    for (let round = 0; round < ROUNDS; round += 1) {
        const acknowledged = new Map();
        const attempted = new Set();
        const streams = Array.from({ length: CONNECTIONS }, (_, i) => stream(server,
            i % 2 === 0 ? owner : member, guild.channel, `round ${round} stream ${i}`, acknowledged, attempted));
        const moment = 10 + Math.floor(Math.random() * 150);
        await new Promise((done) => { // not a wait for something: the random moment of the kill
            setTimeout(done, moment);
        });
        await server.kill();
        await Promise.all(streams);

        server = await Server.start({ data });
        const there = await readAfter(server, owner, guild.channel, after);
        const context = `round ${round}, killed after ${moment} ms`;
        const byId = new Map(there.map((message) => [message.id, message.content]));
        assert.equal(byId.size, there.length, `${context}: an id came twice`);
        for (const [id, content] of acknowledged)
            assert.equal(byId.get(id), content, `${context}: ${id} was acknowledged and is lost`);
        const contents = there.map((message) => message.content);
        assert.equal(new Set(contents).size, contents.length, `${context}: a message is there twice`);
        for (const content of contents)
            assert.ok(attempted.has(content), `${context}: nobody sent "${content}"`);
        assert.ok(there.length - acknowledged.size <= CONNECTIONS, `${context}: at most one unanswered each`);
        total += acknowledged.size;
        unanswered += there.length - acknowledged.size;

        // Life goes on after it: new ids are above the old ones, and events flow without a gap.
        const gateway = await Gateway.session(server, robot);
        const next = await post(server, owner, guild.channel, `after round ${round}`);
        assert.ok(BigInt(next.id) > BigInt(there.at(-1)?.id ?? after), `${context}: ids increase`);
        const { s } = await gateway.event('MESSAGE_CREATE', (d) => d.id === next.id);
        assert.equal(s, 3);
        await gateway.end();
        after = next.id;
    }
    assert.ok(total > ROUNDS * CONNECTIONS, `only ${total} messages were acknowledged in all`);
    assert.ok(unanswered >= 0);
    await server.stop();
});
