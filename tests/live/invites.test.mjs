// Invites: making, showing, joining; limits that hold when many join at once.

import assert from 'node:assert/strict';
import test from 'node:test';

import { api, assertError, formCodes, ok } from '../lib/api.mjs';
import { useServer } from '../lib/server.mjs';
import { until } from '../lib/wait.mjs';
import { guild, invite, join, person, post, world } from '../lib/world.mjs';

const server = await useServer();
const { owner, guild: home, member, bot: robot } = await world(server);

test('an invite has what Discord\'s has', async () => {
    const made = await invite(server, owner, home.channel, { max_age: 3600, max_uses: 5, unique: true });
    assert.match(made.code, /^[A-Za-z0-9]{6,}$/);
    assert.equal(made.guild.id, home.id);
    assert.equal(made.guild.name, home.name);
    assert.equal(made.channel.id, home.channel);
    assert.equal(made.channel.name, 'general');
    assert.equal(made.inviter.id, owner.id);
    assert.equal(made.max_age, 3600);
    assert.equal(made.max_uses, 5);
    assert.equal(made.uses, 0);
    assert.equal(made.temporary, false);
    assert.equal(Date.parse(made.expires_at) - Date.parse(made.created_at), 3600000);
});

test('anybody may look at it, without an account', async () => {
    const { code } = await invite(server, owner, home.channel);
    const shown = await ok(server, 'GET', `/invites/${code}`);
    assert.equal(shown.code, code);
    assert.equal(shown.guild.id, home.id);
    assert.equal(shown.channel.id, home.channel);
    const counted = await ok(server, 'GET', `/invites/${code}?with_counts=true`);
    assert.ok(counted.approximate_member_count >= 3);
});

test('an equal invite is given again unless a new one is asked for', async () => {
    const first = await invite(server, owner, home.channel, { max_age: 1800 });
    const same = await invite(server, owner, home.channel, { max_age: 1800 });
    const other = await invite(server, owner, home.channel, { max_age: 1800, unique: true });
    assert.equal(same.code, first.code);
    assert.notEqual(other.code, first.code);
});

test('joining makes a member, once', async () => {
    const newcomer = await person(server);
    const { code } = await invite(server, owner, home.channel, { unique: true, max_uses: 10 });
    const before = await ok(server, 'GET', `/guilds/${home.id}?with_counts=true`, { token: owner.token });
    for (let i = 0; i < 3; i += 1)
        await join(server, newcomer, code);
    const after = await ok(server, 'GET', `/guilds/${home.id}?with_counts=true`, { token: newcomer.token });
    assert.equal(after.approximate_member_count, before.approximate_member_count + 1);
    await post(server, newcomer, home.channel, 'hello');
    for (let i = 0; i < 9; i += 1) // joining again used nothing up
        await join(server, await person(server), code);
    assertError(await api(server, 'POST', `/invites/${code}`, { token: (await person(server)).token, body: {} }),
        404, 10006);
});

test('of 30 who join at once by an invite of 10 uses, 10 get in', async () => {
    const fresh = await guild(server, owner);
    const { code } = await invite(server, owner, fresh.channel, { max_uses: 10 });
    const crowd = [];
    for (let i = 0; i < 30; i += 1)
        crowd.push(await person(server));
    const answers = await Promise.all(crowd.map((who) => api(server, 'POST', `/invites/${code}`, {
        token: who.token, body: {},
    })));
    assert.equal(answers.filter((answer) => answer.status === 200).length, 10);
    for (const answer of answers.filter((each) => each.status !== 200))
        assertError(answer, 404, 10006, 'Unknown Invite');
    const read = await ok(server, 'GET', `/guilds/${fresh.id}?with_counts=true`, { token: owner.token });
    assert.equal(read.approximate_member_count, 11);
});

test('an invite that is over is unknown', async () => {
    const { code } = await invite(server, owner, home.channel, { max_age: 1, unique: true });
    await until(async () => (await api(server, 'GET', `/invites/${code}`)).status === 404, 'the second to pass');
    assertError(await api(server, 'POST', `/invites/${code}`, { token: member.token, body: {} }), 404, 10006);
});

for (const [name, body, path] of [
    ['an age too long', { max_age: 604801 }, 'max_age'], ['a negative age', { max_age: -1 }, 'max_age'],
    ['too many uses', { max_uses: 101 }, 'max_uses'], ['uses as a word', { max_uses: 'many' }, 'max_uses'],
    ['unique as a list', { unique: [] }, 'unique'],
]) {
    test(`an invite with ${name}: 50035 at ${path}`, async () => {
        const answer = await api(server, 'POST', `/channels/${home.channel}/invites`, { token: owner.token, body });
        assert.equal(formCodes(answer, path).length, 1);
    });
}

test('bots do not join by invites', async () => {
    const { code } = await invite(server, owner, home.channel);
    assertError(await api(server, 'POST', `/invites/${code}`, { token: robot.token, body: {} }), 403, 20001);
});
