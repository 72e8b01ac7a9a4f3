// What joining must not give away: invites and onboarding outlive what was true when they were made, and
// what strangers and newcomers get to see is what everybody sees.

import assert from 'node:assert/strict';
import test from 'node:test';

import { api, assertError, ok } from '../lib/api.mjs';
import { Gateway } from '../lib/gateway.mjs';
import { useServer } from '../lib/server.mjs';
import { PERMISSIONS, channel, guild, invite, join, person, world } from '../lib/world.mjs';

const server = await useServer();
const { owner, guild: home, member } = await world(server);
const here = `/guilds/${home.id}`;
const door = (await invite(server, owner, home.channel, { max_age: 0, unique: true })).code;
const HIDDEN = [{ id: home.id, type: 0, deny: String(PERMISSIONS.VIEW_CHANNEL) }];

const as = (who, method, path, body) => api(server, method, path, { token: who.token, body });
const owned = (method, path, body) => ok(server, method, path, { token: owner.token, body });
const role = (permissions, name = 'role') => owned('POST', `${here}/roles`, { name, permissions: String(permissions) });
const repermit = (which, permissions) => owned('PATCH', `${here}/roles/${which.id}`, { permissions: String(permissions) });
const rolesOf = async (who) => (await owned('GET', `${here}/members/${who.id}`)).roles;

async function newcomer(code = door) {
    const who = await person(server);
    await join(server, who, code);
    return who;
}

// A member with a role above `below` that has these permissions.
async function moderator(permissions, below) {
    const who = await newcomer();
    const rank = await role(permissions, 'moderator');
    if (below !== undefined)
        await owned('PATCH', `${here}/roles`, [{ id: below.id, position: 1 }, { id: rank.id, position: 2 }]);
    await owned('PUT', `${here}/members/${who.id}/roles/${rank.id}`);
    return { ...who, rank };
}

const INVITER = PERMISSIONS.MANAGE_ROLES | PERMISSIONS.CREATE_INSTANT_INVITE | PERMISSIONS.VIEW_CHANNEL
    | PERMISSIONS.SEND_MESSAGES;

test('an invite gives the roles that its maker may give when somebody joins', async () => {
    const gift = await role(0, 'gift');
    const maker = await moderator(INVITER, gift);
    const made = await as(maker, 'POST', `/channels/${home.channel}/invites`,
        { role_ids: [gift.id], unique: true, temporary: true });
    assert.equal(made.status, 200, made.text);
    assert.deepEqual(await rolesOf(await newcomer(made.body.code)), [gift.id]);

    await repermit(gift, PERMISSIONS.ADMINISTRATOR);
    assert.deepEqual(await rolesOf(await newcomer(made.body.code)), [], 'not what has grown beyond the maker');

    await repermit(gift, 0);
    await owned('DELETE', `${here}/members/${maker.id}/roles/${maker.rank.id}`);
    assert.deepEqual(await rolesOf(await newcomer(made.body.code)), [], 'not of who has been demoted');

    await owned('PUT', `${here}/members/${maker.id}/roles/${maker.rank.id}`);
    assert.deepEqual(await rolesOf(await newcomer(made.body.code)), [gift.id]);
    await owned('DELETE', `${here}/members/${maker.id}`);
    assert.deepEqual(await rolesOf(await newcomer(made.body.code)), [], 'not of who has left');
});

test('a temporary member without the roles that were meant stays temporary', async () => {
    const gift = await role(0, 'gone soon');
    const { code } = await invite(server, owner, home.channel, { role_ids: [gift.id], unique: true, temporary: true });
    await owned('DELETE', `${here}/roles/${gift.id}`);
    const guest = await person(server);
    const watcher = await Gateway.session(server, owner);
    const session = await Gateway.session(server, guest);
    await join(server, guest, code);
    await session.event('GUILD_CREATE', (d) => d.id === home.id);
    await session.end();
    await watcher.event('GUILD_MEMBER_REMOVE', (d) => d.user.id === guest.id);
    await watcher.end();
});

test('a vanity code shows no channel that not everybody sees', async () => {
    const secret = await channel(server, owner, home, { name: 'secret-greetings', permission_overwrites: HIDDEN });
    await owned('PATCH', here, { system_channel_id: secret.id });
    const code = `hall-${process.pid}`;
    await owned('PATCH', `${here}/vanity-url`, { code });
    assert.equal((await ok(server, 'GET', `/invites/${code}`)).channel.id, home.channel);
    const guest = await person(server);
    assert.equal((await join(server, guest, code)).channel.id, home.channel);
    await owned('PATCH', here, { system_channel_id: null });
    await owned('PATCH', `${here}/vanity-url`, { code: null });
});

