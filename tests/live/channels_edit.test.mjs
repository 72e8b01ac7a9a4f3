// Editing and deleting channels: what is answered, what members are told, what the audit log says.

import assert from 'node:assert/strict';
import test from 'node:test';

import { api, assertError, formCodes, ok } from '../lib/api.mjs';
import { useServer } from '../lib/server.mjs';
import { audited, bits, change, watch } from '../lib/structure.mjs';
import { CATEGORY, VOICE, bot, authorize, channel, invite, post, world } from '../lib/world.mjs';

const FORUM = 15;
const STAGE = 13;

const server = await useServer();
const { owner, guild: home, member } = await world(server);
const eyes = await watch(server, owner);
const guest = await watch(server, member);

const patch = (who, id, body, headers) => api(server, 'PATCH', `/channels/${id}`, { token: who.token, body, headers });
async function edited(id, body, headers) {
    const answer = await patch(owner, id, body, headers);
    assert.equal(answer.status, 200, answer.text);
    return answer.body;
}

test('a text channel takes what text channels have; members are told; the audit log says why', async () => {
    const room = await channel(server, owner, home, { name: 'plain' });
    const message = await post(server, owner, room.id, 'newest');
    const from = eyes.mark(), guestFrom = guest.mark();
    const now = await edited(room.id, {
        name: 'Fancy Room', topic: 'all of it', nsfw: true, rate_limit_per_user: 5, position: 9,
        default_auto_archive_duration: 1440, default_thread_rate_limit_per_user: 3,
        bitrate: 64000, user_limit: 5, // of voice channels: dropped
    }, { 'x-audit-log-reason': encodeURIComponent('schöner') });
    assert.equal(now.name, 'fancy-room');
    assert.equal(now.topic, 'all of it');
    assert.equal(now.nsfw, true);
    assert.equal(now.rate_limit_per_user, 5);
    assert.equal(now.position, 9);
    assert.equal(now.default_auto_archive_duration, 1440);
    assert.equal(now.default_thread_rate_limit_per_user, 3);
    assert.equal(now.last_message_id, message.id);
    assert.equal('bitrate' in now, false);
    const told = (await guest.event('CHANNEL_UPDATE', (d) => d.id === room.id, { from: guestFrom })).d;
    assert.deepEqual(told, now);
    const entry = await audited(eyes, from, 11, { target_id: room.id, user_id: owner.id, reason: 'schöner' });
    assert.deepEqual(change(entry, 'name'), { key: 'name', old_value: 'plain', new_value: 'fancy-room' });
    assert.deepEqual(change(entry, 'topic'), { key: 'topic', new_value: 'all of it' });
    assert.equal(change(entry, 'bitrate'), undefined);
    assert.deepEqual(await ok(server, 'GET', `/channels/${room.id}`, { token: member.token }), now);
    // null clears; what is not named stays.
    const cleared = await edited(room.id, { topic: null, rate_limit_per_user: null, nsfw: false });
    assert.equal(cleared.topic, null);
    assert.equal(cleared.rate_limit_per_user, 0);
    assert.equal(cleared.name, 'fancy-room');
});

test('voice and stage channels: bitrate, limits, region, video quality', async () => {
    const voice = await channel(server, owner, home, { name: 'Voice', type: VOICE });
    const now = await edited(voice.id, {
        bitrate: 96000, user_limit: 12, rtc_region: 'local', video_quality_mode: 2, topic: 'no topic here',
    });
    assert.equal(now.bitrate, 96000);
    assert.equal(now.user_limit, 12);
    assert.equal(now.rtc_region, 'local');
    assert.equal(now.video_quality_mode, 2);
    assert.equal('topic' in now, false);
    assert.deepEqual(formCodes(await patch(owner, voice.id, { user_limit: 100 }), 'user_limit'), ['NUMBER_TYPE_MAX']);
    const stage = await channel(server, owner, home, { name: 'Stage', type: STAGE });
    assert.equal((await edited(stage.id, { user_limit: 100 })).user_limit, 100);
    const back = await edited(voice.id, { rtc_region: null, video_quality_mode: null });
    assert.equal(back.rtc_region, null);
    assert.equal(back.video_quality_mode, 1);
});

