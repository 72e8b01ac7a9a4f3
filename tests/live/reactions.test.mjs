// Reactions: adding, counting, listing, removing; what is refused; what the gateway says.

import assert from 'node:assert/strict';
import test from 'node:test';

import { api, assertError, formCodes, ok } from '../lib/api.mjs';
import { Gateway } from '../lib/gateway.mjs';
import { dataUri, png } from '../lib/media.mjs';
import { atEnd, useServer } from '../lib/server.mjs';
import { MISSING, Spec, assertValid } from '../lib/spec.mjs';
import { INTENTS, PERMISSIONS, channel, guild as newGuild, invite, join, person, post, world } from '../lib/world.mjs';

const REACTIONS = 1 << 10;
const DIRECT = 1 << 12 | 1 << 13; // direct messages, and what happens to them
const server = await useServer();
const { owner, guild, bot: robot, member } = await world(server);
const gateway = await Gateway.session(server, robot, {
    identify: { intents: INTENTS.GUILDS | INTENTS.GUILD_MESSAGES | INTENTS.MESSAGE_CONTENT | REACTIONS },
});
atEnd(() => gateway.end());
const spec = MISSING === null ? new Spec() : undefined;

const THUMB = '👍';
const at = (message, rest = '') => `/channels/${message.channel_id}/messages/${message.id}${rest}`;
const reaction = (message, emoji, rest = '/@me') => at(message, `/reactions/${encodeURIComponent(emoji)}${rest}`);
const ask = (who, method, path) => api(server, method, path, { token: who.token });
const react = (who, message, emoji, query = '') => ask(who, 'PUT', reaction(message, emoji) + query);
const read = (who, message) => ok(server, 'GET', at(message), { token: who.token });
const say = () => post(server, owner, guild.channel, 'react');

async function done(answer) {
    assert.equal((await answer).status, 204, (await answer).text);
}

test('a reaction is told once, counted, and shown to its owner as theirs', async () => {
    const message = await say();
    await done(react(member, message, THUMB));
    await done(react(member, message, THUMB));
    await done(react(owner, message, THUMB));
    const { d } = await gateway.event('MESSAGE_REACTION_ADD', (e) => e.message_id === message.id && e.user_id === owner.id);
    assert.equal(gateway.events('MESSAGE_REACTION_ADD').filter((e) => e.message_id === message.id).length, 2);
    assert.deepEqual(d.emoji, { id: null, name: THUMB });
    assert.equal(d.guild_id, guild.id);
    assert.equal(d.channel_id, guild.channel);
    assert.equal(d.message_author_id, owner.id);
    assert.equal(d.member.user.id, owner.id);
    assert.equal(d.burst, false);
    assert.equal(d.type, 0);
    const seen = await read(member, message);
    assert.deepEqual(seen.reactions, [{
        emoji: { id: null, name: THUMB }, count: 2, count_details: { burst: 0, normal: 2 }, burst_colors: [],
        me_burst: false, me: true,
    }]);
    assert.equal((await ok(server, 'GET', at(message), { token: robot.token })).reactions[0].me, false);
    const [listed] = await ok(server, 'GET', `/channels/${guild.channel}/messages?limit=1`, { token: member.token });
    assert.deepEqual(listed.reactions, seen.reactions);
    if (spec)
        assertValid(spec.body('GET', '/channels/{channel_id}/messages/{message_id}', 200), seen, 'a message with reactions');
});

test('the same emoji with and without U+FE0F is one', async () => {
    const message = await say();
    await done(react(member, message, '❤'));
    await done(react(owner, message, '❤️'));
    const { reactions } = await read(member, message);
    assert.equal(reactions.length, 1);
    assert.equal(reactions[0].emoji.name, '❤️');
    assert.equal(reactions[0].count, 2);
});

for (const emoji of ['👨‍👩‍👧‍👦', '🏳️‍🌈', '🇩🇪', '#️⃣', '👍🏽', '🏴󠁧󠁢󠁷󠁬󠁳󠁿', '©️']) {
    test(`${emoji} is an emoji`, async () => {
        const message = await say();
        await done(react(member, message, emoji));
        assert.equal((await read(member, message)).reactions[0].emoji.name, emoji);
    });
}

for (const emoji of ['a', 'smile', ':smile:', '👍👍', 'x:1', '1', 'name:', 'äöü', '👍x', '\u200d', 'a'.repeat(300)]) {
    test(`${JSON.stringify(emoji.slice(0, 12))} is none: 10014`, async () => {
        const message = await say();
        assertError(await react(member, message, emoji), 400, 10014);
        assert.equal((await read(member, message)).reactions, undefined);
    });
}

