// Polls: asking, voting, who voted, the end by its author and by time, also while nobody ran.

import assert from 'node:assert/strict';
import test from 'node:test';

import { api, assertError, formCodes, ok } from '../lib/api.mjs';
import { sql } from '../lib/database.mjs';
import { Gateway } from '../lib/gateway.mjs';
import { Server, atEnd } from '../lib/server.mjs';
import { MISSING, Spec, assertValid } from '../lib/spec.mjs';
import { INTENTS, channel, post, world } from '../lib/world.mjs';

const POLLS = 1 << 24;
const DIRECT = 1 << 12 | 1 << 25; // direct messages, and what happens to them
let server = await Server.start();
atEnd(() => server.stop());
const { owner, guild, bot: robot, member } = await world(server);
const listen = () => Gateway.session(server, robot, {
    identify: { intents: INTENTS.GUILDS | INTENTS.GUILD_MESSAGES | INTENTS.MESSAGE_CONTENT | POLLS },
});
let gateway = await listen();
atEnd(() => gateway.end());
const spec = MISSING === null ? new Spec() : undefined;

const QUESTION = {
    question: { text: 'Tea?' },
    answers: [{ poll_media: { text: 'yes', emoji: { name: '🍵' } } }, { poll_media: { text: 'no' } }, { poll_media: { text: 'later' } }],
    duration: 24,
};
const ask = (who, poll = {}, where = guild.channel) => api(server, 'POST', `/channels/${where}/messages`, {
    token: who.token, body: { poll: { ...QUESTION, ...poll } },
});
const asked = async (who, poll, where) => {
    const answer = await ask(who, poll, where);
    assert.equal(answer.status, 200, answer.text);
    return answer.body;
};
const vote = (who, message, answers) => api(server, 'PUT', `/channels/${message.channel_id}/polls/${message.id}/answers/@me`, {
    token: who.token, body: { answer_ids: answers },
});
const end = (who, message) => api(server, 'POST', `/channels/${message.channel_id}/polls/${message.id}/expire`, { token: who.token });
const voters = (message, answer, query = '') =>
    api(server, 'GET', `/channels/${message.channel_id}/polls/${message.id}/answers/${answer}${query}`, { token: member.token });
const read = (who, message) => ok(server, 'GET', `/channels/${message.channel_id}/messages/${message.id}`, { token: who.token });
const counts = (message) => message.poll.results.answer_counts.map((one) => [one.count, one.me_voted]);

async function done(answer) {
    assert.equal((await answer).status, 204, (await answer).text);
}

test('a poll is part of its message', async () => {
    const before = Date.now();
    const message = await asked(owner);
    assert.equal(message.content, '');
    const { poll } = message;
    assert.equal(poll.question.text, 'Tea?');
    assert.deepEqual(poll.answers.map((one) => [one.answer_id, one.poll_media.text]), [[1, 'yes'], [2, 'no'], [3, 'later']]);
    assert.equal(poll.answers[0].poll_media.emoji.name, '🍵');
    assert.equal(poll.allow_multiselect, false);
    assert.equal(poll.layout_type, 1);
    assert.ok(Math.abs(Date.parse(poll.expiry) - before - 24 * 3600000) < 30000, poll.expiry);
    assert.deepEqual(poll.results, {
        is_finalized: false,
        answer_counts: [1, 2, 3].map((id) => ({ id, count: 0, me_voted: false })),
    });
    assert.deepEqual((await read(member, message)).poll, poll);
    if (spec)
        assertValid(spec.body('GET', '/channels/{channel_id}/messages/{message_id}', 200), message, 'a poll');
    const { d } = await gateway.event('MESSAGE_CREATE', (e) => e.id === message.id);
    assert.deepEqual(d.poll, poll);
    const answer = await api(server, 'PATCH', `/channels/${guild.channel}/messages/${message.id}`, { token: owner.token, body: { content: 'x' } });
    assertError(answer, 400, 520003, 'Cannot edit a poll message');
});

