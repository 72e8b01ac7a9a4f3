// With applications.privileged_intents=false a new application's bot may not ask for them.

import test from 'node:test';

import { Gateway, OP } from '../lib/gateway.mjs';
import { UNLIMITED, useServer } from '../lib/server.mjs';
import { INTENTS, bot, person } from '../lib/world.mjs';

const server = await useServer({ flags: [...UNLIMITED, '--applications.privileged_intents=false'] });
const owner = await person(server);
const robot = await bot(server, owner);

for (const name of ['GUILD_MEMBERS', 'GUILD_PRESENCES', 'MESSAGE_CONTENT']) {
    test(`${name} is disallowed: 4014`, async () => {
        const gateway = await Gateway.connect(server);
        gateway.send({
            op: OP.IDENTIFY, d: { token: robot.bare, properties: {}, intents: INTENTS.GUILDS | INTENTS[name] },
        });
        await gateway.expectClose(4014);
    });
}

test('the others are allowed', async () => {
    const gateway = await Gateway.session(server, robot, {
        identify: { intents: INTENTS.GUILDS | INTENTS.GUILD_MESSAGES },
    });
    await gateway.end();
});

test('people are not concerned', async () => {
    const gateway = await Gateway.session(server, owner, { identify: { intents: INTENTS.MESSAGE_CONTENT } });
    await gateway.end();
});
