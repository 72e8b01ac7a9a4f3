// Bans of addresses: whoever comes from where a banned person was seen stays out. The tests come
// through a proxy that the server trusts, so that each person has an address of their own.

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join as path } from 'node:path';
import test from 'node:test';

import { api, assertError, formCodes, ok } from '../lib/api.mjs';
import { joinFrom, moderator, personFrom } from '../lib/moderation.mjs';
import { run, UNLIMITED, useServer } from '../lib/server.mjs';
import { audited, watch } from '../lib/structure.mjs';
import { guild as newGuild, person, world } from '../lib/world.mjs';

const server = await useServer({ flags: [...UNLIMITED, '--http.trusted_proxies=127.0.0.0/8'] });
const { owner, guild: home, member } = await world(server);
const eyes = await watch(server, owner);
const mod = await moderator(server, home, 'BAN_MEMBERS');

const ban = (by, whom, body, from = '192.0.2.200') => api(server, 'PUT', `/guilds/${home.id}/bans/${whom.id}`, {
    token: by.token, body, headers: { 'x-forwarded-for': from },
});
const unban = (whom) => ok(server, 'DELETE', `/guilds/${home.id}/bans/${whom.id}`, { token: mod.token });
const list = async (by = mod) => ok(server, 'GET', `/guilds/${home.id}/address-bans`, { token: by.token });

test('a ban with addresses keeps the next account out, a plain one does not', async () => {
    const troll = await personFrom(server, home, '198.51.100.7');
    assert.equal(troll.answer.status, 200, troll.answer.text);
    assert.equal((await ban(mod, troll, {})).status, 204);
    const second = await personFrom(server, home, '198.51.100.7');
    assert.equal(second.answer.status, 200);
    const from = eyes.mark();
    assert.equal((await ban(mod, second, { ban_addresses: true })).status, 204);
    const entry = await audited(eyes, from, 22, { target_id: second.id });
    assert.deepEqual(entry.options, { addresses: '1' });
    const third = await personFrom(server, home, '198.51.100.7');
    assertError(third.answer, 403, 40007);
    // The same person from elsewhere, others from elsewhere, and other guilds.
    assert.equal((await joinFrom(server, third, home, '198.51.100.8')).status, 200);
    assert.equal((await personFrom(server, home, '198.51.100.9')).answer.status, 200);
    const elsewhere = await newGuild(server, owner);
    assert.equal((await personFrom(server, elsewhere, '198.51.100.7')).answer.status, 200);
    const shown = await list();
    assert.equal(shown.length, 1);
    assert.equal(shown[0].user_id, second.id);
    assert.equal(shown[0].user.id, second.id);
    assert.equal(shown[0].addresses, 1);
    assert.ok(Math.abs(Date.parse(shown[0].created_at) - Date.now()) < 60000);
    await unban(second);
    assert.deepEqual(await list(), []);
    assert.equal((await personFrom(server, home, '198.51.100.7')).answer.status, 200);
});

test('who is banned already can be banned with addresses: nobody is told of a ban, the audit log says it', async () => {
    const troll = await personFrom(server, home, '198.51.100.60');
    assert.equal((await ban(mod, troll, {})).status, 204);
    await eyes.event('GUILD_BAN_ADD', (d) => d.user.id === troll.id);
    const from = eyes.mark();
    assert.equal((await ban(mod, troll, { ban_addresses: true })).status, 204);
    assertError((await personFrom(server, home, '198.51.100.60')).answer, 403, 40007);
    const entry = await audited(eyes, from, 1, { user_id: mod.id, target_id: home.id });
    assert.deepEqual(entry.changes, [{ key: 'address_ban_user_id', new_value: troll.id }]);
    await eyes.flush();
    assert.equal(eyes.received.slice(from).some((p) => p.t === 'GUILD_BAN_ADD'), false);
    await unban(troll);
});

test('a whole IPv6 network is one address', async () => {
    const troll = await personFrom(server, home, '2001:db8:1:2::7');
    await ban(mod, troll, { ban_addresses: true });
    assertError((await personFrom(server, home, '2001:db8:1:2:aaaa::9')).answer, 403, 40007);
    assert.equal((await personFrom(server, home, '2001:db8:1:3::7')).answer.status, 200);
    await unban(troll);
});

