// Messages: sending, reading pages, replying, editing, deleting; and what is refused.

import assert from 'node:assert/strict';
import test from 'node:test';

import { api, assertError, formCodes, ok } from '../lib/api.mjs';
import { useServer } from '../lib/server.mjs';
import { PERMISSIONS, authorize, bot, channel, guild, post, world } from '../lib/world.mjs';

const server = await useServer();
const { owner, guild: home, member, bot: robot } = await world(server);

const send = (who, body, where = home.channel) => api(server, 'POST', `/channels/${where}/messages`, {
    token: who.token, body,
});
const list = (query, where = home.channel) => ok(server, 'GET', `/channels/${where}/messages${query}`, {
    token: member.token,
});

test('the answer is the message, and reading gives the same', async () => {
    const answer = await send(owner, { content: '  hello  ', tts: false, flags: 0 });
    assert.equal(answer.status, 200);
    const message = answer.body;
    assert.equal(message.content, 'hello');
    assert.equal(message.channel_id, home.channel);
    assert.equal(message.author.id, owner.id);
    assert.equal(message.edited_timestamp, null);
    assert.match(message.timestamp, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+00:00$/);
    const ms = Number((BigInt(message.id) >> 22n) + 1420070400000n);
    assert.ok(Math.abs(ms - Date.parse(message.timestamp)) < 2, 'the id is a snowflake of Discord\'s epoch');
    const read = await ok(server, 'GET', `/channels/${home.channel}/messages/${message.id}`, {
        token: member.token,
    });
    assert.deepEqual(read, message);
});

for (const content of ['plain', 'Grüße 你好 😀 ﷽', '"quotes" \\ / </script> \u0001 \u007f \u2028 end', 'x'.repeat(2000),
    '😀'.repeat(2000), 'line\nline\ttab', '<@1> <#2> <@&3> @everyone @here']) {
    test(`content ${JSON.stringify(content.slice(0, 30))} comes back as it went`, async () => {
        const { body } = await send(owner, { content });
        assert.equal(body.content, content);
        const read = await ok(server, 'GET', `/channels/${home.channel}/messages/${body.id}`, {
            token: member.token,
        });
        assert.equal(read.content, content);
    });
}

test('nothing to say: 50006', async () => {
    for (const body of [{}, { content: '' }, { content: '  \n ' }, { content: null }, { embeds: [], components: [] }])
        assertError(await send(owner, body), 400, 50006, 'Cannot send an empty message');
});

for (const [name, body, path] of [
    ['content too long', { content: 'x'.repeat(2001) }, 'content'],
    ['content that is a list', { content: [] }, 'content'],
    ['content that is an object', { content: {} }, 'content'],
    ['a nonce too long', { content: 'x', nonce: 'n'.repeat(26) }, 'nonce'],
    ['a reply to no id', { content: 'x', message_reference: { message_id: 'abc' } }, 'message_reference.message_id'],
    ['a reply to nothing', { content: 'x', message_reference: { message_id: '1' } }, 'message_reference'],
    ['tts that is a word', { content: 'x', tts: 'maybe' }, 'tts'],
    ['embeds that are no list', { content: 'x', embeds: 'y' }, 'embeds'],
    ['mentions of an unknown kind', { content: 'x', allowed_mentions: { parse: ['cats'] } }, 'allowed_mentions.parse.0'],
]) {
    test(`${name}: 50035 at ${path}`, async () => {
        assert.equal(formCodes(await send(owner, body), path).length, 1);
    });
}

test('all errors at once', async () => {
    const answer = await send(owner, { content: 'x'.repeat(2001), nonce: 'n'.repeat(26) });
    assert.deepEqual(formCodes(answer, 'content'), ['BASE_TYPE_MAX_LENGTH']);
    assert.equal(formCodes(answer, 'nonce').length, 1);
    assert.equal(answer.body.errors.content._errors[0].message, 'Must be 2000 or fewer in length.');
});

test('nonces come back as they were; enforce_nonce sends once', async () => {
    assert.equal((await send(owner, { content: 'a', nonce: 'text' })).body.nonce, 'text');
    assert.equal((await send(owner, { content: 'a', nonce: 12345 })).body.nonce, 12345);
    const twice = { content: 'once only', nonce: 'unique-1', enforce_nonce: true };
    const first = await send(owner, twice);
    const second = await send(owner, twice);
    assert.equal(second.status, 200);
    assert.equal(second.body.id, first.body.id);
    const other = await send(member, twice); // another author's nonce is another nonce
    assert.notEqual(other.body.id, first.body.id);
    const racing = await Promise.all(Array.from({ length: 10 }, () =>
        send(owner, { content: 'racing', nonce: 'unique-2', enforce_nonce: true })));
    assert.equal(new Set(racing.map((answer) => answer.body.id)).size, 1);
});

