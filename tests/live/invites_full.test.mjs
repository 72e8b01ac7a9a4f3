// Everything about invites beyond joining: lists, deleting, targets, roles, what strangers see, what
// the gateway and the audit log tell.

import assert from 'node:assert/strict';
import test from 'node:test';

import { api, assertError, formCodes, ok } from '../lib/api.mjs';
import { Gateway } from '../lib/gateway.mjs';
import { useServer } from '../lib/server.mjs';
import { until } from '../lib/wait.mjs';
import { CATEGORY, PERMISSIONS, VOICE, channel, invite, join, person, world } from '../lib/world.mjs';

const server = await useServer();
const { owner, guild, member } = await world(server);
const role = (body) => ok(server, 'POST', `/guilds/${guild.id}/roles`, { token: owner.token, body });

async function lastEntry(type) {
    const { audit_log_entries: entries } = await ok(server, 'GET',
        `/guilds/${guild.id}/audit-logs?action_type=${type}&limit=1`, { token: owner.token });
    return entries[0];
}

test('making one is told to those who manage the channel, and written down with its reason', async () => {
    const managing = await Gateway.session(server, owner);
    const ordinary = await Gateway.session(server, member);
    const made = await ok(server, 'POST', `/channels/${guild.channel}/invites`, {
        token: owner.token, body: { max_age: 600, max_uses: 3, unique: true },
        headers: { 'X-Audit-Log-Reason': 'for%20the%20fair' },
    });
    const { d } = await managing.event('INVITE_CREATE', (e) => e.code === made.code);
    assert.equal(d.channel_id, guild.channel);
    assert.equal(d.guild_id, guild.id);
    assert.equal(d.inviter.id, owner.id);
    assert.equal(d.max_uses, 3);
    await ordinary.flush();
    assert.deepEqual(ordinary.events('INVITE_CREATE'), []);
    const entry = await lastEntry(40);
    assert.equal(entry.user_id, owner.id);
    assert.equal(entry.reason, 'for the fair');
    const changes = Object.fromEntries(entry.changes.map((change) => [change.key, change.new_value]));
    assert.equal(changes.code, made.code);
    assert.equal(changes.channel_id, guild.channel);
    assert.equal(changes.inviter_id, owner.id);
    assert.equal(changes.max_age, 600);
    assert.equal(changes.max_uses, 3);
    assert.equal(changes.temporary, false);

    const gone = await ok(server, 'DELETE', `/invites/${made.code}`, { token: owner.token });
    assert.equal(gone.code, made.code);
    const deleted = await managing.event('INVITE_DELETE', (e) => e.code === made.code);
    assert.deepEqual(deleted.d, { code: made.code, guild_id: guild.id, channel_id: guild.channel });
    assertError(await api(server, 'GET', `/invites/${made.code}`), 404, 10006);
    const removal = await lastEntry(42);
    assert.equal(removal.changes.find((change) => change.key === 'code').old_value, made.code);
    await managing.end();
    await ordinary.end();
});

test('the last use takes it away, and says so', async () => {
    const gateway = await Gateway.session(server, owner);
    const { code } = await invite(server, owner, guild.channel, { max_uses: 1, unique: true });
    await join(server, await person(server), code);
    await gateway.event('INVITE_DELETE', (e) => e.code === code);
    await gateway.end();
});

test('lists: of a channel, of the guild, and who may read them', async () => {
    const room = await channel(server, owner, guild, { name: 'listed' });
    const here = await invite(server, owner, room.id, { unique: true });
    const there = await invite(server, owner, guild.channel, { unique: true });
    const ofChannel = await ok(server, 'GET', `/channels/${room.id}/invites`, { token: owner.token });
    assert.deepEqual(ofChannel.map((each) => each.code), [here.code]);
    assert.equal(ofChannel[0].uses, 0);
    const ofGuild = await ok(server, 'GET', `/guilds/${guild.id}/invites`, { token: owner.token });
    const codes = ofGuild.map((each) => each.code);
    assert.ok(codes.includes(here.code) && codes.includes(there.code));
    assert.ok(ofGuild.every((each) => each.max_uses !== undefined));
    assertError(await api(server, 'GET', `/channels/${room.id}/invites`, { token: member.token }), 403, 50013);
    assertError(await api(server, 'GET', `/guilds/${guild.id}/invites`, { token: member.token }), 403, 50013);

    const reader = await person(server);
    await join(server, reader, there.code);
    const audit = await role({ name: 'auditor', permissions: String(1n << 7n) });
    await ok(server, 'PUT', `/guilds/${guild.id}/members/${reader.id}/roles/${audit.id}`, { token: owner.token });
    const seen = await ok(server, 'GET', `/guilds/${guild.id}/invites`, { token: reader.token });
    assert.equal(seen.length, ofGuild.length);
    assert.ok(seen.every((each) => each.uses === undefined), 'the counts are for who manages the guild');
});

