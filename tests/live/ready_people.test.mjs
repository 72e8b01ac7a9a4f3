// READY and READY_SUPPLEMENTAL of people: every field, in the shape that the client says it can read.

import assert from 'node:assert/strict';
import test from 'node:test';

import { ok } from '../lib/api.mjs';
import { Gateway } from '../lib/gateway.mjs';
import { befriend, makeGroup, openDm } from '../lib/people.mjs';
import { UNLIMITED, useServer } from '../lib/server.mjs';
import { VOICE, channel, guild, invite, join, person, post } from '../lib/world.mjs';

const LAZY_NOTES = 1 << 0;
const READ_STATES = 1 << 2;
const SETTINGS = 1 << 3;
const DEDUPE = 1 << 4;
const PRIORITIZED = 1 << 5;
const OTHER_READ_STATES = 1 << 7;
const CLIENT_STATE_V2 = 1 << 10;
const EVERYTHING = (1 << 17) - 1;

const server = await useServer({ flags: [...UNLIMITED, '--server.loops=1'] });
const [ada, bob, eve] = [await person(server), await person(server), await person(server)];
const home = await guild(server, bob);
await join(server, ada, (await invite(server, bob, home.channel)).code);
const own = await guild(server, ada, 'Of her own');
await befriend(server, ada, bob);
const dm = await openDm(server, ada, bob);
await befriend(server, ada, eve);
const group = await makeGroup(server, ada, [bob, eve]);
const mention = await post(server, bob, home.channel, `hello <@${ada.id}>`);
await ok(server, 'POST', `/channels/${home.channel}/messages/${mention.id}/ack`, { token: ada.token, body: {} });
await ok(server, 'PATCH', `/users/@me/guilds/${home.id}/settings`, { token: ada.token, body: { muted: true } });
await ok(server, 'PUT', `/users/@me/notes/${bob.id}`, { token: ada.token, body: { note: 'from the choir' } });

async function begin(who, capabilities, more = {}) {
    const session = await Gateway.session(server, who, { identify: { intents: null, capabilities, ...more } });
    const supplemental = await session.event('READY_SUPPLEMENTAL');
    return { session, ready: session.ready, supplemental };
}

const ALWAYS = {
    v: 'number', user: 'object', guilds: 'array', private_channels: 'array', relationships: 'array',
    user_settings: 'object', notification_settings: 'object', connected_accounts: 'array', sessions: 'array',
    experiments: 'array', guild_experiments: 'array', game_relationships: 'array', guild_join_requests: 'array',
    friend_suggestion_count: 'number', consents: 'object', tutorial: 'null', auth: 'object',
    analytics_token: 'string', country_code: 'string', geo_ordered_rtc_regions: 'array', api_code_version: 'number',
    explicit_content_scan_version: 'number', static_client_session_id: 'string', auth_session_id_hash: 'string',
    session_id: 'string', session_type: 'string', resume_gateway_url: 'string', shard: 'array', _trace: 'array',
};
const typeOf = (v) => (v === null ? 'null' : Array.isArray(v) ? 'array' : typeof v);

const versioned = (list) => {
    assert.deepEqual(Object.keys(list).sort(), ['entries', 'partial', 'version']);
    assert.equal(list.partial, false);
    return list.entries;
};

for (const [name, capabilities] of Object.entries({
    none: undefined, zero: 0, LAZY_NOTES, READ_STATES, SETTINGS, DEDUPE, PRIORITIZED, OTHER_READ_STATES, CLIENT_STATE_V2,
    'DEDUPE and PRIORITIZED': DEDUPE | PRIORITIZED, EVERYTHING, 'and some that nobody knows': EVERYTHING | 1 << 29,
})) {
    test(`capabilities: ${name}`, async () => {
        const { session, ready, supplemental } = await begin(ada, capabilities, { client_state: { guild_versions: {} } });
        const can = (bit) => ((capabilities ?? 0) & bit) !== 0;
        for (const [key, type] of Object.entries(ALWAYS))
            assert.equal(typeOf(ready[key]), type, key);
        assert.equal('application' in ready, false);
        assert.equal('user_settings_proto' in ready, false);

        const states = can(READ_STATES) ? versioned(ready.read_state) : ready.read_state;
        assert.equal(states.find((s) => s.id === home.channel).last_message_id, mention.id);
        if (!can(OTHER_READ_STATES))
            assert.ok(states.every((s) => s.read_state_type === 0));
        const settings = can(SETTINGS) ? versioned(ready.user_guild_settings) : ready.user_guild_settings;
        assert.equal(settings.find((s) => s.guild_id === home.id).muted, true);
        assert.deepEqual(ready.notes, can(LAZY_NOTES) ? undefined : { [bob.id]: 'from the choir' });

        const friend = ready.relationships.find((r) => r.id === bob.id);
        const [pair, several] = [dm.id, group.id].map((id) => ready.private_channels.find((c) => c.id === id));
        if (can(DEDUPE)) {
            assert.deepEqual([friend.user, friend.user_id], [undefined, bob.id]);
            assert.deepEqual([pair.recipients, pair.recipient_ids], [undefined, [bob.id]]);
            assert.deepEqual(several.recipient_ids.toSorted(), [bob.id, eve.id].toSorted());
            assert.deepEqual(ready.users.map((u) => u.id).toSorted(), [ada.id, bob.id, eve.id].toSorted());
            assert.equal(ready.users.find((u) => u.id === bob.id).username, bob.username);
            assert.equal(ready.merged_members.length, ready.guilds.length);
            for (const [member] of ready.merged_members) {
                assert.equal(member.user_id, ada.id);
                assert.equal('user' in member, false);
                assert.ok(Array.isArray(member.roles));
            }
            assert.ok(ready.guilds.every((g) => g.members.length === 0));
        } else {
            assert.equal(friend.user.username, bob.username);
            assert.deepEqual(pair.recipients.map((u) => u.id), [bob.id]);
            assert.deepEqual([ready.users, ready.merged_members], [undefined, undefined]);
            assert.ok(ready.guilds.every((g) => g.members.some((m) => m.user.id === ada.id)));
        }
        assert.equal('presences' in ready, !(can(DEDUPE) && can(PRIORITIZED)));

        for (const g of ready.guilds) {
            const properties = can(CLIENT_STATE_V2) ? g.properties : g;
            assert.equal(properties.name, g.id === own.id ? 'Of her own' : home.name);
            assert.equal('name' in g, !can(CLIENT_STATE_V2));
            assert.equal(g.data_mode, can(CLIENT_STATE_V2) ? 'full' : undefined);
            for (const key of ['roles', 'emojis', 'stickers', 'channels', 'threads', 'members', 'presences', 'voice_states',
                'stage_instances', 'guild_scheduled_events', 'soundboard_sounds'])
                assert.ok(Array.isArray(g[key]), key);
            assert.equal(g.large, false);
            assert.equal(g.lazy, true);
            assert.ok(Date.parse(g.joined_at));
        }

        assert.equal(supplemental.s, 2, 'right after READY');
        const extra = supplemental.d;
        assert.deepEqual(extra.guilds.map((g) => g.id), ready.guilds.map((g) => g.id));
        assert.ok(extra.guilds.every((g) => Array.isArray(g.voice_states) && Array.isArray(g.embedded_activities)));
        assert.equal(extra.merged_members.length, ready.guilds.length);
        assert.equal(extra.merged_presences.guilds.length, ready.guilds.length);
        assert.ok(Array.isArray(extra.merged_presences.friends));
        assert.deepEqual(extra.lazy_private_channels, []);
        await session.end();
    });
}

