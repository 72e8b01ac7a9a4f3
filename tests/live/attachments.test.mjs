// Files of messages: sent with a form, found out to be what they are, named safely, kept and replaced,
// counted, served at addresses that are signed and expire.

import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import test from 'node:test';

import { api, assertError, formCodes, ok } from '../lib/api.mjs';
import { POSTGRES } from '../lib/database.mjs';
import { file, form, FORM_TYPE, payload, send } from '../lib/forms.mjs';
import { Gateway } from '../lib/gateway.mjs';
import { gif, png } from '../lib/media.mjs';
import { UNLIMITED, useServer } from '../lib/server.mjs';
import { until } from '../lib/wait.mjs';
import { freshName, guild as newGuild, person, world } from '../lib/world.mjs';

const MB = 1024 * 1024;
const server = await useServer();
const place = await world(server, { permissions: '8' });
const { owner, member, guild } = place;
const path = `/channels/${guild.channel}/messages`;

async function answered(parts, { token = member.token, method = 'POST', to = path, at = server } = {}) {
    return api(at, method, to, { token, raw: form(parts), headers: { 'content-type': FORM_TYPE } });
}

async function posted(parts, options) {
    const answer = await answered(parts, options);
    assert.equal(answer.status, 200, answer.text);
    return answer.body;
}

// Without Authorization, as a browser asks.
const get = (url, headers = {}, method = 'GET') => fetch(url, { method, headers, redirect: 'manual' });

async function bytesOf(url) {
    const answer = await get(url);
    assert.equal(answer.status, 200, url);
    return Buffer.from(await answer.arrayBuffer());
}

test('a form with a message and two files', async () => {
    const picture = png({ width: 20, height: 10 });
    const message = await posted([
        payload({ content: 'look', attachments: [{ id: '1', description: 'a text' }, { id: 0, title: 'A picture' }] }),
        file(0, picture, 'p.png'), file(1, 'hello', 'notes.txt'),
    ]);
    assert.equal(message.content, 'look');
    assert.equal(message.attachments.length, 2);
    const text = message.attachments.find((one) => one.filename === 'notes.txt');
    const image = message.attachments.find((one) => one.filename === 'p.png');
    assert.equal(text.description, 'a text');
    assert.equal(text.size, 5);
    assert.equal(text.content_type, 'text/plain; charset=utf-8');
    assert.ok(!('width' in text) && !('title' in text) && !('duration_secs' in text));
    assert.equal(image.title, 'A picture');
    assert.equal(image.content_type, 'image/png');
    assert.deepEqual([image.width, image.height], [20, 10]);
    assert.ok((await bytesOf(image.url)).equals(picture));
    assert.equal((await bytesOf(text.url)).toString(), 'hello');
    assert.ok((await bytesOf(image.proxy_url)).length > 0);
    assert.match(image.url, /\/attachments\/\d+\/\d+\/p\.png\?ex=[0-9a-f]+&is=[0-9a-f]+&hm=[0-9a-f]{64}&$/);
    const read = await ok(server, 'GET', `${path}/${message.id}`, { token: owner.token });
    assert.deepEqual(read.attachments, message.attachments);
});

test('the gateway tells of them', async () => {
    const client = await Gateway.session(server, place.bot);
    const message = await posted([payload({ content: 'told' }), file(0, 'abc', 'a.txt')]);
    const told = await client.event('MESSAGE_CREATE', (event) => event.id === message.id);
    assert.deepEqual(told.d.attachments, message.attachments);
    await client.end();
});

test('files alone are a message; old names of parts', async () => {
    const message = await posted([{ name: 'file', filename: 'old.txt', bytes: 'abc' }]);
    assert.equal(message.content, '');
    assert.equal(message.attachments[0].filename, 'old.txt');
    const loose = await posted([
        { name: 'content', bytes: 'loose' }, { name: 'file0', filename: 'zero.txt', bytes: 'z' },
    ]);
    assert.equal(loose.content, 'loose');
    assert.equal(loose.attachments[0].filename, 'zero.txt');
});

