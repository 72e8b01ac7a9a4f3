// Who may not speak does not speak by other ways: typing at strangers, editing what is there, forwarding
// what they may not post.

import assert from 'node:assert/strict';
import test from 'node:test';

import { api, assertError, ok } from '../lib/api.mjs';
import { Gateway } from '../lib/gateway.mjs';
import { befriend, fails, openDm, sessionOf } from '../lib/people.mjs';
import { UNLIMITED, useServer } from '../lib/server.mjs';
import { channel, guild, invite, join, person, post } from '../lib/world.mjs';

const ATTACH_FILES = 1n << 15n;
const EMBED_LINKS = 1n << 14n;
const MENTION_EVERYONE = 1n << 17n;
const server = await useServer({ flags: [...UNLIMITED] });
const edit = (who, message, body) => api(server, 'PATCH', `/channels/${message.channel_id}/messages/${message.id}`, {
    token: who.token, body,
});
const typing = (who, dm) => api(server, 'POST', `/channels/${dm.id}/typing`, { token: who.token });

test('typing reaches nobody whom a message would not reach, and no list that lacks the channel', async () => {
    const [ada, bob, eve] = [await person(server), await person(server), await person(server)];
    await befriend(server, ada, bob);
    const b = await sessionOf(server, bob);
    assertError(await typing(eve, await openDm(server, eve, bob)), 403, 50278);
    const dm = await openDm(server, ada, bob); // bob has not been told of it
    assert.equal((await typing(ada, dm)).status, 204);
    const said = await post(server, ada, dm.id, 'one');
    assert.equal((await typing(ada, dm)).status, 204);
    assert.equal((await b.event('TYPING_START')).d.user_id, ada.id);
    await ok(server, 'PUT', `/users/@me/relationships/${ada.id}`, { token: bob.token, body: { type: 2 } });
    assertError(await typing(ada, dm), 403, 50007);
    assertError(await edit(ada, said, { content: 'two' }), 403, 50007);
    await ok(server, 'DELETE', `/users/@me/relationships/${ada.id}`, { token: bob.token });
    assertError(await typing(ada, dm), 403, 50278); // strangers now
    assertError(await edit(ada, said, { content: 'two' }), 403, 50278);
    await ok(server, 'DELETE', `/channels/${dm.id}/messages/${said.id}`, { token: ada.token });
    await b.event('MESSAGE_DELETE');
    assert.equal(b.received.filter((p) => p.t === 'TYPING_START').length, 1);
    assert.equal(b.received.filter((p) => p.t === 'MESSAGE_UPDATE').length, 0);
    await b.end();
});

test('who is timed out, or has yet to agree to the rules, does not edit', async () => {
    const [owner, ada] = [await person(server), await person(server)];
    const home = await guild(server, owner);
    const { code } = await invite(server, owner, home.channel);
    await join(server, ada, code);
    const said = await post(server, ada, home.channel, 'one');
    const timeOut = (until) => ok(server, 'PATCH', `/guilds/${home.id}/members/${ada.id}`, {
        token: owner.token, body: { communication_disabled_until: until },
    });
    await timeOut(new Date(Date.now() + 3600000).toISOString());
    assertError(await edit(ada, said, { content: 'two' }), 403, 50013);
    await timeOut(null);
    assert.equal((await edit(ada, said, { content: 'two' })).status, 200);
    await ok(server, 'PATCH', `/guilds/${home.id}/member-verification`, {
        token: owner.token, body: {
            enabled: true, form_fields: [{ field_type: 'TERMS', label: 'Rules', values: ['Be kind'], required: true }],
        },
    });
    await ok(server, 'DELETE', `/users/@me/guilds/${home.id}`, { token: ada.token });
    await join(server, ada, code);
    assertError(await edit(ada, said, { content: 'three' }), 403, 50013);
    assertError(await edit(ada, said, { embeds: [{ title: 'three' }] }), 403, 50013);
    await ok(server, 'DELETE', `/channels/${home.channel}/messages/${said.id}`, { token: ada.token });
});

test('nobody shows by forwarding what they may not post', async () => {
    const [owner, ada] = [await person(server), await person(server)];
    const home = await guild(server, owner);
    await join(server, ada, (await invite(server, owner, home.channel)).code);
    const strict = await channel(server, owner, home, {
        name: 'strict', permission_overwrites: [{ id: home.id, type: 0, allow: '0', deny: String(ATTACH_FILES | EMBED_LINKS) }],
    });
    const forward = (who, message, to) => api(server, 'POST', `/channels/${to}/messages`, {
        token: who.token, body: { message_reference: { type: 1, message_id: message.id, channel_id: message.channel_id } },
    });
    const form = new FormData();
    form.append('files[0]', new Blob(['words']), 'words.txt');
    const sent = await fetch(`${server.url}/api/v10/channels/${home.channel}/messages`, {
        method: 'POST', headers: { authorization: ada.token }, body: form,
    });
    const withFile = await sent.json();
    const withEmbed = await post(server, ada, home.channel, 'x', { embeds: [{ title: 'an embed' }] });
    const plain = await post(server, ada, home.channel, 'plain');
    for (const message of [withFile, withEmbed]) {
        assertError(await forward(ada, message, strict.id), 403, 50013);
        // Nor by way of a forward of it.
        const again = await forward(ada, message, home.channel);
        assert.equal(again.status, 200);
        assertError(await forward(ada, again.body, strict.id), 403, 50013);
        assert.equal((await forward(owner, again.body, strict.id)).status, 200);
    }
    assert.equal((await forward(ada, plain, strict.id)).status, 200);
});

