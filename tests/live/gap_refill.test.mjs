// The bus is a hint, the log is the truth: with an event queue that overruns all the time, every session
// still sees every message once and in order, because what was lost is read back from the event log.

import assert from 'node:assert/strict';
import test from 'node:test';

import { ok } from '../lib/api.mjs';
import { Gateway } from '../lib/gateway.mjs';
import { UNLIMITED, useServer } from '../lib/server.mjs';
import { rounds, until } from '../lib/wait.mjs';
import { channel, post, world } from '../lib/world.mjs';

const SESSIONS = 8;
const POSTERS = 64;
const MESSAGES = rounds(2000);
// One commit that moves so many channels is as many events at once: three times what the queue holds.
const CHANNELS = 24;
const MOVES = 10;

const server = await useServer({
    flags: [...UNLIMITED, '--gateway.queue_events=8', '--metrics.enabled=true'],
});

async function refilled() {
    const text = await (await fetch(`${server.url}/metrics`)).text();
    return Number(/^guildhall_events_refilled_total (\d+)$/m.exec(text)[1]);
}

test('no session loses or repeats a message although the queue overruns', async () => {
    const { guild, owner, bot, member } = await world(server);
    const channels = [];
    for (let i = 0; i < CHANNELS; i += 1)
        channels.push((await channel(server, owner, guild, { name: `channel-${i}` })).id);
    const sessions = await Promise.all(
        Array.from({ length: SESSIONS }, (_, i) => Gateway.session(server, i % 2 === 0 ? bot : member)));
    let next = 0;
    const ids = [];
    const posters = Array.from({ length: POSTERS }, async () => {
        while (next < MESSAGES) {
            next += 1;
            ids.push((await post(server, member, guild.channel, `message ${next}`)).id);
        }
    });
    for (let i = 0; i < MOVES; i += 1) {
        channels.reverse();
        await ok(server, 'PATCH', `/guilds/${guild.id}/channels`, {
            token: owner.token, body: channels.map((id, at) => ({ id, position: 10 + at })),
        });
    }
    await Promise.all(posters);
    const expected = ids.map(BigInt).sort((a, b) => (a < b ? -1 : 1)).map(String);
    for (const session of sessions) {
        const seen = () => session.received
            .filter((p) => p.t === 'MESSAGE_CREATE').map((p) => p.d.id);
        await until(() => seen().length >= MESSAGES, `${MESSAGES} messages, ${seen().length} came`);
        assert.deepEqual(seen(), expected);
        session.end();
    }
    assert.ok(await refilled() > 0, 'the queue did overrun, so the log was read');
});