test('entries and files that do not belong together', async () => {
    const nobody = await answered([payload({ content: 'x', attachments: [{ id: 5, filename: 'a' }] }), file(0, 'a')]);
    assert.equal(nobody.status, 400, nobody.text);
    assert.equal(nobody.body.code, 50035);
    const twice = await answered([
        payload({ content: 'x', attachments: [{ id: 0 }, { id: 0 }] }), file(0, 'a'),
    ]);
    assert.equal(twice.body.code, 50035, twice.text);
    const json = await api(server, 'POST', path, { token: member.token, body: { content: 'x', attachments: [{ id: 1 }] } });
    assert.equal(json.body.code, 50035, json.text);
    const nameless = await answered([payload({ content: 'x' }), { filename: 'a.txt', bytes: 'a' }]);
    assert.equal(nameless.status, 400, nameless.text);
});

test('eleven files', async () => {
    const parts = Array.from({ length: 11 }, (_, n) => file(n, `${n}`, `${n}.txt`));
    const answer = await send(server, { path, token: member.token, parts });
    assert.equal(answer.status, 400, answer.text);
    assert.equal(answer.body.code, 30015);
    const message = await posted(parts.slice(1).map((part, n) => ({ ...part, name: `files[${n}]` })));
    assert.equal(message.attachments.length, 10);
});

test('names with paths in them, and worse', async () => {
    const names = [
        ['../../etc/passwd', 'passwd'], ['C:\\temp\\a.txt', 'a.txt'], ['a b.txt', 'a_b.txt'], ['..', 'unknown'],
        ['\u202Egnp.exe', 'gnp.exe'], ['gr\u00fc\u00dfe.txt', 'gr\u00fc\u00dfe.txt'], [`${'x'.repeat(400)}.png`, `${'x'.repeat(251)}.png`],
    ];
    for (const [sent, kept] of names) {
        const { attachments: [one] } = await posted([
            payload({ attachments: [{ id: 0, filename: sent }] }), file(0, 'hello', 'ignored'),
        ]);
        assert.equal(one.filename, kept);
        assert.equal((await bytesOf(one.url)).toString(), 'hello');
    }
    const { attachments: [spoiler] } = await posted([
        payload({ attachments: [{ id: 0, is_spoiler: true }] }), file(0, 'hello', 'end.txt'),
    ]);
    assert.equal(spoiler.filename, 'SPOILER_end.txt');
    assert.equal(spoiler.flags & 8, 8);
});

test('what a browser is told', async () => {
    const files = [
        ['evil.html', '<html><script>alert(document.cookie)</script></html>', 'text/plain; charset=utf-8', 'inline'],
        ['evil.svg', '<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>', 'text/plain; charset=utf-8', 'inline'],
        ['run.js', 'alert(1)', 'text/plain; charset=utf-8', 'inline'],
        ['evil.png', 'MZ\u0090\u0000', 'application/octet-stream', 'attachment'],
        ['a.zip', 'PK\u0003\u0004\u0014\u0000', 'application/zip', 'attachment'],
        ['nothing.txt', png(), 'image/png', 'inline'],
        ['b.gif', gif(), 'image/gif', 'inline'],
    ];
    for (const [name, bytes, type, how] of files) {
        const { attachments: [one] } = await posted([{ ...file(0, bytes, name), type: 'text/html' }]);
        assert.equal(one.content_type, type);
        const answer = await get(one.url);
        assert.equal(answer.headers.get('content-type'), type);
        assert.equal(answer.headers.get('content-disposition'), `${how}; filename="${name}"`);
        assert.equal(answer.headers.get('x-content-type-options'), 'nosniff');
        assert.equal(answer.headers.get('content-security-policy'), 'default-src \'none\'; sandbox');
        assert.equal(answer.headers.get('cross-origin-resource-policy'), 'cross-origin');
        assert.match(answer.headers.get('cache-control'), /^private, max-age=\d+, immutable$/);
        await answer.arrayBuffer();
    }
    const { attachments: [named] } = await posted([file(0, 'x', '\u00fc.txt')]);
    const answer = await get(named.url);
    assert.equal(answer.headers.get('content-disposition'), 'inline; filename="_.txt"; filename*=UTF-8\'\'%C3%BC.txt');
    await answer.arrayBuffer();
});

