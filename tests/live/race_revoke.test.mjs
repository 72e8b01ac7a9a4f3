// Logging out races with Identify: whichever comes first, no session outlives its token.

import test from 'node:test';

import { assertServes, ok } from '../lib/api.mjs';
import { Gateway, OP } from '../lib/gateway.mjs';
import { UNLIMITED, useServer } from '../lib/server.mjs';
import { rounds } from '../lib/wait.mjs';
import { ALL_INTENTS, PASSWORD, person } from '../lib/world.mjs';

const server = await useServer({ flags: [...UNLIMITED, '--server.loops=2'] });

const login = (who) => ok(server, 'POST', '/auth/login', { body: { login: who.email, password: PASSWORD } });

const SESSIONS = 120;

test('logging out while many sessions identify ends all of them with 4004', async () => {
    const who = await person(server);
    for (let round = 0; round < rounds(8); round += 1) {
        const { token } = await login(who);
        const gateways = await Promise.all(Array.from({ length: SESSIONS }, () => Gateway.connect(server)));
        let gone;
        for (const [i, gateway] of gateways.entries()) {
            gateway.send({ op: OP.IDENTIFY, d: { token, intents: ALL_INTENTS, properties: {} } });
            if (i === 10 * (round % 8))
                gone = ok(server, 'POST', '/auth/logout', { token, body: {} });
            await new Promise(setImmediate); // one after the other, for as long as the logout takes
        }
        await gone;
        for (const gateway of gateways)
            await gateway.expectClose(4004);
    }
    await assertServes(server);
});