test('a forum: tags keep their ids, names are unique, a long topic, flags, defaults', async () => {
    const forum = await channel(server, owner, home, {
        name: 'help', type: FORUM, topic: 'x'.repeat(4000), default_sort_order: 1, default_forum_layout: 2,
        default_reaction_emoji: { emoji_id: null, emoji_name: '❤' },
        available_tags: [{ name: 'bug', moderated: true }, { name: 'idea', emoji_name: '💡' }], flags: 1 << 4,
    });
    assert.equal(forum.topic.length, 4000);
    assert.equal(forum.flags, 1 << 4);
    assert.equal(forum.default_sort_order, 1);
    assert.equal(forum.default_forum_layout, 2);
    assert.deepEqual(forum.default_reaction_emoji, { emoji_id: null, emoji_name: '❤' });
    const [bug, idea] = forum.available_tags;
    assert.deepEqual(idea, { id: idea.id, name: 'idea', moderated: false, emoji_id: null, emoji_name: '💡' });
    assert.equal(bug.moderated, true);
    const from = eyes.mark();
    const now = await edited(forum.id, {
        available_tags: [{ id: idea.id, name: 'proposal' }, { name: 'new' }], default_sort_order: null,
        default_reaction_emoji: null, flags: 0,
    });
    assert.deepEqual(now.available_tags.map((t) => t.name), ['proposal', 'new']);
    assert.equal(now.available_tags[0].id, idea.id);
    assert.notEqual(now.available_tags[1].id, bug.id);
    assert.equal(now.default_sort_order, null);
    assert.equal(now.default_reaction_emoji, null);
    assert.equal(now.flags, 0);
    const entry = await audited(eyes, from, 11);
    assert.deepEqual(change(entry, 'available_tags').new_value, now.available_tags);
    assertError(await patch(owner, forum.id, { available_tags: [{ name: 'a' }, { name: 'A' }] }), 400, 40061);
    assertError(await patch(owner, forum.id, { available_tags: [{ id: bug.id, name: 'gone' }] }), 404, 10087);
    const many = Array.from({ length: 21 }, (_, n) => ({ name: `t${n}` }));
    assert.equal(formCodes(await patch(owner, forum.id, { available_tags: many }), 'available_tags').length, 1);
});

test('what is refused, by field', async () => {
    const room = await channel(server, owner, home, { name: 'strict' });
    const category = home.channels.find((c) => c.type === CATEGORY);
    const refused = [
        [{ name: '' }, 'name'], [{ name: null }, 'name'], [{ name: 'x'.repeat(101) }, 'name'],
        [{ topic: 'x'.repeat(1025) }, 'topic'], [{ rate_limit_per_user: 21601 }, 'rate_limit_per_user'],
        [{ type: VOICE }, 'type'], [{ type: 5 }, 'type'], [{ type: 7 }, 'type'],
        [{ default_auto_archive_duration: 61 }, 'default_auto_archive_duration'],
        [{ parent_id: room.id }, 'parent_id'], [{ parent_id: '1' }, 'parent_id'],
        [{ permission_overwrites: [{ id: '1', type: 0 }] }, 'permission_overwrites'],
        [{ permission_overwrites: [{ id: 'x', type: 0 }] }, 'permission_overwrites.0.id'],
    ];
    for (const [body, path] of refused)
        assert.equal(formCodes(await patch(owner, room.id, body), path).length, 1, JSON.stringify(body));
    const nested = await patch(owner, category.id, { parent_id: category.id });
    assert.equal(formCodes(nested, 'parent_id').length, 1);
    assertError(await patch(member, room.id, { name: 'mine' }), 403, 50013);
    assertError(await patch(owner, '1', { name: 'nowhere' }), 404, 10003);
    assert.deepEqual(await ok(server, 'GET', `/channels/${room.id}`, { token: owner.token }), room);
});

test('overwrites need MANAGE_ROLES besides, and no more than one has', async () => {
    const room = await channel(server, owner, home, { name: 'guarded' });
    const robot = await bot(server, owner), stronger = await bot(server, owner);
    await authorize(server, owner, robot, home, bits('MANAGE_CHANNELS', 'VIEW_CHANNEL'));
    await authorize(server, owner, stronger, home, bits('MANAGE_CHANNELS', 'MANAGE_ROLES', 'VIEW_CHANNEL', 'SEND_MESSAGES'));
    const closed = { permission_overwrites: [{ id: home.id, type: 0, allow: '0', deny: bits('SEND_MESSAGES') }] };
    const beyond = { permission_overwrites: [{ id: home.id, type: 0, allow: bits('MANAGE_MESSAGES'), deny: '0' }] };
    assertError(await patch(robot, room.id, closed), 403, 50013);
    assertError(await patch(stronger, room.id, beyond), 403, 50013);
    assert.equal((await patch(robot, room.id, { topic: 'mine to set' })).status, 200);
    const from = eyes.mark();
    const answer = await patch(stronger, room.id, closed);
    assert.equal(answer.status, 200, answer.text);
    assert.deepEqual(answer.body.permission_overwrites, closed.permission_overwrites);
    await audited(eyes, from, 13, { target_id: room.id, user_id: stronger.id });
});