test('votes: one, another, none; each is told', async () => {
    const message = await asked(owner);
    await done(vote(member, message, [1]));
    await done(vote(member, message, ['1']));
    await done(vote(owner, message, [1]));
    await done(vote(member, message, [2]));
    const added = await gateway.event('MESSAGE_POLL_VOTE_ADD', (e) => e.message_id === message.id && e.answer_id === 2);
    assert.deepEqual(added.d, { user_id: member.id, channel_id: guild.channel, message_id: message.id, guild_id: guild.id, answer_id: 2 });
    const removed = await gateway.event('MESSAGE_POLL_VOTE_REMOVE', (e) => e.message_id === message.id);
    assert.equal(removed.d.answer_id, 1);
    assert.equal(removed.d.user_id, member.id);
    assert.equal(gateway.events('MESSAGE_POLL_VOTE_ADD').filter((e) => e.message_id === message.id).length, 3);
    assert.deepEqual(counts(await read(member, message)), [[1, false], [1, true], [0, false]]);
    assert.deepEqual(counts(await read(owner, message)), [[1, true], [1, false], [0, false]]);
    await done(vote(member, message, []));
    assert.deepEqual(counts(await read(member, message)), [[1, false], [0, false], [0, false]]);
});

test('what is no vote', async () => {
    const message = await asked(owner);
    const plain = await post(server, owner, guild.channel, 'no poll');
    formCodes(await vote(member, message, [4]), 'answer_ids.0');
    formCodes(await vote(member, message, [1, 2]), 'answer_ids.1');
    formCodes(await vote(member, message, ['x']), 'answer_ids.0');
    formCodes(await vote(member, message, undefined), 'answer_ids');
    assertError(await vote(member, plain, [1]), 404, 10008);
    assertError(await vote(robot, message, [1]), 403, 520000, 'Poll voting blocked');
    assert.deepEqual(counts(await read(member, message)), [[0, false], [0, false], [0, false]]);
});

test('several answers where the poll takes them; who voted, in pages', async () => {
    const message = await asked(owner, { allow_multiselect: true });
    await done(vote(member, message, [1, 3]));
    await done(vote(owner, message, [3]));
    const all = await voters(message, 3);
    const ids = [owner.id, member.id].toSorted((a, b) => (BigInt(a) < BigInt(b) ? -1 : 1));
    assert.deepEqual(all.body.users.map((user) => user.id), ids);
    if (spec)
        assertValid(spec.body('GET', '/channels/{channel_id}/polls/{message_id}/answers/{answer_id}', 200), all.body, 'voters');
    assert.deepEqual((await voters(message, 3, '?limit=1')).body.users.map((user) => user.id), ids.slice(0, 1));
    assert.deepEqual((await voters(message, 3, `?limit=1&after=${ids[0]}`)).body.users.map((user) => user.id), ids.slice(1));
    assert.deepEqual((await voters(message, 2)).body.users, []);
    assertError(await voters(message, 9), 404, 10008);
    formCodes(await voters(message, 1, '?limit=101'), 'limit');
});

function assertResult(result, message, fields) {
    assert.equal(result.message_reference.message_id, message.id);
    assert.equal(result.author.id, message.author.id);
    const [embed] = result.embeds;
    assert.equal(embed.type, 'poll_result');
    assert.deepEqual(Object.fromEntries(embed.fields.map((field) => [field.name, field.value])), fields);
}

test('its author ends it', async () => {
    const message = await asked(member);
    const plain = await post(server, member, guild.channel, 'no poll');
    await done(vote(owner, message, [1]));
    assertError(await end(owner, message), 403, 50005);
    assertError(await end(member, plain), 400, 520006, 'Cannot expire a non-poll message');
    assertError(await end(member, { ...message, id: '1' }), 404, 10008);
    const answer = await end(member, message);
    assert.equal(answer.status, 200, answer.text);
    assert.equal(answer.body.poll.results.is_finalized, true);
    assert.ok(Date.parse(answer.body.poll.expiry) <= Date.now() + 1000);
    if (spec)
        assertValid(spec.body('POST', '/channels/{channel_id}/polls/{message_id}/expire', 200), answer.body, 'an ended poll');
    const update = await gateway.event('MESSAGE_UPDATE', (e) => e.id === message.id);
    assert.equal(update.d.poll.results.is_finalized, true);
    const { d } = await gateway.event('MESSAGE_CREATE', (e) => e.type === 46 && e.message_reference.message_id === message.id);
    assertResult(d, message, {
        poll_question_text: 'Tea?', victor_answer_votes: '1', total_votes: '1',
        victor_answer_id: '1', victor_answer_text: 'yes', victor_answer_emoji_name: '🍵',
    });
    assertError(await end(member, message), 400, 520001, 'Poll expired');
    assertError(await vote(owner, message, [2]), 400, 520001);
});

