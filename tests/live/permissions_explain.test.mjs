// GET /guilds/{id}/permissions/explain: why a member may or may not do each thing. An addition of
// ours, for administrators.

import assert from 'node:assert/strict';
import test from 'node:test';

import { api, assertError, formCodes, ok } from '../lib/api.mjs';
import { useServer } from '../lib/server.mjs';
import { PERMISSIONS, VOICE, channel, guild, person, post, world } from '../lib/world.mjs';

const server = await useServer();
const { owner, guild: home, member } = await world(server, {});
const ask = (query, token = owner.token) => api(server, 'GET',
    `/guilds/${home.id}/permissions/explain?${query}`, { token });

async function explain(query) {
    const answer = await ask(query);
    assert.equal(answer.status, 200, answer.text);
    const { bits } = answer.body;
    return {
        ...answer.body, of: (name) => bits.find((bit) => bit.name === name),
    };
}

async function role(body) {
    return ok(server, 'POST', `/guilds/${home.id}/roles`, { token: owner.token, body });
}

async function give(person, made) {
    await ok(server, 'PUT', `/guilds/${home.id}/members/${person.id}/roles/${made.id}`, {
        token: owner.token,
    });
}

test('every bit is there once, and the sums agree with the bits', async () => {
    const said = await explain(`user_id=${member.id}`);
    assert.equal(said.user_id, member.id);
    assert.equal(said.channel_id, null);
    assert.equal(said.owner, false);
    assert.equal(new Set(said.bits.map((bit) => bit.name)).size, said.bits.length);
    const allowed = said.bits.filter((bit) => bit.allowed)
        .reduce((all, { bit }) => all | 1n << BigInt(bit), 0n);
    assert.equal(String(allowed), said.permissions);
    assert.equal(said.before_implied, said.permissions);
    assert.deepEqual(said.of('SEND_MESSAGES').decided_by, { kind: 'everyone', role_id: home.id });
    assert.deepEqual(said.of('BAN_MEMBERS'), {
        name: 'BAN_MEMBERS', bit: 2, allowed: false, decided_by: { kind: 'none' },
    });
});

test('the owner; the short names of the parameters', async () => {
    const said = await explain(`user=${owner.id}&channel=${home.channel}`);
    assert.equal(said.owner, true);
    assert.equal(said.channel_id, home.channel);
    assert.ok(said.bits.every((bit) => bit.allowed && bit.decided_by.kind === 'owner'));
});

test('roles: the highest of those that grant it', async () => {
    const low = await role({ name: 'low', permissions: String(PERMISSIONS.MANAGE_GUILD) });
    const high = await role({ name: 'high', permissions: String(PERMISSIONS.MANAGE_GUILD) });
    const guest = await joined();
    await give(guest, low);
    await give(guest, high);
    const roles = await ok(server, 'GET', `/guilds/${home.id}/roles`, { token: owner.token });
    const place = (id) => roles.find((r) => r.id === id).position;
    const best = place(high.id) > place(low.id) || (place(high.id) === place(low.id)
        && BigInt(high.id) < BigInt(low.id)) ? high : low;
    const said = await explain(`user_id=${guest.id}`);
    assert.deepEqual(said.of('MANAGE_GUILD').decided_by, { kind: 'role', role_id: best.id });
    assert.ok(said.of('MANAGE_GUILD').allowed);
});

