// auth.registration=closed: nobody registers, everybody else logs in.

import assert from 'node:assert/strict';
import test from 'node:test';

import { api, assertError } from '../lib/api.mjs';
import { Server, UNLIMITED, temporaryFolder } from '../lib/server.mjs';
import { PASSWORD, freshName, person } from '../lib/world.mjs';

test('closed after it was open', async () => {
    const data = temporaryFolder();
    const before = await Server.start({ data });
    const owner = await person(before);
    await before.stop();
    const server = await Server.start({ data, flags: [...UNLIMITED, '--auth.registration=closed'] });
    const refused = await api(server, 'POST', '/auth/register', {
        body: { username: freshName(), password: PASSWORD, consent: true },
    });
    assertError(refused, 403, 40006);
    const answer = await api(server, 'POST', '/auth/login', {
        body: { login: owner.username, password: PASSWORD },
    });
    assert.equal(answer.status, 200);
    await server.stop();
});