const results = async (message) => (await ok(server, 'GET', `/channels/${message.channel_id}/messages?limit=100`, { token: owner.token }))
    .filter((each) => each.type === 46 && each.message_reference.message_id === message.id);
const endsAt = (message, ms) => sql(server.data, `UPDATE polls SET expires_at_ms = ${ms} WHERE message_id = ${message.id}`);

test('time ends it, to the second', async () => {
    const message = await asked(owner);
    await done(vote(member, message, [1]));
    await done(vote(owner, message, [2]));
    const at = Date.now() + 500;
    endsAt(message, at);
    const { d } = await gateway.event('MESSAGE_CREATE', (e) => e.type === 46 && e.message_reference.message_id === message.id);
    const late = Number((BigInt(d.id) >> 22n) + 1420070400000n) - at;
    assert.ok(late >= 0 && late < 3000, `${late} ms late`);
    assertResult(d, message, { poll_question_text: 'Tea?', victor_answer_votes: '1', total_votes: '2' });
    assert.equal((await read(owner, message)).poll.results.is_finalized, true);
});

test('what ended while nobody ran is ended afterwards, once', async () => {
    const room = await channel(server, owner, guild, { name: 'tea' });
    const ended = await asked(owner, {}, room.id);
    const open = await asked(owner, {}, room.id);
    await done(vote(member, ended, [2]));
    gateway.end();
    await server.stop();
    endsAt(ended, Date.now() - 1000);
    server = await Server.start({ data: server.data });
    gateway = await listen();
    const before = await results(ended);
    if (before.length === 0)
        await gateway.event('MESSAGE_CREATE', (e) => e.type === 46 && e.message_reference.message_id === ended.id);
    await server.kill();
    server = await Server.start({ data: server.data });
    gateway = await listen();
    const [result, ...more] = await results(ended);
    assert.deepEqual(more, []);
    assertResult(result, ended, {
        poll_question_text: 'Tea?', victor_answer_votes: '1', total_votes: '1', victor_answer_id: '2', victor_answer_text: 'no',
    });
    assert.equal((await read(owner, ended)).poll.results.is_finalized, true);
    assert.equal((await read(owner, open)).poll.results.is_finalized, false);
    assert.deepEqual(await results(open), []);
});

test('in a direct message', async () => {
    const dm = await ok(server, 'POST', '/users/@me/channels', { token: owner.token, body: { recipient_id: member.id } });
    const message = await asked(owner, {}, dm.id);
    const ears = await Gateway.session(server, owner, { identify: { intents: DIRECT } });
    await done(vote(member, message, [1]));
    const { d } = await ears.event('MESSAGE_POLL_VOTE_ADD', (e) => e.message_id === message.id);
    assert.deepEqual(d, { user_id: member.id, channel_id: dm.id, message_id: message.id, answer_id: 1 });
    endsAt(message, Date.now());
    await ears.event('MESSAGE_UPDATE', (e) => e.id === message.id && e.poll.results.is_finalized);
    const result = await ears.event('MESSAGE_CREATE', (e) => e.type === 46 && e.message_reference.message_id === message.id);
    assert.equal(result.d.guild_id, undefined);
    ears.end();
});

test('asking takes SEND_POLLS', async () => {
    const room = await channel(server, owner, guild, {
        permission_overwrites: [{ id: guild.id, type: 0, allow: '0', deny: String(1n << 49n) }],
    });
    assertError(await ask(member, {}, room.id), 403, 50013);
    await asked(owner, {}, room.id);
});
