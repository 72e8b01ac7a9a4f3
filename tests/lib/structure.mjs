// What the tests of channels and roles share: somebody who watches everything, the audit entry that
// a change leaves, roles, and members who hold them.

import assert from 'node:assert/strict';

import { ok } from './api.mjs';
import { Gateway } from './gateway.mjs';
import { ALL_INTENTS, freshName, invite, join, person } from './world.mjs';

const GUILD_MODERATION = 1 << 2;
const CODES = { // role bits by name that world.mjs does not need
    KICK_MEMBERS: 1n << 1n,
    BAN_MEMBERS: 1n << 2n,
    MANAGE_CHANNELS: 1n << 4n,
    VIEW_AUDIT_LOG: 1n << 7n,
    VIEW_CHANNEL: 1n << 10n,
    SEND_MESSAGES: 1n << 11n,
    MANAGE_MESSAGES: 1n << 13n,
    MUTE_MEMBERS: 1n << 22n,
    MOVE_MEMBERS: 1n << 24n,
    MANAGE_ROLES: 1n << 28n,
    SET_VOICE_CHANNEL_STATUS: 1n << 48n,
};
export const bits = (...names) => String(names.reduce((all, name) => all | CODES[name], 0n));

export const watch = (server, who) =>
    Gateway.session(server, who, { identify: { intents: ALL_INTENTS | GUILD_MODERATION } });

// The audit entry that follows `from`, checked against `expected` where that says something.
export async function audited(gateway, from, action, expected = {}) {
    const { d } = await gateway.event('GUILD_AUDIT_LOG_ENTRY_CREATE', (e) => e.action_type === action, { from });
    for (const [key, value] of Object.entries(expected))
        assert.deepEqual(d[key], value, `${key} of ${JSON.stringify(d)}`);
    return d;
}

export const change = (entry, key) => entry.changes?.find((c) => c.key === key);

export async function role(server, who, guild, body = {}) {
    return ok(server, 'POST', `/guilds/${guild.id}/roles`, { token: who.token, body });
}

// One more member of the guild.
export async function newcomer(server, guild) {
    const made = await person(server, freshName('newcomer'));
    const { code } = await invite(server, guild.owner, guild.channel);
    await join(server, made, code);
    return made;
}
