// The people, guilds, bots and channels that the tests talk about, made through the API.

import { ok } from './api.mjs';

export const PASSWORD = 'correct horse battery';

export const INTENTS = {
    GUILDS: 1 << 0,
    GUILD_MEMBERS: 1 << 1,
    GUILD_INVITES: 1 << 6,
    GUILD_VOICE_STATES: 1 << 7,
    GUILD_PRESENCES: 1 << 8,
    GUILD_MESSAGES: 1 << 9,
    GUILD_MESSAGE_TYPING: 1 << 11,
    MESSAGE_CONTENT: 1 << 15,
};
// Everything that this server sends.
export const ALL_INTENTS = Object.values(INTENTS).reduce((all, bit) => all | bit, 0);

export const PERMISSIONS = {
    CREATE_INSTANT_INVITE: 1n << 0n,
    ADMINISTRATOR: 1n << 3n,
    MANAGE_CHANNELS: 1n << 4n,
    MANAGE_GUILD: 1n << 5n,
    VIEW_CHANNEL: 1n << 10n,
    SEND_MESSAGES: 1n << 11n,
    MANAGE_MESSAGES: 1n << 13n,
    READ_MESSAGE_HISTORY: 1n << 16n,
    MENTION_EVERYONE: 1n << 17n,
    MANAGE_ROLES: 1n << 28n,
};

export const TEXT = 0;
export const VOICE = 2;
export const CATEGORY = 4;

let serial = 0;

export function freshName(stem = 'person') {
    serial += 1;
    return `${stem}_${process.pid}_${serial}`.slice(-32);
}

// {id, token, username, email}
export async function person(server, username = freshName()) {
    const email = `${username}@example.org`;
    const { token } = await ok(server, 'POST', '/auth/register', {
        body: { username, email, password: PASSWORD, date_of_birth: '2000-01-01', consent: true },
    });
    const me = await ok(server, 'GET', '/users/@me', { token });
    return { id: me.id, token, username, email };
}

// {id, name, channel (the first text channel), owner}. Joining posts no message in it, unless a test
// that is about that changes system_channel_flags.
export async function guild(server, owner, name = 'The Guild') {
    const made = await ok(server, 'POST', '/guilds', {
        token: owner.token, body: { name, system_channel_flags: 1 },
    });
    const channels = await ok(server, 'GET', `/guilds/${made.id}/channels`, { token: owner.token });
    return {
        id: made.id, name, owner, channels, channel: channels.find((channel) => channel.type === TEXT).id,
    };
}

// {id, application, token (with "Bot "), bare (without), owner}
export async function bot(server, owner, name = freshName('bot')) {
    const application = await ok(server, 'POST', '/applications', {
        token: owner.token, body: { name },
    });
    const { token } = await ok(server, 'POST', `/applications/${application.id}/bot`, {
        token: owner.token, body: {},
    });
    const me = await ok(server, 'GET', '/users/@me', { token: `Bot ${token}` });
    return { id: me.id, application: application.id, token: `Bot ${token}`, bare: token, owner, name };
}

export async function authorize(server, owner, bot, guild, permissions = '0') {
    return ok(server, 'POST', `/oauth2/authorize?client_id=${bot.application}&scope=bot`, {
        token: owner.token, body: { guild_id: guild.id, permissions, authorize: true },
    });
}

export async function invite(server, member, channel, body = {}) {
    return ok(server, 'POST', `/channels/${channel}/invites`, { token: member.token, body });
}

export async function join(server, newcomer, code) {
    return ok(server, 'POST', `/invites/${code}`, { token: newcomer.token, body: {} });
}

export async function post(server, author, channel, content, more = {}) {
    return ok(server, 'POST', `/channels/${channel}/messages`, {
        token: author.token, body: { content, ...more },
    });
}

export async function channel(server, member, guild, body) {
    return ok(server, 'POST', `/guilds/${guild.id}/channels`, {
        token: member.token, body: { name: 'room', type: TEXT, ...body },
    });
}

// A guild with an owner, one more member and a bot in it.
export async function world(server, { permissions = '0' } = {}) {
    const owner = await person(server, freshName('owner'));
    const home = await guild(server, owner);
    const robot = await bot(server, owner);
    await authorize(server, owner, robot, home, permissions);
    const member = await person(server, freshName('member'));
    const { code } = await invite(server, owner, home.channel);
    await join(server, member, code);
    return { owner, guild: home, bot: robot, member };
}