test('a guild that is joined later comes in the same shape', async () => {
    const { session } = await begin(eve, CLIENT_STATE_V2);
    await join(server, eve, (await invite(server, bob, home.channel)).code);
    const created = (await session.event('GUILD_CREATE', (d) => d.id === home.id)).d;
    assert.equal(created.properties.name, home.name);
    assert.equal(created.members[0].user.id, eve.id);
    const plain = await begin(eve, 0);
    assert.equal((await plain.session.guild(home.id)).name, home.name);
    await Promise.all([session.end(), plain.session.end()]);
});

test('friends who are there: in READY, or after it', async () => {
    const there = await begin(bob, 0);
    const now = await begin(ada, 0);
    assert.ok(now.ready.presences.some((p) => p.user.id === bob.id && p.status === 'online'));
    const later = await begin(ada, DEDUPE | PRIORITIZED);
    assert.ok(later.supplemental.d.merged_presences.friends.some((p) => p.user_id === bob.id));
    await Promise.all([there, now, later].map((one) => one.session.end()));
});

test('what names the session, the token and the server', async () => {
    const [one, two] = [await begin(ada, 0), await begin(ada, 0)];
    const { ready } = one;
    assert.match(ready.static_client_session_id, /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
    assert.notEqual(ready.static_client_session_id, two.ready.static_client_session_id);
    assert.equal(ready.auth_session_id_hash, two.ready.auth_session_id_hash);
    assert.equal(Buffer.from(ready.auth_session_id_hash, 'base64').length, 32);
    assert.match(ready._trace[0], /^guildhall-\d+$/);
    assert.equal(ready._trace[1], ready.session_id);
    assert.ok(two.ready.sessions.some((s) => s.session_id === two.ready.session_id));
    await Promise.all([one.session.end(), two.session.end()]);
});

for (const capabilities of ['all', 1.5, []]) {
    test(`capabilities ${JSON.stringify(capabilities)}: closed by 4002`, async () => {
        const gateway = await Gateway.connect(server);
        gateway.send({ op: 2, d: { token: ada.token, properties: {}, capabilities } });
        await gateway.expectClose(4002);
    });
}

test('who is named by a voice state alone is among users and merged members', async () => {
    const stranger = await person(server);
    await join(server, stranger, (await invite(server, bob, home.channel)).code);
    const lounge = (await channel(server, bob, home, { name: 'lounge', type: VOICE })).id;
    const there = await begin(stranger, 0);
    there.session.send({ op: 4, d: { guild_id: home.id, channel_id: lounge, self_mute: false, self_deaf: false } });
    await there.session.event('VOICE_STATE_UPDATE');
    for (const capabilities of [DEDUPE, DEDUPE | PRIORITIZED, EVERYTHING]) {
        const { session, ready, supplemental } = await begin(ada, capabilities);
        const i = ready.guilds.findIndex((g) => g.id === home.id);
        assert.equal(supplemental.d.guilds[i].voice_states[0].user_id, stranger.id);
        assert.equal(ready.users.find((u) => u.id === stranger.id)?.username, stranger.username);
        assert.equal(new Set(ready.users.map((u) => u.id)).size, ready.users.length, 'once each');
        const [member, ...others] = supplemental.d.merged_members[i];
        assert.deepEqual([member.user_id, 'user' in member, others.length], [stranger.id, false, 0]);
        await session.end();
    }
    const plain = await begin(ada, 0);
    assert.ok(plain.supplemental.d.merged_members.every((list) => list.length === 0));
    assert.ok(plain.ready.guilds.find((g) => g.id === home.id).members.some((m) => m.user.id === stranger.id));
    await Promise.all([there.session.end(), plain.session.end()]);
});
