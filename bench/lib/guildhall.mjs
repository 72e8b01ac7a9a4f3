// The server under test, and the little world that the benchmarks need in it.

import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { insertMembers, insertPeople, sqlite } from './people.mjs';
import { BUILD, Lines, start, stop, temporaryFolder } from './process.mjs';

export const BINARY = process.env.GUILDHALL_BIN ?? join(BUILD, 'guildhall');

// {child, url, port}; on an empty folder unless it is given one.
export async function startGuildhall(flags = [], data = join(temporaryFolder(), 'data')) {
    if (existsSync(join(data, 'guildhall.db')))
        sqlite(data, 'DELETE FROM gateway_sessions;'); // handed over by the last one: they would be sent everything, too
    const child = start(BINARY, ['serve', '--data', data, '--listen', '127.0.0.1:0',
        '--limits.enabled=false', '--log.level=warn', '--metrics.enabled=true',
        '--gateway.heartbeat_interval_ms=600000', '--gateway.identify_timeout_ms=600000',
        '--http.idle_timeout_ms=600000', ...flags]);
    const url = (await new Lines(child).next()).replace('ready ', '');
    return { child, url, port: Number(new URL(url).port) };
}

export async function call(server, token, method, path, body) {
    const answer = await fetch(`${server.url}/api/v10${path}`, {
        method,
        headers: { 'content-type': 'application/json', ...token && { authorization: token } },
        body: body && JSON.stringify(body),
    });
    const text = await answer.text();
    if (!answer.ok)
        throw new Error(`${method} ${path} answered ${answer.status}: ${text}`);
    return text === '' ? {} : JSON.parse(text);
}

export async function register(server, username) {
    const { token } = await call(server, undefined, 'POST', '/auth/register', {
        username, email: `${username}@example.org`, password: 'correct horse battery',
        date_of_birth: '2000-01-01', consent: true,
    });
    return token;
}

// {owner (a token), id, channel}
async function makeGuild(server) {
    const owner = await register(server, 'owner');
    const { id } = await call(server, owner, 'POST', '/guilds', { name: 'Home' });
    const channels = await call(server, owner, 'GET', `/guilds/${id}/channels`);
    return { owner, id, channel: channels.find(({ type }) => type === 0).id };
}

// A folder of data with a guild that has so many members besides its owner: {data, owner (a token),
// tokens (a file with those of the members), posts (the path to post to)}.
export async function makeWorld(count, progress) {
    const data = join(temporaryFolder(), 'data');
    const server = await startGuildhall([], data);
    const { owner, id, channel } = await makeGuild(server);
    await stop(server.child);
    const tokens = await insertPeople(data, count);
    insertMembers(data, id, '1');
    progress(`members: ${count}`);
    const file = join(temporaryFolder(), 'tokens');
    writeFileSync(file, tokens.map((token) => `${token}\n`).join(''));
    return { data, owner, tokens: file, posts: `/api/v10/channels/${channel}/messages` };
}

// The value of a counter or gauge.
export async function metric(server, name) {
    const text = await (await fetch(`${server.url}/metrics`)).text();
    const match = new RegExp(`^guildhall_${name} (\\S+)$`, 'm').exec(text);
    if (match === null)
        throw new Error(`no metric ${name}`);
    return Number(match[1]);
}
