// Rules that new members agree to before they may do anything.

import assert from 'node:assert/strict';
import test from 'node:test';

import { api, assertError, formCodes, ok } from '../lib/api.mjs';
import { Gateway } from '../lib/gateway.mjs';
import { useServer } from '../lib/server.mjs';
import { invite, join, person, post, world } from '../lib/world.mjs';

const server = await useServer();
const { owner, guild: home, member } = await world(server);
const form = `/guilds/${home.id}/member-verification`;
const TERMS = { field_type: 'TERMS', label: 'Rules', values: ['Be kind', 'No spam'], required: true };
const edit = (body, who = owner) => api(server, 'PATCH', form, { token: who.token, body });
const answer = (who, body) => api(server, 'PUT', `/guilds/${home.id}/requests/@me`, { token: who.token, body });
const { code } = await invite(server, owner, home.channel, { unique: true });

async function newcomer() {
    const who = await person(server);
    return { who, joined: await join(server, who, code) };
}

test('a guild begins without', async () => {
    assertError(await api(server, 'GET', form, { token: member.token }), 404, 10068);
    assertError(await edit({ enabled: true }, member), 403, 50013);
});

test('what is no form', async () => {
    for (const [body, path] of [
        [{ form_fields: [{ field_type: 'POEM', label: 'x' }] }, 'form_fields.0.field_type'],
        [{ form_fields: [{ field_type: 'TERMS', label: 'x' }] }, 'form_fields.0.values'],
        [{ form_fields: [{ field_type: 'MULTIPLE_CHOICE', label: 'x' }] }, 'form_fields.0.choices'],
        [{ form_fields: Array(6).fill(TERMS) }, 'form_fields'],
        [{ description: 'x'.repeat(301) }, 'description'],
        [{ form_fields: [{ ...TERMS, values: Array(17).fill('x') }] }, 'form_fields.0.values'],
    ])
        assert.equal(formCodes(await edit(body), path).length, 1, path);
});

test('the gate closes: event, audit entry, form', async () => {
    const gateway = await Gateway.session(server, member);
    const made = await edit({ enabled: true, form_fields: [TERMS], description: 'A place' });
    assert.equal(made.status, 200);
    assert.ok(made.body.version);
    assert.deepEqual(made.body.form_fields[0].values, TERMS.values);
    const { d } = await gateway.event('GUILD_UPDATE', (g) => g.id === home.id);
    assert.ok(d.features.includes('MEMBER_VERIFICATION_GATE_ENABLED'));
    const { audit_log_entries: [entry] } = await ok(server, 'GET',
        `/guilds/${home.id}/audit-logs?action_type=1&limit=1`, { token: owner.token });
    assert.equal(entry.changes.find((change) => change.key === 'verification_enabled').new_value, true);
    const read = await ok(server, 'GET', form, { token: member.token });
    assert.deepEqual(read, made.body);
    await gateway.end();
});

test('who comes now waits, agrees, and may write', async () => {
    const gateway = await Gateway.session(server, owner);
    const { who, joined } = await newcomer();
    assert.equal(joined.show_verification_form, true);
    const added = await gateway.event('GUILD_MEMBER_ADD', (m) => m.user.id === who.id);
    assert.equal(added.d.pending, true);
    assertError(await api(server, 'POST', `/channels/${home.channel}/messages`, {
        token: who.token, body: { content: 'hello' },
    }), 403, 50013);
    const { version } = await ok(server, 'GET', form, { token: who.token });
    assert.equal(formCodes(await answer(who, { version, form_fields: [] }), 'form_fields.0.response').length, 1);
    assert.equal(formCodes(await answer(who, { version, form_fields: [{ ...TERMS, response: false }] }),
        'form_fields.0.response').length, 1);
    assert.equal(formCodes(await answer(who, { version: 'x', form_fields: [{ ...TERMS, response: true }] }),
        'version').length, 1);
    assert.equal(formCodes(await answer(who, { version, form_fields: [{}, {}] }), 'form_fields').length, 1);
    const session = await Gateway.session(server, who);
    const done = await answer(who, { version, form_fields: [{ ...TERMS, response: true }] });
    assert.equal(done.status, 200, done.text);
    assert.equal(done.body.application_status, 'APPROVED');
    assert.equal(done.body.form_responses[0].response, true);
    const { d } = await gateway.event('GUILD_MEMBER_UPDATE', (m) => m.user.id === who.id);
    assert.equal(d.pending, false);
    await session.event('GUILD_MEMBER_UPDATE', (m) => m.user.id === who.id);
    await post(server, who, home.channel, 'hello');
    assertError(await answer(who, { version, form_fields: [{ ...TERMS, response: true }] }), 403, 50001);
    await gateway.end();
    await session.end();
});

