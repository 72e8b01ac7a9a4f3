// Old rows of the event log are removed by the server itself; life goes on, and the log stays whole.

import assert from 'node:assert/strict';
import test from 'node:test';

import { Gateway } from '../lib/gateway.mjs';
import { Server, UNLIMITED, run } from '../lib/server.mjs';
import { until } from '../lib/wait.mjs';
import { post, world } from '../lib/world.mjs';

const ROWS = 700; // more than one step removes

test('rows beyond events.retention_days go, and what is new stays', async () => {
    const first = await Server.start({ flags: UNLIMITED });
    const { guild, bot, member } = await world(first);
    for (let i = 0; i < 20; i += 1)
        await Promise.all(Array.from({ length: ROWS / 20 }, () => post(first, member, guild.channel, 'old')));
    await first.stop();
    const { data } = first;
    const where = `WHERE stream_kind = 1 AND stream_id = ${guild.id}`;
    const [head] = (await first.sql(`SELECT head FROM streams ${where}`)).split('\n');
    await first.sql('UPDATE event_log SET at_ms = at_ms - 8 * 86400000');

    const kept = await Server.start({ data, flags: [...UNLIMITED, '--events.retention_days=9'] });
    await post(kept, member, guild.channel, 'new');
    await kept.stop();
    assert.equal(await kept.sql(`SELECT trimmed FROM streams ${where}`), '0');

    const server = await Server.start({ data, flags: [...UNLIMITED, '--events.retention_days=7'] });
    await until(async () => await server.sql(`SELECT trimmed FROM streams ${where}`) === head,
        'all old rows to go');
    assert.equal(await server.sql(`SELECT COUNT(*) FROM event_log ${where}`), '1');
    const session = await Gateway.session(server, bot);
    const message = await post(server, member, guild.channel, 'after');
    await until(() => session.received.some((p) => p.t === 'MESSAGE_CREATE' && p.d.id === message.id),
        'the new message');
    session.end();
    const verified = run(['log', 'verify', '--data', data]);
    assert.equal(verified.code, 0, verified.stdout + verified.stderr);
    const replayed = run(['log', 'replay', '--stream', `guild:${guild.id}`, '--after', '3', '--data', data]);
    assert.equal(replayed.code, 1);
    assert.match(replayed.stdout, new RegExp(`It goes from ${Number(head) + 1} to ${Number(head) + 2}`));
    await server.stop();
});
