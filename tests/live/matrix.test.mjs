// The permission matrix: every route of the table, asked by everybody who may and everybody who may
// not. What each needs comes from the table itself (`guildhall docs routes`), how a valid request
// looks from matrix/rows.mjs. Each reply that succeeds is also checked against Discord's document.

import assert from 'node:assert/strict';
import test from 'node:test';

import { api } from '../lib/api.mjs';
import { Gateway } from '../lib/gateway.mjs';
import { run, useServer, UNLIMITED } from '../lib/server.mjs';
import { MISSING, MUST, Spec, assertValid } from '../lib/spec.mjs';
import { ALL, World, bits } from './matrix/world.mjs';
import { rows } from './matrix/rows.mjs';

const printed = run(['docs', 'routes']);
assert.equal(printed.code, 0, printed.stderr);
const table = printed.stdout.trim().split('\n').map((line) => JSON.parse(line));
const only = process.env.ROUTE; // a part of a key, to run a few

const server = await useServer({ flags: [...UNLIMITED, '--metrics.enabled=true',
    '--http.trusted_proxies=127.0.0.1'] });
const world = await World.make(server);
const spec = MISSING ? null : new Spec();
let validated = 0;
// Hears all of it; an administrator with every intent but presences.
const INTENTS = [0, 1, 2, 3, 4, 5, 6, 9, 11, 15, 16, 20, 21].reduce((all, n) => all | 1 << n, 0);
const listener = await Gateway.session(server, world.robot, { identify: { intents: INTENTS } });

// The objects that dispatches carry, by the document's names of them.
const EVENTS = ['StageScheduledEventResponse', 'VoiceScheduledEventResponse', 'ExternalScheduledEventResponse'];
const RULES = ['KeywordRuleResponse', 'MLSpamRuleResponse', 'DefaultKeywordRuleResponse', 'MentionSpamRuleResponse',
    'UserProfileRuleResponse'];
const TOLD = {
    GUILD_UPDATE: [(d) => [d], 'GuildResponse'],
    CHANNEL_CREATE: [(d) => [d], 'GuildChannelResponse'],
    CHANNEL_UPDATE: [(d) => [d], 'GuildChannelResponse'],
    CHANNEL_DELETE: [(d) => [d], 'GuildChannelResponse'],
    GUILD_ROLE_CREATE: [(d) => [d.role], 'GuildRoleResponse'],
    GUILD_ROLE_UPDATE: [(d) => [d.role], 'GuildRoleResponse'],
    GUILD_MEMBER_ADD: [(d) => [d], 'GuildMemberResponse'],
    GUILD_MEMBER_UPDATE: [(d) => [d], 'GuildMemberResponse'],
    GUILD_MEMBER_REMOVE: [(d) => [d.user], 'UserResponse'],
    GUILD_BAN_ADD: [(d) => [d.user], 'UserResponse'],
    GUILD_BAN_REMOVE: [(d) => [d.user], 'UserResponse'],
    GUILD_EMOJIS_UPDATE: [(d) => d.emojis, 'EmojiResponse'],
    GUILD_STICKERS_UPDATE: [(d) => d.stickers, 'GuildStickerResponse'],
    GUILD_SOUNDBOARD_SOUND_CREATE: [(d) => [d], 'SoundboardSoundResponse'],
    GUILD_SOUNDBOARD_SOUND_UPDATE: [(d) => [d], 'SoundboardSoundResponse'],
    STAGE_INSTANCE_CREATE: [(d) => [d], 'StageInstanceResponse'],
    STAGE_INSTANCE_UPDATE: [(d) => [d], 'StageInstanceResponse'],
    GUILD_SCHEDULED_EVENT_CREATE: [(d) => [d], ...EVENTS],
    GUILD_SCHEDULED_EVENT_UPDATE: [(d) => [d], ...EVENTS],
    AUTO_MODERATION_RULE_CREATE: [(d) => [d], ...RULES],
    AUTO_MODERATION_RULE_UPDATE: [(d) => [d], ...RULES],
    AUTO_MODERATION_RULE_DELETE: [(d) => [d], ...RULES],
    GUILD_AUDIT_LOG_ENTRY_CREATE: [(d) => [d], 'AuditLogEntryResponse'],
    MESSAGE_CREATE: [(d) => [d], 'MessageResponse'],
};

const keyOf = (route) => `${route.method} ${route.path}`;

// Bits that must be held together, one after the other if one of several is enough.
function grants(route, row) {
    const needed = row.bits ?? route.permissions;
    const any = row.any ?? (row.bits === undefined && route.any);
    return { exact: any ? needed.map((one) => [one]) : [needed], needed, any };
}

