// AutoMod as clients see it: rules, refusals, what is told to whom, and patterns that would hang a
// backtracking engine.

import assert from 'node:assert/strict';
import test from 'node:test';

import { api, assertError, formCodes, ok } from '../lib/api.mjs';
import { Gateway } from '../lib/gateway.mjs';
import { useServer } from '../lib/server.mjs';
import { authorize, bot, channel, invite, join, person, post, world } from '../lib/world.mjs';

const AUTO_MODERATION = 1 << 20 | 1 << 21;
const MODERATION = 1 << 2;
const LINEAR_MS = 2000;

const server = await useServer();
const { owner, guild, member } = await world(server);
const alerts = await channel(server, owner, guild, { name: 'alerts' });
const rules = `/guilds/${guild.id}/auto-moderation/rules`;

const watcher = await bot(server, owner);
await authorize(server, owner, watcher, guild, String(1n << 3n));
const watching = await Gateway.session(server, watcher, {
    identify: { intents: 1 | 1 << 1 | 1 << 9 | 1 << 15 | AUTO_MODERATION | MODERATION },
});
// One without the intent for content, and one who may not manage the guild.
const reader = await bot(server, owner);
await authorize(server, owner, reader, guild, String(1n << 5n));
const blind = await Gateway.session(server, reader, { identify: { intents: 1 | AUTO_MODERATION } });
const weak = await bot(server, owner);
await authorize(server, owner, weak, guild);
const outside = await Gateway.session(server, weak, { identify: { intents: 1 | 1 << 9 | AUTO_MODERATION } });

const rule = (more = {}) => ({
    name: 'words', event_type: 1, trigger_type: 1, enabled: true,
    trigger_metadata: { keyword_filter: ['zebra*'] }, actions: [{ type: 1 }], ...more,
});
const make = (body, reason) => ok(server, 'POST', rules, {
    token: owner.token, body, headers: reason ? { 'x-audit-log-reason': reason } : {},
});
const drop = (id) => ok(server, 'DELETE', `${rules}/${id}`, { token: owner.token });
const say = (who, content, where = guild.channel) => api(server, 'POST', `/channels/${where}/messages`, {
    token: who.token, body: { content },
});

test('a rule comes, changes and goes', async () => {
    const made = await make(rule({ exempt_roles: [guild.id, guild.id] }), 'because');
    assert.equal(made.creator_id, owner.id);
    assert.deepEqual(made.trigger_metadata, { keyword_filter: ['zebra*'], regex_patterns: [], allow_list: [] });
    assert.deepEqual(made.exempt_roles, [guild.id]);
    const created = await watching.event('AUTO_MODERATION_RULE_CREATE');
    assert.deepEqual(created.d, made);
    const entry = await watching.event('GUILD_AUDIT_LOG_ENTRY_CREATE', (d) => d.action_type === 140);
    assert.equal(entry.d.target_id, made.id);
    assert.equal(entry.d.reason, 'because');
    assert.deepEqual(await ok(server, 'GET', rules, { token: owner.token }), [made]);
    assert.deepEqual(await ok(server, 'GET', `${rules}/${made.id}`, { token: owner.token }), made);

    const edited = await ok(server, 'PATCH', `${rules}/${made.id}`, {
        token: owner.token, body: { name: 'other', trigger_metadata: { keyword_filter: ['lion'] }, exempt_roles: null },
    });
    assert.deepEqual(edited, {
        ...made, name: 'other', exempt_roles: [],
        trigger_metadata: { keyword_filter: ['lion'], regex_patterns: [], allow_list: [] },
    });
    assert.deepEqual((await watching.event('AUTO_MODERATION_RULE_UPDATE')).d, edited);
    await drop(made.id);
    assert.equal((await watching.event('AUTO_MODERATION_RULE_DELETE')).d.id, made.id);
    assertError(await api(server, 'GET', `${rules}/${made.id}`, { token: owner.token }), 404, 10000);
    await outside.flush();
    assert.deepEqual(outside.events('AUTO_MODERATION_RULE_CREATE'), []);
});