test('overwrites, and what follows from them', async () => {
    const made = await channel(server, owner, home, {
        name: 'closed',
        permission_overwrites: [
            { id: home.id, type: 0, allow: '0', deny: String(PERMISSIONS.SEND_MESSAGES) },
        ],
    });
    let said = await explain(`user_id=${member.id}&channel_id=${made.id}`);
    assert.deepEqual(said.of('SEND_MESSAGES'), {
        name: 'SEND_MESSAGES', bit: 11, allowed: false,
        decided_by: { kind: 'overwrite', overwrite: { id: home.id, type: 0 } },
    });
    assert.deepEqual(said.of('ATTACH_FILES').decided_by, { kind: 'implied', because: 'SEND_MESSAGES' });
    assert.notEqual(said.before_implied, said.permissions);

    await ok(server, 'PUT', `/channels/${made.id}/permissions/${member.id}`, {
        token: owner.token, body: { type: 1, allow: String(PERMISSIONS.SEND_MESSAGES), deny: '0' },
    });
    said = await explain(`user_id=${member.id}&channel_id=${made.id}`);
    assert.deepEqual(said.of('SEND_MESSAGES').decided_by,
        { kind: 'overwrite', overwrite: { id: member.id, type: 1 } });
    assert.ok(said.of('SEND_MESSAGES').allowed);
    assert.equal(said.of('ATTACH_FILES').decided_by.kind, 'everyone');

    await ok(server, 'PUT', `/channels/${made.id}/permissions/${member.id}`, {
        token: owner.token, body: { type: 1, allow: '0', deny: String(PERMISSIONS.VIEW_CHANNEL) },
    });
    said = await explain(`user_id=${member.id}&channel_id=${made.id}`);
    assert.equal(said.permissions, '0');
    assert.equal(said.of('VIEW_CHANNEL').decided_by.kind, 'overwrite');
    assert.deepEqual(said.of('READ_MESSAGE_HISTORY').decided_by,
        { kind: 'implied', because: 'VIEW_CHANNEL' });
    // What it says is what is done.
    const answer = await api(server, 'GET', `/channels/${made.id}`, { token: member.token });
    assertError(answer, 403, 50001);
});

test('voice without CONNECT', async () => {
    const made = await channel(server, owner, home, {
        name: 'booth',
        type: VOICE,
        permission_overwrites: [{ id: home.id, type: 0, allow: '0', deny: String(1n << 20n) }],
    });
    const said = await explain(`user_id=${member.id}&channel_id=${made.id}`);
    assert.deepEqual(said.of('SPEAK').decided_by, { kind: 'implied', because: 'CONNECT' });
    assert.ok(said.of('VIEW_CHANNEL').allowed);
});

test('a time-out', async () => {
    const guest = await joined();
    await ok(server, 'PATCH', `/guilds/${home.id}/members/${guest.id}`, {
        token: owner.token,
        body: { communication_disabled_until: new Date(Date.now() + 60_000).toISOString() },
    });
    const said = await explain(`user_id=${guest.id}&channel_id=${home.channel}`);
    assert.deepEqual(said.of('SEND_MESSAGES').decided_by, { kind: 'timeout' });
    assert.ok(said.of('READ_MESSAGE_HISTORY').allowed);
    const answer = await api(server, 'POST', `/channels/${home.channel}/messages`, {
        token: guest.token, body: { content: 'hello' },
    });
    assertError(answer, 403, 50013);
});

test('administrators, who are the ones who may ask', async () => {
    const made = await role({ name: 'admin', permissions: String(PERMISSIONS.ADMINISTRATOR) });
    const guest = await joined();
    assertError(await ask(`user_id=${owner.id}`, guest.token), 403, 50013);
    await give(guest, made);
    const answer = await ask(`user_id=${guest.id}`, guest.token);
    assert.equal(answer.status, 200);
    assert.equal(answer.body.owner, false);
    assert.ok(answer.body.bits.every((bit) => bit.allowed && bit.decided_by.kind === 'administrator'
        && bit.decided_by.role_id === made.id));
    // Strangers and people without a token.
    assertError(await ask(`user_id=${owner.id}`, (await person(server)).token), 403, 50001);
    assertError(await ask(`user_id=${owner.id}`, 'nobody'), 401, 0);
});

test('nobody named, nobody known, no such channel', async () => {
    assert.deepEqual(formCodes(await ask(''), 'user_id'), ['BASE_TYPE_REQUIRED']);
    assertError(await ask('user_id=frog'), 400, 50035);
    assertError(await ask(`user_id=${(await person(server)).id}`), 404, 10007);
    assertError(await ask(`user_id=${member.id}&channel_id=1`), 404, 10003);
    // One of another guild is as unknown.
    const other = await guild(server, owner, 'Other');
    assertError(await ask(`user_id=${member.id}&channel_id=${other.channel}`), 404, 10003);
});