test('a category hands its overwrites to the children in step with it', async () => {
    const category = await channel(server, owner, home, { name: 'Rooms', type: CATEGORY });
    const follows = await channel(server, owner, home, { name: 'follows', parent_id: category.id });
    const apart = await channel(server, owner, home, { name: 'apart', parent_id: category.id });
    const own = [{ id: member.id, type: 1, allow: '0', deny: bits('SEND_MESSAGES') }];
    await edited(apart.id, { permission_overwrites: own });
    await guest.event('CHANNEL_UPDATE', (d) => d.id === apart.id);
    const from = guest.mark(), ownerFrom = eyes.mark();
    const hidden = [{ id: home.id, type: 0, allow: '0', deny: bits('VIEW_CHANNEL') }];
    await edited(category.id, { permission_overwrites: hidden });
    // Who loses sight of them is told that they are gone, the owner what they are now.
    await guest.event('CHANNEL_DELETE', (d) => d.id === follows.id, { from });
    await guest.event('CHANNEL_DELETE', (d) => d.id === category.id, { from });
    const told = await eyes.event('CHANNEL_UPDATE', (d) => d.id === follows.id, { from: ownerFrom });
    assert.deepEqual(told.d.permission_overwrites, hidden);
    const kept = await ok(server, 'GET', `/channels/${apart.id}`, { token: member.token });
    assert.deepEqual(kept.permission_overwrites, own);
    assertError(await api(server, 'GET', `/channels/${follows.id}`, { token: member.token }), 403, 50001);
    // In step again by lock_permissions, and out of the category.
    assert.deepEqual((await edited(apart.id, { lock_permissions: true })).permission_overwrites, hidden);
    assert.equal((await edited(follows.id, { parent_id: null })).parent_id, null);
});

test('deleting a channel: gone with its invites, told with its end, its messages erased', async () => {
    const room = await channel(server, owner, home, { name: 'doomed' });
    const { code } = await invite(server, owner, room.id);
    const message = await post(server, member, room.id, 'last words');
    await guest.event('MESSAGE_CREATE', (d) => d.id === message.id);
    const from = guest.mark(), ownerFrom = eyes.mark();
    assertError(await api(server, 'DELETE', `/channels/${room.id}`, { token: member.token }), 403, 50013);
    const answer = await api(server, 'DELETE', `/channels/${room.id}`, {
        token: owner.token, headers: { 'x-audit-log-reason': 'done' },
    });
    assert.equal(answer.status, 200, answer.text);
    assert.equal(answer.body.id, room.id);
    assert.equal(answer.body.last_message_id, message.id);
    const gone = (await guest.event('CHANNEL_DELETE', (d) => d.id === room.id, { from })).d;
    assert.equal(gone.name, 'doomed');
    assert.equal(gone.guild_id, home.id);
    await eyes.event('INVITE_DELETE', (d) => d.code === code, { from: ownerFrom });
    const entry = await audited(eyes, ownerFrom, 12, { target_id: room.id, reason: 'done' });
    assert.deepEqual(change(entry, 'name'), { key: 'name', old_value: 'doomed' });
    for (const path of [`/channels/${room.id}`, `/channels/${room.id}/messages`, `/channels/${room.id}/messages/${message.id}`])
        assertError(await api(server, 'GET', path, { token: owner.token }), 404, 10003);
    assertError(await api(server, 'GET', `/invites/${code}`), 404, 10006);
    assertError(await api(server, 'DELETE', `/channels/${room.id}`, { token: owner.token }), 404, 10003);
});

test('deleting a category leaves its channels; the system channel stops being one', async () => {
    const category = await channel(server, owner, home, { name: 'Shelf', type: CATEGORY });
    const child = await channel(server, owner, home, { name: 'book', parent_id: category.id });
    const from = guest.mark();
    await ok(server, 'DELETE', `/channels/${category.id}`, { token: owner.token });
    await guest.event('CHANNEL_DELETE', (d) => d.id === category.id, { from });
    const told = await guest.event('CHANNEL_UPDATE', (d) => d.id === child.id, { from });
    assert.equal(told.d.parent_id, null);
    const before = await ok(server, 'GET', `/guilds/${home.id}`, { token: owner.token });
    assert.equal(before.system_channel_id, home.channel);
    await ok(server, 'DELETE', `/channels/${home.channel}`, { token: owner.token });
    const update = await guest.event('GUILD_UPDATE', (d) => d.id === home.id, { from });
    assert.equal(update.d.system_channel_id, null);
    assert.equal((await ok(server, 'GET', `/guilds/${home.id}`, { token: owner.token })).system_channel_id, null);
});