test('who may delete', async () => {
    const { code } = await invite(server, owner, guild.channel, { unique: true });
    const own = await invite(server, member, guild.channel, { unique: true });
    const stranger = await person(server);
    assertError(await api(server, 'DELETE', `/invites/${code}`, { token: stranger.token }), 403, 50001);
    assertError(await api(server, 'DELETE', `/invites/${code}`, { token: member.token }), 403, 50013);
    await ok(server, 'DELETE', `/invites/${own.code}`, { token: member.token });
    assertError(await api(server, 'DELETE', '/invites/nonsuch1', { token: member.token }), 404, 10006);
    await ok(server, 'DELETE', `/invites/${code}`, { token: owner.token });
});

test('nobody invites to what they do not see, nor to a category', async () => {
    const hidden = await channel(server, owner, guild, {
        name: 'hidden', permission_overwrites: [{ id: guild.id, type: 0, deny: String(PERMISSIONS.VIEW_CHANNEL) }],
    });
    assertError(await api(server, 'POST', `/channels/${hidden.id}/invites`, { token: member.token, body: {} }),
        403, 50001);
    const category = await channel(server, owner, guild, { name: 'category', type: CATEGORY });
    assertError(await api(server, 'POST', `/channels/${category.id}/invites`, { token: owner.token, body: {} }),
        400, 50024);
});

test('targets', async () => {
    const voice = await channel(server, owner, guild, { name: 'voice', type: VOICE });
    const made = await invite(server, owner, voice.id, { target_type: 1, target_user_id: member.id });
    assert.equal(made.target_type, 1);
    assert.equal(made.target_user.id, member.id);
    const shown = await ok(server, 'GET', `/invites/${made.code}`);
    assert.equal(shown.target_user.id, member.id);
    for (const [body, path] of [[{ target_type: 1 }, 'target_user_id'],
        [{ target_type: 2 }, 'target_application_id'], [{ target_user_id: member.id }, 'target_user_id'],
        [{ target_type: 3 }, 'target_type']]) {
        const answer = await api(server, 'POST', `/channels/${voice.id}/invites`, { token: owner.token, body });
        assert.equal(formCodes(answer, path).length, 1);
    }
    assertError(await api(server, 'POST', `/channels/${guild.channel}/invites`, {
        token: owner.token, body: { target_type: 1, target_user_id: member.id },
    }), 400, 50024);
});

test('an invite that gives a role', async () => {
    const given = await role({ name: 'given', permissions: '0' });
    const made = await invite(server, owner, guild.channel, { role_ids: [given.id], unique: true });
    assert.deepEqual(made.roles.map((each) => each.id), [given.id]);
    const guest = await person(server);
    await join(server, guest, made.code);
    const joined = await ok(server, 'GET', `/guilds/${guild.id}/members/${guest.id}`, { token: owner.token });
    assert.deepEqual(joined.roles, [given.id]);
    assertError(await api(server, 'POST', `/channels/${guild.channel}/invites`, {
        token: member.token, body: { role_ids: [given.id] },
    }), 403, 50013);
    assertError(await api(server, 'POST', `/channels/${guild.channel}/invites`, {
        token: owner.token, body: { role_ids: ['5'] },
    }), 400, 50028);
});

