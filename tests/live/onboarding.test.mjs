// What new members are asked, and the roles that their answers give them.

import assert from 'node:assert/strict';
import test from 'node:test';

import { api, assertError, formCodes, ok } from '../lib/api.mjs';
import { Gateway } from '../lib/gateway.mjs';
import { useServer } from '../lib/server.mjs';
import { PERMISSIONS, channel, invite, join, person, world } from '../lib/world.mjs';

const server = await useServer();
const { owner, guild: home, member } = await world(server);
const path = `/guilds/${home.id}/onboarding`;
const put = (body, who = owner) => api(server, 'PUT', path, { token: who.token, body });
const role = (name, permissions = '0') => ok(server, 'POST', `/guilds/${home.id}/roles`, {
    token: owner.token, body: { name, permissions },
});
const entries = async (type) => (await ok(server, 'GET', `/guilds/${home.id}/audit-logs?action_type=${type}`, {
    token: owner.token,
})).audit_log_entries;

const rooms = [];
for (let i = 0; i < 7; i += 1)
    rooms.push((await channel(server, owner, home, { name: `room-${i}` })).id);
const [red, blue, green] = [await role('red'), await role('blue'), await role('green')];
const prompts = () => [
    { id: '1', title: 'Colour?', single_select: true, required: true, in_onboarding: true, options: [
        { title: 'Red', role_ids: [red.id], channel_ids: [] }, { title: 'Blue', role_ids: [blue.id] }] },
    { id: '2', title: 'Also?', single_select: false, required: false, in_onboarding: false, options: [
        { title: 'Green', description: 'as grass', emoji_name: '🌱', role_ids: [green.id], channel_ids: [rooms[0]] },
        { title: 'Red too', role_ids: [red.id] }] },
];
let settings;

test('a guild begins without', async () => {
    assert.deepEqual(await ok(server, 'GET', path, { token: owner.token }),
        { guild_id: home.id, prompts: [], default_channel_ids: [], enabled: false, mode: 0 });
    assertError(await api(server, 'GET', path, { token: member.token }), 403, 50013);
    assertError(await put({ enabled: true }, member), 403, 50013);
});

test('enough must be open to everybody', async () => {
    assertError(await put({ enabled: true, default_channel_ids: rooms.slice(0, 6) }), 400, 350000);
    assertError(await put({ enabled: true, default_channel_ids: [...rooms.slice(0, 6), rooms[0]] }), 400, 350000);
    const hidden = await channel(server, owner, home, {
        name: 'hidden', permission_overwrites: [{ id: home.id, type: 0, deny: String(PERMISSIONS.VIEW_CHANNEL) }],
    });
    assertError(await put({ enabled: true, default_channel_ids: [...rooms.slice(0, 6), hidden.id] }), 400, 350000);
    const silent = [];
    for (let i = 0; i < 3; i += 1)
        silent.push((await channel(server, owner, home, {
            name: `silent-${i}`,
            permission_overwrites: [{ id: home.id, type: 0, deny: String(PERMISSIONS.SEND_MESSAGES) }],
        })).id);
    assertError(await put({ enabled: true, default_channel_ids: [...rooms.slice(0, 4), ...silent] }), 400, 350000);
    // Six and one that only an answer leads to: enough in the mode that counts those.
    const asked = prompts();
    asked[1].options[0].channel_ids = [rooms[6]];
    assertError(await put({ enabled: true, prompts: asked, default_channel_ids: rooms.slice(0, 6) }), 400, 350000);
    assert.equal((await put({ enabled: true, prompts: asked, default_channel_ids: rooms.slice(0, 6), mode: 1 })).status, 200);
    assert.equal((await put({ enabled: false, prompts: [], mode: 0 })).status, 200);
});

test('what it may name', async () => {
    assertError(await put({ default_channel_ids: ['5'] }), 404, 10003);
    const bad = (options) => [{ id: '1', title: 'x', options: [{ title: 'y', ...options }] }];
    assertError(await put({ prompts: bad({ role_ids: ['5'] }) }), 400, 50028);
    assertError(await put({ prompts: bad({ role_ids: [home.id] }) }), 400, 50028);
    assertError(await put({ prompts: bad({ channel_ids: ['5'] }) }), 404, 10003);
    assert.equal(formCodes(await put({ prompts: [{ id: '1', title: 'x', options: [] }] }), 'prompts.0.options').length, 1);
    assert.equal(formCodes(await put({ prompts: [{ id: '1', options: [{ title: 'y' }] }] }), 'prompts.0.title').length, 1);
    assert.equal(formCodes(await put({ prompts: Array(16).fill(bad({})[0]) }), 'prompts').length, 1);
    assert.equal(formCodes(await put({ mode: 2 }), 'mode').length, 1);
});