test('ranges, tags, HEAD', async () => {
    const bytes = Buffer.from(Array.from({ length: 300_000 }, (_, n) => n * 7 & 255));
    const { attachments: [one] } = await posted([file(0, bytes)]);
    const head = await get(one.url, {}, 'HEAD');
    assert.equal(head.status, 200);
    assert.equal(head.headers.get('content-length'), String(bytes.length));
    const part = await get(one.url, { range: 'bytes=100000-200009' });
    assert.equal(part.status, 206);
    assert.equal(part.headers.get('content-range'), `bytes 100000-200009/${bytes.length}`);
    assert.ok(Buffer.from(await part.arrayBuffer()).equals(bytes.subarray(100000, 200010)));
    const beyond = await get(one.url, { range: 'bytes=300000-' });
    assert.equal(beyond.status, 416);
    const tag = head.headers.get('etag');
    assert.equal((await get(one.url, { 'if-none-match': tag })).status, 304);
    assert.ok((await bytesOf(one.url)).equals(bytes));
});

test('addresses that were not signed here, or for something else', async () => {
    const { id, attachments: [one, other] } = await posted([file(0, 'one', 'a.txt'), file(1, 'two', 'b.txt')]);
    const url = new URL(one.url);
    const variants = [
        `${url.origin}${url.pathname}`,
        one.url.replace(/hm=./, (hm) => hm === 'hm=0' ? 'hm=1' : 'hm=0'),
        one.url.replace(/ex=[0-9a-f]+/, 'ex=7fffffff'),
        one.url.replace('a.txt', 'b.txt'),
        one.url.replace(one.id, other.id),
        `${new URL(other.url).origin}${new URL(other.url).pathname}${url.search}`,
        one.url.replace(one.id, '999999999999999999999999'),
        one.url.replace(one.id, 'x'),
    ];
    for (const variant of variants)
        assert.equal((await get(variant)).status, 404, variant);
    for (const prefix of ['/cdn', '/media', ''])
        assert.equal((await get(`${url.origin}${prefix}${url.pathname}${url.search}`)).status, 200);
    await ok(server, 'DELETE', `${path}/${id}`, { token: member.token });
    assert.equal((await get(one.url)).status, 404);
});

test('new addresses for old ones', async () => {
    const { attachments: [one] } = await posted([file(0, 'one', 'gr\u00fcn.txt')]);
    const bare = one.url.replace(/\?.*/, '');
    const foreign = 'https://example.org/attachments/x';
    const expired = one.url.replace(/ex=[0-9a-f]+/, 'ex=1');
    const refresh = (who, list) => ok(server, 'POST', '/attachments/refresh-urls', {
        token: who.token, body: { attachment_urls: list },
    });
    const { refreshed_urls: list } = await refresh(member, [one.url, bare, foreign, expired]);
    assert.deepEqual(list.map((each) => each.original), [one.url, bare, foreign, expired]);
    for (const each of [list[0], list[1], list[3]])
        assert.equal((await bytesOf(each.refreshed)).toString(), 'one');
    assert.equal(list[2].refreshed, foreign);
    // Who does not see the channel gets one only for an address that was signed.
    const stranger = await person(server);
    const { refreshed_urls: theirs } = await refresh(stranger, [one.url, bare]);
    assert.equal((await get(theirs[0].refreshed)).status, 200);
    assert.equal(theirs[1].refreshed, bare);
    const many = await api(server, 'POST', '/attachments/refresh-urls', {
        token: member.token, body: { attachment_urls: Array(51).fill(bare) },
    });
    assert.deepEqual(formCodes(many, 'attachment_urls'), ['BASE_TYPE_MAX_LENGTH']);
});

