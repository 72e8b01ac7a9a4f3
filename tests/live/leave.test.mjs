// Leaving a guild: the member is gone for everybody, and the guild for the member.

import assert from 'node:assert/strict';
import test from 'node:test';

import { api, assertError, ok } from '../lib/api.mjs';
import { Gateway } from '../lib/gateway.mjs';
import { UNLIMITED, useServer } from '../lib/server.mjs';
import { invite, join, post, world } from '../lib/world.mjs';

// One loop, so that what one session has received, the others have been given too.
const server = await useServer({ flags: [...UNLIMITED, '--server.loops=1'] });
const { owner, guild, member, bot: robot } = await world(server);

const leave = (who, id = guild.id) => api(server, 'DELETE', `/users/@me/guilds/${id}`, { token: who.token });

test('a member leaves: GUILD_MEMBER_REMOVE for the others, GUILD_DELETE for the leaver, then silence', async () => {
    const watcher = await Gateway.session(server, robot);
    const leaver = await Gateway.session(server, member);
    const before = await post(server, owner, guild.channel, 'still together');
    await leaver.event('MESSAGE_CREATE', (d) => d.id === before.id);
    assert.equal((await leave(member)).status, 204);
    const removed = await watcher.event('GUILD_MEMBER_REMOVE', (d) => d.user.id === member.id);
    assert.equal(removed.d.guild_id, guild.id);
    const gone = await leaver.event('GUILD_DELETE', (d) => d.id === guild.id);
    assert.equal('unavailable' in gone.d && gone.d.unavailable, false, 'it is no outage');

    const after = await post(server, owner, guild.channel, 'among ourselves');
    await watcher.event('MESSAGE_CREATE', (d) => d.id === after.id);
    await leaver.flush();
    assert.equal(JSON.stringify(leaver.received).includes('among ourselves'), false);
    assert.deepEqual(await ok(server, 'GET', '/users/@me/guilds', { token: member.token }), []);
    for (const path of [`/guilds/${guild.id}`, `/channels/${guild.channel}`, `/channels/${guild.channel}/messages`])
        assertError(await api(server, 'GET', path, { token: member.token }), 403, 50001);
    const { approximate_member_count } = await ok(server, 'GET', `/guilds/${guild.id}?with_counts=true`, {
        token: owner.token,
    });
    assert.equal(approximate_member_count, 2);
    await watcher.end();
    await leaver.end();
});

test('what was said between leaving and resuming is not replayed', async () => {
    const { code } = await invite(server, owner, guild.channel);
    await join(server, member, code);
    const gateway = await Gateway.session(server, member);
    await gateway.cut();
    assert.equal((await leave(member)).status, 204);
    await post(server, owner, guild.channel, 'behind the back');
    const back = await Gateway.connect(server);
    await back.resume(member, gateway.session, gateway.seq);
    await back.event('RESUMED');
    assert.ok(back.events('GUILD_DELETE').some((d) => d.id === guild.id));
    assert.equal(JSON.stringify(back.received).includes('behind the back'), false);
    await back.end();
});

test('coming back', async () => {
    const gateway = await Gateway.session(server, member);
    const { code } = await invite(server, owner, guild.channel);
    await join(server, member, code);
    await gateway.event('GUILD_CREATE', (d) => d.id === guild.id);
    const sent = await post(server, owner, guild.channel, 'welcome back');
    await gateway.event('MESSAGE_CREATE', (d) => d.id === sent.id);
    const own = await post(server, member, guild.channel, 'I am back');
    await gateway.event('MESSAGE_CREATE', (d) => d.id === own.id);
    await gateway.end();
});

test('many times in a row, with a session watching', async () => {
    const gateway = await Gateway.session(server, member);
    const { code } = await invite(server, owner, guild.channel);
    for (let i = 0; i < 10; i += 1) {
        let from = gateway.mark();
        assert.equal((await leave(member)).status, 204);
        await gateway.event('GUILD_DELETE', (d) => d.id === guild.id, { from });
        from = gateway.mark();
        await join(server, member, code);
        await gateway.event('GUILD_CREATE', (d) => d.id === guild.id, { from });
    }
    const sent = await post(server, owner, guild.channel, 'decided?');
    await gateway.event('MESSAGE_CREATE', (d) => d.id === sent.id);
    assert.equal(gateway.events('MESSAGE_CREATE').filter((d) => d.id === sent.id).length, 1);
    await gateway.end();
});

test('the owner may not leave', async () => {
    const answer = await leave(owner);
    assert.ok(answer.status >= 400 && answer.status < 500, answer.text);
    await ok(server, 'GET', `/guilds/${guild.id}`, { token: owner.token });
});

test('a guild that one is not in', async () => {
    const answer = await leave(member, '1');
    assertError(answer, 404, 10004);
});

test('a bot leaves', async () => {
    const gateway = await Gateway.session(server, robot);
    assert.equal((await leave(robot)).status, 204);
    await gateway.event('GUILD_DELETE', (d) => d.id === guild.id);
    assertError(await api(server, 'GET', `/guilds/${guild.id}`, { token: robot.token }), 403, 50001);
    await gateway.end();
});
