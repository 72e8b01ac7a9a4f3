// Op 3 is taken five times in twenty seconds; what is over that is dropped, and the session lives.

import assert from 'node:assert/strict';
import test from 'node:test';

import { Gateway, OP } from '../lib/gateway.mjs';
import { useServer } from '../lib/server.mjs';
import { authorize, bot, world } from '../lib/world.mjs';

const server = await useServer({ flags: [] });
const { owner, guild, bot: robot } = await world(server);
const spy = await bot(server, owner);
await authorize(server, owner, spy, guild);

test('the sixth within twenty seconds has no effect', async () => {
    const session = await Gateway.session(server, robot);
    const own = (d) => d.user.id === robot.id;
    const say = (name) => session.send({
        op: OP.PRESENCE, d: { status: 'online', activities: [{ name, type: 0 }], since: null, afk: false },
    });
    for (let i = 1; i <= 5; i += 1) {
        say(`number ${i}`);
        await session.event('PRESENCE_UPDATE', (d) => own(d) && d.activities[0]?.name === `number ${i}`);
    }
    say('number 6');
    await session.flush();
    const other = await Gateway.session(server, spy); // says what is the case now
    const { presences } = await other.guild(guild.id);
    assert.deepEqual(presences.filter(own).map((p) => p.activities[0].name), ['number 5']);
    await session.end();
    await other.end();
});
