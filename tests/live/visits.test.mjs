// Members for a visit (an invite with `temporary`) leave with the last of their sessions, unless they were
// given a role; and the day that somebody was seen is noted.

import assert from 'node:assert/strict';
import test from 'node:test';

import { api, ok } from '../lib/api.mjs';
import { sql } from '../lib/database.mjs';
import { Gateway } from '../lib/gateway.mjs';
import { UNLIMITED, useServer } from '../lib/server.mjs';
import { until } from '../lib/wait.mjs';
import { guild as makeGuild, invite, join, person } from '../lib/world.mjs';

// A session is over when it cannot be resumed any more.
const server = await useServer({ flags: [...UNLIMITED, '--server.loops=2', '--gateway.resume_window_ms=300'] });
const owner = await person(server);
const guild = await makeGuild(server, owner);
const visit = await invite(server, owner, guild.channel, { temporary: true, max_age: 0 });
const lasting = await invite(server, owner, guild.channel, { max_age: 0, unique: true });

const isMember = async (who) => (await api(server, 'GET', `/guilds/${guild.id}/members/${who.id}`, { token: owner.token })).status === 200;

async function visitor(code = visit.code) {
    const who = await person(server);
    await join(server, who, code);
    return who;
}

test('the last session ends the visit, and everybody hears of it', async () => {
    assert.equal(visit.temporary, true);
    const who = await visitor();
    const watcher = await Gateway.session(server, owner);
    const sessions = [await Gateway.session(server, who), await Gateway.session(server, who), await Gateway.session(server, who)];
    for (const session of sessions.slice(1)) {
        await session.end();
        assert.ok(await isMember(who));
    }
    await sessions[0].cut();
    const { d } = await watcher.event('GUILD_MEMBER_REMOVE', (e) => e.user.id === who.id);
    assert.equal(d.guild_id, guild.id);
    assert.equal(await isMember(who), false);
    // By now the two that ended before it have been over for as long.
    assert.equal(watcher.events('GUILD_MEMBER_REMOVE').length, 1);
    await watcher.end();
});

test('a resumed session is none that ended', async () => {
    const who = await visitor();
    const other = await visitor();
    const watcher = await Gateway.session(server, owner);
    const session = await Gateway.session(server, who);
    await session.cut();
    const back = await Gateway.connect(server);
    await back.resume(who, session.session, session.seq);
    await back.event('RESUMED');
    await (await Gateway.session(server, other)).cut(); // whose end comes later than that one's would have
    await watcher.event('GUILD_MEMBER_REMOVE', (e) => e.user.id === other.id);
    assert.ok(await isMember(who));
    await back.end();
    await watcher.event('GUILD_MEMBER_REMOVE', (e) => e.user.id === who.id);
    await watcher.end();
});

test('who has a role stays, and so do members by another invite', async () => {
    const promoted = await visitor();
    const lastingMember = await visitor(lasting.code);
    const fence = await visitor();
    const role = await ok(server, 'POST', `/guilds/${guild.id}/roles`, { token: owner.token, body: { name: 'guest of honour' } });
    const watcher = await Gateway.session(server, owner);
    for (const who of [promoted, lastingMember, fence]) {
        const session = await Gateway.session(server, who);
        if (who === promoted)
            await ok(server, 'PUT', `/guilds/${guild.id}/members/${who.id}/roles/${role.id}`, { token: owner.token });
        await session.cut();
    }
    await watcher.event('GUILD_MEMBER_REMOVE', (e) => e.user.id === fence.id);
    assert.ok(await isMember(promoted));
    assert.ok(await isMember(lastingMember));
    await watcher.end();
});

test('a session is noted as of today', async () => {
    const who = await visitor(lasting.code);
    const seen = () => Number(sql(server.data, `SELECT seen_at_ms FROM users WHERE id = ${who.id}`));
    assert.equal(seen(), 0);
    const session = await Gateway.session(server, who);
    await until(() => seen() !== 0, 'the day to be noted');
    assert.equal(seen() % 86400000, 0, 'to the day and no finer');
    assert.ok(Math.abs(Date.now() - seen()) < 2 * 86400000);
    await session.end();
});
