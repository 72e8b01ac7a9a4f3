// Pages of a channel of ten million messages, at its end, in its middle and at its beginning.

import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

import { call, register, startGuildhall } from './guildhall.mjs';
import { stop, temporaryFolder } from './process.mjs';
import { median } from './stats.mjs';

export const HISTORY = { messages: 10_000_000, pages: 400 };
// Ids of messages that are a second apart.
const FIRST_ID = 1n << 58n;
const APART = 1000n << 22n;
const DEPTHS = { newest: 1, middle: 0.5, oldest: 0.0001 };

// Rows of the table alone: what is measured is reading.
function insertMessages(data, guild, channel, author) {
    const done = spawnSync('sqlite3', [join(data, 'guildhall.db')], {
        encoding: 'utf8',
        input: `PRAGMA synchronous=OFF; BEGIN;
            INSERT INTO messages (channel_id, id, guild_id, author_id, type, edited_at_ms, flags, tts, mention_everyone, content)
            SELECT ${channel}, ${FIRST_ID} + value * ${APART}, ${guild}, ${author}, 0, 0, 0, 0, 0, 'message number ' || value || ' of a long history'
            FROM generate_series(1, ${HISTORY.messages}); COMMIT;`,
    });
    if (done.status !== 0 || done.stderr !== '')
        throw new Error(`sqlite3: ${done.error?.message ?? done.stderr}`);
}

async function timePages(server, token, channel, part) {
    const times = [];
    const at = FIRST_ID + BigInt(Math.floor(HISTORY.messages * part)) * APART;
    for (let i = 0; i < HISTORY.pages; i += 1) {
        const begun = process.hrtime.bigint();
        const page = await call(server, token, 'GET', `/channels/${channel}/messages?limit=50&before=${at - BigInt(i) * APART}`);
        times.push(Number(process.hrtime.bigint() - begun) / 1e3);
        if (page.length !== 50)
            throw new Error(`a page of ${page.length}`);
    }
    return median(times);
}

// {newest, middle, oldest}: µs, the client's own part in it.
export async function measureHistory(progress) {
    const data = join(temporaryFolder(), 'data');
    let server = await startGuildhall([], data);
    const token = await register(server, 'reader');
    const { id: author } = await call(server, token, 'GET', '/users/@me');
    const { id: guild } = await call(server, token, 'POST', '/guilds', { name: 'Old' });
    const { id: channel } = (await call(server, token, 'GET', `/guilds/${guild}/channels`)).find(({ type }) => type === 0);
    await stop(server.child);
    progress(`history: writing ${HISTORY.messages} messages`);
    insertMessages(data, guild, channel, author);
    server = await startGuildhall([], data);
    await timePages(server, token, channel, 1);
    const times = {};
    for (const [name, part] of Object.entries(DEPTHS))
        times[name] = await timePages(server, token, channel, part);
    await stop(server.child);
    return times;
}