// What each actor is to get: [who, bits held, status, code].
function expectations(route, row) {
    const { exact, needed, any } = grants(route, row);
    const inside = route.scope !== 'none' || row.bits !== undefined;
    const success = row.success ?? route.success;
    const at = (actor, ordinary) => {
        const said = row.status?.[actor];
        return said === null ? success : said ?? ordinary;
    };
    const lacking = [403, 50013];
    const outside = inside ? [403, 50001] : success;
    const list = [];
    const add = (actor, held, status) => list.push({
        actor, held, status: Array.isArray(status) ? status[0] : status,
        code: Array.isArray(status) ? status[1] : undefined,
    });
    if (route.auth === 'bot') {
        add('robot', undefined, success);
        add('owner', undefined, [403, 20002]);
        add('nobody', undefined, [401, undefined]);
        return list;
    }
    add('owner', undefined, at('owner', success));
    if (route.auth === 'none') {
        add('nobody', undefined, success);
        return list;
    }
    add('administrator', undefined, at('administrator', success));
    for (const some of exact)
        add('exact', bits(some) | bits(['VIEW_CHANNEL']), at('exact', success));
    // All of it, in a channel that is hidden from them.
    if (route.scope === 'channel' || row.channel)
        add('hidden', ALL, [403, 50001]);
    if (needed.length > 0 && any)
        add('less', ALL & ~bits(needed), at('less', lacking));
    for (const one of any ? [] : needed)
        add('less', ALL & ~bits([one]), at('less', lacking));
    for (const actor of ['other', 'stranger', 'banned'])
        add(actor, undefined, at(actor, outside));
    add('nobody', undefined, [401, undefined]);
    if (route.auth === 'person')
        add('robot', undefined, [403, 20001]);
    return list;
}

const tokens = {
    owner: () => world.owner.token, administrator: () => world.administrator.token,
    exact: () => world.holder.token, less: () => world.holder.token, hidden: () => world.holder.token, other: () => world.other.token,
    stranger: () => world.stranger.token, banned: () => world.banned.token, robot: () => world.robot.token,
    nobody: () => undefined,
};

function fill(path, params) {
    const known = {
        guild_id: world.guild.id, channel_id: world.general, role_id: world.low, user_id: world.target.id,
        ...params,
    };
    return path.replaceAll(/\{(\w+)\}/g, (_, name) => {
        assert.ok(known[name] !== undefined, `the row says what {${name}} is`);
        return encodeURIComponent(known[name]);
    });
}

async function ask(route, row, { actor, held, status, code }) {
    const { params = {}, query = '', body, form, channel } = await row.request?.(world, actor) ?? {};
    const hidden = actor === 'hidden' ? channel ?? params.channel_id ?? world.general : undefined;
    if (hidden !== undefined)
        await world.hide(hidden);
    // What a row prepares is prepared by the owner, with nobody's bits; then come the bits.
    if (held !== undefined)
        await world.hold(held);
    const sent = body ?? (route.body && form === undefined ? {} : undefined);
    const answer = await api(server, route.method, fill(route.path, params) + query, {
        token: tokens[actor](), body: sent, raw: form, base: route.base === 'root' ? '' : '/api/v10',
    });
    if (hidden !== undefined)
        await world.show(hidden);
    const what = `${keyOf(route)}${row.name ? ` (${row.name})` : ''} by ${actor}${held === undefined ? '' : ` holding ${held}`}`;
    assert.equal(answer.status, status, `${what}: ${answer.text.slice(0, 400)}`);
    if (code !== undefined)
        assert.equal(answer.body?.code, code, `${what}: ${answer.text.slice(0, 400)}`);
    const validate = status < 300 ? spec?.body(route.method, route.path, status) : undefined;
    if (validate !== undefined && answer.body !== undefined) {
        assertValid(validate, answer.body, what);
        validated += 1;
    }
}

test('the rows are those of the table', () => {
    assert.deepEqual(Object.keys(rows).sort(), table.map(keyOf).sort());
});

// For rows that make their own requests. expected: a status, or [status, code].
async function asks(who, method, path, expected, body) {
    const [status, code] = Array.isArray(expected) ? expected : [expected];
    const answer = await api(server, method, path, { token: who?.token, body });
    const what = `${method} ${path} by ${who?.username ?? who?.name ?? 'nobody'}`;
    assert.equal(answer.status, status, `${what}: ${answer.text.slice(0, 400)}`);
    if (code !== undefined)
        assert.equal(answer.body?.code, code, `${what}: ${answer.text.slice(0, 400)}`);
}

for (const route of table) {
    const key = keyOf(route);
    const row = rows[key];
    if (row === undefined || (only && !key.includes(only)))
        continue;
    if (row.alone !== undefined) {
        test(key, async () => {
            await world.unbanAddresses();
            await row.alone(world, asks);
        });
        continue;
    }
    test(key, async () => {
        await world.unbanAddresses();
        for (const expected of expectations(route, row))
            await ask(route, row, expected);
    });
    for (const [name, more] of Object.entries(row.also ?? {}))
        test(`${key} (${name})`, async () => {
            for (const expected of expectations(route, more))
                await ask(route, { ...more, name }, expected);
        });
}

test(`replies against ${MISSING ?? 'Discord\'s document'}`, { skip: MISSING !== null && !MUST ? MISSING : false }, () => {
    assert.equal(MISSING, null);
    assert.ok(only || validated > 100, `${validated} replies were validated`);
});

test('what the gateway told meanwhile', { skip: spec === null ? MISSING : false }, async () => {
    await listener.flush();
    for (const [name, [objects, ...components]] of Object.entries(TOLD)) {
        const told = listener.events(name);
        assert.ok(only || told.length > 0, `no ${name} was heard`);
        for (const each of told.flatMap(objects)) {
            const validators = components.map((component) => spec.component(component));
            if (!validators.some((validate) => validate(each)))
                assertValid(validators[0], each, name);
        }
    }
});