test('addresses without their person, and the list by pages', async () => {
    const troll = await personFrom(server, home, '198.51.100.20');
    const other = await personFrom(server, home, '198.51.100.21');
    const put = (whom, by = mod) => api(server, 'POST', `/guilds/${home.id}/address-bans`, {
        token: by.token, body: { user_id: whom.id }, headers: { 'x-forwarded-for': '192.0.2.200' },
    });
    const from = eyes.mark();
    assert.deepEqual((await put(troll)).body, { user_id: troll.id, addresses: 1 });
    const entry = await audited(eyes, from, 1, { user_id: mod.id, target_id: home.id });
    assert.deepEqual(entry.changes, [{ key: 'address_ban_user_id', new_value: troll.id }]);
    await ok(server, 'GET', `/guilds/${home.id}/members/${troll.id}`, { token: mod.token });
    assertError((await personFrom(server, home, '198.51.100.20')).answer, 403, 40007);
    await put(other);
    assert.deepEqual((await list()).map((b) => b.user_id), [troll.id, other.id]);
    const page = await ok(server, 'GET', `/guilds/${home.id}/address-bans?limit=1&after=${troll.id}`, { token: mod.token });
    assert.deepEqual(page.map((b) => b.user_id), [other.id]);
    const drop = (whom, by = mod) =>
        api(server, 'DELETE', `/guilds/${home.id}/address-bans/${whom.id}`, { token: by.token });
    for (const whom of [troll, other])
        assert.equal((await drop(whom)).status, 204);
    assertError(await drop(troll), 404, 10026);
    assertError(await put({ id: '1' }), 404, 10013);
    assertError(await put(owner), 403, 50013);
    assertError(await put(troll, member), 403, 50013);
    assertError(await api(server, 'GET', `/guilds/${home.id}/address-bans`, { token: member.token }), 403, 50013);
    assert.deepEqual(formCodes(await put({}), 'user_id'), ['BASE_TYPE_REQUIRED']);
});

test('nobody bans the address that they, or the owner, come from', async () => {
    const troll = await personFrom(server, home, '198.51.100.30');
    assert.equal((await ban(mod, troll, { ban_addresses: true }, '198.51.100.30')).status, 204);
    assert.deepEqual(await list(), []);
    await unban(troll);
    // The owner made the guild without a header: from the proxy's own address.
    const neighbour = await personFrom(server, home, '127.0.0.1');
    await ban(mod, neighbour, { ban_addresses: true });
    assert.deepEqual(await list(), []);
});

test('what a client writes into the header itself counts for nothing', async () => {
    const troll = await personFrom(server, home, '203.0.113.1, 198.51.100.40');
    await ban(mod, troll, { ban_addresses: true });
    assertError((await personFrom(server, home, '203.0.113.2, 198.51.100.40')).answer, 403, 40007);
    assert.equal((await personFrom(server, home, '203.0.113.1')).answer.status, 200);
});

test('addresses stand nowhere in the data folder', async () => {
    await personFrom(server, home, '203.0.113.213');
    const text = Buffer.from('203.0.113.213');
    const raw = Buffer.from([203, 0, 113, 213]);
    for (const name of readdirSync(server.data)) {
        let bytes;
        try {
            bytes = readFileSync(path(server.data, name));
        } catch {
            continue; // a folder, or the socket
        }
        assert.equal(bytes.includes(text), false, name);
        assert.equal(bytes.includes(raw), false, name);
    }
    assert.equal(server.stderr.includes('203.0.113.213'), false);
});

test('a list of proxies that is none is an error at the start', async () => {
    const done = run(['serve', '--data', 'data', '--listen', '127.0.0.1:0',
        '--http.trusted_proxies=localhost']);
    assert.notEqual(done.code, 0);
    assert.match(done.stderr, /http\.trusted_proxies/);
});

test('who is not trusted is not believed', async () => {
    const plain = await useServer();
    const host = await person(plain);
    const hall = await newGuild(plain, host);
    const troll = await personFrom(plain, hall, '198.51.100.7');
    await ok(plain, 'PUT', `/guilds/${hall.id}/bans/${troll.id}`, { token: host.token, body: { ban_addresses: true } });
    assert.deepEqual(await ok(plain, 'GET', `/guilds/${hall.id}/address-bans`, { token: host.token }), []);
    assert.equal((await personFrom(plain, hall, '198.51.100.7')).answer.status, 200);
});