test('welcome screen and new member welcome name no channel that the reader does not see', async () => {
    const secret = await channel(server, owner, home, { name: 'secret-room', permission_overwrites: HIDDEN });
    const both = [secret.id, home.channel];
    await owned('PATCH', `${here}/welcome-screen`, {
        enabled: true, welcome_channels: both.map((id) => ({ channel_id: id, description: `see ${id}` })),
    });
    await owned('PUT', `${here}/new-member-welcome`, {
        enabled: true, welcome_message: { author_ids: [], message: 'hello there' },
        new_member_actions: both.map((id) => ({ channel_id: id, action_type: 0, title: 'go there' })),
        resource_channels: both.map((id) => ({ channel_id: id, title: 'read this' })),
    });
    const ids = (list) => list.map((each) => each.channel_id);
    for (const [who, seen] of [[owner, both], [member, [home.channel]]]) {
        const screen = await ok(server, 'GET', `${here}/welcome-screen`, { token: who.token });
        const welcome = await ok(server, 'GET', `${here}/new-member-welcome`, { token: who.token });
        assert.deepEqual(ids(screen.welcome_channels), seen);
        assert.deepEqual(ids(welcome.new_member_actions), seen);
        assert.deepEqual(ids(welcome.resource_channels), seen);
    }
});

test('listing a guild takes an administrator, by whichever route', async () => {
    const manager = await moderator(PERMISSIONS.MANAGE_GUILD);
    assertError(await as(manager, 'PATCH', here, { features: ['DISCOVERABLE'] }), 403, 50013);
    assertError(await as(manager, 'PATCH', `${here}/directory`, { listed: true, join_policy: 1 }), 403, 50013);
});

test('the widget publishes no invite past the screening', async () => {
    const bypass = await invite(server, owner, home.channels.find((each) => each.type === 2).id,
        { max_age: 0, unique: true, flags: 8 });
    await owned('PATCH', `${here}/widget`, { enabled: true, channel_id: bypass.channel.id });
    const shown = await ok(server, 'GET', `${here}/widget.json`);
    assert.match(shown.instant_invite, /\/invite\/\w+$/);
    assert.ok(!shown.instant_invite.endsWith(bypass.code));
    await owned('PATCH', `${here}/widget`, { enabled: false });
});

// ---- onboarding ----

const open = await Promise.all(Array.from({ length: 7 }, (_, i) => channel(server, owner, home, { name: `open-${i}` })));
const option = (...ids) => ({ title: 'yes', role_ids: ids.map((each) => each.id), channel_ids: [] });
const setup = (enabled, options) => ({
    enabled, mode: 0, default_channel_ids: open.map((each) => each.id),
    prompts: [{ title: 'What?', type: 0, single_select: false, required: false, in_onboarding: true, options }],
});
const configure = (who, body) => as(who, 'PUT', `${here}/onboarding`, body);
const answer = (who, options, method = 'POST') => as(who, method, `${here}/onboarding-responses`, {
    onboarding_responses: options.map((each) => each.id), onboarding_prompts_seen: {}, onboarding_responses_seen: {},
});

test('onboarding offers no role that moderates, and gives none that has come to', async () => {
    const plain = await role(PERMISSIONS.VIEW_CHANNEL, 'plain');
    const later = await role(0, 'later');
    for (const bit of [PERMISSIONS.ADMINISTRATOR, PERMISSIONS.MANAGE_ROLES, PERMISSIONS.MANAGE_MESSAGES, 1n << 40n])
        assertError(await configure(owner, setup(true, [option(await role(bit, 'dangerous'))])), 400, 50028);
    const set = await configure(owner, setup(true, [option(plain, later)]));
    assert.equal(set.status, 200, set.text);
    const [{ options }] = set.body.prompts;

    await repermit(later, PERMISSIONS.ADMINISTRATOR);
    const guest = await newcomer();
    assert.equal((await answer(guest, options)).status, 200);
    assert.deepEqual(await rolesOf(guest), [plain.id]);
    // And what somebody was given by hand is not theirs to answer away.
    await owned('PUT', `${here}/members/${guest.id}/roles/${later.id}`);
    assert.equal((await answer(guest, [], 'PUT')).status, 204);
    assert.deepEqual(await rolesOf(guest), [later.id]);
    await repermit(later, 0);
    assert.equal((await answer(guest, options, 'PUT')).status, 200);
    assert.deepEqual((await rolesOf(guest)).sort(), [plain.id, later.id].sort());
});

test('turning onboarding on gives what it names: nobody does that with roles above them', async () => {
    const high = await role(PERMISSIONS.VIEW_CHANNEL, 'high');
    const manager = await moderator(PERMISSIONS.MANAGE_GUILD | PERMISSIONS.MANAGE_ROLES);
    await owned('PATCH', `${here}/roles`, [{ id: manager.rank.id, position: 1 }, { id: high.id, position: 2 }]);
    assert.equal((await configure(owner, setup(false, [option(high)]))).status, 200);
    assertError(await configure(manager, { enabled: true }), 403, 50013);
    assertError(await configure(manager, setup(true, [option(high)])), 403, 50013);
    // What everybody can take already may stay.
    const on = await configure(owner, { enabled: true });
    assert.equal(on.status, 200, on.text);
    assert.equal((await configure(manager, { ...setup(true, []), prompts: on.body.prompts.map((prompt) => ({
        ...prompt, options: prompt.options.map(({ emoji, ...rest }) => rest),
    })) })).status, 200);
});

