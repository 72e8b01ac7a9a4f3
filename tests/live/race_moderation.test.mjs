// Moderation races with messages at full rate: somebody is kicked, banned, demoted, shut out by an
// overwrite or timed out while others post and they post themselves. The event log says what was before
// the change and what after it. No session of theirs may get an event of the guild (or of the channel)
// with a position after the change, or miss one before it; no message of theirs is accepted after it.

import assert from 'node:assert/strict';
import test from 'node:test';

import { api, assertServes, ok } from '../lib/api.mjs';
import { sql } from '../lib/database.mjs';
import { Gateway } from '../lib/gateway.mjs';
import { UNLIMITED, useServer } from '../lib/server.mjs';
import { rounds, until } from '../lib/wait.mjs';
import { PERMISSIONS, channel, guild as makeGuild, invite, join, person } from '../lib/world.mjs';

const SEED = Number(process.env.GUILDHALL_SEED ?? Date.now() % 1000000);
const SESSIONS = 4;
const POSTERS = 3;
const ROUNDS = 3;
const VIEW = String(PERMISSIONS.VIEW_CHANNEL);
const KIND = { MESSAGE_CREATE: 1, GUILD_MEMBER_REMOVE: 12, CHANNEL_UPDATE: 14, GUILD_MEMBER_UPDATE: 18 };

// Two loops, so that the sessions of one person are on both.
const server = await useServer({ flags: [...UNLIMITED, '--server.loops=2'] });
const owner = await person(server);
const guild = await makeGuild(server, owner);
const { code } = await invite(server, owner, guild.channel, { max_age: 0 });
const insiders = await ok(server, 'POST', `/guilds/${guild.id}/roles`, { token: owner.token, body: { name: 'insiders', permissions: '0' } });
const room = await channel(server, owner, guild, { // for the role alone
    name: 'room',
    permission_overwrites: [
        { id: guild.id, type: 0, allow: '0', deny: VIEW },
        { id: insiders.id, type: 0, allow: VIEW, deny: '0' },
    ],
});

// Small numbers, the same for the same seed.
function random(seed) {
    let state = seed + 0x9e3779b9;
    return (bound) => {
        state = Math.imul(state ^ (state >>> 15), 0x85ebca6b) + 0x6d2b79f5 | 0;
        return (state >>> 8) % bound;
    };
}

const giveRole = (who) => ok(server, 'PUT', `/guilds/${guild.id}/members/${who.id}/roles/${insiders.id}`, { token: owner.token });

async function insider() {
    const who = await person(server);
    await join(server, who, code);
    await giveRole(who);
    return who;
}

// Posts to both channels in turn until told to stop; what was accepted, and how often not.
function stream(author, channels) {
    const state = { accepted: [], refused: 0, going: true };
    state.done = (async () => {
        for (let n = 0; state.going; n += 1) {
            const answer = await api(server, 'POST', `/channels/${channels[n % channels.length]}/messages`, {
                token: author.token, body: { content: `message ${n}` },
            });
            if (answer.status === 200) {
                state.accepted.push(answer.body.id);
            } else {
                assert.equal(answer.status, 403, answer.text);
                state.refused += 1;
            }
        }
    })();
    return state;
}

// The guild's log after a position: [{position, kind, channel, entity}].
function log(after) {
    const rows = sql(server.data, 'SELECT position, kind, channel_id, entity_id FROM event_log ' +
        `WHERE stream_kind = 1 AND stream_id = ${guild.id} AND position > ${after} ORDER BY position`);
    return rows.split('\n').filter((row) => row !== '').map((row) => {
        const [position, kind, channelId, entity] = row.split('|');
        return { position: Number(position), kind: Number(kind), channel: channelId, entity };
    });
}

const head = () => Number(sql(server.data,
    `SELECT coalesce(max(position), 0) FROM event_log WHERE stream_kind = 1 AND stream_id = ${guild.id}`));

// The dispatches that a session must have got of these messages, and may have got of others: none.
function checkMessages(gateway, rows, change, hidden, name) {
    const places = new Map(rows.filter((row) => row.kind === KIND.MESSAGE_CREATE).map((row) => [row.entity, row]));
    const got = gateway.events('MESSAGE_CREATE').map((d) => places.get(d.id)).filter((row) => row !== undefined);
    const late = got.filter((row) => row.position > change && hidden.includes(row.channel));
    assert.deepEqual(late, [], `${name}: after position ${change}`);
    const expected = [...places.values()].filter((row) => row.position < change || !hidden.includes(row.channel));
    assert.deepEqual(got.map((row) => row.position), expected.map((row) => row.position),
        `${name}: which messages, and in which order`);
}

// Nothing that names the guild or the channel comes after the dispatch with which it went.
function checkNothingAfter(gateway, gone, mentions, name) {
    const at = gateway.received.findLastIndex(gone);
    assert.ok(at >= 0, `${name}: is told that it is gone`);
    const later = gateway.received.slice(at + 1).filter((p) => p.op === 0 && mentions(p.d));
    assert.deepEqual(later, [], `${name}: nothing after that`);
}

