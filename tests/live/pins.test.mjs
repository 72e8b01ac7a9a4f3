// Pins: both families of routes, the channel's last pin, the message that says so, the audit log.

import assert from 'node:assert/strict';
import test from 'node:test';

import { api, assertError, formCodes, ok } from '../lib/api.mjs';
import { Gateway } from '../lib/gateway.mjs';
import { atEnd, useServer } from '../lib/server.mjs';
import { MISSING, Spec, assertValid } from '../lib/spec.mjs';
import { INTENTS, channel, post, world } from '../lib/world.mjs';

const DIRECT = 1 << 12; // direct messages, and what happens to them
const server = await useServer();
const { owner, guild, bot: robot, member } = await world(server);
const gateway = await Gateway.session(server, robot, {
    identify: { intents: INTENTS.GUILDS | INTENTS.GUILD_MESSAGES | INTENTS.MESSAGE_CONTENT },
});
atEnd(() => gateway.end());
const spec = MISSING === null ? new Spec() : undefined;
const room = () => channel(server, owner, guild, { name: 'pins' });
const as = (who, method, path, options) => ok(server, method, path, { token: who.token, ...options });
const ask = (who, method, path) => api(server, method, path, { token: who.token });

for (const [family, where, items] of [
    ['new', (id) => `/channels/${id}/messages/pins`, (body) => body.items.map((item) => item.message)],
    ['old', (id) => `/channels/${id}/pins`, (body) => body],
]) {
    test(`${family} family: pin, list, unpin`, async () => {
        const { id } = await room();
        const first = await post(server, member, id, 'first');
        const second = await post(server, member, id, 'second');
        const list = async () => items(await as(member, 'GET', where(id)));
        assert.deepEqual(await list(), []);
        assertError(await ask(member, 'PUT', `${where(id)}/${first.id}`), 403, 50013);
        for (const message of [first, second])
            assert.equal((await ask(owner, 'PUT', `${where(id)}/${message.id}`)).status, 204);
        const pinned = await list();
        assert.deepEqual(pinned.map((message) => message.id), [second.id, first.id]);
        assert.ok(pinned.every((message) => message.pinned));
        assert.equal((await as(member, 'GET', `/channels/${id}/messages/${first.id}`)).pinned, true);
        if (spec)
            assertValid(spec.body('GET', where('{channel_id}'), 200), await as(member, 'GET', where(id)), 'pins');
        assertError(await ask(member, 'DELETE', `${where(id)}/${first.id}`), 403, 50013);
        assert.equal((await ask(owner, 'DELETE', `${where(id)}/${first.id}`)).status, 204);
        assert.equal((await ask(owner, 'DELETE', `${where(id)}/${first.id}`)).status, 204);
        assert.deepEqual((await list()).map((message) => message.id), [second.id]);
        assertError(await ask(owner, 'PUT', `${where(id)}/1`), 404, 10008);
        assertError(await ask(owner, 'DELETE', `${where(id)}/1`), 404, 10008);
    });
}