test('keeping and replacing in an edit', async () => {
    const message = await posted([payload({ content: 'x' }), file(0, 'aaa', 'a.txt'), file(1, 'bbb', 'b.txt')]);
    const [a, b] = message.attachments;
    const edit = `${path}/${message.id}`;
    const untouched = await ok(server, 'PATCH', edit, { token: member.token, body: { content: 'y' } });
    assert.deepEqual(untouched.attachments.map((one) => one.id), [a.id, b.id]);
    const changed = await answered([
        payload({ attachments: [{ id: a.id, description: 'the first' }, { id: 0, filename: 'c.txt' }] }), file(0, 'ccc'),
    ], { method: 'PATCH', to: edit });
    assert.equal(changed.status, 200, changed.text);
    const [kept, added] = changed.body.attachments;
    assert.equal(kept.id, a.id);
    assert.equal(kept.description, 'the first');
    assert.equal(added.filename, 'c.txt');
    assert.equal((await get(b.url)).status, 404);
    assert.equal((await bytesOf(added.url)).toString(), 'ccc');
    const hidden = await ok(server, 'PATCH', edit, {
        token: member.token, body: { attachments: [{ id: a.id, is_spoiler: true }] },
    });
    assert.equal(hidden.attachments.length, 1);
    assert.equal(hidden.attachments[0].flags & 8, 8);
    assert.equal(hidden.attachments[0].description, 'the first');
    assert.equal((await get(hidden.attachments[0].url)).status, 200);
    const wrong = await api(server, 'PATCH', edit, { token: member.token, body: { attachments: [{ id: b.id }] } });
    assertError(wrong, 400, 50146);
    const none = await ok(server, 'PATCH', edit, { token: member.token, body: { attachments: [] } });
    assert.deepEqual(none.attachments, []);
    assert.equal((await get(a.url)).status, 404);
});

test('without ATTACH_FILES', async () => {
    const plain = await person(server);
    const mine = await newGuild(server, owner);
    const { code } = await ok(server, 'POST', `/channels/${mine.channel}/invites`, { token: owner.token, body: {} });
    await ok(server, 'POST', `/invites/${code}`, { token: plain.token, body: {} });
    await ok(server, 'PUT', `/channels/${mine.channel}/permissions/${mine.id}`, {
        token: owner.token, body: { type: 0, deny: String(1n << 15n) },
    });
    const to = `/channels/${mine.channel}/messages`;
    const refused = await send(server, { path: to, token: plain.token, parts: [file(0, 'x')] });
    assert.equal(refused.status, 403, refused.text);
    assert.equal(refused.body.code, 50013);
    const ahead = await api(server, 'POST', `/channels/${mine.channel}/attachments`, {
        token: plain.token, body: { files: [{ id: '0', filename: 'a', file_size: 1 }] },
    });
    assertError(ahead, 403, 50013);
    const text = await answered([payload({ content: 'only words' })], { token: plain.token, to });
    assert.equal(text.status, 200, text.text);
});

// ---- sent ahead ----

async function announce(who, files, channel = guild.channel) {
    return api(server, 'POST', `/channels/${channel}/attachments`, { token: who.token, body: { files } });
}

const put = (url, body) => fetch(url, { method: 'PUT', body });

test('a file sent ahead of its message', async () => {
    const announced = await announce(member, [
        { id: '7', filename: 'ahead.png', file_size: 100000, is_clip: false }, { id: 8, filename: 'b.txt', file_size: 3 },
    ]);
    assert.equal(announced.status, 200, announced.text);
    const [first, second] = announced.body.attachments;
    assert.equal(first.id, '7');
    assert.equal(second.id, 8);
    const picture = png({ width: 8, height: 4, extra: 50000 });
    assert.equal((await put(first.upload_url, picture)).status, 200);
    assert.equal((await put(second.upload_url, 'four')).status, 413);
    assert.equal((await put(second.upload_url, 'bbb')).status, 200);
    const body = {
        content: 'ahead', attachments: [
            { id: '7', filename: 'renamed.png', uploaded_filename: first.upload_filename },
            { id: '8', uploaded_filename: second.upload_filename, description: 'text' },
        ],
    };
    const stolen = await api(server, 'POST', path, { token: owner.token, body });
    assertError(stolen, 400, 50146);
    const message = await ok(server, 'POST', path, { token: member.token, body });
    assert.deepEqual(message.attachments.map((one) => one.filename), ['renamed.png', 'b.txt']);
    assert.deepEqual([message.attachments[0].width, message.attachments[0].height], [8, 4]);
    assert.equal(message.attachments[1].description, 'text');
    assert.ok((await bytesOf(message.attachments[0].url)).equals(picture));
    assertError(await api(server, 'POST', path, { token: member.token, body }), 400, 50146);
    assert.equal((await put(first.upload_url, picture)).status, 404);
});

