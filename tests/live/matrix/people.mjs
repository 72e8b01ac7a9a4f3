// How the rows of the matrix (rows.mjs) about people among themselves are asked: none of it is about what one
// may do in a guild, so each makes its own requests.

import { ok } from '../../lib/api.mjs';
import { befriend } from '../../lib/people.mjs';
import { person } from '../../lib/world.mjs';
import { PNG } from './world.mjs';

const BOTS = [403, 20001];

async function friends(w, count = 2) {
    const list = [];
    for (let i = 0; i < count; i += 1)
        list.push(await person(w.server));
    for (const other of list.slice(1))
        await befriend(w.server, list[0], other);
    return list;
}

// A request of a person about themselves: bots are refused, and so is nobody.
export const ownOnly = (method, path, status, body) => ({
    alone: async (w, asks) => {
        await asks(await person(w.server), method, path, status, body);
        await asks(w.robot, method, path, BOTS, body);
        await asks(undefined, method, path, 401, body);
    },
});

// Notification settings: of a guild that they are in, or of direct messages.
export const ofSettings = (method, status, body) => ({
    alone: async (w, asks) => {
        const path = (guild) => `/users/@me/guilds/${guild}/settings`;
        await asks(w.owner, method, path(w.guild.id), status, body);
        await asks(w.stranger, method, path('@me'), status, body);
        await asks(w.stranger, method, path(w.guild.id), [403, 50001], body);
        await asks(w.owner, method, path('1'), [404, 10004], body);
        await asks(w.robot, method, path(w.guild.id), BOTS, body);
        await asks(undefined, method, path(w.guild.id), 401, body);
    },
});

// The same about somebody else.
export const aboutOther = (method, path, status, body) => ({
    alone: async (w, asks) => {
        const [one, other] = await friends(w);
        const about = path.replace('{user_id}', other.id);
        await asks(one, method, about, status, body);
        await asks(w.robot, method, about, BOTS, body);
        await asks(undefined, method, about, 401, body);
    },
});

export const opensDm = {
    alone: async (w, asks) => {
        const other = await person(w.server);
        for (const who of [w.owner, w.stranger, w.robot])
            await asks(who, 'POST', '/users/@me/channels', 200, { recipient_id: other.id });
        await asks(w.owner, 'POST', '/users/@me/channels', [400, 50033], { recipient_id: w.owner.id });
        await asks(undefined, 'POST', '/users/@me/channels', 401, { recipient_id: other.id });
    },
};

export const dmWith = {
    alone: async (w, asks) => {
        const [one, other] = await friends(w);
        const path = `/users/@me/dms/${other.id}`;
        await asks(one, 'GET', path, [404, 10003]);
        await ok(w.server, 'POST', '/users/@me/channels', { token: one.token, body: { recipient_id: other.id } });
        await asks(one, 'GET', path, 200);
        await asks(w.robot, 'GET', path, BOTS);
        await asks(undefined, 'GET', path, 401);
    },
};

async function aGroup(w) {
    const [owner, one, two, outside] = await friends(w, 4);
    const group = await ok(w.server, 'POST', '/users/@me/channels', {
        token: owner.token, body: { recipients: [one.id, two.id] },
    });
    return { owner, one, two, outside, path: (who) => `/channels/${group.id}/recipients/${who.id}` };
}

export const addsRecipient = {
    alone: async (w, asks) => {
        const g = await aGroup(w);
        await asks(g.outside, 'PUT', g.path(g.outside), [403, 50001], {});
        await asks(g.one, 'PUT', g.path(g.outside), [403, 50007], {});
        await asks(g.owner, 'PUT', g.path(g.outside), 204, {});
        await asks(w.owner, 'PUT', `/channels/${w.general}/recipients/${g.one.id}`, [400, 50024], {});
        await asks(w.robot, 'PUT', g.path(g.outside), BOTS, {});
        await asks(undefined, 'PUT', g.path(g.outside), 401, {});
    },
};

export const removesRecipient = {
    alone: async (w, asks) => {
        const g = await aGroup(w);
        await asks(g.outside, 'DELETE', g.path(g.one), [403, 50001]);
        await asks(g.two, 'DELETE', g.path(g.one), [403, 50013]);
        await asks(g.owner, 'DELETE', g.path(g.one), 204);
        await asks(g.two, 'DELETE', g.path(g.two), 204);
        await asks(w.robot, 'DELETE', g.path(g.owner), BOTS);
        await asks(undefined, 'DELETE', g.path(g.owner), 401);
    },
};

export const asksByName = {
    alone: async (w, asks) => {
        const [one, other] = [await person(w.server), await person(w.server)];
        const body = { username: other.username, discriminator: null };
        await asks(one, 'POST', '/users/@me/relationships', 204, body);
        await asks(w.robot, 'POST', '/users/@me/relationships', BOTS, body);
        await asks(undefined, 'POST', '/users/@me/relationships', 401, body);
    },
};

export const notesAbout = {
    alone: async (w, asks) => {
        const [one, other] = [await person(w.server), await person(w.server)];
        const path = `/users/@me/notes/${other.id}`;
        await asks(one, 'GET', path, [404, 10013]);
        await ok(w.server, 'PUT', path, { token: one.token, body: { note: 'met at the market' } });
        await asks(one, 'GET', path, 200);
        await asks(w.robot, 'GET', path, BOTS);
        await asks(undefined, 'GET', path, 401);
    },
};

export const showsProfile = {
    alone: async (w, asks) => {
        const [one, other] = await friends(w);
        await asks(one, 'GET', `/users/${other.id}/profile`, 200);
        await asks(w.stranger, 'GET', `/users/${other.id}/profile`, [403, 50001]);
        await asks(w.robot, 'GET', `/users/${other.id}/profile`, BOTS);
        await asks(undefined, 'GET', `/users/${other.id}/profile`, 401);
    },
};

// The picture of a person, of a group.
export const ownAvatar = async (w) => {
    const one = await person(w.server);
    const { avatar } = await ok(w.server, 'PATCH', '/users/@me', { token: one.token, body: { avatar: PNG } });
    return { params: { user_id: one.id, file: `${avatar}.png` } };
};
export const groupIcon = async (w) => {
    const [owner, one, two] = await friends(w, 3);
    const group = await ok(w.server, 'POST', '/users/@me/channels', {
        token: owner.token, body: { recipients: [one.id, two.id] },
    });
    const { icon } = await ok(w.server, 'PATCH', `/channels/${group.id}`, { token: owner.token, body: { icon: PNG } });
    return { params: { channel_id: group.id, file: `${icon}.png` } };
};