test('an edit mentions no more than its author may', async () => {
    const [owner, ada, bob] = [await person(server), await person(server), await person(server)];
    const home = await guild(server, owner);
    const { code } = await invite(server, owner, home.channel);
    await join(server, ada, code);
    const elsewhere = await guild(server, bob);
    const role = await ok(server, 'POST', `/guilds/${elsewhere.id}/roles`, { token: bob.token, body: { name: 'r', mentionable: true } });
    const own = await ok(server, 'POST', `/guilds/${home.id}/roles`, { token: owner.token, body: { name: 'r' } });
    const named = { content: `@everyone @here <@${bob.id}> <@&${role.id}> <@&${own.id}> <@${owner.id}>` };
    const said = await post(server, ada, home.channel, 'x');
    const everyone = (allow, deny) => ok(server, 'PUT', `/channels/${home.channel}/permissions/${home.id}`, {
        token: owner.token, body: { type: 0, allow: String(allow), deny: String(deny) },
    });
    await everyone(0n, MENTION_EVERYONE);
    for (const message of [await post(server, ada, home.channel, named.content), (await edit(ada, said, named)).body]) {
        assert.equal(message.mention_everyone, false);
        assert.deepEqual(message.mention_roles, []);
        assert.deepEqual(message.mentions.map((u) => u.id), [owner.id]);
    }
    await everyone(MENTION_EVERYONE, 0n);
    const { body: now } = await edit(ada, said, named);
    assert.equal(now.mention_everyone, true);
    assert.deepEqual(now.mention_roles, [own.id]);
    const { body: quiet } = await edit(ada, said, { ...named, allowed_mentions: { parse: [] } });
    assert.deepEqual([quiet.mention_everyone, quiet.mention_roles, quiet.mentions], [false, [], []]);
});

test('a client that is cut off again and again misses nothing and hears nothing twice', async () => {
    const [ada, bob, cleo] = [await person(server), await person(server), await person(server)];
    await befriend(server, ada, bob);
    await befriend(server, ada, cleo);
    const dm = await openDm(server, ada, bob);
    const group = await ok(server, 'POST', '/users/@me/channels', { token: ada.token, body: { recipients: [bob.id, cleo.id] } });
    const steady = await sessionOf(server, bob);
    let shaky = await sessionOf(server, bob);
    const { session } = shaky;
    const heard = [];
    const take = () => heard.push(...shaky.received.filter((p) => p.op === 0 && p.t !== 'READY'));
    let seed = 42;
    const chance = (n) => {
        seed = (seed * 1103515245 + 12345) % 2147483648;
        return seed % n;
    };
    for (let i = 0; i < 60; i += 1) {
        const to = chance(2) === 0 ? dm : group;
        const said = await post(server, ada, to.id, `m${i}`);
        if (chance(3) === 0)
            assert.equal((await edit(ada, said, { content: `e${i}` })).status, 200);
        if (chance(4) === 0)
            await ok(server, 'PUT', `/channels/${to.id}/messages/${said.id}/reactions/%F0%9F%98%80/@me`, { token: ada.token });
        if (chance(5) === 0)
            await ok(server, 'DELETE', `/channels/${dm.id}`, { token: bob.token });
        if (chance(4) !== 0)
            continue;
        await shaky.cut();
        take();
        const { seq } = shaky;
        if (chance(2) === 0)
            await post(server, ada, to.id, `away ${i}`);
        shaky = await Gateway.connect(server);
        await shaky.resume(bob, session, seq);
    }
    await post(server, ada, dm.id, 'the end');
    for (const one of [steady, shaky])
        await one.event('MESSAGE_CREATE', (m) => m.content === 'the end');
    take();
    // What is not of the messages: the steady one has been told that the other came. RESUMED has a number, too.
    const aside = ['READY', 'RESUMED', 'SESSIONS_REPLACE'];
    const told = steady.received.filter((p) => p.op === 0 && !aside.includes(p.t));
    const news = heard.filter((p) => !aside.includes(p.t));
    assert.deepEqual(news.map((p) => [p.t, p.d]), told.map((p) => [p.t, p.d]));
    assert.deepEqual(heard.map((p) => p.s), heard.map((_, i) => heard[0].s + i));
    await steady.end();
    await shaky.end();
});

test('who has been taken out of a group hears no more of it, live or resumed', async () => {
    const [ada, bob, cleo] = [await person(server), await person(server), await person(server)];
    await befriend(server, ada, bob);
    await befriend(server, ada, cleo);
    const group = await ok(server, 'POST', '/users/@me/channels', { token: ada.token, body: { recipients: [bob.id, cleo.id] } });
    const said = await post(server, ada, group.id, 'for all');
    const live = await sessionOf(server, bob);
    const away = await sessionOf(server, bob);
    await away.cut();
    await ok(server, 'DELETE', `/channels/${group.id}/recipients/${bob.id}`, { token: ada.token });
    await edit(ada, said, { content: 'not for bob' });
    await post(server, cleo, group.id, 'nor this');
    await ok(server, 'POST', `/channels/${group.id}/typing`, { token: cleo.token });
    const back = await Gateway.connect(server);
    await back.resume(bob, away.session, away.seq);
    await ok(server, 'PUT', `/users/@me/notes/${ada.id}`, { token: bob.token, body: { note: 'mark' } });
    for (const one of [live, back]) {
        await one.event('USER_NOTE_UPDATE');
        const of = one.received.filter((p) => JSON.stringify(p.d ?? '').includes(group.id) && !['READY'].includes(p.t));
        assert.deepEqual(of.map((p) => p.t), ['CHANNEL_DELETE']);
        await one.end();
    }
    await fails(server, 'GET', `/channels/${group.id}/messages/${said.id}`, [403, 50001], { token: bob.token });
    const fresh = await sessionOf(server, bob);
    assert.equal(JSON.stringify(fresh.ready).includes(group.id), false);
    await fresh.end();
});
