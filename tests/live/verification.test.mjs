// Verification levels: what a member without a role needs before they may write.

import assert from 'node:assert/strict';
import test from 'node:test';

import { api, assertError, ok } from '../lib/api.mjs';
import { moderator } from '../lib/moderation.mjs';
import { useServer } from '../lib/server.mjs';
import { freshName, invite, join, PASSWORD, world } from '../lib/world.mjs';

const server = await useServer();
const { owner, guild: home, member, bot: robot } = await world(server);
const { code } = await invite(server, owner, home.channel);

const level = (verification_level) =>
    ok(server, 'PATCH', `/guilds/${home.id}`, { token: owner.token, body: { verification_level } });
const write = (who) => api(server, 'POST', `/channels/${home.channel}/messages`, {
    token: who.token, body: { content: 'hello' },
});
const refused = async (who) => assertError(await write(who), 403, 50009);
const written = async (who) => assert.equal((await write(who)).status, 200);
const age = (who, minutes) => server.sql(
    `UPDATE members SET joined_at_ms = ${Date.now() - minutes * 60000} WHERE user_id = ${who.id}`);

async function anonymous() {
    const { token } = await ok(server, 'POST', '/auth/register', {
        body: { username: freshName('anon'), password: PASSWORD },
    });
    await join(server, { token }, code);
    return { token, id: (await ok(server, 'GET', '/users/@me', { token })).id };
}

test('1: an e-mail address', async () => {
    const nobody = await anonymous();
    await written(nobody);
    await level(1);
    await refused(nobody);
    await written(member);
    await level(0);
    await written(nobody);
});

test('2 to 4: an account older than minutes, and a member for longer than that', async () => {
    const trusted = await moderator(server, home);
    for (const n of [2, 3, 4]) {
        await level(n);
        await refused(member);
        await age(member, 60);
        await refused(member); // the account is as young as before
        for (const who of [trusted, owner])
            await written(who);
    }
    await ok(server, 'PATCH', `/guilds/${home.id}/members/${member.id}`, { token: owner.token, body: { flags: 4 } });
    await written(member);
    await written(robot);
    await level(0);
});
