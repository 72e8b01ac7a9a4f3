// READY and GUILD_CREATE of bots: every field that libraries look for.

import assert from 'node:assert/strict';
import test from 'node:test';

import { ok } from '../lib/api.mjs';
import { Gateway } from '../lib/gateway.mjs';
import { UNLIMITED, useServer } from '../lib/server.mjs';
import { authorize, bot, guild, invite, join, person } from '../lib/world.mjs';

const server = await useServer({ flags: [...UNLIMITED, '--server.loops=1'] });
const owner = await person(server);
const home = await guild(server, owner);
const robot = await bot(server, owner);
await authorize(server, owner, robot, home);

const READY = {
    v: 'number', user: 'object', guilds: 'array', private_channels: 'array', relationships: 'array', presences: 'array',
    guild_join_requests: 'array', geo_ordered_rtc_regions: 'array', user_settings: 'object', auth: 'object',
    session_id: 'string', session_type: 'string', resume_gateway_url: 'string', application: 'object', shard: 'array', _trace: 'array',
};
const GUILD_CREATE = {
    id: 'string', name: 'string', owner_id: 'string', joined_at: 'string', large: 'boolean', unavailable: 'boolean', member_count: 'number',
    voice_states: 'array', members: 'array', channels: 'array', threads: 'array', presences: 'array', stage_instances: 'array',
    guild_scheduled_events: 'array', soundboard_sounds: 'array', roles: 'array', emojis: 'array', stickers: 'array', features: 'array',
};
const typeOf = (v) => (Array.isArray(v) ? 'array' : typeof v);
const check = (object, shape) => {
    for (const [key, type] of Object.entries(shape))
        assert.equal(typeOf(object[key]), type, key);
};

for (const version of [9, 10]) {
    for (const capabilities of [undefined, (1 << 17) - 1]) {
        test(`version ${version}${capabilities ? ', with capabilities, which bots have none of' : ''}`, async () => {
            const session = await Gateway.connect(server, { path: `/?v=${version}&encoding=json` });
            await session.identify(robot, { capabilities });
            const { ready } = session;
            check(ready, READY);
            assert.equal(ready.v, version);
            assert.equal(ready.session_type, 'normal');
            assert.deepEqual(ready.guilds, [{ id: home.id, unavailable: true }]);
            assert.deepEqual(ready.application, { id: robot.application, flags: ready.application.flags });
            assert.deepEqual([ready.user.bot, ready.user.email], [true, null]);
            assert.deepEqual(ready.private_channels, []);
            assert.deepEqual(ready.shard, [0, 1]);
            for (const key of ['read_state', 'user_guild_settings', 'notes', 'users', 'merged_members', 'sessions'])
                assert.equal(key in ready, false, key);
            const created = await session.guild(home.id);
            check(created, GUILD_CREATE);
            assert.deepEqual(created.members.map((m) => m.user.id), [robot.id]);
            assert.equal(created.unavailable, false);
            assert.equal(created.member_count, 2);
            await session.flush();
            assert.equal(session.received.some((p) => p.t === 'READY_SUPPLEMENTAL'), false);
            await session.end();
        });
    }
}

test('large is what the client says it is', async () => {
    const crowd = await guild(server, owner, 'Crowd');
    await authorize(server, owner, robot, crowd);
    const { code } = await invite(server, owner, crowd.channel);
    for (let i = 0; i < 49; i += 1)
        await join(server, await person(server), code);
    for (const [large_threshold, large] of [[50, true], [51, false], [250, false], [1, true], [undefined, true]]) {
        const session = await Gateway.session(server, robot, { identify: { large_threshold } });
        const created = await session.guild(crowd.id);
        assert.equal(created.member_count, 51);
        assert.equal(created.large, large, String(large_threshold));
        await session.end();
    }
});

test('removed from a guild: GUILD_DELETE without unavailable', async () => {
    const session = await Gateway.session(server, robot, {});
    await ok(server, 'DELETE', `/guilds/${home.id}/members/${robot.id}`, { token: owner.token });
    assert.deepEqual((await session.event('GUILD_DELETE')).d, { id: home.id });
    await session.end();
});
