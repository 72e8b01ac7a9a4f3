// PostgreSQL dies in the midst of a stream of posts, as in a power cut or by its administrator's hand,
// and comes back: meanwhile requests get 503 with Retry-After; what was answered 200 is there, nothing
// is there twice, nothing is half there, a session sees every message once and in order, and the server
// is never started again.

import assert from 'node:assert/strict';
import test from 'node:test';

import { api, ok } from '../lib/api.mjs';
import { psql } from '../lib/database.mjs';
import { Gateway } from '../lib/gateway.mjs';
import { Postgres } from '../lib/postgres.mjs';
import { Server, UNLIMITED } from '../lib/server.mjs';
import { rounds, until } from '../lib/wait.mjs';
import { post, world } from '../lib/world.mjs';

const ROUNDS = rounds(4);
const STREAMS = 8;

const pause = (ms) => new Promise((done) => {
    setTimeout(done, ms);
});

function assertAway(answer) {
    assert.equal(answer.status, 503, answer.text);
    assert.ok(Number(answer.headers.get('retry-after')) >= 1, 'a 503 says when to try again');
}

// Posts one message after the other, each once, until told to stop.
class Stream {
    constructor(server, author, channel, name) {
        Object.assign(this, { server, author, channel, name, going: true });
        this.acknowledged = new Map(); // content by id
        this.refused = new Set(); // contents
        this.done = this.#run();
    }

    async #run() {
        for (let count = 0; this.going; count += 1) {
            const content = `${this.name} ${count}`;
            const answer = await api(this.server, 'POST', `/channels/${this.channel}/messages`, {
                token: this.author.token, body: { content },
            });
            if (answer.status === 200) {
                this.acknowledged.set(answer.body.id, content);
            } else {
                assertAway(answer);
                this.refused.add(content);
                await pause(10); // or refusals would be most of the load
            }
        }
    }

    stop() {
        this.going = false;
        return this.done;
    }
}

async function readAll(server, reader, channel) {
    const all = [];
    for (let from = '0'; ;) {
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

const ready = async (server) => (await api(server, 'GET', '/readyz', { base: '' })).status;

async function whileAway(server, owner, channel) {
    await until(async () => await ready(server) === 503, 'the server to be not ready');
    const paths = [`/channels/${channel}/messages`, '/users/@me'];
    for (const path of paths)
        assertAway(await api(server, 'GET', path, { token: owner.token }));
    assertAway(await api(server, 'POST', `/channels/${channel}/messages`, {
        token: owner.token, body: { content: 'lost' },
    }));
    assert.equal((await api(server, 'GET', '/healthz', { base: '' })).status, 200, 'the process itself is well');
}

// Every position up to the head of its stream, and nothing beyond.
function assertBooks(url) {
    const wrong = psql(url, 'SELECT s.stream_kind, s.stream_id, s.head, count(e.position), max(e.position) ' +
        'FROM streams s LEFT JOIN event_log e USING (stream_kind, stream_id) ' +
        'GROUP BY s.stream_kind, s.stream_id, s.head, s.trimmed ' +
        'HAVING s.head <> coalesce(max(e.position), 0) OR s.head - s.trimmed <> count(e.position)');
    assert.equal(wrong, '');
    assert.equal(psql(url, 'SELECT count(*) FROM event_log e WHERE NOT EXISTS (SELECT 1 FROM streams s ' +
        'WHERE s.stream_kind = e.stream_kind AND s.stream_id = e.stream_id)'), '0');
    // A message and its event are one transaction.
    assert.equal(psql(url, 'SELECT count(*) FROM messages m FULL JOIN ' +
        '(SELECT * FROM event_log WHERE entity_id IN (SELECT id FROM messages)) e ON e.entity_id = m.id ' +
        'WHERE m.id IS NULL OR e.entity_id IS NULL'), '0');
}

// One server through all the rounds; `awayMs`: the shortest time that the database is away.
async function dieAndComeBack({ flags, awayMs }) {
    const postgres = await Postgres.start();
    const url = postgres.database();
    const server = await Server.start({ env: { GUILDHALL_STORE_URL: url }, flags });
    const { owner, guild, member, bot } = await world(server);
    const gateway = await Gateway.session(server, bot);
    const acknowledged = new Map();
    const refused = new Set();
    for (let round = 0; round < ROUNDS; round += 1) {
        const streams = Array.from({ length: STREAMS }, (_, i) => new Stream(server,
            i % 2 === 0 ? owner : member, guild.channel, `round ${round} stream ${i}`));
        await until(() => streams.every((stream) => stream.acknowledged.size >= 5), 'the load to begin');
        await pause(Math.random() * 100); // the random moment of its end
        await (round % 2 === 0 ? postgres.crash() : postgres.halt());
        await whileAway(server, owner, guild.channel);
        await pause(awayMs);
        const before = streams.map((stream) => stream.acknowledged.size);
        await postgres.resume();
        await until(async () => await ready(server) === 200, 'the server to be ready again, by itself');
        await until(() => streams.every((stream, i) => stream.acknowledged.size > before[i] + 5), 'the load to go on');
        await Promise.all(streams.map((stream) => stream.stop()));
        for (const stream of streams) {
            stream.acknowledged.forEach((content, id) => acknowledged.set(id, content));
            stream.refused.forEach((content) => refused.add(content));
        }
        assertBooks(url);
    }

    const there = await readAll(server, owner, guild.channel);
    const contents = there.map((message) => message.content);
    assert.equal(new Set(contents).size, contents.length, 'no message is there twice');
    const byId = new Map(there.map((message) => [message.id, message.content]));
    for (const [id, content] of acknowledged)
        assert.equal(byId.get(id), content, `${id} was acknowledged and is lost`);
    for (const [id, content] of byId)
        assert.ok(acknowledged.has(id) || refused.has(content), `nobody sent "${content}"`);

    const last = await post(server, owner, guild.channel, 'the last');
    await gateway.event('MESSAGE_CREATE', (d) => d.id === last.id);
    assert.deepEqual(gateway.events('MESSAGE_CREATE').map((d) => d.id), [...there.map((m) => m.id), last.id]);
    await gateway.end();
    await server.stop();
    return { refused: refused.size, doubtful: there.length - acknowledged.size };
}

test(`${ROUNDS} times the database dies under load and comes back soon`, async () => {
    const { refused, doubtful } = await dieAndComeBack({ flags: UNLIMITED, awayMs: 0 });
    assert.ok(refused >= ROUNDS, 'some were refused');
    // It was back before anybody's patience ended, so the fate of each commit could be found out.
    assert.equal(doubtful, 0, 'what was refused is not there');
});

test(`${ROUNDS} times it is away for longer than anybody waits`, async () => {
    const flags = [...UNLIMITED, '--store.pool_acquire_ms=100'];
    const { doubtful } = await dieAndComeBack({ flags, awayMs: 500 });
    assert.ok(doubtful <= ROUNDS * STREAMS, 'at most what was being committed when it died');
});
