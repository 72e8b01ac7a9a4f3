// PATCH /guilds/{id}: each setting, what belongs together, a new owner; and deleting one's guild.

import assert from 'node:assert/strict';
import test from 'node:test';

import { api, assertError, formCodes, ok } from '../lib/api.mjs';
import { Gateway } from '../lib/gateway.mjs';
import { UNLIMITED, useServer } from '../lib/server.mjs';
import { PERMISSIONS, TEXT, VOICE, authorize, bot, channel, guild, invite, join, person, world } from '../lib/world.mjs';

const server = await useServer({ flags: UNLIMITED });
const { owner, guild: home, member, bot: robot } = await world(server, {
    permissions: String(PERMISSIONS.MANAGE_GUILD),
});
// A picture of one pixel.
const PIXEL = 'data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';

const edit = (who, place, body) => api(server, 'PATCH', `/guilds/${place.id}`, { token: who.token, body });
const done = async (who, place, body) => ok(server, 'PATCH', `/guilds/${place.id}`, { token: who.token, body });
const read = async (who, place) => ok(server, 'GET', `/guilds/${place.id}`, { token: who.token });

test('settings: changed, read again, told, and null again', async () => {
    const place = await guild(server, owner);
    const voice = place.channels.find((c) => c.type === VOICE).id;
    const watching = await Gateway.session(server, owner);
    const settings = {
        name: 'Renamed', description: 'A place', afk_channel_id: voice, afk_timeout: 900,
        system_channel_id: null, system_channel_flags: 5, verification_level: 3,
        default_message_notifications: 1, explicit_content_filter: 2, preferred_locale: 'de',
        rules_channel_id: place.channel, public_updates_channel_id: place.channel,
        safety_alerts_channel_id: place.channel, premium_progress_bar_enabled: true,
    };
    const answer = await done(owner, place, settings);
    const { d: told } = await watching.event('GUILD_UPDATE', (g) => g.id === place.id);
    for (const seen of [answer, told, await read(owner, place)])
        for (const [key, value] of Object.entries(settings))
            assert.deepEqual(seen[key], value, key);
    const back = await done(owner, place, {
        description: null, afk_channel_id: null, afk_timeout: null, verification_level: null,
        preferred_locale: null, rules_channel_id: null, premium_progress_bar_enabled: null,
    });
    assert.equal(back.description, null);
    assert.equal(back.afk_channel_id, null);
    assert.equal(back.afk_timeout, 300);
    assert.equal(back.verification_level, 0);
    assert.equal(back.preferred_locale, 'en-US');
    assert.equal(back.rules_channel_id, null);
    assert.equal(back.premium_progress_bar_enabled, false);
    assert.equal(back.name, 'Renamed', 'what is not named stays');
});

for (const [name, body, path] of [
    ['a name too short', { name: 'x' }, 'name'], ['a name of null', { name: null }, 'name'],
    ['a description too long', { description: 'x'.repeat(301) }, 'description'],
    ['a level that there is not', { verification_level: 5 }, 'verification_level'],
    ['a time of no such choice', { afk_timeout: 61 }, 'afk_timeout'],
    ['a locale of no client', { preferred_locale: 'tlh' }, 'preferred_locale'],
    ['a channel of nowhere', { system_channel_id: '123456789012345678' }, 'system_channel_id'],
    ['an icon that is none', { icon: 'data:image/png;base64,AAAA' }, 'icon'],
    ['features that are no list', { features: 'COMMUNITY' }, 'features'],
]) {
    test(`${name}: 50035`, async () => {
        assert.equal(formCodes(await edit(owner, home, body), path).length, 1);
    });
}

test('channels of the wrong kind', async () => {
    const voice = home.channels.find((c) => c.type === VOICE).id;
    assertError(await edit(owner, home, { afk_channel_id: home.channel }), 400, 50024);
    assertError(await edit(owner, home, { rules_channel_id: voice }), 400, 50086);
});

