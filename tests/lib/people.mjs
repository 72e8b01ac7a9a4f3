// People among themselves: friends, direct messages, and their sessions.

import { api, assertError, ok } from './api.mjs';
import { Gateway } from './gateway.mjs';

export const DIRECT_INTENTS = 1 << 12 | 1 << 13 | 1 << 14;

export async function befriend(server, one, other) {
    const path = (who) => `/users/@me/relationships/${who.id}`;
    await ok(server, 'PUT', path(other), { token: one.token, body: {} });
    await ok(server, 'PUT', path(one), { token: other.token, body: {} });
}

// The direct message of `who` with `other`, open for `who`.
export const openDm = (server, who, other) => ok(server, 'POST', '/users/@me/channels', {
    token: who.token, body: { recipient_id: other.id },
});

// A group of `who` and these, who are friends of theirs.
export const makeGroup = (server, who, others) => ok(server, 'POST', '/users/@me/channels', {
    token: who.token, body: { recipients: others.map((one) => one.id) },
});

// A request that is to be refused: [status, code].
export async function fails(server, method, path, [status, code], options) {
    const answer = await api(server, method, path, options);
    assertError(answer, status, code);
    return answer;
}

// A session as people's clients have it: without intents they get everything.
// What people's clients say that they read: read states and settings with versions, of all kinds.
export const CAPABILITIES = 1 << 2 | 1 << 3 | 1 << 7;
export const sessionOf = (server, who) => Gateway.session(server, who, {
    identify: { intents: null, capabilities: CAPABILITIES },
});

// The names of the dispatches received since `from`.
export const kinds = (gateway, from = 0) => gateway.received.slice(from)
    .filter((payload) => payload.op === 0).map((payload) => payload.t);
