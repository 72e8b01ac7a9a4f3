// A row for each route: how a request is made that succeeds if the caller may make it, and what the
// route table cannot know. scripts/checks/matrix compares the keys with the table; the build fails
// while they differ. Keys are written out, one a line, because that check reads them.
//
// A row is {request, bits, any, success, status}:
//   request  async (world, actor) => {params, query, body}; made by the owner, fresh for each caller
//   bits     what the caller needs, if it is not what the table says; any: one of them is enough
//   success  what who may do it is answered, if it is not what the table says
//   status   by actor, where it is not the ordinary one: a status, [status, code], or null: success
//   channel  the request is about a channel although the path is not: `request` says which as `channel`
//   also     by name: more rows of the same route, for fields that need other bits
// or {alone}: async (world, asks) => ..., for routes that are not about what one may do in a guild; makes
// its own requests: asks(who, method, path, expected, body).
//
// Actors: owner, administrator, exact (just the bits), less (all but one of them), hidden (all of them, but
// not VIEW_CHANNEL in the channel, if the route is about one), other (of another guild), stranger (of none), banned, nobody (no token), robot (a bot where people are asked for).

import { person, bot as newBot, authorize, freshName } from '../../lib/world.mjs';
import {
    open, everybody, NO_ACCESS, NO_PERMISSION, rule, STAGE_MODERATOR, stage, deletes, ofTarget,
    listed, requests, ofTemplate, ofRule, emoji, anEmoji, sticker, aSticker, sound, aSound, meeting,
    ofMeeting, onboarded, answers, guildImage, roleIcon, ownImage, meetingImage, freshRule, text,
    anAttachment, anUpload,
    THUMB, reacted, pinned, unpinned, poll,
} from './requests.mjs';
import {
    ownOnly, ofSettings, aboutOther, opensDm, dmWith, addsRecipient, removesRecipient, asksByName, notesAbout, showsProfile,
    ownAvatar, groupIcon,
} from './people.mjs';