test('nobody hands out by it what they could not give', async () => {
    const helper = await person(server);
    await join(server, helper, (await invite(server, owner, home.channel)).code);
    const managing = await role('managing', String(PERMISSIONS.MANAGE_GUILD | PERMISSIONS.MANAGE_ROLES));
    await ok(server, 'PATCH', `/guilds/${home.id}/roles`, { token: owner.token, body: [{ id: managing.id, position: 4 }] });
    await ok(server, 'PUT', `/guilds/${home.id}/members/${helper.id}/roles/${managing.id}`, { token: owner.token });
    const dangerous = await role('dangerous', String(PERMISSIONS.ADMINISTRATOR));
    const ask = (id) => ({ prompts: [{ id: '1', title: 'x', options: [{ title: 'y', role_ids: [id] }] }] });
    assertError(await put(ask(dangerous.id), helper), 403, 50013);
    assertError(await put(ask(managing.id), helper), 403, 50013);
    assert.equal((await put(ask(red.id), helper)).status, 200);
    // Nor does the owner what makes a moderator: everybody may take what stands there.
    assertError(await put(ask(dangerous.id)), 400, 50028);
    assert.equal((await put({ prompts: [], mode: 0 })).status, 200);
});

test('turning it on: ids, entries', async () => {
    const before = (await entries(163)).length;
    const answer = await put({ enabled: true, prompts: prompts(), default_channel_ids: rooms });
    assert.equal(answer.status, 200, answer.text);
    settings = answer.body;
    assert.equal(settings.prompts.length, 2);
    const ids = settings.prompts.flatMap((prompt) => [prompt.id, ...prompt.options.map((option) => option.id)]);
    assert.equal(new Set(ids).size, 6);
    assert.ok(ids.every((id) => BigInt(id) > BigInt(home.id)), 'ids are ours');
    assert.deepEqual(settings.prompts[1].options[0].emoji, { id: null, name: '🌱', animated: false });
    assert.equal((await entries(163)).length, before + 2);
    assert.equal((await entries(166)).length, 1);
    assert.ok((await entries(167)).length > 0);
    assert.deepEqual(await ok(server, 'GET', path, { token: member.token }), settings);
});

test('what stays keeps its id; what goes is written down', async () => {
    const [first] = settings.prompts;
    const changed = [{ ...first, title: 'Which colour?' }];
    const answer = await put({ prompts: changed });
    assert.equal(answer.body.prompts[0].id, first.id);
    assert.deepEqual(answer.body.prompts[0].options.map((option) => option.id), first.options.map((option) => option.id));
    assert.equal((await entries(164))[0].target_id, first.id);
    assert.equal((await entries(165))[0].target_id, settings.prompts[1].id);
    settings = (await put({ prompts: [...answer.body.prompts, prompts()[1]] })).body;
});

test('answering gives the roles', async () => {
    const [[redOption, blueOption], [greenOption, redToo]] = settings.prompts.map((prompt) => prompt.options);
    const respond = (method, list, who = member) => api(server, method, `/guilds/${home.id}/onboarding-responses`, {
        token: who.token, body: { onboarding_responses: list, onboarding_prompts_seen: {}, onboarding_responses_seen: {} },
    });
    const roles = async () => (await ok(server, 'GET', `/guilds/${home.id}/members/${member.id}`, { token: owner.token }));
    const session = await Gateway.session(server, member);
    const first = await respond('POST', [blueOption.id, greenOption.id]);
    assert.equal(first.status, 200, first.text);
    assert.deepEqual(new Set(first.body.onboarding_responses), new Set([blueOption.id, greenOption.id]));
    const { d } = await session.event('GUILD_MEMBER_UPDATE', (m) => m.user.id === member.id);
    assert.deepEqual(new Set(d.roles), new Set([blue.id, green.id]));
    assert.equal((await roles()).flags & 10, 10, 'started and completed');
    // Changing them: what is not chosen any more goes, what two options give stays while one is chosen.
    await respond('PUT', [redToo.id, redOption.id]);
    assert.deepEqual((await roles()).roles, [red.id]);
    await respond('PUT', [redToo.id]);
    assert.deepEqual((await roles()).roles, [red.id]);
    assert.equal((await respond('PUT', [])).status, 204);
    assert.deepEqual((await roles()).roles, []);
    assert.equal(formCodes(await respond('PUT', [redOption.id, blueOption.id]), 'onboarding_responses').length, 1);
    assert.equal(formCodes(await respond('PUT', ['5']), 'onboarding_responses').length, 1);
    assertError(await respond('POST', [], await person(server)), 403, 50001);
    const [entry] = await entries(25);
    assert.equal(entry.target_id, member.id);
    await session.end();
});

test('a role that goes is not shown any more, nor given', async () => {
    await ok(server, 'DELETE', `/guilds/${home.id}/roles/${green.id}`, { token: owner.token });
    const shown = await ok(server, 'GET', path, { token: member.token });
    assert.deepEqual(shown.prompts[1].options[0].role_ids, []);
    await ok(server, 'POST', `/guilds/${home.id}/onboarding-responses`, {
        token: member.token, body: { onboarding_responses: [shown.prompts[1].options[0].id] },
    });
    await put({ enabled: false });
    assertError(await api(server, 'POST', `/guilds/${home.id}/onboarding-responses`, {
        token: member.token, body: { onboarding_responses: [] },
    }), 403, 50001);
});