test('burst reactions are counted apart', async () => {
    const message = await say();
    await done(react(member, message, THUMB, '?type=1'));
    await done(react(member, message, THUMB));
    const { d } = await gateway.event('MESSAGE_REACTION_ADD', (e) => e.message_id === message.id && e.burst);
    assert.equal(d.type, 1);
    assert.deepEqual(d.burst_colors, []);
    const [one] = (await read(member, message)).reactions;
    assert.deepEqual(one.count_details, { burst: 1, normal: 1 });
    assert.equal(one.count, 2);
    assert.equal(one.me_burst && one.me, true);
    assert.equal((await ok(server, 'GET', `${reaction(message, THUMB, '')}?type=1`, { token: owner.token })).length, 1);
    await done(ask(member, 'DELETE', reaction(message, THUMB, '/1/@me')));
    const [left] = (await read(member, message)).reactions;
    assert.deepEqual(left.count_details, { burst: 0, normal: 1 });
    assert.equal(left.me_burst, false);
    await done(ask(owner, 'DELETE', reaction(message, THUMB, `/0/${member.id}`)));
    assert.equal((await read(member, message)).reactions, undefined);
    formCodes(await ask(member, 'DELETE', reaction(message, THUMB, '/2/@me')), 'reaction_type');
    formCodes(await react(member, message, THUMB, '?type=2'), 'type');
});

test('removing: one\'s own, somebody\'s, a kind, all', async () => {
    const message = await say();
    for (const emoji of [THUMB, '❤️', '🔥'])
        for (const who of [member, owner])
            await done(react(who, message, emoji));
    assertError(await ask(member, 'DELETE', reaction(message, THUMB, `/${owner.id}`)), 403, 50013);
    assertError(await ask(member, 'DELETE', reaction(message, THUMB, '')), 403, 50013);
    assertError(await ask(member, 'DELETE', at(message, '/reactions')), 403, 50013);
    await done(ask(member, 'DELETE', reaction(message, THUMB)));
    await done(ask(member, 'DELETE', reaction(message, THUMB))); // again: nothing
    const removed = await gateway.event('MESSAGE_REACTION_REMOVE', (e) => e.message_id === message.id);
    assert.deepEqual(removed.d, {
        channel_id: guild.channel, message_id: message.id, guild_id: guild.id, user_id: member.id,
        emoji: { id: null, name: THUMB }, burst: false, type: 0,
    });
    await done(ask(owner, 'DELETE', reaction(message, '❤️', `/${member.id}`)));
    await done(ask(owner, 'DELETE', reaction(message, '🔥', '')));
    const kind = await gateway.event('MESSAGE_REACTION_REMOVE_EMOJI', (e) => e.message_id === message.id);
    assert.deepEqual(kind.d, {
        channel_id: guild.channel, message_id: message.id, guild_id: guild.id, emoji: { id: null, name: '🔥' },
    });
    assert.deepEqual((await read(owner, message)).reactions.map((r) => [r.emoji.name, r.count]), [[THUMB, 1], ['❤️', 1]]);
    await done(ask(owner, 'DELETE', at(message, '/reactions')));
    const all = await gateway.event('MESSAGE_REACTION_REMOVE_ALL', (e) => e.message_id === message.id);
    assert.deepEqual(all.d, { channel_id: guild.channel, message_id: message.id, guild_id: guild.id });
    assert.equal((await read(owner, message)).reactions, undefined);
    assert.equal(gateway.events('MESSAGE_REACTION_REMOVE').filter((e) => e.message_id === message.id).length, 2);
});

test('who reacted, in pages', async () => {
    const message = await say();
    for (const who of [owner, member, robot])
        await done(react(who, message, THUMB));
    const path = reaction(message, THUMB, '');
    const ids = [owner.id, member.id, robot.id].toSorted((a, b) => (BigInt(a) < BigInt(b) ? -1 : 1));
    const first = await ok(server, 'GET', `${path}?limit=2`, { token: member.token });
    assert.deepEqual(first.map((user) => user.id), ids.slice(0, 2));
    const rest = await ok(server, 'GET', `${path}?limit=2&after=${first[1].id}`, { token: member.token });
    assert.deepEqual(rest.map((user) => user.id), ids.slice(2));
    assert.deepEqual(await ok(server, 'GET', reaction(message, '🔥', ''), { token: member.token }), []);
    if (spec)
        assertValid(spec.body('GET', '/channels/{channel_id}/messages/{message_id}/reactions/{emoji_name}', 200), first, 'users');
    formCodes(await ask(member, 'GET', `${path}?limit=0`), 'limit');
    formCodes(await ask(member, 'GET', `${path}?limit=101`), 'limit');
});

test('a new kind takes ADD_REACTIONS, joining in takes READ_MESSAGE_HISTORY', async () => {
    const room = await channel(server, owner, guild, {
        permission_overwrites: [{ id: guild.id, type: 0, allow: '0', deny: String(1n << 6n) }],
    });
    const message = await post(server, owner, room.id, 'x');
    assertError(await react(member, message, THUMB), 403, 50013);
    await done(react(owner, message, THUMB));
    await done(react(member, message, THUMB));
    await ok(server, 'PUT', `/channels/${room.id}/permissions/${guild.id}`, {
        token: owner.token, body: { type: 0, allow: '0', deny: String(PERMISSIONS.READ_MESSAGE_HISTORY) },
    });
    assertError(await react(member, message, THUMB), 403, 50013);
});