test('what an invite shows', async () => {
    const { code } = await invite(server, owner, guild.channel, { unique: true, max_age: 0 });
    const plain = await ok(server, 'GET', `/invites/${code}`);
    assert.equal(plain.expires_at, null);
    assert.equal(plain.uses, undefined);
    assert.equal(plain.approximate_member_count, undefined);
    const { features } = await ok(server, 'GET', `/guilds/${guild.id}`, { token: owner.token });
    assert.deepEqual(plain.guild.features, features);
    const whole = await ok(server, 'GET', `/invites/${code}?with_counts=true&with_permissions=true&with_expiration=1`);
    assert.ok(whole.approximate_member_count >= 3);
    assert.equal(whole.approximate_presence_count, 0);
    assert.equal(whole.is_nickname_changeable, true);
    assert.deepEqual(formCodes(await api(server, 'GET', `/invites/${code}?with_counts=maybe`), 'with_counts'),
        ['BOOLEAN_TYPE_CONVERT']);
});

test('a scheduled event comes with the invite, unless it is in a channel not everybody sees', async () => {
    const hidden = await channel(server, owner, guild, {
        name: 'hidden stage', type: 2,
        permission_overwrites: [{ id: guild.id, type: 0, deny: String(PERMISSIONS.VIEW_CHANNEL) }],
    });
    const { code } = await invite(server, owner, guild.channel, { unique: true });
    const start = new Date(Date.now() + 3600e3).toISOString();
    const open = await ok(server, 'POST', `/guilds/${guild.id}/scheduled-events`, {
        token: owner.token, body: {
            name: 'Fair', privacy_level: 2, entity_type: 3, scheduled_start_time: start,
            scheduled_end_time: new Date(Date.now() + 7200e3).toISOString(), entity_metadata: { location: 'here' },
        },
    });
    const closed = await ok(server, 'POST', `/guilds/${guild.id}/scheduled-events`, {
        token: owner.token, body: {
            name: 'Secret', privacy_level: 2, entity_type: 2, channel_id: hidden.id, scheduled_start_time: start,
        },
    });
    const shown = await ok(server, 'GET', `/invites/${code}?guild_scheduled_event_id=${open.id}`);
    assert.equal(shown.guild_scheduled_event.name, 'Fair');
    const not = await ok(server, 'GET', `/invites/${code}?guild_scheduled_event_id=${closed.id}`);
    assert.equal(not.guild_scheduled_event, undefined);
});

test('invites paused: nobody joins, everybody who is in stays', async () => {
    const { code } = await invite(server, owner, guild.channel, { unique: true });
    const guest = await person(server);
    const features = (list) => ok(server, 'PATCH', `/guilds/${guild.id}`, { token: owner.token, body: { features: list } });
    await features(['INVITES_DISABLED']);
    assertError(await api(server, 'POST', `/invites/${code}`, { token: guest.token, body: {} }), 403, 340015);
    assert.equal((await ok(server, 'POST', `/invites/${code}`, { token: member.token, body: {} })).new_member, false);
    await features([]);
    await join(server, guest, code);
});

test('joining is told in the system channel, if the guild likes it', async () => {
    await ok(server, 'PATCH', `/guilds/${guild.id}`, {
        token: owner.token, body: { system_channel_id: guild.channel, system_channel_flags: 0 },
    });
    const gateway = await Gateway.session(server, owner);
    const guest = await person(server);
    const { code } = await invite(server, owner, guild.channel);
    await join(server, guest, code);
    const { d } = await gateway.event('MESSAGE_CREATE', (m) => m.author.id === guest.id);
    assert.equal(d.type, 7);
    assert.equal(d.content, '');
    assert.equal(d.channel_id, guild.channel);
    const [stored] = await ok(server, 'GET', `/channels/${guild.channel}/messages?limit=1`, { token: owner.token });
    assert.equal(stored.id, d.id);
    await ok(server, 'PATCH', `/guilds/${guild.id}`, { token: owner.token, body: { system_channel_flags: 1 } });
    await gateway.end();
});

test('an expired invite is gone from the lists at once', async () => {
    const { code } = await invite(server, owner, guild.channel, { unique: true, max_age: 1 });
    const listed = async () => (await ok(server, 'GET', `/guilds/${guild.id}/invites`, { token: owner.token }))
        .some((each) => each.code === code);
    await until(async () => !(await listed()), 'the second to pass');
});