test('a blocked message: refused in the guild\'s words, told to those who manage it', async () => {
    const made = await make(rule({
        actions: [{ type: 1, metadata: { custom_message: 'No zebras here.' } },
            { type: 2, metadata: { channel_id: alerts.id } }, { type: 3, metadata: { duration_seconds: 60 } }],
    }));
    const from = watching.mark();
    assertError(await say(member, 'look, ZEBRAS!'), 400, 200000, 'No zebras here.');
    const actions = [];
    for (const type of [1, 2, 3])
        actions.push((await watching.event('AUTO_MODERATION_ACTION_EXECUTION', (d) => d.action.type === type, { from })).d);
    for (const d of actions) {
        assert.equal(d.rule_id, made.id);
        assert.equal(d.user_id, member.id);
        assert.equal(d.channel_id, guild.channel);
        assert.equal(d.content, 'look, ZEBRAS!');
        assert.equal(d.matched_keyword, 'zebra*');
        assert.equal(d.matched_content, 'ZEBRA');
        assert.equal(d.message_id, undefined);
    }
    const alert = (await watching.event('MESSAGE_CREATE', (d) => d.type === 24, { from })).d;
    assert.equal(alert.channel_id, alerts.id);
    assert.equal(alert.author.id, member.id);
    assert.equal(alert.embeds[0].type, 'auto_moderation_message');
    assert.equal(actions[1].alert_system_message_id, alert.id);
    const kept = await ok(server, 'GET', `/channels/${alerts.id}/messages/${alert.id}`, { token: owner.token });
    assert.deepEqual(kept.embeds, alert.embeds);
    const update = (await watching.event('GUILD_MEMBER_UPDATE', (d) => d.user.id === member.id, { from })).d;
    assert.ok(Date.parse(update.communication_disabled_until) > Date.now() + 30000);
    assertError(await say(member, 'hello'), 403, 50013);

    const seen = (await blind.event('AUTO_MODERATION_ACTION_EXECUTION')).d;
    assert.equal(seen.content, '');
    assert.equal(seen.matched_content, '');
    assert.equal(seen.matched_keyword, 'zebra*');
    await outside.flush();
    assert.deepEqual(outside.events('AUTO_MODERATION_ACTION_EXECUTION'), []);
    const log = await ok(server, 'GET', `/guilds/${guild.id}/audit-logs?limit=10`, { token: owner.token });
    assert.deepEqual(log.audit_log_entries.filter((e) => e.target_id === member.id).map((e) => e.action_type).sort(),
        [143, 144, 145]);
    await ok(server, 'PATCH', `/guilds/${guild.id}/members/${member.id}`, {
        token: owner.token, body: { communication_disabled_until: null },
    });
    await drop(made.id);
});

test('edits, allowed phrases, exempt channels', async () => {
    const made = await make(rule({
        trigger_metadata: { keyword_filter: ['*cat*'], allow_list: ['education'] }, exempt_channels: [alerts.id],
    }));
    const mine = await post(server, member, guild.channel, 'education');
    assertError(await api(server, 'PATCH', `/channels/${guild.channel}/messages/${mine.id}`, {
        token: member.token, body: { content: 'a cat' },
    }), 400, 200000);
    await post(server, member, alerts.id, 'a cat');
    await post(server, owner, guild.channel, 'a cat of the owner');
    assert.equal((await say(member, 'cat')).status, 400);
    await drop(made.id);
    await post(server, member, guild.channel, 'cat');
});

test('patterns that hang backtrackers do not hang this', async () => {
    const made = await make(rule({
        trigger_metadata: { regex_patterns: ['(a+)+$', '(a|aa)+$', '(.*a){20}$', '^(([a-z])+.)+[A-Z]([a-z])+$'] },
    }));
    const begin = Date.now();
    for (let i = 0; i < 10; i += 1)
        assert.equal((await say(member, `${'a'.repeat(1990)}${i}!`)).status, 200);
    assert.ok(Date.now() - begin < LINEAR_MS, `${Date.now() - begin} ms`);
    assertError(await say(member, 'aaa'), 400, 200000);
    await drop(made.id);
    for (const pattern of ['x{1000}{1000}', '(', '(a)\\1', '(?<=a)b'])
        assert.deepEqual(formCodes(await api(server, 'POST', rules, {
            token: owner.token, body: rule({ trigger_metadata: { regex_patterns: ['fine', pattern] } }),
        }), 'trigger_metadata.regex_patterns.1'), ['AUTO_MODERATION_INVALID_REGEX']);
});

