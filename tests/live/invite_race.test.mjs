// Fifty people, ten uses: exactly ten get in, and everybody else is told that there is no such invite.

import assert from 'node:assert/strict';
import test from 'node:test';

import { api, assertError, ok } from '../lib/api.mjs';
import { Gateway } from '../lib/gateway.mjs';
import { UNLIMITED, useServer } from '../lib/server.mjs';
import { guild, invite, person } from '../lib/world.mjs';

const JOINERS = 50;
const USES = 10;

const server = await useServer({ flags: [...UNLIMITED, '--server.loops=2'] });
const owner = await person(server);
const crowd = await Promise.all(Array.from({ length: JOINERS }, () => person(server)));

async function race(code, home) {
    const answers = await Promise.all(crowd.map((who) =>
        api(server, 'POST', `/invites/${code}`, { token: who.token, body: {} })));
    const inside = answers.filter((answer) => answer.status === 200);
    for (const answer of answers.filter((each) => each.status !== 200))
        assertError(answer, 404, 10006, 'Unknown Invite');
    const { approximate_member_count: members } = await ok(server, 'GET',
        `/guilds/${home.id}?with_counts=true`, { token: owner.token });
    assert.equal(members, inside.length + 1);
    return inside.length;
}

test('50 joiners, 10 uses', async () => {
    const home = await guild(server, owner);
    const gateway = await Gateway.session(server, owner);
    const { code } = await invite(server, owner, home.channel, { max_uses: USES });
    assert.equal(await race(code, home), USES);
    await gateway.event('INVITE_DELETE', (e) => e.code === code);
    assert.equal(gateway.events('GUILD_MEMBER_ADD').filter((e) => e.guild_id === home.id).length, USES);
    await gateway.end();
});

test('and an invite that is taken away meanwhile admits who came before', async () => {
    const home = await guild(server, owner);
    const { code } = await invite(server, owner, home.channel, {});
    const [inside] = await Promise.all([race(code, home),
        ok(server, 'DELETE', `/invites/${code}`, { token: owner.token })]);
    assert.ok(inside >= 0 && inside <= JOINERS);
    const list = await ok(server, 'GET', `/guilds/${home.id}/members?limit=1000`, { token: owner.token });
    assert.equal(list.length, inside + 1);
});