export const rows = {
    // --- the server ---
    'GET /': open(),
    'GET /healthz': open(),
    'GET /readyz': open(),
    'GET /metrics': open(),
    'GET /gateway': open(),
    'GET /gateway/bot': open(),
    'POST /auth/register': open(async () => ({
        body: { username: `m${Math.random().toString(36).slice(2, 14)}`, password: 'correct horse battery', consent: true },
    })),
    'POST /auth/login': open(async (w) => ({
        body: { login: w.owner.email, password: 'correct horse battery' },
    })),
    'POST /auth/logout': {
        alone: async (w, asks) => {
            const leaver = await person(w.server);
            await asks(leaver, 'POST', '/auth/logout', 204, {});
            await asks(leaver, 'POST', '/auth/logout', 401, {});
            await asks(undefined, 'POST', '/auth/logout', 401, {});
            await asks(w.robot, 'POST', '/auth/logout', [403, 20001], {});
        },
    },

    // --- people ---
    'GET /users/@me': open(),
    'GET /users/@me/guilds': open(),
    'PATCH /users/@me': open(async () => ({ body: { global_name: 'Renamed' } })),
    'PATCH /users/@me/profile': ownOnly('PATCH', '/users/@me/profile', 200, { bio: 'of the matrix' }),
    'GET /users/{user_id}/profile': showsProfile,
    'GET /users/@me/settings': ownOnly('GET', '/users/@me/settings', 200),
    'PATCH /users/@me/settings': ownOnly('PATCH', '/users/@me/settings', 200, { theme: 'light' }),
    'POST /users/@me/channels': opensDm,
    'GET /users/@me/channels': open(),
    'GET /users/@me/dms/{user_id}': dmWith,
    'PUT /channels/{channel_id}/recipients/{user_id}': addsRecipient,
    'DELETE /channels/{channel_id}/recipients/{user_id}': removesRecipient,
    'GET /users/@me/relationships': ownOnly('GET', '/users/@me/relationships', 200),
    'POST /users/@me/relationships': asksByName,
    'DELETE /users/@me/relationships': ownOnly('DELETE', '/users/@me/relationships', 204),
    'POST /users/@me/relationships/bulk': ownOnly('POST', '/users/@me/relationships/bulk', 200, { user_ids: [] }),
    'PUT /users/@me/relationships/{user_id}': aboutOther('PUT', '/users/@me/relationships/{user_id}', 204, { type: 2 }),
    'PATCH /users/@me/relationships/{user_id}': aboutOther('PATCH', '/users/@me/relationships/{user_id}', 204, { nickname: 'pal' }),
    'DELETE /users/@me/relationships/{user_id}': aboutOther('DELETE', '/users/@me/relationships/{user_id}', 204),
    'PUT /users/@me/relationships/{user_id}/ignore': aboutOther('PUT', '/users/@me/relationships/{user_id}/ignore', 204, {}),
    'DELETE /users/@me/relationships/{user_id}/ignore': aboutOther('DELETE', '/users/@me/relationships/{user_id}/ignore', 204),
    'GET /users/{user_id}/relationships': aboutOther('GET', '/users/{user_id}/relationships', 200),
    'GET /users/@me/notes': ownOnly('GET', '/users/@me/notes', 200),
    'GET /users/@me/notes/{user_id}': notesAbout,
    'PUT /users/@me/notes/{user_id}': aboutOther('PUT', '/users/@me/notes/{user_id}', 204, { note: 'met at the market' }),
    'GET /users/{user_id}': open(async (w) => ({ params: { user_id: w.owner.id } })),
    'DELETE /users/@me/guilds/{guild_id}': {
        alone: async (w, asks) => {
            const path = `/users/@me/guilds/${w.guild.id}`;
            await w.targeted();
            await asks(w.target, 'DELETE', path, 204);
            for (const who of [w.target, w.other, w.stranger, w.banned])
                await asks(who, 'DELETE', path, [404, 10004]);
            await asks(w.owner, 'DELETE', path, [400, 50055]);
            await asks(undefined, 'DELETE', path, 401);
        },
    },
    'GET /users/@me/guilds/{guild_id}/member': {},

    // --- guilds ---
    'POST /guilds': open(async () => ({ body: { name: 'made by the matrix' } })),
    'GET /guilds/{guild_id}': {},
    'PATCH /guilds/{guild_id}': { request: async () => ({ body: { name: 'Renamed' } }) },
    'DELETE /guilds/{guild_id}': { alone: (w, asks) => deletes(w, asks, 'DELETE', '') },
    'POST /guilds/{guild_id}/delete': { alone: (w, asks) => deletes(w, asks, 'POST', '/delete') },
    'GET /guilds/{guild_id}/audit-logs': {},
    'GET /guilds/{guild_id}/regions': {},
    'GET /voice/regions': open(),
    'GET /guilds/{guild_id}/permissions/explain': {
        request: async (w) => ({ query: `?user_id=${await w.targeted()}&channel_id=${w.general}` }),
    },
    'PUT /guilds/{guild_id}/incident-actions': {
        request: async () => ({ body: { invites_disabled_until: null, dms_disabled_until: null } }),
    },

    'GET /guilds/{guild_id}/integrations': {},
    'DELETE /guilds/{guild_id}/integrations/{integration_id}': {
        request: async (w) => {
            const doomed = await newBot(w.server, w.owner);
            await authorize(w.server, w.owner, doomed, w.guild);
            const all = await w.as('GET', `${w.here}/integrations`);
            return { params: { integration_id: all.find((each) => each.application.id === doomed.application).id } };
        },
    },

    // --- channels ---
    'GET /guilds/{guild_id}/channels': {},
    'POST /guilds/{guild_id}/channels': { request: async () => ({ body: { name: 'made' } }) },
    'PATCH /guilds/{guild_id}/channels': {
        request: async (w) => ({ body: [{ id: w.general, position: 3 }] }),
    },
    'GET /channels/{channel_id}': {},
    'PATCH /channels/{channel_id}': {
        request: async () => ({ body: { topic: 'edited' } }),
        also: {
            overwrites: {
                bits: ['MANAGE_CHANNELS', 'MANAGE_ROLES'],
                request: async (w) => ({
                    params: { channel_id: await text(w) },
                    body: { permission_overwrites: [{ id: w.low, type: 0, allow: '0', deny: '0' }] },
                }),
            },
        },
    },
    'DELETE /channels/{channel_id}': {
        request: async (w) => ({ params: { channel_id: await text(w) } }),
    },
    'PUT /channels/{channel_id}/permissions/{overwrite_id}': {
        request: async (w) => ({
            params: { channel_id: await text(w), overwrite_id: w.low }, body: { type: 0, allow: '0', deny: '0' },
        }),
    },
    'DELETE /channels/{channel_id}/permissions/{overwrite_id}': {
        request: async (w) => {
            const id = await text(w);
            await w.as('PUT', `/channels/${id}/permissions/${w.low}`, { type: 0, allow: '0', deny: '0' });
            return { params: { channel_id: id, overwrite_id: w.low } };
        },
    },
    'POST /channels/{channel_id}/typing': {},
    'PUT /channels/{channel_id}/voice-status': {
        // Nothing of a voice channel without CONNECT.
        bits: ['SET_VOICE_CHANNEL_STATUS', 'MANAGE_CHANNELS', 'CONNECT'],
        request: async (w) => ({ params: { channel_id: w.voice }, body: { status: 'chess' } }),
    },

    // --- messages ---
    'GET /channels/{channel_id}/messages': {},
    'POST /channels/{channel_id}/messages': { request: async () => ({ body: { content: 'hello' } }) },
    'GET /channels/{channel_id}/messages/{message_id}': {
        request: async (w) => ({ params: { message_id: await w.message() } }),
    },
    'PATCH /channels/{channel_id}/messages/{message_id}': {
        // Somebody else's: its flags alone, with MANAGE_MESSAGES.
        bits: ['MANAGE_MESSAGES'],
        status: { less: [403, 50005] },
        request: async (w) => ({ params: { message_id: await w.message() }, body: { flags: 4 } }),
    },
    'DELETE /channels/{channel_id}/messages/{message_id}': {
        bits: ['MANAGE_MESSAGES'],
        request: async (w) => ({ params: { message_id: await w.message() } }),
    },

    // --- read states ---
    'POST /channels/{channel_id}/messages/{message_id}/ack': {
        request: async (w) => ({ params: { message_id: await w.message() }, body: { token: null } }),
    },
    'DELETE /channels/{channel_id}/messages/ack': {},
    'POST /channels/{channel_id}/pins/ack': { request: async () => ({ body: {} }) },
    'POST /guilds/{guild_id}/ack': { request: async () => ({ body: {} }) },
    'POST /guilds/{guild_id}/ack/{read_state_type}/{entity_id}': {
        request: async () => ({ params: { read_state_type: '1', entity_id: '100' }, body: {} }),
    },
    'POST /users/@me/{read_state_type}/{entity_id}/ack': ownOnly('POST', '/users/@me/2/100/ack', 200, {}),
    'POST /read-states/ack-bulk': ownOnly('POST', '/read-states/ack-bulk', 204, { read_states: [] }),
    'GET /users/@me/mentions': ownOnly('GET', '/users/@me/mentions', 200),
    'DELETE /users/@me/mentions/{message_id}': ownOnly('DELETE', '/users/@me/mentions/100', [404, 10008]),
    'GET /users/@me/guilds/{settings_guild_id}/settings': ofSettings('GET', 200),
    'PATCH /users/@me/guilds/{settings_guild_id}/settings': ofSettings('PATCH', 200, { muted: true }),
    'PATCH /users/@me/guilds/settings': ownOnly('PATCH', '/users/@me/guilds/settings', 200, { guilds: {} }),

    // --- reactions, pins, polls ---
    'PUT /channels/{channel_id}/messages/{message_id}/reactions/{emoji_name}/@me': {
        // The first of a kind.
        bits: ['READ_MESSAGE_HISTORY', 'ADD_REACTIONS'],
        request: async (w) => ({ params: { message_id: await w.message(), emoji_name: THUMB } }),
    },
    'DELETE /channels/{channel_id}/messages/{message_id}/reactions/{emoji_name}/@me': { request: reacted },
    'DELETE /channels/{channel_id}/messages/{message_id}/reactions/{emoji_name}/{reaction_type}/@me': {
        request: reacted,
    },
    'DELETE /channels/{channel_id}/messages/{message_id}/reactions/{emoji_name}/{user_id}': { request: reacted },
    'DELETE /channels/{channel_id}/messages/{message_id}/reactions/{emoji_name}/{reaction_type}/{user_id}': {
        request: reacted,
    },
    'GET /channels/{channel_id}/messages/{message_id}/reactions/{emoji_name}': { request: reacted },
    'DELETE /channels/{channel_id}/messages/{message_id}/reactions/{emoji_name}': { request: reacted },
    'DELETE /channels/{channel_id}/messages/{message_id}/reactions': { request: reacted },
    'GET /channels/{channel_id}/messages/pins': {},
    'PUT /channels/{channel_id}/messages/pins/{message_id}': { request: unpinned },
    'DELETE /channels/{channel_id}/messages/pins/{message_id}': { request: pinned },
    'GET /channels/{channel_id}/pins': {},
    'PUT /channels/{channel_id}/pins/{message_id}': { request: unpinned },
    'DELETE /channels/{channel_id}/pins/{message_id}': { request: pinned },
    'GET /channels/{channel_id}/polls/{message_id}/answers/{answer_id}': {
        request: async (w) => ({ params: { message_id: await poll(w), answer_id: 1 } }),
    },
    'PUT /channels/{channel_id}/polls/{message_id}/answers/@me': {
        request: async (w) => ({ params: { message_id: await poll(w) }, body: { answer_ids: [1] } }),
    },
    'POST /channels/{channel_id}/polls/{message_id}/expire': {
        // Nobody's but the author's.
        status: { administrator: [403, 50005], exact: [403, 50005], less: [403, 50005] },
        request: async (w) => ({ params: { message_id: await poll(w) } }),
    },
    'POST /channels/{channel_id}/messages/bulk-delete': {
        request: async (w) => ({ body: { messages: [await w.message(), await w.message()] } }),
    },
    'POST /channels/{channel_id}/messages/{message_id}/crosspost': {
        bits: ['SEND_MESSAGES', 'MANAGE_MESSAGES'],
        request: async (w) => {
            const channel = await w.channel({ name: 'news', type: 5 });
            return { params: { channel_id: channel, message_id: await w.message(channel) } };
        },
    },

    // --- search ---
    'GET /guilds/{guild_id}/messages/search': { request: async () => ({ query: '?content=hello' }) },
    'GET /channels/{channel_id}/messages/search': { request: async () => ({ query: '?content=hello' }) },
    'GET /guilds/{guild_id}/retention': {},
    'PUT /guilds/{guild_id}/retention': { request: async () => ({ body: { keep_seconds: 86400 } }) },
    'PUT /guilds/{guild_id}/retention/{channel_id}': { request: async () => ({ body: { keep_seconds: null } }) },
    'DELETE /guilds/{guild_id}/retention/{channel_id}': {},

    // --- stages and voice ---
    'POST /stage-instances': {
        bits: STAGE_MODERATOR,
        channel: true,
        request: async (w) => {
            const channel = await w.channel({ name: 'stage', type: 13 });
            return { body: { channel_id: channel, topic: 'talk' }, channel };
        },
    },
    'GET /stage-instances/{channel_id}': { request: stage() },
    'PATCH /stage-instances/{channel_id}': { bits: STAGE_MODERATOR, request: stage({ topic: 'other' }) },
    'DELETE /stage-instances/{channel_id}': { bits: STAGE_MODERATOR, request: stage() },
    // Nobody of the matrix is connected: those who may ask are told just that.
    'GET /guilds/{guild_id}/voice-states/@me': { success: [404, 10065] },
    'PATCH /guilds/{guild_id}/voice-states/@me': { request: async () => ({ body: { suppress: true } }), success: [404, 10065] },
    'GET /guilds/{guild_id}/voice-states/{user_id}': { success: [404, 10065] },
    'PATCH /guilds/{guild_id}/voice-states/{user_id}': { request: async () => ({ body: { suppress: true } }), success: [404, 10065] },

    // --- roles ---
    'GET /guilds/{guild_id}/roles': {},
    'GET /guilds/{guild_id}/roles/member-counts': {},
    'GET /guilds/{guild_id}/roles/{role_id}': {},
    'POST /guilds/{guild_id}/roles': { request: async () => ({ body: { name: 'made' } }) },
    'PATCH /guilds/{guild_id}/roles': {
        request: async (w) => ({ body: [{ id: w.low, position: 1 }] }),
    },
    'PATCH /guilds/{guild_id}/roles/{role_id}': { request: async () => ({ body: { name: 'renamed' } }) },
    'DELETE /guilds/{guild_id}/roles/{role_id}': {
        request: async (w) => ({ params: { role_id: await w.role('doomed') } }),
    },

    // --- members ---
    'GET /guilds/{guild_id}/members': {},
    'GET /guilds/{guild_id}/members/search': { request: async () => ({ query: '?query=a' }) },
    'GET /guilds/{guild_id}/members/{user_id}': {
        request: async (w) => ({ params: { user_id: await w.targeted() } }),
    },
    'PATCH /guilds/{guild_id}/members/@me': {
        request: async () => ({ body: { avatar: null } }),
        also: { nick: {
            bits: ['CHANGE_NICKNAME', 'MANAGE_NICKNAMES'],
            any: true,
            request: async (w, actor) => ({ body: { nick: actor } }),
        } },
    },
    'PATCH /guilds/{guild_id}/members/@me/nick': { request: async () => ({ body: { nick: 'me' } }) },
    'PATCH /guilds/{guild_id}/members/{user_id}': {
        bits: ['MANAGE_NICKNAMES'],
        request: async (w) => ({ params: { user_id: await w.targeted() }, body: { nick: 'you' } }),
        also: {
            roles: ofTarget(['MANAGE_ROLES'], async (w) => ({ roles: [w.low] })),
            'time-out': ofTarget(['MODERATE_MEMBERS'], async () => ({
                communication_disabled_until: new Date(Date.now() + 60e3).toISOString(),
            })),
            mute: ofTarget(['MUTE_MEMBERS'], async () => ({ mute: true })),
            deafen: ofTarget(['DEAFEN_MEMBERS'], async () => ({ deaf: true })),
            // The target is in no voice channel: those who may are told just that.
            move: { ...ofTarget(['MOVE_MEMBERS'], async (w) => ({ channel_id: w.voice })), success: [400, 40032] },
        },
    },
    'DELETE /guilds/{guild_id}/members/{user_id}': {
        request: async (w) => ({ params: { user_id: await w.targeted() } }),
    },
    'PUT /guilds/{guild_id}/members/{user_id}/roles/{role_id}': {
        request: async (w) => ({ params: { user_id: await w.targeted(), role_id: w.low } }),
    },
    'DELETE /guilds/{guild_id}/members/{user_id}/roles/{role_id}': {
        request: async (w) => {
            await w.targeted();
            await w.give(w.target, w.low);
            return { params: { user_id: w.target.id, role_id: w.low } };
        },
    },
    'PUT /guilds/{guild_id}/members/{user_id}': {
        alone: async (w, asks) => {
            const path = (who) => `${w.here}/members/${who.id}`;
            const newcomer = await person(w.server);
            const body = { access_token: newcomer.token };
            const weak = await newBot(w.server, w.owner);
            await authorize(w.server, w.owner, weak, w.guild, '0');
            const outside = await newBot(w.server, w.other);
            await asks(weak, 'PUT', path(newcomer), NO_PERMISSION, body);
            await asks(outside, 'PUT', path(newcomer), NO_ACCESS, body);
            await asks(w.owner, 'PUT', path(newcomer), [403, 20002], body);
            await asks(undefined, 'PUT', path(newcomer), 401, body);
            await asks(w.robot, 'PUT', path(w.banned), [403, 40007], { access_token: w.banned.token });
            await asks(w.robot, 'PUT', path(newcomer), 201, body);
            await asks(w.robot, 'PUT', path(newcomer), 204, body);
        },
    },

    // --- moderation ---
    'GET /guilds/{guild_id}/bans': {},
    'GET /guilds/{guild_id}/bans/{user_id}': { request: async (w) => ({ params: { user_id: w.banned.id } }) },
    'PUT /guilds/{guild_id}/bans/{user_id}': {
        request: async (w) => ({ params: { user_id: await w.targeted() }, body: {} }),
    },
    'DELETE /guilds/{guild_id}/bans/{user_id}': {
        request: async (w) => {
            await w.targeted();
            await w.as('PUT', `${w.here}/bans/${w.target.id}`, {});
            return { params: { user_id: w.target.id } };
        },
    },
    'POST /guilds/{guild_id}/bulk-ban': {
        request: async (w) => ({ body: { user_ids: [await w.targeted()] } }),
    },
    'GET /guilds/{guild_id}/address-bans': {},
    // Everybody here comes from one address, so that each ban is lifted at once.
    'POST /guilds/{guild_id}/address-bans': {
        request: async (w) => {
            const user_id = await w.targeted();
            await w.unbanAddresses();
            return { body: { user_id } };
        },
    },
    'DELETE /guilds/{guild_id}/address-bans/{user_id}': {
        request: async (w) => {
            const user_id = await w.targeted();
            await w.as('POST', `${w.here}/address-bans`, { user_id });
            return { params: { user_id } };
        },
    },
    'GET /guilds/{guild_id}/prune': { request: async () => ({ query: '?days=30' }) },
    'POST /guilds/{guild_id}/prune': { request: async () => ({ body: { days: 30 } }) },

    // --- AutoMod ---
    'GET /guilds/{guild_id}/auto-moderation/rules': {},
    'POST /guilds/{guild_id}/auto-moderation/rules': {
        request: async (w) => {
            await freshRule(w);
            return { body: rule };
        },
        also: {
            'time-out': {
                bits: ['MANAGE_GUILD', 'MODERATE_MEMBERS'],
                request: async (w) => {
                    await freshRule(w);
                    return { body: { ...rule, actions: [{ type: 3, metadata: { duration_seconds: 60 } }] } };
                },
            },
        },
    },
    'GET /guilds/{guild_id}/auto-moderation/rules/{rule_id}': { request: ofRule() },
    'PATCH /guilds/{guild_id}/auto-moderation/rules/{rule_id}': { request: ofRule({ name: 'renamed' }) },
    'DELETE /guilds/{guild_id}/auto-moderation/rules/{rule_id}': { request: ofRule() },

    // --- invites ---
    'POST /channels/{channel_id}/invites': { request: async () => ({ body: { unique: true } }) },
    'GET /channels/{channel_id}/invites': {},
    'GET /guilds/{guild_id}/invites': {},
    'GET /invites/{code}': open(async (w) => ({ params: { code: w.way.code } })),
    'POST /invites/{code}': {
        alone: async (w, asks) => {
            const path = `/invites/${w.way.code}`;
            const newcomer = await person(w.server);
            for (const who of [newcomer, newcomer, w.owner])
                await asks(who, 'POST', path, 200, {});
            await asks(w.banned, 'POST', path, [403, 40007], {});
            await asks(w.robot, 'POST', path, [403, 20001], {});
            await asks(undefined, 'POST', path, 401, {});
        },
    },
    'DELETE /invites/{code}': {
        bits: ['MANAGE_GUILD', 'MANAGE_CHANNELS'],
        any: true,
        request: async (w) => ({
            params: { code: (await w.as('POST', `/channels/${w.general}/invites`, { unique: true })).code },
        }),
    },
    'GET /guilds/{guild_id}/vanity-url': {},
    'PATCH /guilds/{guild_id}/vanity-url': { request: async () => ({ body: { code: 'the-matrix' } }) },

    // --- the directory, and asking to join ---
    'GET /discoverable-guilds': open(),
    'PATCH /guilds/{guild_id}/directory': { request: async () => ({ body: { listed: false } }) },
    'PUT /guilds/{guild_id}/members/@me': {
        alone: async (w, asks) => {
            const newcomer = await person(w.server);
            await asks(newcomer, 'PUT', `${w.here}/members/@me`, [404, 10004], {});
            await asks(undefined, 'PUT', `${w.here}/members/@me`, 401, {});
            await asks(w.robot, 'PUT', `${w.here}/members/@me`, [403, 20001], {});
            await listed(w, 1, async () => {
                await asks(newcomer, 'PUT', `${w.here}/members/@me`, 200, {});
                await asks(w.banned, 'PUT', `${w.here}/members/@me`, [403, 40007], {});
            });
        },
    },
    'GET /guilds/{guild_id}/preview': {
        alone: async (w, asks) => {
            await w.targeted();
            for (const who of [w.owner, w.administrator, w.target])
                await asks(who, 'GET', `${w.here}/preview`, 200);
            for (const who of [w.other, w.stranger, w.banned])
                await asks(who, 'GET', `${w.here}/preview`, [404, 10004]);
            await listed(w, 1, () => asks(w.stranger, 'GET', `${w.here}/preview`, 200));
        },
    },
    'GET /guilds/{guild_id}/requests': {},
    'GET /guilds/{guild_id}/requests/@me': { alone: requests },
    'GET /guilds/{guild_id}/requests/@me/cooldown': { alone: requests },
    'PUT /guilds/{guild_id}/requests/@me': { alone: requests },
    'DELETE /guilds/{guild_id}/requests/@me': { alone: requests },
    'PATCH /guilds/{guild_id}/requests/{request_id}': {
        request: async (w) => {
            const asking = await person(w.server);
            let made;
            await listed(w, 2, async () => {
                made = await w.ok(asking, 'PUT', `${w.here}/requests/@me`, { form_fields: [] });
            });
            return { params: { request_id: made.id }, body: { action: 'REJECTED' } };
        },
    },
    'GET /guilds/{guild_id}/member-verification': {
        alone: async (w, asks) => {
            for (const who of [w.other, w.stranger, w.banned])
                await asks(who, 'GET', `${w.here}/member-verification`, [404, 10004]);
            await w.as('PATCH', `${w.here}/member-verification`, { description: 'be kind' });
            await asks(w.owner, 'GET', `${w.here}/member-verification`, 200);
        },
    },
    'PATCH /guilds/{guild_id}/member-verification': {
        request: async () => ({ body: { enabled: false, description: 'matrix' } }),
    },

    // --- what new members see ---
    'GET /guilds/{guild_id}/welcome-screen': {
        request: async (w) => {
            await w.as('PATCH', `${w.here}/welcome-screen`, { enabled: true, welcome_channels: [], description: 'hello' });
            return {};
        },
    },
    'PATCH /guilds/{guild_id}/welcome-screen': { request: async () => ({ body: { description: 'hello' } }) },
    'GET /guilds/{guild_id}/new-member-welcome': { success: 204 },
    'PUT /guilds/{guild_id}/new-member-welcome': {
        request: async () => ({ body: { enabled: false, new_member_actions: [], resource_channels: [] } }),
    },
    'GET /guilds/{guild_id}/onboarding': { request: async (w) => onboarded(w) },
    'PUT /guilds/{guild_id}/onboarding': {
        request: async () => ({ body: { prompts: [], default_channel_ids: [], enabled: false, mode: 0 } }),
    },
    'POST /guilds/{guild_id}/onboarding-responses': {
        success: 204,
        request: async (w) => onboarded(w, answers),
    },
    'PUT /guilds/{guild_id}/onboarding-responses': {
        success: 204,
        request: async (w) => onboarded(w, answers),
    },
    'GET /guilds/{guild_id}/widget': {},
    'PATCH /guilds/{guild_id}/widget': { request: async () => ({ body: { enabled: false } }) },
    'GET /guilds/{guild_id}/widget.json': {
        alone: async (w, asks) => {
            await w.as('PATCH', `${w.here}/widget`, { enabled: false });
            await asks(undefined, 'GET', `${w.here}/widget.json`, [403, 50004]);
            await w.as('PATCH', `${w.here}/widget`, { enabled: true });
            await asks(undefined, 'GET', `${w.here}/widget.json`, 200);
            await w.as('PATCH', `${w.here}/widget`, { enabled: false });
        },
    },
    'GET /guilds/{guild_id}/widget.png': {
        alone: async (w, asks) => {
            await asks(undefined, 'GET', `${w.here}/widget.png`, [403, 50004]);
            await w.as('PATCH', `${w.here}/widget`, { enabled: true });
            await asks(undefined, 'GET', `${w.here}/widget.png`, 200);
            await w.as('PATCH', `${w.here}/widget`, { enabled: false });
        },
    },

    // --- templates ---
    'GET /guilds/{guild_id}/templates': {},
    'POST /guilds/{guild_id}/templates': {
        request: async (w) => {
            await w.noTemplate();
            return { body: { name: 'made' } };
        },
    },
    'PUT /guilds/{guild_id}/templates/{code}': { request: ofTemplate() },
    'PATCH /guilds/{guild_id}/templates/{code}': { request: ofTemplate({ name: 'renamed' }) },
    'DELETE /guilds/{guild_id}/templates/{code}': { request: ofTemplate() },
    'GET /guilds/templates/{code}': open(ofTemplate()),
    'POST /guilds/templates/{code}': open(ofTemplate({ name: 'made of a template' })),

    // --- emojis, stickers, sounds: others' need MANAGE, one's own CREATE ---
    'GET /guilds/{guild_id}/emojis': {},
    'POST /guilds/{guild_id}/emojis': { request: async () => ({ body: emoji() }) },
    'GET /guilds/{guild_id}/emojis/{emoji_id}': { request: async (w) => ({ params: { emoji_id: await anEmoji(w) } }) },
    'PATCH /guilds/{guild_id}/emojis/{emoji_id}': {
        bits: ['MANAGE_GUILD_EXPRESSIONS'],
        request: async (w) => ({ params: { emoji_id: await anEmoji(w) }, body: { name: 'renamed' } }),
    },
    'DELETE /guilds/{guild_id}/emojis/{emoji_id}': {
        bits: ['MANAGE_GUILD_EXPRESSIONS'],
        request: async (w) => ({ params: { emoji_id: (await w.as('POST', `${w.here}/emojis`, emoji())).id } }),
    },
    'GET /guilds/{guild_id}/stickers': {},
    'POST /guilds/{guild_id}/stickers': { request: async () => ({ form: sticker() }) },
    'GET /guilds/{guild_id}/stickers/{sticker_id}': {
        request: async (w) => ({ params: { sticker_id: await aSticker(w) } }),
    },
    'PATCH /guilds/{guild_id}/stickers/{sticker_id}': {
        bits: ['MANAGE_GUILD_EXPRESSIONS'],
        request: async (w) => ({ params: { sticker_id: await aSticker(w) }, body: { name: 'renamed' } }),
    },
    'DELETE /guilds/{guild_id}/stickers/{sticker_id}': {
        bits: ['MANAGE_GUILD_EXPRESSIONS'],
        request: async (w) => ({ params: { sticker_id: (await w.form('POST', `${w.here}/stickers`, sticker())).id } }),
    },
    'GET /stickers/{sticker_id}': open(async (w) => ({ params: { sticker_id: await aSticker(w) } })),
    'GET /sticker-packs': open(),
    'GET /sticker-packs/{pack_id}': open(async () => ({ params: { pack_id: '1' } }), {
        success: [404, 10061],
    }),
    'GET /guilds/{guild_id}/soundboard-sounds': {},
    'POST /guilds/{guild_id}/soundboard-sounds': { request: async () => ({ body: sound }) },
    'GET /guilds/{guild_id}/soundboard-sounds/{sound_id}': {
        request: async (w) => ({ params: { sound_id: await aSound(w) } }),
    },
    'PATCH /guilds/{guild_id}/soundboard-sounds/{sound_id}': {
        bits: ['MANAGE_GUILD_EXPRESSIONS'],
        request: async (w) => ({ params: { sound_id: await aSound(w) }, body: { name: 'renamed' } }),
    },
    'DELETE /guilds/{guild_id}/soundboard-sounds/{sound_id}': {
        bits: ['MANAGE_GUILD_EXPRESSIONS'],
        request: async (w) => ({
            params: { sound_id: (await w.as('POST', `${w.here}/soundboard-sounds`, sound)).sound_id },
        }),
    },
    'GET /soundboard-default-sounds': open(),

    // --- scheduled events: of others with MANAGE_EVENTS, one's own with CREATE_EVENTS ---
    'GET /guilds/{guild_id}/scheduled-events': {},
    'POST /guilds/{guild_id}/scheduled-events': {
        bits: ['CREATE_EVENTS'],
        request: async () => ({ body: meeting() }),
    },
    'GET /guilds/{guild_id}/scheduled-events/{guild_scheduled_event_id}': { request: ofMeeting() },
    'PATCH /guilds/{guild_id}/scheduled-events/{guild_scheduled_event_id}': {
        bits: ['MANAGE_EVENTS'],
        request: ofMeeting({ name: 'renamed' }),
    },
    'DELETE /guilds/{guild_id}/scheduled-events/{guild_scheduled_event_id}': {
        bits: ['MANAGE_EVENTS'],
        request: ofMeeting(),
    },
    'GET /guilds/{guild_id}/scheduled-events/{guild_scheduled_event_id}/users': { request: ofMeeting() },
    'GET /guilds/{guild_id}/scheduled-events/{guild_scheduled_event_id}/users/counts': { request: ofMeeting() },
    'PUT /guilds/{guild_id}/scheduled-events/{guild_scheduled_event_id}/users/@me': { request: ofMeeting() },
    'DELETE /guilds/{guild_id}/scheduled-events/{guild_scheduled_event_id}/users/@me': {
        request: async (w, actor) => {
            const made = await ofMeeting()(w);
            await w.follow(actor, made.params.guild_scheduled_event_id);
            return made;
        },
    },

    // --- images: for everybody who knows the name ---
    'GET /icons/{guild_id}/{file}': open(guildImage('icon')),
    'GET /cdn/icons/{guild_id}/{file}': open(guildImage('icon')),
    'GET /banners/{guild_id}/{file}': open(guildImage('banner')),
    'GET /cdn/banners/{guild_id}/{file}': open(guildImage('banner')),
    'GET /splashes/{guild_id}/{file}': open(guildImage('splash')),
    'GET /cdn/splashes/{guild_id}/{file}': open(guildImage('splash')),
    'GET /discovery-splashes/{guild_id}/{file}': open(guildImage('discovery_splash')),
    'GET /cdn/discovery-splashes/{guild_id}/{file}': open(guildImage('discovery_splash')),
    'GET /home-headers/{guild_id}/{file}': open(guildImage('home_header')),
    'GET /cdn/home-headers/{guild_id}/{file}': open(guildImage('home_header')),
    'GET /avatars/{user_id}/{file}': open(ownAvatar),
    'GET /cdn/avatars/{user_id}/{file}': open(ownAvatar),
    'GET /channel-icons/{channel_id}/{file}': open(groupIcon),
    'GET /cdn/channel-icons/{channel_id}/{file}': open(groupIcon),
    'GET /channels/{channel_id}/icons/{file}': open(groupIcon),
    'GET /cdn/channels/{channel_id}/icons/{file}': open(groupIcon),
    'GET /role-icons/{role_id}/{file}': open(roleIcon),
    'GET /cdn/role-icons/{role_id}/{file}': open(roleIcon),
    'GET /roles/{role_id}/icons/{file}': open(roleIcon),
    'GET /cdn/roles/{role_id}/icons/{file}': open(roleIcon),
    'GET /guild-events/{event_id}/{file}': open(meetingImage),
    'GET /cdn/guild-events/{event_id}/{file}': open(meetingImage),
    'GET /guilds/{guild_id}/users/{user_id}/avatars/{file}': open(ownImage('avatar')),
    'GET /cdn/guilds/{guild_id}/users/{user_id}/avatars/{file}': open(ownImage('avatar')),
    'GET /guilds/{guild_id}/users/{user_id}/banners/{file}': open(ownImage('banner')),
    'GET /cdn/guilds/{guild_id}/users/{user_id}/banners/{file}': open(ownImage('banner')),
    'GET /emojis/{file}': open(async (w) => ({ params: { file: `${await anEmoji(w)}.png` } })),
    'GET /cdn/emojis/{file}': open(async (w) => ({ params: { file: `${await anEmoji(w)}.png` } })),
    'GET /stickers/{file}': open(async (w) => ({ params: { file: `${await aSticker(w)}.png` } })),
    'GET /cdn/stickers/{file}': open(async (w) => ({ params: { file: `${await aSticker(w)}.png` } })),
    'GET /soundboard-sounds/{file}': open(async (w) => ({ params: { file: await aSound(w) } })),
    'GET /cdn/soundboard-sounds/{file}': open(async (w) => ({ params: { file: await aSound(w) } })),
    'GET /embed/avatars/{file}': open(async () => ({ params: { file: '0.png' } })),
    'GET /cdn/embed/avatars/{file}': open(async () => ({ params: { file: '0.png' } })),

    // --- files of messages ---
    'POST /channels/{channel_id}/attachments': {
        request: async () => ({ body: { files: [{ id: '1', filename: 'a.txt', file_size: 5 }] } }),
    },
    'PUT /uploads/{token}': {
        request: async (w) => {
            const { attachments: [ticket] } = await w.as('POST', `/channels/${w.general}/attachments`, {
                files: [{ id: '0', filename: 'a.txt', file_size: 5 }],
            });
            return { params: { token: ticket.upload_filename }, form: 'hello' };
        },
    },
    'DELETE /attachments/{upload_filename}': {
        alone: async (w, asks) => {
            const path = `/attachments/${await anUpload(w)}`;
            await asks(undefined, 'DELETE', path, 401);
            for (const who of [w.administrator, w.other, w.robot])
                await asks(who, 'DELETE', path, [400, 50146]);
            await asks(w.owner, 'DELETE', path, 204);
            await asks(w.owner, 'DELETE', path, [400, 50146]);
        },
    },
    'POST /attachments/refresh-urls': open(async () => ({ body: { attachment_urls: ['https://example.org/x'] } })),
    'GET /attachments/{channel_id}/{attachment_id}/{filename}': open(anAttachment),
    'GET /cdn/attachments/{channel_id}/{attachment_id}/{filename}': open(anAttachment),
    'GET /media/attachments/{channel_id}/{attachment_id}/{filename}': open(anAttachment),

    // --- applications ---
    'POST /applications': open(async () => ({ body: { name: 'made' } })),
    'GET /applications/@me': open(),
    'GET /oauth2/applications/@me': open(),
    'GET /applications/{application_id}': {
        alone: async (w, asks) => {
            await asks(w.owner, 'GET', `/applications/${w.robot.application}`, 200);
            await asks(w.stranger, 'GET', `/applications/${w.robot.application}`, [403, 20012]);
        },
    },
    'POST /applications/{application_id}/bot': {
        alone: async (w, asks) => {
            const mine = await newBot(w.server, w.owner);
            await asks(w.stranger, 'POST', `/applications/${mine.application}/bot`, [403, 20012], {});
            await asks(undefined, 'POST', `/applications/${mine.application}/bot`, 401, {});
            await asks(w.owner, 'POST', `/applications/${mine.application}/bot`, 200, {});
        },
    },
    'POST /oauth2/authorize': {
        bits: ['MANAGE_GUILD'],
        request: async (w) => {
            const fresh = await newBot(w.server, w.owner, freshName('b'));
            return {
                query: `?client_id=${fresh.application}&scope=bot`,
                body: { guild_id: w.guild.id, permissions: '0', authorize: true },
            };
        },
    },
};
