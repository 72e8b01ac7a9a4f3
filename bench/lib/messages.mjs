// Posting and reading messages over HTTP, against the least programs that commit the same rows and
// read by the same statements.

import { once } from 'node:events';
import { cpSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';

import { call, metric, register, startGuildhall } from './guildhall.mjs';
import { BUILD, CORE_OTHERS, CORE_SERVER, Lines, output, pinAll, start, stop, temporaryFolder } from './process.mjs';
import { columns } from './stats.mjs';

export const CLIENTS = 32;
const RUN_MS = Number(process.env.BENCH_RUN_MS ?? 800);
const CHANNELS = 8;
const MESSAGES = 60; // in each channel before anything is measured
const PEOPLE = 6;
const PNG = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==', 'base64');

async function upload(server, token, channel, body) {
    const form = new FormData();
    form.set('payload_json', JSON.stringify(body));
    form.set('files[0]', new Blob([PNG]), 'dot.png');
    const answer = await fetch(`${server.url}/api/v10/channels/${channel}/messages`, {
        method: 'POST', headers: { authorization: token }, body: form,
    });
    if (!answer.ok)
        throw new Error(`an upload answered ${answer.status}: ${await answer.text()}`);
    return answer.json();
}

// Every page has replies, mentions, files and reactions in it.
async function fill(server, people, channel, index) {
    let last;
    for (let i = 0; i < MESSAGES; i += 1) {
        const who = people[(i + index) % PEOPLE];
        const body = { content: `message number ${i} of this channel, as people write them` };
        if (i % 5 === 1)
            body.content += ` <@${people[i % PEOPLE].id}>`;
        if (i % 5 === 2)
            body.message_reference = { message_id: last };
        const { id } = i % 4 === 3 ? await upload(server, who.token, channel, body)
            : await call(server, who.token, 'POST', `/channels/${channel}/messages`, body);
        for (const [at, emoji] of ['👍', '🎉'].entries())
            if (i % 2 === 0)
                await call(server, people[(i + at) % PEOPLE].token, 'PUT',
                    `/channels/${channel}/messages/${id}/reactions/${encodeURIComponent(emoji)}/@me`);
        last = id;
    }
}

// {data, token, channels}
async function makeWorld(progress) {
    const data = join(temporaryFolder(), 'data');
    const server = await startGuildhall([], data);
    const people = [];
    for (let i = 0; i < PEOPLE; i += 1) {
        const token = await register(server, `writer_${i}`);
        people.push({ token, id: (await call(server, token, 'GET', '/users/@me')).id });
    }
    const { id } = await call(server, people[0].token, 'POST', '/guilds', { name: 'Home', system_channel_flags: 1 });
    const [first] = (await call(server, people[0].token, 'GET', `/guilds/${id}/channels`)).filter(({ type }) => type === 0);
    const { code } = await call(server, people[0].token, 'POST', `/channels/${first.id}/invites`, { max_age: 0 });
    for (const { token } of people.slice(1))
        await call(server, token, 'POST', `/invites/${code}`, {});
    const channels = [];
    for (let i = 0; i < CHANNELS; i += 1) {
        const channel = await call(server, people[0].token, 'POST', `/guilds/${id}/channels`, { name: `room-${i}`, type: 0 });
        channels.push(channel.id);
        await fill(server, people, channel.id, i);
        progress(`messages: channel ${i + 1} of ${CHANNELS}`);
    }
    await stop(server.child);
    return { data, token: people[0].token, channels };
}

async function load(port, kind, world, core) {
    return JSON.parse(await output(join(BUILD, 'bench/bench_message_load'),
        [String(port), kind, world.token, world.channels.join(','), String(CLIENTS), String(RUN_MS)], { core }));
}

// One reply, head and body, as it comes.
async function captureReply(port, world) {
    const socket = connect({ host: '127.0.0.1', port });
    socket.write(`GET /api/v10/channels/${world.channels[0]}/messages?limit=50 HTTP/1.1\r\nHost: 127.0.0.1\r\n` +
        `Authorization: ${world.token}\r\n\r\n`);
    let bytes = Buffer.alloc(0);
    for (;;) {
        const [part] = await once(socket, 'data');
        bytes = Buffer.concat([bytes, part]);
        const end = bytes.indexOf('\r\n\r\n');
        const length = /\r\ncontent-length: (\d+)/i.exec(bytes.toString('latin1'));
        if (end > 0 && length !== null && bytes.length >= end + 4 + Number(length[1]))
            break;
    }
    socket.destroy();
    return bytes;
}

class Bare {
    static async start(file, reply, core) {
        const bare = new Bare();
        const place = join(temporaryFolder(), 'reply');
        writeFileSync(place, reply);
        bare.child = start(join(BUILD, 'bench/bench_message_bare'), [file, place], { stdin: 'pipe', core });
        bare.lines = new Lines(bare.child);
        bare.port = Number((await bare.lines.next()).replace('ready ', ''));
        return bare;
    }

    async ask(line) {
        this.child.stdin.write(`${line}\n`);
        return JSON.parse(await this.lines.next());
    }

    async end() {
        const gone = once(this.child, 'exit');
        this.child.stdin.end();
        await gone;
    }
}

const rate = ({ requests, elapsed_ns: elapsed }) => requests / (elapsed / 1e9);

async function inPairs(count, sides, progress, what) {
    const rows = [];
    const names = Object.keys(sides);
    for (let i = 0; i < count; i += 1) {
        const row = {};
        for (const name of i % 2 === 0 ? names : [...names].reverse())
            row[name] = await sides[name]();
        rows.push(row);
        progress(`${what}: pair ${i + 1} of ${count}`);
    }
    return rows;
}

// Each side has a database of its own, grown alike. Batches of the bare program are those of the server.
async function measurePosts(world, reply, count, progress) {
    const ours = join(temporaryFolder(), 'ours');
    const other = join(temporaryFolder(), 'bare');
    cpSync(world.data, ours, { recursive: true });
    cpSync(world.data, other, { recursive: true });
    const server = await startGuildhall([], ours);
    const bare = await Bare.start(join(other, 'guildhall.db'), reply);
    const post = async () => {
        const before = await metric(server, 'store_commits_total');
        const sums = await load(server.port, 'post', world);
        return { rate: rate(sums), p50_ns: sums.p50_ns, p99_ns: sums.p99_ns,
            batch: sums.requests / (await metric(server, 'store_commits_total') - before) };
    };
    let { batch } = await post();
    const rows = await inPairs(count, {
        ours: async () => {
            const row = await post();
            batch = row.batch;
            return row;
        },
        bare: async () => ({ rate: rate(await bare.ask(`commit ${Math.max(1, Math.round(batch))} ${RUN_MS}`)) }),
    }, progress, 'posts');
    await bare.end();
    await stop(server.child);
    return { ours: columns(rows.map((row) => row.ours)), bare: columns(rows.map((row) => row.bare)),
        ratio: rows.map((row) => row.ours.rate / row.bare.rate) };
}

// The whole server on one core, as the bare program; the generator on the other.
async function measurePages(world, reply, count, progress) {
    const other = join(temporaryFolder(), 'bare');
    cpSync(world.data, other, { recursive: true });
    const server = await startGuildhall(['--server.loops=1'], world.data);
    pinAll(server.child.pid, CORE_SERVER);
    const bare = await Bare.start(join(other, 'guildhall.db'), reply, CORE_SERVER);
    const read = (sums) => ({ rate: rate(sums), p50_ns: sums.p50_ns, p99_ns: sums.p99_ns });
    const rows = await inPairs(count, {
        ours: async () => read(await load(server.port, 'page', world, CORE_OTHERS)),
        bare: async () => {
            const served = bare.ask(`serve ${RUN_MS + 300}`);
            const sums = await load(bare.port, 'page', world, CORE_OTHERS);
            await served;
            return read(sums);
        },
    }, progress, 'pages');
    await bare.end();
    await stop(server.child);
    return { ours: columns(rows.map((row) => row.ours)), bare: columns(rows.map((row) => row.bare)),
        ratio: rows.map((row) => row.ours.rate / row.bare.rate),
        tail: rows.map((row) => row.ours.p99_ns / row.ours.p50_ns) };
}

export async function measureMessages(count, progress) {
    const world = await makeWorld(progress);
    const server = await startGuildhall([], world.data);
    const reply = await captureReply(server.port, world);
    await stop(server.child);
    const posts = await measurePosts(world, reply, count, progress);
    const pages = await measurePages(world, reply, count, progress);
    return { posts, pages, replyBytes: reply.length };
}
