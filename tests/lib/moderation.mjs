// What the tests of members and moderation share: moderators with just some permissions, people who
// come from an address of their own, and waiting for what is done in steps.

import { api, ok } from './api.mjs';
import { newcomer, role } from './structure.mjs';
import { freshName, invite, person } from './world.mjs';

export const BITS = {
    CREATE_INSTANT_INVITE: 0n, KICK_MEMBERS: 1n, BAN_MEMBERS: 2n, ADMINISTRATOR: 3n, MANAGE_GUILD: 5n,
    MUTE_MEMBERS: 22n, DEAFEN_MEMBERS: 23n, MOVE_MEMBERS: 24n, CHANGE_NICKNAME: 26n, MANAGE_NICKNAMES: 27n,
    MANAGE_ROLES: 28n, MODERATE_MEMBERS: 40n,
};
export const may = (...names) => String(names.reduce((all, name) => all | 1n << BITS[name], 0n));

// A member with a role of these permissions; roles that are made later rank below.
export async function moderator(server, guild, ...names) {
    const made = await newcomer(server, guild);
    made.role = (await role(server, guild.owner, guild, { name: freshName('mod'), permissions: may(...names) })).id;
    await ok(server, 'PUT', `/guilds/${guild.id}/members/${made.id}/roles/${made.role}`, { token: guild.owner.token });
    return made;
}

// The server must trust 127.0.0.1 as a proxy (http.trusted_proxies).
export async function joinFrom(server, who, guild, address) {
    guild.way ??= (await invite(server, guild.owner, guild.channel, { max_age: 0 })).code;
    return api(server, 'POST', `/invites/${guild.way}`, {
        token: who.token, body: {}, headers: { 'x-forwarded-for': address },
    });
}

export async function personFrom(server, guild, address) {
    const made = await person(server, freshName('visitor'));
    return { ...made, answer: await joinFrom(server, made, guild, address) };
}

export const memberOf = (server, guild, who) =>
    api(server, 'GET', `/guilds/${guild.id}/members/${who.id}`, { token: guild.owner.token });

export const inMs = (ms) => new Date(Date.now() + ms).toISOString();