test('a file sent ahead that is not wanted, or never came', async () => {
    const { body: { attachments: [one, never] } } = await announce(member, [
        { id: '0', filename: 'a', file_size: 3 }, { id: '1', filename: 'b', file_size: 3 },
    ]);
    assert.equal((await put(one.upload_url, 'abc')).status, 200);
    const discard = (who, what) => api(server, 'DELETE', `/attachments/${what}`, { token: who.token });
    assertError(await discard(owner, one.upload_filename), 400, 50146);
    assert.equal((await discard(member, one.upload_filename)).status, 204);
    assertError(await discard(member, one.upload_filename), 400, 50146);
    for (const what of [one, never])
        assertError(await api(server, 'POST', path, {
            token: member.token, body: { attachments: [{ id: '0', uploaded_filename: what.upload_filename }] },
        }), 400, 50146);
    assert.equal((await put(`${server.url}/uploads/${'A'.repeat(32)}`, 'x')).status, 404);
});

test('announcing what cannot be', async () => {
    const codes = async (files, at) => formCodes(await announce(member, files), at);
    assert.deepEqual(await codes([], 'files'), ['BASE_TYPE_MIN_LENGTH']);
    assert.deepEqual(await codes([{ id: '0', file_size: 1 }], 'files.0.filename'), ['BASE_TYPE_REQUIRED']);
    assert.deepEqual(await codes([{ id: '0', filename: 'a', file_size: 0 }], 'files.0.file_size'), ['NUMBER_TYPE_MIN']);
    const large = await announce(member, [{ id: '0', filename: 'a', file_size: 10 * MB + 1 }]);
    assertError(large, 400, 50045);
    const other = await person(server, freshName());
    assertError(await announce(other, [{ id: '0', filename: 'a', file_size: 1 }]), 403, 50001);
});

// ---- limits of the configuration ----

test('limits of files and messages, quotas', async () => {
    const small = await useServer({
        flags: [...UNLIMITED, '--uploads.file_bytes_max=1000', '--uploads.message_bytes_max=1500',
            '--uploads.user_bytes_max=4000', '--uploads.guild_bytes_max=5000'],
    });
    const there = await world(small);
    const to = `/channels/${there.guild.channel}/messages`;
    const bytes = (n) => Buffer.alloc(n, 'x');
    const post = (who, ...sizes) => answered(sizes.map((size, n) => file(n, bytes(size))), { at: small, token: who.token, to });
    assertError(await post(there.member, 1001), 413, 40005);
    assertError(await post(there.member, 800, 800), 413, 40005);
    const first = await post(there.member, 1000, 500);
    assert.equal(first.status, 200, first.text);
    assert.equal((await post(there.member, 1000, 500)).status, 200);
    assertError(await post(there.member, 1000, 500), 403, 400001);
    assert.equal((await post(there.member, 1000)).status, 200);
    assert.equal((await post(there.owner, 1000)).status, 200);
    assertError(await post(there.owner, 1000), 403, 400001);
    // Many at once: no more fit than one after the other.
    await ok(small, 'DELETE', `${to}/${first.body.id}`, { token: there.member.token });
    const race = await Promise.all(Array.from({ length: 8 }, () => post(there.owner, 500)));
    assert.equal(race.filter((answer) => answer.status === 200).length, 3);
    const [{ body: { id } }, ...others] = race.filter((answer) => answer.status === 200);
    for (const other of others)
        await ok(small, 'DELETE', `${to}/${other.body.id}`, { token: there.owner.token });
    await ok(small, 'DELETE', `${to}/${id}`, { token: there.owner.token });
    assert.equal((await post(there.owner, 1000)).status, 200);
    assert.equal(await small.sql('SELECT COUNT(*) FROM attachments'), '5');
});