test('a reply names what it answers', async () => {
    const asked = await post(server, owner, home.channel, 'question');
    const { body } = await send(member, {
        content: 'answer', message_reference: { message_id: asked.id, channel_id: home.channel },
    });
    assert.equal(body.type, 19);
    assert.equal(body.message_reference.message_id, asked.id);
    assert.equal(body.message_reference.channel_id, home.channel);
    assert.equal(body.message_reference.guild_id, home.id);
    assert.equal(body.referenced_message.id, asked.id);
    assert.equal(body.referenced_message.content, 'question');
    assert.ok(body.mentions.some((user) => user.id === owner.id), 'replying pings unless told not to');
    const quiet = await send(member, {
        content: 'quiet', message_reference: { message_id: asked.id }, allowed_mentions: { replied_user: false },
    });
    assert.deepEqual(quiet.body.mentions, []);
});

test('a reply to a message of another channel, or a deleted one', async () => {
    const other = await guild(server, owner);
    const there = await post(server, owner, other.channel, 'elsewhere');
    formCodes(await send(owner, { content: 'x', message_reference: { message_id: there.id } }), 'message_reference');
    const soft = await send(owner, {
        content: 'still sent', message_reference: { message_id: there.id, fail_if_not_exists: false },
    });
    assert.equal(soft.status, 200);
    const doomed = await post(server, owner, home.channel, 'doomed');
    const reply = await post(server, owner, home.channel, 're', { message_reference: { message_id: doomed.id } });
    await ok(server, 'DELETE', `/channels/${home.channel}/messages/${doomed.id}`, { token: owner.token });
    const read = await ok(server, 'GET', `/channels/${home.channel}/messages/${reply.id}`, { token: owner.token });
    assert.equal(read.referenced_message, null);
    assert.equal(read.message_reference.message_id, doomed.id);
});

test('mentions are resolved, each once; others only if allowed', async () => {
    const { body } = await send(owner, { content: `<@${member.id}> <@!${member.id}> <@${robot.id}> <@1> @everyone` });
    assert.deepEqual(body.mentions.map((user) => user.id), [member.id, robot.id]);
    assert.equal(body.mention_everyone, true);
    const room = await channel(server, owner, home, {
        name: 'calm',
        permission_overwrites: [{ id: home.id, type: 0, allow: '0', deny: String(PERMISSIONS.MENTION_EVERYONE) }],
    });
    const plain = await send(member, { content: '@everyone' }, room.id);
    assert.equal(plain.body.mention_everyone, false, 'it takes MENTION_EVERYONE');
    const quiet = await send(owner, { content: `<@${member.id}> @here`, allowed_mentions: { parse: [] } });
    assert.deepEqual(quiet.body.mentions, []);
    assert.equal(quiet.body.mention_everyone, false);
    const chosen = await send(owner, {
        content: `<@${member.id}> <@${robot.id}>`, allowed_mentions: { users: [robot.id] },
    });
    assert.deepEqual(chosen.body.mentions.map((user) => user.id), [robot.id]);
});

test('pages: limit, before, after, around', async () => {
    const room = (await channel(server, owner, home, { name: 'pages' })).id;
    const ids = [];
    for (let i = 0; i < 120; i += 1)
        ids.push((await post(server, owner, room, `message ${i}`)).id);
    const got = async (query) => (await list(query, room)).map((m) => m.id);
    const down = [...ids].reverse();
    assert.deepEqual(await got(''), down.slice(0, 50), '50 by default, newest first');
    assert.deepEqual(await got('?limit=100'), down.slice(0, 100));
    assert.deepEqual(await got('?limit=1'), [ids[119]]);
    assert.deepEqual(await got(`?before=${ids[10]}&limit=5`), [ids[9], ids[8], ids[7], ids[6], ids[5]]);
    assert.deepEqual(await got(`?before=${ids[2]}`), [ids[1], ids[0]]);
    assert.deepEqual(await got(`?before=${ids[0]}`), []);
    assert.deepEqual(await got(`?after=${ids[10]}&limit=3`), [ids[13], ids[12], ids[11]]);
    assert.deepEqual(await got(`?after=${ids[119]}`), []);
    assert.deepEqual(await got(`?after=0&limit=2`), [ids[1], ids[0]]);
    const around = await got(`?around=${ids[60]}&limit=5`);
    assert.deepEqual(around, [ids[62], ids[61], ids[60], ids[59], ids[58]]);
    assert.ok((await got(`?around=${ids[0]}&limit=4`)).includes(ids[0]));
    for (let i = 1; i < ids.length; i += 1)
        assert.ok(BigInt(ids[i]) > BigInt(ids[i - 1]), 'ids increase');
});

