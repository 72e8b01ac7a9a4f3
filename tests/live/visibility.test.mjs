// A channel that a member may not view does not exist for the member: not in lists, not by its id, not
// in its messages, and not in a single event of the gateway.

import assert from 'node:assert/strict';
import test from 'node:test';

import { api, assertError, ok } from '../lib/api.mjs';
import { Gateway, OF_SESSIONS } from '../lib/gateway.mjs';
import { UNLIMITED, useServer } from '../lib/server.mjs';
import { PERMISSIONS, channel, invite, post, world } from '../lib/world.mjs';

const VIEW = String(PERMISSIONS.VIEW_CHANNEL);

// One loop, so that what one session has received, the others have been given too.
const server = await useServer({ flags: [...UNLIMITED, '--server.loops=1'] });
const { owner, guild, member, bot: robot } = await world(server);

const hidden = await channel(server, owner, guild, {
    name: 'hidden', permission_overwrites: [{ id: guild.id, type: 0, allow: '0', deny: VIEW }],
});
const shared = await channel(server, owner, guild, {
    name: 'shared-with-the-bot',
    permission_overwrites: [
        { id: guild.id, type: 0, allow: '0', deny: VIEW },
        { id: robot.id, type: 1, allow: VIEW, deny: '0' },
    ],
});
const secret = await post(server, owner, hidden.id, 'nobody else may read this');

test('the list of channels leaves it out', async () => {
    const list = async (who) => (await ok(server, 'GET', `/guilds/${guild.id}/channels`, {
        token: who.token,
    })).map((c) => c.id);
    assert.ok((await list(owner)).includes(hidden.id));
    assert.ok(!(await list(member)).includes(hidden.id));
    assert.ok(!(await list(member)).includes(shared.id));
    assert.ok((await list(robot)).includes(shared.id));
    assert.ok(!(await list(robot)).includes(hidden.id));
});

for (const [method, path, body] of [
    ['GET', ''],
    ['GET', '/messages'],
    ['GET', `/messages/${secret.id}`],
    ['POST', '/messages', { content: 'knock' }],
    ['PATCH', `/messages/${secret.id}`, { content: 'overwritten' }],
    ['DELETE', `/messages/${secret.id}`],
    ['POST', '/typing'],
    ['POST', '/invites', {}],
]) {
    test(`${method} /channels/{hidden}${path.replace(secret.id, '{id}')} is refused: 50001`, async () => {
        const answer = await api(server, method, `/channels/${hidden.id}${path}`, {
            token: member.token, body,
        });
        assertError(answer, 403, 50001, 'Missing Access');
    });
}

test('READY and GUILD_CREATE leave it out', async () => {
    for (const who of [member, robot]) {
        const gateway = await Gateway.session(server, who);
        const { channels } = await gateway.guild(guild.id);
        assert.ok(!channels.some((c) => c.id === hidden.id));
        assert.equal(channels.some((c) => c.id === shared.id), who === robot);
        await gateway.end();
    }
});

test('no event of it reaches who may not view it', async () => {
    const watchers = {
        owner: await Gateway.session(server, owner),
        robot: await Gateway.session(server, robot),
        member: await Gateway.session(server, member),
    };
    const happen = async (id) => {
        const message = await post(server, owner, id, 'in there');
        await ok(server, 'PATCH', `/channels/${id}/messages/${message.id}`, {
            token: owner.token, body: { content: 'changed in there' },
        });
        await ok(server, 'POST', `/channels/${id}/typing`, { token: owner.token });
        await ok(server, 'DELETE', `/channels/${id}/messages/${message.id}`, { token: owner.token });
        await invite(server, owner, id, { unique: true });
    };
    await happen(hidden.id);
    await happen(shared.id);
    const late = await channel(server, owner, guild, { // made while they watch
        name: 'late', permission_overwrites: [{ id: guild.id, type: 0, allow: '0', deny: VIEW }],
    });
    await post(server, owner, late.id, 'late in there');
    const open = await channel(server, owner, guild, { name: 'open' });
    const fence = await post(server, owner, open.id, 'for all');
    for (const gateway of Object.values(watchers))
        await gateway.event('MESSAGE_CREATE', (d) => d.id === fence.id);

    const names = (gateway, id) => gateway.received
        .filter((p) => p.op === 0 && (p.d.channel_id === id || (p.d.id === id && p.t === 'CHANNEL_CREATE')))
        .map((p) => p.t);
    const whole = ['MESSAGE_CREATE', 'MESSAGE_UPDATE', 'TYPING_START', 'MESSAGE_DELETE', 'INVITE_CREATE'];
    assert.deepEqual(names(watchers.owner, hidden.id), whole);
    assert.deepEqual(names(watchers.owner, late.id), ['CHANNEL_CREATE', 'MESSAGE_CREATE']);
    assert.deepEqual(names(watchers.robot, hidden.id), []);
    assert.deepEqual(names(watchers.robot, late.id), []);
    assert.deepEqual(names(watchers.robot, shared.id), whole.slice(0, 4));
    for (const id of [hidden.id, shared.id, late.id]) {
        assert.deepEqual(names(watchers.member, id), []);
        assert.equal(JSON.stringify(watchers.member.received).includes(id), false);
    }
    assert.equal(JSON.stringify(watchers.member.received).includes('in there'), false);
    for (const gateway of Object.values(watchers))
        await gateway.end();
});

