// The widget: what a guild shows of itself to anybody, if it wants to.

import assert from 'node:assert/strict';
import test from 'node:test';
import { crc32, inflateSync } from 'node:zlib';

import { api, assertError, formCodes, ok } from '../lib/api.mjs';
import { Gateway } from '../lib/gateway.mjs';
import { useServer } from '../lib/server.mjs';
import { PERMISSIONS, VOICE, channel, world } from '../lib/world.mjs';

const server = await useServer();
const { owner, guild: home, member } = await world(server);
const path = `/guilds/${home.id}/widget`;
const patch = (body, who = owner) => api(server, 'PATCH', path, { token: who.token, body });

// Of a PNG file, whose checksums must be right and whose pixels must be as many as it says.
function pixels(file) {
    assert.equal(file.subarray(0, 8).toString('latin1'), '\x89PNG\r\n\x1a\n');
    const chunks = {};
    for (let at = 8; at < file.length;) {
        const length = file.readUInt32BE(at);
        const body = file.subarray(at + 4, at + 8 + length);
        assert.equal(file.readUInt32BE(at + 8 + length), crc32(body));
        chunks[body.subarray(0, 4).toString()] = body.subarray(4);
        at += 12 + length;
    }
    const [width, height] = [chunks.IHDR.readUInt32BE(0), chunks.IHDR.readUInt32BE(4)];
    const raw = inflateSync(chunks.IDAT); // fails if its checksum is wrong
    assert.equal(raw.length, height * (1 + Math.ceil(width / 8)));
    assert.ok(raw.some((byte) => byte !== 0), 'something is drawn');
    assert.ok('IEND' in chunks);
    return { width, height };
}

test('off to begin with', async () => {
    assert.deepEqual(await ok(server, 'GET', path, { token: owner.token }), { enabled: false, channel_id: null });
    assertError(await api(server, 'GET', path, { token: member.token }), 403, 50013);
    assertError(await patch({ enabled: true }, member), 403, 50013);
    assertError(await api(server, 'GET', `${path}.json`), 403, 50004);
    assertError(await api(server, 'GET', `${path}.png`), 403, 50004);
    assertError(await api(server, 'GET', '/guilds/5/widget.json'), 404, 10004);
});

test('on: event, entry, an invite that lasts', async () => {
    const gateway = await Gateway.session(server, owner);
    const answer = await patch({ enabled: true, channel_id: home.channel });
    assert.deepEqual([answer.status, answer.body], [200, { enabled: true, channel_id: home.channel }]);
    const { d } = await gateway.event('GUILD_UPDATE', (g) => g.id === home.id);
    assert.deepEqual([d.widget_enabled, d.widget_channel_id], [true, home.channel]);
    const made = await gateway.event('INVITE_CREATE');
    assert.deepEqual([made.d.max_age, made.d.max_uses], [0, 0]);
    const { audit_log_entries: [entry] } = await ok(server, 'GET',
        `/guilds/${home.id}/audit-logs?action_type=1&limit=1`, { token: owner.token });
    assert.deepEqual(entry.changes.map((change) => change.key), ['widget_enabled', 'widget_channel_id']);
    const widget = await ok(server, 'GET', `${path}.json`);
    assert.equal(widget.name, home.name);
    assert.ok(widget.instant_invite.endsWith(`/invite/${made.d.code}`));
    assert.deepEqual([widget.members.map((m) => m.username), widget.presence_count], [[owner.username], 1]);
    await patch({ channel_id: home.channel });
    assert.ok((await ok(server, 'GET', `${path}.json`)).instant_invite.endsWith(made.d.code), 'the same again');
    await ok(server, 'DELETE', `/invites/${made.d.code}`, { token: owner.token });
    assert.equal((await ok(server, 'GET', `${path}.json`)).instant_invite, null);
    await gateway.end();
});

test('as a picture', async () => {
    const size = async (style) => {
        const answer = await fetch(`${server.url}/api/v10${path}.png?style=${style}`);
        assert.equal(answer.status, 200);
        assert.equal(answer.headers.get('content-type'), 'image/png');
        return pixels(Buffer.from(await answer.arrayBuffer()));
    };
    assert.deepEqual(await size('shield'), { width: 12 + 9 * 6 - 1, height: 19 });
    assert.deepEqual(await size('banner4'), { width: 4 * (12 + 9 * 6 - 1), height: 76 });
    assert.deepEqual(formCodes(await api(server, 'GET', `${path}.png?style=x`), 'style'), ['BASE_TYPE_CHOICES']);
});

test('voice channels that everybody may enter, and no others', async () => {
    const hidden = await channel(server, owner, home, {
        name: 'hidden', type: VOICE,
        permission_overwrites: [{ id: home.id, type: 0, deny: String(PERMISSIONS.VIEW_CHANNEL) }],
    });
    const closed = await channel(server, owner, home, {
        name: 'closed', type: VOICE, permission_overwrites: [{ id: home.id, type: 0, deny: String(1n << 20n) }],
    });
    const open = await channel(server, owner, home, { name: 'open', type: VOICE });
    const shown = (await ok(server, 'GET', `${path}.json`)).channels;
    assert.ok(shown.some((each) => each.id === open.id && each.name === 'open'));
    assert.ok(!shown.some((each) => [hidden.id, closed.id, home.channel].includes(each.id)));
});

test('who may not invite turns it on without an invite', async () => {
    const other = await world(server);
    const manager = other.member;
    const { id } = await ok(server, 'POST', `/guilds/${other.guild.id}/roles`, {
        token: other.owner.token, body: { name: 'm', permissions: String(PERMISSIONS.MANAGE_GUILD) },
    });
    await ok(server, 'PUT', `/guilds/${other.guild.id}/members/${manager.id}/roles/${id}`, { token: other.owner.token });
    const room = await channel(server, other.owner, other.guild, {
        name: 'room', permission_overwrites: [{ id: other.guild.id, type: 0, deny: String(PERMISSIONS.CREATE_INSTANT_INVITE) }],
    });
    await ok(server, 'PATCH', `/guilds/${other.guild.id}/widget`, {
        token: manager.token, body: { enabled: true, channel_id: room.id },
    });
    assert.equal((await ok(server, 'GET', `/guilds/${other.guild.id}/widget.json`)).instant_invite, null);
});

test('a channel that is not there; and off again', async () => {
    assertError(await patch({ channel_id: '5' }), 404, 10003);
    assert.deepEqual((await patch({ enabled: false, channel_id: null })).body, { enabled: false, channel_id: null });
    assertError(await api(server, 'GET', `${path}.json`), 403, 50004);
});