for (const [query, path] of [
    ['?limit=0', 'limit'], ['?limit=101', 'limit'], ['?limit=-1', 'limit'], ['?limit=ten', 'limit'],
    ['?limit=1e1', 'limit'], ['?before=abc', 'before'], ['?after=-5', 'after'], ['?around=1.5', 'around'],
    ['?limit=%zz', 'limit'], ['?before=%', 'before'], [`?before=${'1'.repeat(1100)}`, 'before'],
]) {
    test(`${query.slice(0, 20)}: 50035 at ${path}`, async () => {
        const answer = await api(server, 'GET', `/channels/${home.channel}/messages${query}`, {
            token: member.token,
        });
        assert.equal(formCodes(answer, path).length, 1);
    });
}

test('edit one\'s own', async () => {
    const message = await post(server, owner, home.channel, `before <@${member.id}>`);
    const path = `/channels/${home.channel}/messages/${message.id}`;
    const edited = await ok(server, 'PATCH', path, { token: owner.token, body: { content: 'after' } });
    assert.equal(edited.id, message.id);
    assert.equal(edited.content, 'after');
    assert.notEqual(edited.edited_timestamp, null);
    assert.equal(edited.timestamp, message.timestamp);
    assert.deepEqual(edited.mentions, []);
    const same = await ok(server, 'PATCH', path, { token: owner.token, body: {} });
    assert.equal(same.content, 'after', 'what is absent stays');
    formCodes(await api(server, 'PATCH', path, { token: owner.token, body: { content: 'x'.repeat(2001) } }), 'content');
    assertError(await api(server, 'PATCH', path, { token: owner.token, body: { content: '' } }), 400, 50006);
});

test('nobody edits what another wrote, whatever the permissions', async () => {
    const message = await post(server, member, home.channel, 'mine');
    const answer = await api(server, 'PATCH', `/channels/${home.channel}/messages/${message.id}`, {
        token: owner.token, body: { content: 'yours' },
    });
    assertError(answer, 403, 50005, 'Cannot edit a message authored by another user');
});

test('delete: one\'s own, or with MANAGE_MESSAGES; once', async () => {
    const remove = (who, message) => api(server, 'DELETE', `/channels/${home.channel}/messages/${message.id}`, {
        token: who.token,
    });
    const own = await post(server, member, home.channel, 'own');
    const answer = await remove(member, own);
    assert.equal(answer.status, 204);
    assert.equal(answer.text, '');
    assertError(await remove(member, own), 404, 10008, 'Unknown Message');
    const others = await post(server, member, home.channel, 'others');
    assertError(await remove(robot, others), 403, 50013);
    const moderator = await bot(server, owner);
    await authorize(server, owner, moderator, home, String(PERMISSIONS.MANAGE_MESSAGES));
    assert.equal((await remove(moderator, others)).status, 204);
    assert.ok(!(await list('')).some((m) => [own.id, others.id].includes(m.id)));
    const twice = await post(server, member, home.channel, 'raced');
    const answers = await Promise.all([1, 2, 3, 4].map(() => remove(member, twice)));
    assert.deepEqual(answers.map((a) => a.status).sort(), [204, 404, 404, 404]);
});

test('after= polling never misses a message of many writers', async () => {
    const room = (await channel(server, owner, home, { name: 'polled' })).id;
    let from = '0';
    const polled = [];
    let going = true;
    const poll = async () => {
        const page = (await list(`?after=${from}&limit=100`, room)).reverse();
        polled.push(...page.map((m) => m.id));
        from = page.at(-1)?.id ?? from;
        return page.length;
    };
    const poller = (async () => {
        while (going)
            await poll();
    })();
    const writers = Array.from({ length: 8 }, async (_, i) => {
        const ids = [];
        for (let n = 0; n < 40; n += 1)
            ids.push((await post(server, i % 2 === 0 ? owner : member, room, `${i}.${n}`)).id);
        return ids;
    });
    const sent = (await Promise.all(writers)).flat();
    going = false;
    await poller;
    while (await poll() > 0)
        continue;
    assert.deepEqual(polled, sent.sort((a, b) => (BigInt(a) < BigInt(b) ? -1 : 1)));
});