test('an address holds until its moment, and not a second longer', async () => {
    const { attachments: [one] } = await posted([file(0, 'one', 'a.txt')]);
    const [hex] = (await server.sql(POSTGRES === ''
        ? 'SELECT lower(hex(value)) FROM secrets WHERE name = \'attachment_url_key\''
        : 'SELECT encode(value, \'hex\') FROM secrets WHERE name = \'attachment_url_key\'')).split('\n');
    const { origin, pathname } = new URL(one.url);
    const signed = (ex, is) => {
        const hm = createHmac('sha256', Buffer.from(hex, 'hex')).update(`${pathname}\n${ex}\n${is}`).digest('hex');
        return `${origin}${pathname}?ex=${ex.toString(16)}&is=${is.toString(16)}&hm=${hm}&`;
    };
    const now = Math.floor(Date.now() / 1000);
    const holds = await get(signed(now + 1000, now - 10));
    assert.equal(holds.status, 200);
    assert.ok(Number(/max-age=(\d+)/.exec(holds.headers.get('cache-control'))[1]) <= 1000);
    assert.equal((await get(signed(now - 1, now - 1000))).status, 404);
    const { searchParams } = new URL(one.url);
    assert.equal(Number(`0x${searchParams.get('ex')}`) - Number(`0x${searchParams.get('is')}`), 86400);
    assert.equal(Number(`0x${searchParams.get('is')}`) % 3600, 0);
});

test('one upload, many messages at once: one gets it', async () => {
    const { body: { attachments: [ticket] } } = await announce(member, [{ id: '0', filename: 'a', file_size: 3 }]);
    assert.equal((await put(ticket.upload_url, 'abc')).status, 200);
    const body = { attachments: [{ id: '0', uploaded_filename: ticket.upload_filename }] };
    const all = await Promise.all(Array.from({ length: 8 }, () => api(server, 'POST', path, { token: member.token, body })));
    assert.equal(all.filter((answer) => answer.status === 200).length, 1);
    for (const answer of all.filter((one) => one.status !== 200))
        assertError(answer, 400, 50146);
});

test('a bomb is as large as it says, and nobody sets it off', async () => {
    const chunk = Buffer.from('\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\xea\x60\0\0\xea\x60\x08\x02\0\0\0....', 'latin1');
    const { attachments: [one] } = await posted([file(0, chunk, 'bomb.png')]);
    assert.deepEqual([one.width, one.height, one.content_type], [60000, 60000, 'image/png']);
    assert.ok(!('placeholder' in one));
});

test('the limits that nobody has changed', async () => {
    const ten = await posted([file(0, Buffer.alloc(10 * MB))]);
    assert.equal(ten.attachments[0].size, 10 * MB);
    const more = await send(server, { path, token: member.token, parts: [file(0, Buffer.alloc(10 * MB + 1))] });
    assert.equal(more.status, 413, more.text);
    assert.equal(more.body.code, 40005);
    const parts = [0, 1, 2].map((n) => file(n, Buffer.alloc(9 * MB, `${n}`)));
    const three = await send(server, { path, token: member.token, parts });
    assert.equal(three.status, 413, three.text);
});

// ---- where else they are ----

test('in a direct message', async () => {
    const { id: dm } = await ok(server, 'POST', '/users/@me/channels', {
        token: owner.token, body: { recipient_id: member.id },
    });
    const message = await posted([payload({ content: 'just us' }), file(0, 'secret', 's.txt')], {
        token: owner.token, to: `/channels/${dm}/messages`,
    });
    assert.equal((await bytesOf(message.attachments[0].url)).toString(), 'secret');
    const { body: { attachments: [ticket] } } = await announce(member, [{ id: '0', filename: 'a', file_size: 3 }], dm);
    assert.equal((await put(ticket.upload_url, 'abc')).status, 200);
    const answer = await ok(server, 'POST', `/channels/${dm}/messages`, {
        token: member.token, body: { attachments: [{ id: '0', uploaded_filename: ticket.upload_filename }] },
    });
    const [read] = await ok(server, 'GET', `/channels/${dm}/messages?limit=1`, { token: owner.token });
    assert.deepEqual(read.attachments, answer.attachments);
    await ok(server, 'DELETE', `/channels/${dm}/messages/${message.id}`, { token: owner.token });
    assert.equal((await get(message.attachments[0].url)).status, 404);
});