// ---- requests ----

test('who has come in by another way asks no more', async () => {
    const club = await guild(server, owner, 'The Club');
    await owned('PATCH', `/guilds/${club.id}/directory`, { listed: true, join_policy: 2 });
    const guest = await person(server);
    const asked = await as(guest, 'PUT', `/guilds/${club.id}/members/@me`, {});
    assert.equal(asked.status, 200, asked.text);
    const watcher = await Gateway.session(server, owner);
    await join(server, guest, (await invite(server, owner, club.channel)).code);
    await watcher.event('GUILD_JOIN_REQUEST_DELETE', (d) => d.user_id === guest.id);
    assert.equal((await owned('GET', `/guilds/${club.id}/requests?status=SUBMITTED`)).total, 0);
    assertError(await as(owner, 'PATCH', `/guilds/${club.id}/requests/${asked.body.join_request.id}`,
        { action: 'APPROVED' }), 404, 10099);
    await watcher.end();
});

test('of four approvals at once one counts, and who was banned meanwhile stays out', async () => {
    const club = await guild(server, owner, 'The Club');
    await owned('PATCH', `/guilds/${club.id}/directory`, { listed: true, join_policy: 2 });
    const [guest, banned] = [await person(server), await person(server)];
    const [one, two] = await Promise.all([guest, banned].map(async (who) =>
        (await as(who, 'PUT', `/guilds/${club.id}/members/@me`, {})).body.join_request.id));
    const approve = (id) => as(owner, 'PATCH', `/guilds/${club.id}/requests/${id}`, { action: 'APPROVED' });
    const answers = await Promise.all([1, 2, 3, 4].map(() => approve(one)));
    assert.deepEqual(answers.map((each) => each.status).sort(), [200, 404, 404, 404]);
    await owned('PUT', `/guilds/${club.id}/bans/${banned.id}`, {});
    assertError(await approve(two), 403, 40007);
    assertError(await as(banned, 'PUT', `/guilds/${club.id}/members/@me`, {}), 403, 40007);
    const { approximate_member_count: members } = await owned('GET', `/guilds/${club.id}?with_counts=true`);
    assert.equal(members, 2);
});

// ---- waiting behind the gate ----

const PIXEL = 'data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';

test('who waits behind the screening may read and leave, and nothing else', async () => {
    await owned('PATCH', `${here}/member-verification`, {
        enabled: true, form_fields: [{ field_type: 'TERMS', values: ['be kind'], required: true }],
    });
    const event = await owned('POST', `${here}/scheduled-events`, {
        name: 'party', privacy_level: 2, entity_type: 3, entity_metadata: { location: 'the garden' },
        scheduled_start_time: '2100-01-01T00:00:00Z', scheduled_end_time: '2100-01-02T00:00:00Z',
    });
    const guest = await newcomer();
    for (const [method, path, body] of [
        ['POST', `/channels/${home.channel}/messages`, { content: 'hello' }],
        ['POST', `/channels/${home.channel}/typing`],
        ['POST', `/channels/${home.channel}/invites`, {}],
        ['PATCH', `${here}/members/@me`, { nick: 'me' }],
        ['PATCH', `${here}/members/@me/nick`, { nick: 'me' }],
        ['PATCH', `${here}/members/@me`, { avatar: PIXEL }],
        ['PATCH', `${here}/members/@me`, { banner: PIXEL }],
        ['PUT', `${here}/scheduled-events/${event.id}/users/@me`],
    ])
        assertError(await as(guest, method, path, body), 403, 50013);
    assert.equal((await as(guest, 'GET', `/channels/${home.channel}/messages`)).status, 200);
    assert.equal((await as(guest, 'DELETE', `/users/@me/guilds/${home.id}`)).status, 204);
    await owned('PATCH', `${here}/member-verification`, { enabled: false });
});

test('what is searched for may be anything', async () => {
    for (const query of ['%00', '%FF', 'a%C3', `${'x'.repeat(255)}%C3%A4`, '%25%25', '!', '%5C', '\'', '%F0%9F%92%A9'.repeat(200)]) {
        const found = await api(server, 'GET', `/discoverable-guilds?query=${query}`, { token: member.token });
        assert.ok([200, 400].includes(found.status), `${query}: ${found.text}`);
    }
    for (const code of ['%00', '%FF', '%C3', 'a'.repeat(3000), '%2F'])
        for (const path of [`/invites/${code}`, `/guilds/templates/${code}`])
            assert.equal((await api(server, 'GET', path, { token: member.token })).status, 404, path);
});

test('letters of any kind are found in the directory as they were written', async () => {
    const garden = await guild(server, owner, 'Österreich');
    await owned('PATCH', `/guilds/${garden.id}/directory`, { listed: true, join_policy: 0 });
    for (const query of ['Österreich', 'ÖSTERREICH', 'reich']) {
        const found = await ok(server, 'GET', `/discoverable-guilds?query=${encodeURIComponent(query)}`, { token: member.token });
        assert.deepEqual(found.guilds.map((each) => each.id), [garden.id], query);
    }
});