test('refused rules say what is wrong', async () => {
    const cases = [
        [{ trigger_metadata: { keyword_filter: ['*'] } }, 'trigger_metadata.keyword_filter.0'],
        [{ trigger_metadata: { keyword_filter: ['x'.repeat(61)] } }, 'trigger_metadata.keyword_filter.0'],
        [{ trigger_metadata: { keyword_filter: Array.from({ length: 1001 }, (_, i) => `w${i}`) } }, 'trigger_metadata.keyword_filter'],
        [{ trigger_metadata: { regex_patterns: ['x'.repeat(261)] } }, 'trigger_metadata.regex_patterns.0'],
        [{ trigger_type: 2 }, 'trigger_type'],
        [{ event_type: 2 }, 'event_type'],
        [{ actions: [] }, 'actions'],
        [{ actions: [{ type: 4 }] }, 'actions'],
        [{ actions: [{ type: 2, metadata: { channel_id: guild.id } }] }, 'actions'],
        [{ actions: [{ type: 3, metadata: { duration_seconds: 2419201 } }] }, 'actions.0.metadata.duration_seconds'],
        [{ actions: [{ type: 1, metadata: { custom_message: 'x'.repeat(151) } }] }, 'actions.0.metadata.custom_message'],
        [{ exempt_roles: Array.from({ length: 21 }, (_, i) => String(i + 1)) }, 'exempt_roles'],
        [{ exempt_channels: Array.from({ length: 51 }, (_, i) => String(i + 1)) }, 'exempt_channels'],
        [{ name: undefined }, 'name'],
    ];
    for (const [more, path] of cases)
        formCodes(await api(server, 'POST', rules, { token: owner.token, body: rule(more) }), path);
    // Six of keywords, one of the others.
    const made = [];
    for (let i = 0; i < 6; i += 1)
        made.push(await make(rule()));
    assertError(await api(server, 'POST', rules, { token: owner.token, body: rule() }), 400, 30068);
    for (const body of [rule({ trigger_type: 3 }), rule({ trigger_type: 4, trigger_metadata: { presets: [1, 3] } }),
        rule({ trigger_type: 5, trigger_metadata: { mention_total_limit: 3 } }),
        rule({ trigger_type: 6, event_type: 2, actions: [{ type: 4 }] })]) {
        made.push(await make(body));
        assertError(await api(server, 'POST', rules, { token: owner.token, body }), 400, 30068);
    }
    for (const { id } of made)
        await drop(id);
});

test('presets, mentions, spam, and names', async () => {
    const preset = await make(rule({ trigger_type: 4, trigger_metadata: { presets: [1], allow_list: ['crap'] } }));
    assertError(await say(member, 'what bollocks'), 400, 200000);
    assert.equal((await say(member, 'what crap')).status, 200);
    await drop(preset.id);
    const mentions = await make(rule({ trigger_type: 5, trigger_metadata: { mention_total_limit: 2 } }));
    assert.equal((await say(member, `<@${owner.id}> <@${owner.id}> <@${member.id}>`)).status, 200);
    assertError(await say(member, `<@${owner.id}> <@&${guild.id}> <@${member.id}>`), 400, 200000);
    await drop(mentions.id);
    const spam = await make(rule({ trigger_type: 3 }));
    for (let i = 0; i < 5; i += 1)
        assert.equal((await say(member, 'buy now')).status, 200);
    assertError(await say(member, 'BUY now'), 400, 200000);
    await drop(spam.id);
    const named = await person(server, `zebra_${process.pid}`);
    await join(server, named, (await invite(server, owner, guild.channel)).code);
    const names = await make(rule({
        trigger_type: 6, event_type: 2, trigger_metadata: { keyword_filter: ['*zebra*'] }, actions: [{ type: 4 }],
    }));
    assertError(await say(named, 'hello'), 400, 200000);
    assert.equal((await say(member, 'hello')).status, 200);
    const told = await watching.event('AUTO_MODERATION_ACTION_EXECUTION', (d) => d.action.type === 4);
    assert.equal(told.d.user_id, named.id);
    await drop(names.id);
    assert.equal((await say(named, 'hello')).status, 200);
});

test('a nick is looked at when it is changed; who writes on is not kept from it by an alert', async () => {
    const made = await make(rule({
        trigger_type: 6, event_type: 2, trigger_metadata: { keyword_filter: ['giraffe'] },
        actions: [{ type: 2, metadata: { channel_id: alerts.id } }],
    }));
    await ok(server, 'PATCH', `/guilds/${guild.id}/roles/${guild.id}`, {
        token: owner.token, body: { permissions: String(1n << 10n | 1n << 11n | 1n << 16n | 1n << 26n) },
    });
    const from = watching.mark();
    await ok(server, 'PATCH', `/guilds/${guild.id}/members/@me`, { token: member.token, body: { nick: 'A Giraffe' } });
    const told = (await watching.event('AUTO_MODERATION_ACTION_EXECUTION', () => true, { from })).d;
    assert.equal(told.content, 'A Giraffe');
    assert.equal(told.matched_content, 'Giraffe');
    assert.equal(told.channel_id, undefined);
    assert.equal(told.alert_system_message_id,
        (await watching.event('MESSAGE_CREATE', (d) => d.type === 24, { from })).d.id);
    assert.equal((await say(member, 'still here')).status, 200);
    await watching.flush();
    assert.equal(watching.received.slice(from).filter((p) => p.t === 'AUTO_MODERATION_ACTION_EXECUTION').length, 1);
    await drop(made.id);
});

test('many words cost little', async () => {
    const words = Array.from({ length: 1000 }, (_, i) => `${String(i).padStart(4, '0')}${'x'.repeat(55)}*`);
    const made = await make(rule({ trigger_metadata: { keyword_filter: words } }));
    assert.equal(made.trigger_metadata.keyword_filter.length, 1000);
    await post(server, member, guild.channel, `${'0123'.repeat(490)}`);
    assertError(await say(member, `0999${'X'.repeat(60)}`), 400, 200000);
    await drop(made.id);
});
