// Identify without a race: while posters hammer a channel, sessions identify one after the other. Each
// must see every message from its GUILD_CREATE on: none missing, none twice, in order.

import assert from 'node:assert/strict';
import test from 'node:test';

import { Gateway } from '../lib/gateway.mjs';
import { UNLIMITED, useServer } from '../lib/server.mjs';
import { until } from '../lib/wait.mjs';
import { post, world } from '../lib/world.mjs';

const SESSIONS = 60;
const POSTERS = 4;

const server = await useServer({ flags: [...UNLIMITED, '--server.loops=2'] });
const { owner, guild, bot: robot, member } = await world(server);

const ascending = (a, b) => (BigInt(a) < BigInt(b) ? -1 : 1);

// Posts until told to stop; the ids of what was acknowledged.
function hammer(authors) {
    const ids = [];
    let going = true;
    const posters = authors.map(async (author, i) => {
        for (let n = 0; going; n += 1)
            ids.push((await post(server, author, guild.channel, `poster ${i} message ${n}`)).id);
    });
    return {
        ids,
        stop: async () => {
            going = false;
            await Promise.all(posters);
        },
    };
}

function checkSession(gateway, all, name) {
    const made = gateway.received.findIndex((p) => p.t === 'GUILD_CREATE' && p.d.id === guild.id);
    const place = made >= 0 ? made : gateway.received.findIndex((p) => p.t === 'READY');
    const before = gateway.received.slice(0, place).filter((p) => p.t === 'MESSAGE_CREATE');
    assert.deepEqual(before, [], `${name}: no message before the guild is there`);
    const whole = made >= 0 ? gateway.received[made].d : gateway.ready.guilds.find((g) => g.id === guild.id);
    const stamp = whole.channels.find((c) => c.id === guild.channel).last_message_id ?? '0';
    const got = gateway.events('MESSAGE_CREATE').map((d) => d.id);
    const expected = all.filter((id) => BigInt(id) > BigInt(stamp));
    assert.deepEqual(got, expected,
        `${name}: after ${stamp}, ${got.length} of ${expected.length} messages, or in another order`);
    return got.length;
}

for (const [kind, who] of [['bot', robot], ['person', member]]) {
    test(`${SESSIONS} sessions of a ${kind} identify while others post`, async () => {
        const posters = hammer(Array.from({ length: POSTERS }, (_, i) => (i % 2 === 0 ? owner : member)));
        const sessions = [];
        for (let i = 0; i < SESSIONS; i += 1) {
            const posted = posters.ids.length;
            sessions.push(await Gateway.session(server, who));
            // However fast sessions begin: messages came in between.
            await until(() => posters.ids.length > posted + 1, 'messages while sessions identify');
        }
        await posters.stop();
        const last = await post(server, owner, guild.channel, 'the last');
        for (const gateway of sessions)
            await gateway.event('MESSAGE_CREATE', (d) => d.id === last.id);
        const all = [...posters.ids, last.id].sort(ascending);
        const counts = sessions.map((gateway, i) => checkSession(gateway, all, `session ${i}`));
        // The test has a point only if messages were really posted meanwhile.
        assert.ok(counts[0] - counts.at(-1) > SESSIONS, `posted meanwhile: ${counts[0] - counts.at(-1)}`);
        await Promise.all(sessions.map((gateway) => gateway.end()));
    });
}
