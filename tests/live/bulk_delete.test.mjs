// Bulk deletion and crossposts: bounds, who may, what is told.

import assert from 'node:assert/strict';
import test from 'node:test';

import { api, assertError, formCodes, ok } from '../lib/api.mjs';
import { Gateway } from '../lib/gateway.mjs';
import { atEnd, useServer } from '../lib/server.mjs';
import { MISSING, Spec, assertValid } from '../lib/spec.mjs';
import { INTENTS, channel, post, world } from '../lib/world.mjs';

const server = await useServer();
const { owner, guild, bot: robot, member } = await world(server);
const gateway = await Gateway.session(server, robot, { identify: { intents: INTENTS.GUILDS | INTENTS.GUILD_MESSAGES } });
atEnd(() => gateway.end());
const spec = MISSING === null ? new Spec() : undefined;
const where = `/channels/${guild.channel}/messages`;
const bulk = (who, messages, headers) => api(server, 'POST', `${where}/bulk-delete`, { token: who.token, body: { messages }, headers });
const say = async (count) => {
    const ids = [];
    for (let i = 0; i < count; i++)
        ids.push((await post(server, member, guild.channel, `${i}`)).id);
    return ids;
};
const old = (days) => String((BigInt(Date.now() - days * 86400000) - 1420070400000n) << 22n);

test('many at once, told once', async () => {
    const ids = await say(5);
    const kept = await post(server, member, guild.channel, 'kept');
    assertError(await bulk(member, ids), 403, 50013);
    // One twice, one that nobody wrote.
    const answer = await bulk(owner, [...ids, ids[0], String(BigInt(kept.id) + 1n)], { 'x-audit-log-reason': 'spam' });
    assert.equal(answer.status, 204, answer.text);
    const { d } = await gateway.event('MESSAGE_DELETE_BULK', (e) => e.ids.includes(ids[0]));
    assert.deepEqual(d, { ids, channel_id: guild.channel, guild_id: guild.id });
    for (const id of ids)
        assertError(await api(server, 'GET', `${where}/${id}`, { token: owner.token }), 404, 10008);
    await ok(server, 'GET', `${where}/${kept.id}`, { token: owner.token });
    const log = await ok(server, 'GET', `/guilds/${guild.id}/audit-logs?action_type=73`, { token: owner.token });
    assert.equal(log.audit_log_entries.length, 1);
    assert.equal(log.audit_log_entries[0].target_id, guild.channel);
    assert.deepEqual(log.audit_log_entries[0].options, { count: '5' });
    assert.equal(log.audit_log_entries[0].reason, 'spam');
});

test('2 to 100: 50016; not older than 14 days: 50034', async () => {
    const [id] = await say(1);
    assertError(await bulk(owner, []), 400, 50016);
    assertError(await bulk(owner, [id]), 400, 50016);
    assertError(await bulk(owner, [id, id]), 400, 50016);
    const near = (n) => Array.from({ length: n }, (_, i) => String(BigInt(id) + BigInt(i)));
    assertError(await bulk(owner, near(101)), 400, 50016);
    assertError(await bulk(owner, [id, old(15)]), 400, 50034, 'You can only bulk delete messages that are under 14 days old.');
    await ok(server, 'GET', `${where}/${id}`, { token: owner.token });
    assert.equal((await bulk(owner, [id, old(13)])).status, 204);
    assertError(await api(server, 'GET', `${where}/${id}`, { token: owner.token }), 404, 10008);
    formCodes(await bulk(owner, ['x', id]), 'messages.0');
    formCodes(await bulk(owner, 'all'), 'messages');
});

test('not in a direct message: 50003', async () => {
    const dm = await ok(server, 'POST', '/users/@me/channels', { token: owner.token, body: { recipient_id: member.id } });
    const ids = [await post(server, owner, dm.id, '1'), await post(server, owner, dm.id, '2')].map((each) => each.id);
    assertError(await api(server, 'POST', `/channels/${dm.id}/messages/bulk-delete`, { token: owner.token, body: { messages: ids } }), 403, 50003);
});

test('crossposts: in announcement channels, once', async () => {
    const news = await channel(server, owner, guild, { name: 'news', type: 5 });
    const publish = (who, message) => api(server, 'POST', `/channels/${message.channel_id}/messages/${message.id}/crosspost`, { token: who.token });
    const plain = await post(server, owner, guild.channel, 'x');
    assertError(await publish(owner, plain), 400, 50024);
    const mine = await post(server, member, news.id, 'mine');
    const theirs = await post(server, owner, news.id, 'theirs');
    assertError(await publish(member, theirs), 403, 50013);
    const answer = await publish(member, mine);
    assert.equal(answer.status, 200, answer.text);
    assert.equal(answer.body.flags & 1, 1);
    if (spec)
        assertValid(spec.body('POST', '/channels/{channel_id}/messages/{message_id}/crosspost', 200), answer.body, 'a crosspost');
    const { d } = await gateway.event('MESSAGE_UPDATE', (e) => e.id === mine.id);
    assert.equal(d.flags & 1, 1);
    assertError(await publish(owner, mine), 400, 40033, 'This message has already been crossposted');
    assert.equal((await publish(owner, theirs)).status, 200);
    assertError(await publish(owner, { ...mine, id: '1' }), 404, 10008);
});