test('an icon: shown by its hash, and gone again', async () => {
    const place = await guild(server, owner);
    const { icon } = await done(owner, place, { icon: PIXEL });
    assert.match(icon, /^[0-9a-f]{32}$/);
    assert.equal((await read(owner, place)).icon, icon);
    const [mine] = (await ok(server, 'GET', '/users/@me/guilds', { token: owner.token }))
        .filter((g) => g.id === place.id);
    assert.equal(mine.icon, icon);
    const { audit_log_entries: [entry] } = await ok(server, 'GET', `/guilds/${place.id}/audit-logs`, { token: owner.token });
    assert.deepEqual(entry.changes, [{ key: 'icon_hash', new_value: icon }]);
    assert.equal((await done(owner, place, { icon: null })).icon, null);
});

test('a community has what it needs, and only administrators make one', async () => {
    const place = await guild(server, owner);
    const rules = await channel(server, owner, place, { name: 'rules', type: TEXT });
    const full = {
        features: ['COMMUNITY'], rules_channel_id: rules.id, public_updates_channel_id: rules.id,
        verification_level: 1, explicit_content_filter: 2,
    };
    for (const missing of ['rules_channel_id', 'public_updates_channel_id', 'verification_level',
        'explicit_content_filter']) {
        const body = { ...full };
        delete body[missing];
        assert.equal(formCodes(await edit(owner, place, body), missing).length, 1, missing);
    }
    const helper = await bot(server, owner);
    await authorize(server, owner, helper, place, String(PERMISSIONS.MANAGE_GUILD));
    assertError(await edit(helper, place, full), 403, 50013);
    const made = await done(owner, place, full);
    assert.ok(made.features.includes('COMMUNITY') && made.features.includes('NEWS'));
    assert.equal(formCodes(await edit(owner, place, { verification_level: 0 }), 'verification_level').length, 1,
        'as long as it is one');
    const kept = await done(helper, place, { features: [...made.features, 'INVITES_DISABLED', 'NO_SUCH_THING'] });
    assert.ok(kept.features.includes('INVITES_DISABLED') && kept.features.includes('COMMUNITY'));
    assert.equal(kept.features.includes('NO_SUCH_THING'), false);
    const plain = await done(owner, place, { features: [] });
    assert.equal(plain.features.includes('COMMUNITY'), false);
});

test('nobody without MANAGE_GUILD', async () => {
    assertError(await edit(member, home, { name: 'Mine' }), 403, 50013);
    assertError(await edit(await person(server), home, { name: 'Mine' }), 403, 50001);
    assert.equal((await done(robot, home, { name: 'The bot\'s' })).name, 'The bot\'s');
});

test('a new owner: by the old one, to a person who is a member', async () => {
    const place = await guild(server, owner);
    const heir = await person(server);
    assertError(await edit(owner, place, { owner_id: heir.id }), 404, 10007);
    await join(server, heir, (await invite(server, owner, place.channel)).code);
    const helper = await bot(server, owner);
    await authorize(server, owner, helper, place, String(PERMISSIONS.ADMINISTRATOR));
    assertError(await edit(owner, place, { owner_id: helper.id }), 400, 50132);
    assertError(await edit(helper, place, { owner_id: heir.id }), 403, 20018);
    const watching = await Gateway.session(server, heir);
    assert.equal((await done(owner, place, { owner_id: heir.id })).owner_id, heir.id);
    await watching.event('GUILD_UPDATE', (g) => g.owner_id === heir.id);
    assert.equal((await done(heir, place, { name: 'Inherited' })).name, 'Inherited');
    assertError(await edit(owner, place, { name: 'Mine again' }), 403, 50013);
});

for (const [method, path] of [['DELETE', ''], ['POST', '/delete']]) {
    test(`${method} /guilds/{id}${path}: by the owner alone, for everybody at once`, async () => {
        const place = await guild(server, owner);
        await join(server, member, (await invite(server, owner, place.channel)).code);
        const ending = (who) => api(server, method, `/guilds/${place.id}${path}`, {
            token: who.token, ...method === 'POST' ? { body: {} } : {},
        });
        assertError(await ending(member), 403, 20018);
        const watching = await Gateway.session(server, member);
        assert.equal((await ending(owner)).status, 204);
        assertError(await api(server, 'GET', `/guilds/${place.id}`, { token: member.token }), 404, 10004);
        await watching.event('GUILD_DELETE', (g) => g.id === place.id);
        assertError(await ending(owner), 404, 10004);
    });
}
