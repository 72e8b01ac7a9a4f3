// The largest page that people can make comes whole: a hundred replies of as much text as a message
// takes, in characters of four bytes, each with the message replied to.

import assert from 'node:assert/strict';
import test from 'node:test';

import { api, ok } from '../lib/api.mjs';
import { Server, UNLIMITED, useServer } from '../lib/server.mjs';
import { guild, person } from '../lib/world.mjs';

const PAGE = 100;
const WIDE = '𝄞';
const server = await useServer();
const owner = await person(server);
const home = await guild(server, owner);

function longest(reference) {
    return {
        content: WIDE.repeat(2000), embeds: [{ description: WIDE.repeat(4096) }, { description: WIDE.repeat(1904) }],
        ...reference && { message_reference: { message_id: reference } },
    };
}

test('a hundred of the longest messages, and what they reply to', async () => {
    const path = `/channels/${home.channel}/messages`;
    let last;
    for (let i = 0; i <= PAGE; i += 1)
        last = (await ok(server, 'POST', path, { token: owner.token, body: longest(last) })).id;
    const page = await ok(server, 'GET', `${path}?limit=${PAGE}`, { token: owner.token });
    assert.equal(page.length, PAGE);
    assert.equal(page[0].id, last);
    for (const message of page) {
        assert.equal([...message.content].length, 2000);
        assert.equal([...message.referenced_message.embeds[0].description].length, 4096);
    }
});

test('beyond the memory for requests the answer is 503, and others are served', async () => {
    const small = await Server.start({ flags: [...UNLIMITED, '--http.request_bytes_total=2097152'] });
    const who = await person(small);
    const where = await guild(small, who);
    const path = `/channels/${where.channel}/messages`;
    for (let i = 0; i < PAGE; i += 1)
        await ok(small, 'POST', path, { token: who.token, body: longest() });
    const refused = await api(small, 'GET', `${path}?limit=${PAGE}`, { token: who.token });
    assert.equal(refused.status, 503);
    assert.equal((await ok(small, 'GET', `${path}?limit=10`, { token: who.token })).length, 10);
    await small.stop();
});