// What each bit is good for, tried by the member themselves.
const TRIED = [
    ['SEND_MESSAGES', async () => ['POST', `/channels/${home.channel}/messages`, { content: 'hello' }]],
    ['READ_MESSAGE_HISTORY', async (own) => ['GET', `/channels/${home.channel}/messages/${own.id}`]],
    ['MANAGE_MESSAGES', async () => {
        const { id } = await post(server, owner, home.channel, 'doomed');
        return ['DELETE', `/channels/${home.channel}/messages/${id}`];
    }],
    ['CREATE_INSTANT_INVITE', async () => ['POST', `/channels/${home.channel}/invites`, {}]],
    ['MANAGE_CHANNELS', async () => ['PATCH', `/channels/${home.channel}`, { topic: 'tried' }]],
    ['CHANGE_NICKNAME', async () => ['PATCH', `/guilds/${home.id}/members/@me`, { nick: 'tried' }]],
    ['MANAGE_ROLES', async () => ['POST', `/guilds/${home.id}/roles`, { name: 'tried' }]],
    ['MANAGE_GUILD', async () => ['GET', `/guilds/${home.id}/widget`]],
    ['VIEW_AUDIT_LOG', async () => ['GET', `/guilds/${home.id}/audit-logs`]],
    ['BAN_MEMBERS', async () => ['GET', `/guilds/${home.id}/bans`]],
    ['KICK_MEMBERS', async () => ['GET', `/guilds/${home.id}/requests`]],
    ['CREATE_EVENTS', async () => ['POST', `/guilds/${home.id}/scheduled-events`, {
        name: 'tried', privacy_level: 2, entity_type: 3, entity_metadata: { location: 'here' },
        scheduled_start_time: new Date(Date.now() + 3600e3).toISOString(),
        scheduled_end_time: new Date(Date.now() + 7200e3).toISOString(),
    }]],
];

async function silence(who) {
    await ok(server, 'PATCH', `/guilds/${home.id}/members/${who.id}`, {
        token: owner.token,
        body: { communication_disabled_until: new Date(Date.now() + 600_000).toISOString() },
    });
}

// Who, and the only reason that refuses them anything ('none' beside: nobody gave it to them).
const STATES = {
    owner: [async () => owner, undefined],
    member: [joined, undefined],
    administrator: [async () => holding('ADMINISTRATOR'), undefined],
    'timed out': [async () => {
        const who = await holding('MANAGE_GUILD', 'MANAGE_MESSAGES', 'MANAGE_ROLES', 'MANAGE_CHANNELS');
        await silence(who);
        return who;
    }, 'timeout'],
    pending: [async () => {
        const form = `/guilds/${home.id}/member-verification`;
        await ok(server, 'PATCH', form, { token: owner.token, body: {
            enabled: true, form_fields: [{ field_type: 'TERMS', label: 'Rules', values: ['Be kind.'], required: true }],
        } });
        return joined();
    }, 'pending'],
};

async function holding(...names) {
    const who = await joined();
    const all = names.reduce((sum, name) => sum | PERMISSIONS[name], 0n);
    await give(who, await role({ name: names[0], permissions: String(all) }));
    return who;
}

for (const [state, [make, refused]] of Object.entries(STATES)) {
    test(`what is said is what is done: ${state}`, async () => {
        const who = await make();
        const own = await post(server, owner, home.channel, 'read me');
        const said = await explain(`user_id=${who.id}&channel_id=${home.channel}`);
        const tried = new Set();
        for (const [name, how] of TRIED) {
            const [method, path, body] = await how(own);
            const answer = await api(server, method, path, { token: who.token, body });
            const { allowed, decided_by } = said.of(name);
            if (allowed)
                assert.ok(answer.status < 300, `${name}: ${answer.status} ${answer.text}`);
            else
                assertError(answer, 403, 50013);
            if (!allowed && decided_by.kind !== 'none')
                assert.equal(decided_by.kind, refused, name);
            tried.add(allowed ? 'allowed' : decided_by.kind);
        }
        // Something was at stake.
        if (refused !== undefined)
            assert.ok(tried.has(refused) && tried.has('allowed'), [...tried].join());
        assert.equal(said.before_implied === said.permissions, refused === undefined);
    });
}

async function joined() {
    const guest = await person(server);
    const { code } = await ok(server, 'POST', `/channels/${home.channel}/invites`, {
        token: owner.token, body: {},
    });
    await ok(server, 'POST', `/invites/${code}`, { token: guest.token, body: {} });
    return guest;
}
