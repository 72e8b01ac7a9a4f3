// A quota bounds the disk, not only what messages refer to: bytes that nobody refers to stay for an hour, and
// there are ways enough to send such bytes. An account may send twice its quota in an hour.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import test from 'node:test';

import { ok } from '../lib/api.mjs';
import { file, payload, send } from '../lib/forms.mjs';
import { UNLIMITED, useServer } from '../lib/server.mjs';
import { world } from '../lib/world.mjs';

const QUOTA = 1_000_000;
const EACH = 150_000;
const QUOTA_FULL = 400001;
const server = await useServer({ flags: [...UNLIMITED, `--uploads.user_bytes_max=${QUOTA}`] });
const stored = async () => Number((await server.sql('SELECT coalesce(sum(size), 0) FROM blobs')).trim());
const messages = (channel) => `/channels/${channel}/messages`;

const post = (token, channel, body = {}) =>
    send(server, { path: messages(channel), token, parts: [payload(body), file(0, randomBytes(EACH))] });

// How each turn leaves its bytes behind.
const WAYS = {
    'posts that are refused': (token, channel) => post(token, channel, { message_reference: { message_id: '1' } }),
    'messages that are deleted': async (token, channel) => {
        const answer = await post(token, channel);
        if (answer.status === 200)
            await ok(server, 'DELETE', `${messages(channel)}/${answer.body.id}`, { token });
        return answer;
    },
    'a file sent ahead, again and again': async (token, channel) => {
        const body = { files: [{ id: 0, filename: 'a', file_size: EACH }] };
        const { attachments: [ticket] } = await ok(server, 'POST', `/channels/${channel}/attachments`, { token, body });
        const answer = await fetch(ticket.upload_url, { method: 'PUT', body: randomBytes(EACH) });
        await ok(server, 'DELETE', `/attachments/${ticket.upload_filename}`, { token });
        return { status: answer.status, body: answer.status === 200 ? undefined : await answer.json() };
    },
};

for (const [way, turn] of Object.entries(WAYS)) {
    test(`bounded: ${way}; texts go on, and others are not concerned`, async () => {
        const { owner, member, guild } = await world(server);
        const before = await stored();
        let last;
        for (let i = 0; i < 2 * QUOTA / EACH + 3; i += 1)
            last = await turn(owner.token, guild.channel);
        assert.equal(last.status, 403, JSON.stringify(last.body));
        assert.equal(last.body.code, QUOTA_FULL);
        const more = await stored() - before;
        assert.ok(more > QUOTA && more <= 2 * QUOTA, `${more} bytes`);
        await ok(server, 'POST', messages(guild.channel), { token: owner.token, body: { content: 'text' } });
        assert.equal((await post(member.token, guild.channel)).status, 200);
    });
}
