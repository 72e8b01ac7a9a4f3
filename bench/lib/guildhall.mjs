// The server under test, and the little world that the benchmarks need in it.

import { join } from 'node:path';

import { BUILD, Lines, start, temporaryFolder } from './process.mjs';

export const BINARY = process.env.GUILDHALL_BIN ?? join(BUILD, 'guildhall');

// {child, url, port}
export async function startGuildhall(flags = [], options = {}) {
    const child = start(BINARY, ['serve', '--data', join(temporaryFolder(), 'data'), '--listen',
        '127.0.0.1:0', '--limits.enabled=false', '--log.level=warn', '--metrics.enabled=true',
        '--gateway.heartbeat_interval_ms=600000', '--gateway.identify_timeout_ms=600000',
        '--http.idle_timeout_ms=600000', ...flags], options);
    const url = (await new Lines(child).next()).replace('ready ', '');
    return { child, url, port: Number(new URL(url).port) };
}

async function call(server, token, method, path, body) {
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

async function guild(server, token, name) {
    const { id } = await call(server, token, 'POST', '/guilds', { name });
    const channels = await call(server, token, 'GET', `/guilds/${id}/channels`);
    return { id, posts: `/api/v10/channels/${channels.find(({ type }) => type === 0).id}/messages` };
}

// A person with a guild, and a bot in it: {person, bot (tokens), posts (the path to post to)}.
export async function makeWorld(server) {
    const { token: person } = await call(server, undefined, 'POST', '/auth/register', {
        username: 'bench', email: 'bench@example.org', password: 'correct horse battery',
        date_of_birth: '2000-01-01', consent: true,
    });
    const home = await guild(server, person, 'Home');
    const application = await call(server, person, 'POST', '/applications', { name: 'bench' });
    const { token: bot } = await call(server, person, 'POST', `/applications/${application.id}/bot`, {});
    await call(server, person, 'POST', `/oauth2/authorize?client_id=${application.id}&scope=bot`, {
        guild_id: home.id, permissions: '0', authorize: true,
    });
    return { person, bot, posts: home.posts };
}

// The value of a counter or gauge.
export async function metric(server, name) {
    const text = await (await fetch(`${server.url}/metrics`)).text();
    const match = new RegExp(`^guildhall_${name} (\\S+)$`, 'm').exec(text);
    if (match === null)
        throw new Error(`no metric ${name}`);
    return Number(match[1]);
}