test('who is timed out takes no part', async () => {
    const message = await say();
    const loud = await person(server);
    const { code } = await invite(server, owner, guild.channel);
    await join(server, loud, code);
    await done(react(owner, message, THUMB));
    await ok(server, 'PATCH', `/guilds/${guild.id}/members/${loud.id}`, {
        token: owner.token, body: { communication_disabled_until: new Date(Date.now() + 60000).toISOString() },
    });
    assertError(await react(loud, message, THUMB), 403, 50013);
    assertError(await react(loud, message, '🔥'), 403, 50013);
});

test('twenty kinds, not more: 30010', async () => {
    const message = await say();
    for (let i = 0; i < 20; i++)
        await done(react(owner, message, String.fromCodePoint(0x1f600 + i)));
    assertError(await react(owner, message, '🔥'), 400, 30010, 'Maximum number of reactions reached (20)');
    await done(react(member, message, String.fromCodePoint(0x1f600)));
    assert.equal((await read(owner, message)).reactions.length, 20);
});

test('somebody whom the author has blocked: 90001', async () => {
    const message = await say();
    await ok(server, 'PUT', `/users/@me/relationships/${member.id}`, { token: owner.token, body: { type: 2 } });
    assertError(await react(member, message, THUMB), 403, 90001, 'Reaction was blocked');
    await ok(server, 'DELETE', `/users/@me/relationships/${member.id}`, { token: owner.token });
    await done(react(member, message, THUMB));
});

test('custom emojis: there, their guild\'s name, of other guilds for their members', async () => {
    const image = dataUri(png());
    const wave = await ok(server, 'POST', `/guilds/${guild.id}/emojis`, { token: owner.token, body: { name: 'wave', image } });
    const message = await say();
    assertError(await react(member, message, 'wave:123456789'), 400, 10014);
    await done(react(member, message, `nonsense:${wave.id}`));
    await done(react(owner, message, `a:wave:${wave.id}`));
    const [one] = (await read(member, message)).reactions;
    assert.deepEqual(one.emoji, { id: wave.id, name: 'wave', animated: false });
    assert.equal(one.count, 2);
    const elsewhere = await newGuild(server, owner);
    const far = await ok(server, 'POST', `/guilds/${elsewhere.id}/emojis`, { token: owner.token, body: { name: 'far', image } });
    assertError(await react(member, message, `far:${far.id}`), 400, 10014);
    await done(react(owner, message, `far:${far.id}`));
    await done(react(member, message, `far:${far.id}`)); // joins in
});

test('in a direct message both hear of it, and neither may remove the other\'s', async () => {
    const dm = await ok(server, 'POST', '/users/@me/channels', { token: owner.token, body: { recipient_id: member.id } });
    const message = await post(server, owner, dm.id, 'between us');
    const ears = await Gateway.session(server, member, { identify: { intents: DIRECT } });
    await done(react(member, message, THUMB));
    await done(react(owner, message, THUMB));
    const { d } = await ears.event('MESSAGE_REACTION_ADD', (e) => e.message_id === message.id && e.user_id === owner.id);
    assert.equal(d.guild_id, undefined);
    assert.equal(d.member, undefined);
    assert.equal(d.message_author_id, owner.id);
    assert.equal((await read(member, message)).reactions[0].count, 2);
    assertError(await ask(owner, 'DELETE', reaction(message, THUMB, `/${member.id}`)), 403, 50003);
    assertError(await ask(owner, 'DELETE', at(message, '/reactions')), 403, 50003);
    await done(ask(owner, 'DELETE', reaction(message, THUMB)));
    await ears.event('MESSAGE_REACTION_REMOVE', (e) => e.message_id === message.id);
    await ok(server, 'PUT', `/users/@me/relationships/${member.id}`, { token: owner.token, body: { type: 2 } });
    const mine = await ok(server, 'GET', `/channels/${dm.id}/messages?limit=1`, { token: member.token });
    assertError(await react(member, { ...mine[0], channel_id: dm.id }, '🔥'), 403, 90001);
    await ok(server, 'DELETE', `/users/@me/relationships/${member.id}`, { token: owner.token });
    ears.end();
});

test('messages and channels that are not there', async () => {
    const message = await say();
    const nobody = await person(server);
    assertError(await react(member, { ...message, id: '1' }, THUMB), 404, 10008);
    assertError(await react(member, { ...message, channel_id: '1' }, THUMB), 404, 10003);
    assertError(await ask(member, 'GET', reaction({ ...message, id: '1' }, THUMB, '')), 404, 10008);
    assertError(await ask(owner, 'DELETE', at({ ...message, id: '1' }, '/reactions')), 404, 10008);
    assertError(await react(nobody, message, THUMB), 403, 50001);
});