test('resuming does not show it either', async () => {
    const gateway = await Gateway.session(server, member);
    await gateway.cut();
    await post(server, owner, hidden.id, 'while away');
    const fence = await post(server, owner, guild.channel, 'fence');
    const back = await Gateway.connect(server);
    await back.resume(member, gateway.session, gateway.seq);
    await back.event('MESSAGE_CREATE', (d) => d.id === fence.id);
    assert.equal(JSON.stringify(back.received).includes('while away'), false);
    await back.end();
});

// What a client keeps of a guild's channels, from its dispatches alone.
function channelsOf(gateway, whole) {
    const known = new Set(whole.channels.map((c) => c.id));
    for (const p of gateway.received) {
        if (p.t === 'CHANNEL_CREATE') {
            assert.ok(!known.has(p.d.id), `${p.d.name} comes once`);
            known.add(p.d.id);
        } else if (p.t === 'CHANNEL_DELETE') {
            assert.ok(known.delete(p.d.id), `${p.d.name} goes once`);
        }
    }
    return known;
}

test('channels appear and vanish with roles, overwrites and categories', async () => {
    const role = await ok(server, 'POST', `/guilds/${guild.id}/roles`, {
        token: owner.token, body: { name: 'readers', permissions: '0' },
    });
    const closed = {
        permission_overwrites: [
            { id: guild.id, type: 0, allow: '0', deny: VIEW },
            { id: role.id, type: 0, allow: VIEW, deny: '0' },
        ],
    };
    const category = await channel(server, owner, guild, { name: 'library', type: 4, ...closed });
    const room = await channel(server, owner, guild, { name: 'reading-room', parent_id: category.id, ...closed });
    const gateways = [await Gateway.session(server, member), await Gateway.session(server, member),
        await Gateway.session(server, robot)];
    const [mine, , bystander] = gateways;
    const start = await Promise.all(gateways.map((gateway) => gateway.guild(guild.id)));
    const from = gateways.map((gateway) => gateway.mark());
    const since = (i) => gateways[i].received.slice(from[i])
        .filter((p) => p.op === 0 && p.t !== 'PRESENCE_UPDATE' && !OF_SESSIONS.includes(p.t))
        .map((p) => [p.t, p.d.id ?? p.d.user?.id]);
    const fence = async () => {
        const { id } = await post(server, owner, guild.channel, 'fence');
        await Promise.all(gateways.map((gateway) => gateway.event('MESSAGE_CREATE', (d) => d.id === id)));
    };
    const say = () => post(server, owner, room.id, 'read this');
    const put = (method, path, body) => ok(server, method, path, { token: owner.token, body });

    await put('PUT', `/guilds/${guild.id}/members/${member.id}/roles/${role.id}`);
    const read = await say();
    await put('DELETE', `/guilds/${guild.id}/members/${member.id}/roles/${role.id}`);
    await say();
    await fence();
    const expected = [
        ['CHANNEL_CREATE', category.id], ['CHANNEL_CREATE', room.id], ['GUILD_MEMBER_UPDATE', member.id],
        ['MESSAGE_CREATE', read.id], ['CHANNEL_DELETE', room.id], ['CHANNEL_DELETE', category.id],
        ['GUILD_MEMBER_UPDATE', member.id],
    ];
    for (const i of [0, 1])
        assert.deepEqual(since(i).slice(0, -1), expected);
    assert.deepEqual(since(2).slice(0, -1).filter(([name]) => name !== 'GUILD_MEMBER_UPDATE'), []);
    const made = mine.received.find((p) => p.t === 'CHANNEL_CREATE' && p.d.id === room.id).d;
    assert.equal(made.guild_id, guild.id);
    assert.equal(made.parent_id, category.id);
    assert.equal(made.permission_overwrites.length, 2);

    // By name, in one channel: for the one, and nobody else.
    await put('PUT', `/channels/${room.id}/permissions/${robot.id}`, { type: 1, allow: VIEW, deny: '0' });
    const seen = await say();
    await put('DELETE', `/channels/${room.id}/permissions/${robot.id}`);
    await say();
    await fence();
    assert.deepEqual(since(2).filter(([, id]) => [room.id, seen.id].includes(id)),
        [['CHANNEL_CREATE', room.id], ['MESSAGE_CREATE', seen.id], ['CHANNEL_DELETE', room.id]]);
    assert.deepEqual(since(0).filter(([name]) => name === 'CHANNEL_UPDATE'), []);

    // For everybody, by a role's permissions, and the end of a channel.
    await put('PATCH', `/guilds/${guild.id}/roles/${role.id}`, { permissions: '8' });
    await put('PUT', `/guilds/${guild.id}/members/${member.id}/roles/${role.id}`);
    await put('DELETE', `/channels/${room.id}`);
    await put('DELETE', `/guilds/${guild.id}/roles/${role.id}`);
    await fence();
    for (const [i, gateway] of gateways.entries()) {
        const list = await ok(server, 'GET', `/guilds/${guild.id}/channels`, { token: [member, member, robot][i].token });
        assert.deepEqual([...channelsOf(gateway, start[i])].sort(), list.map((c) => c.id).sort());
    }
    await bystander.end();
    await Promise.all(gateways.map((gateway) => gateway.end()));
});