test('forwarded: the copy outlives the message', async () => {
    const message = await posted([payload({ content: 'pass it on' }), file(0, 'passed', 'p.txt')]);
    const forward = await ok(server, 'POST', path, {
        token: member.token,
        body: { message_reference: { type: 1, message_id: message.id, channel_id: guild.channel } },
    });
    assert.deepEqual(forward.attachments, []);
    const [{ message: { attachments: [copy] } }] = forward.message_snapshots;
    assert.equal(copy.filename, 'p.txt');
    await ok(server, 'DELETE', `${path}/${message.id}`, { token: member.token });
    assert.equal((await get(message.attachments[0].url)).status, 404);
    assert.equal((await bytesOf(copy.url)).toString(), 'passed');
    await ok(server, 'DELETE', `${path}/${forward.id}`, { token: member.token });
    assert.equal((await get(copy.url)).status, 404);
});

test('shown by an embed', async () => {
    const message = await posted([
        payload({ embeds: [{ title: 'x', image: { url: 'attachment://shown.png' } }] }), file(0, png(), 'shown.png'),
    ]);
    const { image } = message.embeds[0];
    assert.match(image.url, /\/shown\.png\?ex=/);
    assert.equal((await get(image.url)).status, 200);
});

test('a voice message', async () => {
    const sound = Buffer.concat([Buffer.from('OggS\0\u0002', 'latin1'), Buffer.alloc(100)]);
    const entry = { id: 0, duration_secs: 1.25, waveform: 'FzYACgA=' };
    const message = await posted([payload({ flags: 8192, attachments: [entry] }), file(0, sound, 'voice-message.ogg')]);
    const [one] = message.attachments;
    assert.equal(one.content_type, 'audio/ogg');
    assert.equal(one.duration_secs, 1.25);
    assert.equal(one.waveform, 'FzYACgA=');
    const wave = await answered([payload({ attachments: [{ ...entry, waveform: '!!' }] }), file(0, sound)]);
    assert.ok(formCodes(wave, 'attachments.0.waveform').length > 0);
});

test('every way of deleting takes the files, too', async () => {
    const victim = await person(server);
    const { code } = await ok(server, 'POST', `/channels/${guild.channel}/invites`, { token: owner.token, body: {} });
    await ok(server, 'POST', `/invites/${code}`, { token: victim.token, body: {} });
    const room = await ok(server, 'POST', `/guilds/${guild.id}/channels`, { token: owner.token, body: { name: 'room', type: 0 } });
    const to = `/channels/${room.id}/messages`;
    const made = [];
    for (let n = 0; n < 6; n += 1)
        made.push(await posted([file(0, `way ${n}`)], { token: victim.token, to }));
    const [alone, first, second, third, fourth, fifth] = made.map((message) => message.attachments[0].url);
    const gone = async (...urls) => {
        for (const url of urls)
            await until(async () => (await get(url)).status === 404, `${url} to be gone`);
    };
    await ok(server, 'DELETE', `${to}/${made[0].id}`, { token: victim.token });
    await gone(alone);
    await ok(server, 'POST', `${to}/bulk-delete`, {
        token: place.bot.token, body: { messages: [made[1].id, made[2].id] },
    });
    await gone(first, second);
    await ok(server, 'PATCH', `${to}/${made[3].id}`, { token: victim.token, body: { content: 'bare', attachments: [] } });
    await gone(third);
    await ok(server, 'PUT', `/guilds/${guild.id}/bans/${victim.id}`, {
        token: owner.token, body: { delete_message_seconds: 3600 },
    });
    await gone(fourth, fifth);
    const kept = await posted([file(0, 'the last')], { token: owner.token, to });
    await ok(server, 'DELETE', `/channels/${room.id}`, { token: owner.token });
    await gone(kept.attachments[0].url);
    const mine = await newGuild(server, owner);
    const there = await posted([file(0, 'of a guild')], { token: owner.token, to: `/channels/${mine.channel}/messages` });
    await ok(server, 'DELETE', `/guilds/${mine.id}`, { token: owner.token });
    await gone(there.attachments[0].url);
    assert.equal(await server.sql(`SELECT COUNT(*) FROM attachments WHERE channel_id IN (${room.id}, ${mine.channel})`), '0');
    assert.equal(await server.sql(`SELECT COUNT(*) FROM media_usage WHERE id = ${victim.id} AND bytes <> 0`), '0');
});