const deleted = (p) => p.t === 'CHANNEL_DELETE' && p.d.id === room.id;
const ofRoom = (d) => d.channel_id === room.id || d.id === room.id;
const left = (p) => p.t === 'GUILD_DELETE' && p.d.id === guild.id;
const ofGuild = (d) => d.guild_id === guild.id;

const CHANGES = {
    'a kick': {
        act: (who) => ['DELETE', `/guilds/${guild.id}/members/${who.id}`],
        kind: KIND.GUILD_MEMBER_REMOVE, hidden: [guild.channel, room.id], gone: left, mentions: ofGuild,
    },
    'a ban': {
        act: (who) => ['PUT', `/guilds/${guild.id}/bans/${who.id}`, {}],
        kind: KIND.GUILD_MEMBER_REMOVE, hidden: [guild.channel, room.id], gone: left, mentions: ofGuild,
    },
    'a demotion': {
        act: (who) => ['DELETE', `/guilds/${guild.id}/members/${who.id}/roles/${insiders.id}`],
        kind: KIND.GUILD_MEMBER_UPDATE, hidden: [room.id], gone: deleted, mentions: ofRoom,
        undo: giveRole,
    },
    'an overwrite': {
        act: (who) => ['PUT', `/channels/${room.id}/permissions/${who.id}`, { type: 1, allow: '0', deny: VIEW }],
        kind: KIND.CHANNEL_UPDATE, hidden: [room.id], gone: deleted, mentions: ofRoom,
        undo: (who) => ok(server, 'DELETE', `/channels/${room.id}/permissions/${who.id}`, { token: owner.token }),
    },
    'a time-out': {
        act: (who) => ['PATCH', `/guilds/${guild.id}/members/${who.id}`,
            { communication_disabled_until: new Date(Date.now() + 3600000).toISOString() }],
        kind: KIND.GUILD_MEMBER_UPDATE, hidden: [], silenced: [guild.channel, room.id],
        undo: (who) => ok(server, 'PATCH', `/guilds/${guild.id}/members/${who.id}`, {
            token: owner.token, body: { communication_disabled_until: null },
        }),
    },
};

async function round(name, change, who, posters, pick) {
    const sessions = await Promise.all(Array.from({ length: SESSIONS }, () => Gateway.session(server, who)));
    const observer = await Gateway.session(server, owner);
    const start = head();
    const own = stream(who, [room.id, guild.channel]);
    const streams = posters.map((author, i) => stream(author, i % 2 === 0 ? [room.id, guild.channel] : [guild.channel, room.id]));
    const enough = 30 + pick(60);
    await until(() => observer.events('MESSAGE_CREATE').length >= enough && own.accepted.length > 5, 'messages to flow');
    const [method, path, body] = change.act(who);
    await ok(server, method, path, { token: owner.token, body });
    const after = observer.events('MESSAGE_CREATE').length + 40;
    await until(() => observer.events('MESSAGE_CREATE').length >= after && own.refused > 3, 'messages after the change');
    for (const state of [own, ...streams])
        state.going = false;
    await Promise.all([own, ...streams].map((state) => state.done));

    const rows = log(start);
    const position = rows.find((row) => row.kind === change.kind &&
        row.entity === (change.kind === KIND.CHANNEL_UPDATE ? room.id : who.id)).position;
    assert.ok(rows.some((row) => row.position > position && row.kind === KIND.MESSAGE_CREATE), 'messages came after it');
    const last = rows.findLast((row) => row.kind === KIND.MESSAGE_CREATE && !change.hidden.includes(row.channel));
    if (last !== undefined)
        await Promise.all(sessions.map((gateway) => gateway.event('MESSAGE_CREATE', (d) => d.id === last.entity)));
    if (change.gone !== undefined)
        await Promise.all(sessions.map((gateway) => gateway.wait(change.gone, `${name}: the end`)));
    await Promise.all(sessions.map((gateway) => gateway.flush()));
    for (const [i, gateway] of sessions.entries()) {
        checkMessages(gateway, rows, position, change.hidden, `${name}, session ${i}`);
        if (change.gone !== undefined)
            checkNothingAfter(gateway, change.gone, change.mentions, `${name}, session ${i}`);
    }
    const shut = change.silenced ?? change.hidden;
    const mine = new Set(own.accepted);
    assert.deepEqual(rows.filter((row) => mine.has(row.entity) && row.position > position && shut.includes(row.channel)), [],
        `${name}: a message of theirs after position ${position}`);
    await Promise.all([...sessions, observer].map((gateway) => gateway.end()));
}

const posters = await Promise.all(Array.from({ length: POSTERS }, insider));

for (const [name, change] of Object.entries(CHANGES)) {
    test(`${name} while messages stream`, async (t) => {
        t.diagnostic(`GUILDHALL_SEED=${SEED}`);
        const pick = random(SEED);
        let who = await insider();
        for (let i = 0; i < rounds(ROUNDS); i += 1) {
            await round(`round ${i}`, change, who, posters, pick);
            if (change.undo === undefined)
                who = await insider();
            else
                await change.undo(who);
        }
        await assertServes(server);
    });
}