test('the owner is never pending', async () => {
    const me = await ok(server, 'GET', `/guilds/${home.id}/members/${owner.id}`, { token: owner.token });
    assert.equal(me.pending, false);
    await post(server, owner, home.channel, 'still here');
});

test('questions: somebody decides', async () => {
    const questions = [TERMS, { field_type: 'TEXT_INPUT', label: 'Why?', required: true },
        { field_type: 'MULTIPLE_CHOICE', label: 'Which?', choices: ['a', 'b'], required: false },
        { field_type: 'PARAGRAPH', label: 'More?', required: false }];
    const { body: { version } } = await edit({ form_fields: questions });
    const gateway = await Gateway.session(server, owner);
    const { who } = await newcomer();
    const fields = (...responses) => responses.map((response) => ({ response }));
    for (const [bad, path] of [[fields(true, ''), '1'], [fields(true, 'x'.repeat(151)), '1'], [fields(true, 7), '1'],
        [fields(true, 'ok', 2), '2'], [fields(true, 'ok', 'a'), '2'], [fields(true, 'ok', null, 'x'.repeat(1001)), '3'],
        [fields(true), '1']])
        assert.equal(formCodes(await answer(who, { version, form_fields: bad }), `form_fields.${path}.response`).length, 1);
    const asked = await answer(who, { version, form_fields: fields(true, 'to play', 1) });
    assert.equal(asked.body.application_status, 'SUBMITTED');
    assert.deepEqual(asked.body.form_responses.map((each) => each.response), [true, 'to play', 1, null]);
    const told = await gateway.event('GUILD_JOIN_REQUEST_CREATE', (e) => e.request.user_id === who.id);
    assert.equal(told.d.request.form_responses[1].response, 'to play');
    assertError(await api(server, 'POST', `/channels/${home.channel}/messages`, {
        token: who.token, body: { content: 'hello' },
    }), 403, 50013);
    await ok(server, 'PATCH', `/guilds/${home.id}/requests/${asked.body.id}`, {
        token: owner.token, body: { action: 'APPROVED' },
    });
    await gateway.event('GUILD_MEMBER_UPDATE', (m) => m.user.id === who.id && m.pending === false);
    await post(server, who, home.channel, 'hello');
    await gateway.end();
});

test('a gate that opens lets in who waits, in steps', async () => {
    const gateway = await Gateway.session(server, owner);
    const people = [];
    for (let i = 0; i < 3; i += 1)
        people.push((await newcomer()).who);
    const from = gateway.mark();
    const open = await edit({ enabled: false });
    assert.equal(open.status, 200);
    const { d } = await gateway.event('GUILD_UPDATE', (g) => !g.features.includes('MEMBER_VERIFICATION_GATE_ENABLED'),
        { from });
    assert.equal(d.id, home.id);
    const late = await newcomer();
    assert.equal(late.joined.show_verification_form, false);
    await post(server, late.who, home.channel, 'no gate');
    // Who waited is let in by the upkeep (tests/contract/test_core_joining.c runs it).
    assert.equal(people.length, 3);
    await gateway.end();
});