test('what is told of a pin', async () => {
    const { id } = await room();
    const message = await post(server, member, id, 'keep');
    await ok(server, 'PUT', `/channels/${id}/messages/pins/${message.id}`, {
        token: owner.token, headers: { 'x-audit-log-reason': 'for the record' },
    });
    const { d: pins } = await gateway.event('CHANNEL_PINS_UPDATE', (e) => e.channel_id === id);
    assert.equal(pins.guild_id, guild.id);
    const { d: update } = await gateway.event('MESSAGE_UPDATE', (e) => e.id === message.id);
    assert.equal(update.pinned, true);
    assert.equal(update.content, 'keep');
    assert.equal(update.edited_timestamp, null);
    const { d: said } = await gateway.event('MESSAGE_CREATE', (e) => e.channel_id === id && e.type === 6);
    assert.equal(said.author.id, owner.id);
    assert.equal(said.message_reference.message_id, message.id);
    assert.equal(said.message_reference.channel_id, id);
    const shown = await as(member, 'GET', `/channels/${id}`);
    assert.equal(shown.last_pin_timestamp, pins.last_pin_timestamp);
    const { items: [item], has_more: more } = await as(member, 'GET', `/channels/${id}/messages/pins`);
    assert.equal(item.pinned_at, pins.last_pin_timestamp);
    assert.equal(more, false);
    const { audit_log_entries: [entry] } = await as(owner, 'GET', `/guilds/${guild.id}/audit-logs?action_type=74&limit=1`);
    assert.equal(entry.target_id, member.id);
    assert.equal(entry.reason, 'for the record');
    assert.deepEqual(entry.options, { channel_id: id, message_id: message.id });
    assertError(await ask(owner, 'PUT', `/channels/${id}/messages/pins/${said.id}`), 403, 50021);
    await as(owner, 'DELETE', `/channels/${id}/messages/${message.id}`);
    const gone = await gateway.event('CHANNEL_PINS_UPDATE', (e) => e.channel_id === id && e.last_pin_timestamp === null);
    assert.equal(gone.d.guild_id, guild.id);
    assert.equal((await as(member, 'GET', `/channels/${id}`)).last_pin_timestamp, null);
});

test('in a direct message', async () => {
    const dm = await as(owner, 'POST', '/users/@me/channels', { body: { recipient_id: member.id } });
    const message = await post(server, owner, dm.id, 'between us');
    const ears = await Gateway.session(server, owner, { identify: { intents: DIRECT } });
    assert.equal((await ask(member, 'PUT', `/channels/${dm.id}/messages/pins/${message.id}`)).status, 204);
    const { d } = await ears.event('CHANNEL_PINS_UPDATE', (e) => e.channel_id === dm.id);
    assert.equal(d.guild_id, undefined);
    const { d: said } = await ears.event('MESSAGE_CREATE', (e) => e.channel_id === dm.id && e.type === 6);
    assert.equal(said.author.id, member.id);
    assert.equal((await as(owner, 'GET', `/channels/${dm.id}`)).last_pin_timestamp, d.last_pin_timestamp);
    assert.deepEqual((await as(owner, 'GET', `/channels/${dm.id}/pins`)).map((each) => each.id), [message.id]);
    ears.end();
});

test('pages go by the moment of the pin', async () => {
    const { id } = await room();
    const ids = [];
    for (let i = 0; i < 5; i++) {
        ids.unshift((await post(server, owner, id, `${i}`)).id);
        await as(owner, 'PUT', `/channels/${id}/messages/pins/${ids[0]}`);
    }
    const seen = [];
    for (let before = '', more = true; more;) {
        const page = await as(member, 'GET', `/channels/${id}/messages/pins?limit=2${before}`);
        seen.push(...page.items.map((item) => item.message.id));
        assert.ok(page.items.length > 0 && page.items.length <= 2);
        before = `&before=${encodeURIComponent(page.items.at(-1).pinned_at)}`;
        more = page.has_more;
    }
    assert.deepEqual(seen, ids);
    formCodes(await ask(member, 'GET', `/channels/${id}/messages/pins?limit=51`), 'limit');
    formCodes(await ask(member, 'GET', `/channels/${id}/messages/pins?before=yesterday`), 'before');
});

test('250 pins, not more: 30003', async () => {
    const { id } = await room();
    for (let i = 0; i < 250; i++)
        await as(owner, 'PUT', `/channels/${id}/pins/${(await post(server, owner, id, `${i}`)).id}`);
    const extra = await post(server, owner, id, 'extra');
    assertError(await ask(owner, 'PUT', `/channels/${id}/pins/${extra.id}`), 400, 30003,
        'Maximum number of pins reached for the channel (250)');
    assert.equal((await as(member, 'GET', `/channels/${id}/pins`)).length, 50);
});
