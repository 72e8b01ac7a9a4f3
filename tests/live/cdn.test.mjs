// Images by their paths, and the bodies that bring them.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import http from 'node:http';
import { join } from 'node:path';
import test from 'node:test';

import { api, assertError, ok } from '../lib/api.mjs';
import { dataUri, gif, lottie, mp3, png, publicHash, sha256 } from '../lib/media.mjs';
import { useServer } from '../lib/server.mjs';
import { within } from '../lib/wait.mjs';
import { role } from '../lib/structure.mjs';
import { person, world } from '../lib/world.mjs';

const MIB = 1024 * 1024;
const server = await useServer();
const { owner, guild: home, member } = await world(server);

async function get(path, { method = 'GET', headers = {} } = {}) {
    const answer = await fetch(`${server.url}${path}`, { method, headers });
    return { status: answer.status, headers: answer.headers, bytes: Buffer.from(await answer.arrayBuffer()) };
}

async function assertServed(path, bytes, type) {
    for (const prefix of ['', '/cdn']) {
        const answer = await get(prefix + path);
        assert.equal(answer.status, 200, `${prefix}${path}: ${answer.bytes.toString('latin1').slice(0, 200)}`);
        assert.ok(answer.bytes.equals(bytes));
        assert.equal(answer.headers.get('content-type'), type);
        assert.equal(answer.headers.get('cache-control'), 'public, max-age=31536000, immutable');
        assert.equal(answer.headers.get('x-content-type-options'), 'nosniff');
        assert.match(answer.headers.get('content-security-policy'), /default-src 'none'; sandbox/);
        assert.equal(answer.headers.get('content-disposition'), 'inline');
    }
}

const patch = (body) => ok(server, 'PATCH', `/guilds/${home.id}`, { token: owner.token, body });

test('a guild\'s icon, banner and splashes', async () => {
    const icon = png({ seed: 1 }), banner = gif({ frames: 2, seed: 2 });
    const after = await patch({ icon: dataUri(icon), banner: dataUri(banner, 'image/gif') });
    assert.equal(after.icon, publicHash(icon));
    assert.equal(after.banner, publicHash(banner, true));
    await assertServed(`/icons/${home.id}/${after.icon}.png`, icon, 'image/png');
    await assertServed(`/icons/${home.id}/${after.icon}.png?size=128`, icon, 'image/png');
    await assertServed(`/banners/${home.id}/${after.banner}.gif`, banner, 'image/gif');
    const splash = png({ seed: 3 }), discovery = png({ seed: 4 });
    const more = await patch({ splash: dataUri(splash), discovery_splash: dataUri(discovery) });
    await assertServed(`/splashes/${home.id}/${more.splash}.png`, splash, 'image/png');
    await assertServed(`/discovery-splashes/${home.id}/${more.discovery_splash}.png`, discovery, 'image/png');
    // Another kind, another guild, another hash: nothing.
    for (const path of [`/banners/${home.id}/${after.icon}.png`, `/icons/${member.id}/${after.icon}.png`,
        `/icons/${home.id}/${'0'.repeat(32)}.png`, `/icons/${home.id}/${sha256(icon)}.png`, `/icons/x/${after.icon}.png`])
        assert.equal((await get(path)).status, 404, path);
    // What is replaced is not shown any more.
    await patch({ icon: null });
    assert.equal((await get(`/icons/${home.id}/${after.icon}.png`)).status, 404);
});

test('role icons, emojis, stickers, sounds, event images', async () => {
    const icon = png({ seed: 10 }), emoji = gif({ frames: 2, seed: 11 }), sound = mp3(500, 12), picture = png({ seed: 13 });
    const made = await role(server, owner, home, { icon: dataUri(icon) });
    await assertServed(`/role-icons/${made.id}/${made.icon}.png`, icon, 'image/png');
    await assertServed(`/roles/${made.id}/icons/${made.icon}.png`, icon, 'image/png');
    const { id: emojiId } = await ok(server, 'POST', `/guilds/${home.id}/emojis`, {
        token: owner.token, body: { name: 'moves', image: dataUri(emoji, 'image/gif') },
    });
    await assertServed(`/emojis/${emojiId}.gif`, emoji, 'image/gif');
    const form = new FormData();
    form.set('name', 'abc');
    form.set('tags', 'abc');
    form.set('description', '');
    form.set('file', new Blob([lottie()]), 'a.json');
    const sticker = await ok(server, 'POST', `/guilds/${home.id}/stickers`, { token: owner.token, raw: form });
    await assertServed(`/stickers/${sticker.id}.json`, lottie(), 'application/json');
    const { sound_id: soundId } = await ok(server, 'POST', `/guilds/${home.id}/soundboard-sounds`, {
        token: owner.token, body: { name: 'abc', sound: dataUri(sound, 'audio/mpeg') },
    });
    await assertServed(`/soundboard-sounds/${soundId}`, sound, 'audio/mpeg');
    const event = await ok(server, 'POST', `/guilds/${home.id}/scheduled-events`, {
        token: owner.token,
        body: {
            name: 'a', privacy_level: 2, entity_type: 3, entity_metadata: { location: 'b' }, image: dataUri(picture),
            scheduled_start_time: new Date(Date.now() + 1e6), scheduled_end_time: new Date(Date.now() + 2e6),
        },
    });
    await assertServed(`/guild-events/${event.id}/${event.image}.png`, picture, 'image/png');
    await ok(server, 'DELETE', `/guilds/${home.id}/emojis/${emojiId}`, { token: owner.token });
    assert.equal((await get(`/emojis/${emojiId}.gif`)).status, 404);
});

test('a member\'s picture in a guild', async () => {
    const avatar = png({ seed: 20 });
    const after = await ok(server, 'PATCH', `/guilds/${home.id}/members/@me`, {
        token: member.token, body: { avatar: dataUri(avatar) },
    });
    assert.equal(after.avatar, publicHash(avatar));
    await assertServed(`/guilds/${home.id}/users/${member.id}/avatars/${after.avatar}.png`, avatar, 'image/png');
    assert.equal((await get(`/guilds/${home.id}/users/${owner.id}/avatars/${after.avatar}.png`)).status, 404);
});

test('HEAD, and what a cache has already', async () => {
    const icon = png({ seed: 30 });
    const { icon: hash } = await patch({ icon: dataUri(icon) });
    const path = `/icons/${home.id}/${hash}.png`;
    const head = await get(path, { method: 'HEAD' });
    assert.equal(head.status, 200);
    assert.equal(head.headers.get('content-length'), String(icon.length));
    assert.equal(head.bytes.length, 0);
    const etag = head.headers.get('etag');
    for (const tag of [etag, `W/${etag}`, `"x", ${etag}`, '*']) {
        const again = await get(path, { headers: { 'if-none-match': tag } });
        assert.equal(again.status, 304, tag);
        assert.equal(again.bytes.length, 0);
        assert.equal(again.headers.get('etag'), etag);
    }
    assert.equal((await get(path, { headers: { 'if-none-match': '"x"' } })).status, 200);
});

test('sizes and endings', async () => {
    const { icon: hash } = await patch({ icon: dataUri(png({ seed: 31 })) });
    const path = `/icons/${home.id}/${hash}`;
    for (const size of ['15', '4097', 'big', '-1'])
        assert.equal((await get(`${path}.png?size=${size}`)).status, 400, size);
    assert.equal((await get(`${path}.png?size=4096`)).status, 200);
    assert.equal((await get(`${path}.exe`)).status, 415);
    assert.equal((await get(`${path}.png.html`)).status, 415);
});

test('the pictures of those who have none', async () => {
    const seen = new Set();
    for (let i = 0; i < 6; i += 1) {
        const answer = await get(`/cdn/embed/avatars/${i}.png`);
        assert.equal(answer.status, 200);
        assert.equal(answer.headers.get('content-type'), 'image/png');
        assert.equal(answer.bytes.subarray(1, 4).toString(), 'PNG');
        seen.add(createHash('md5').update(answer.bytes).digest('hex'));
        // Its own reader takes it for an image.
        const used = await ok(server, 'POST', `/guilds/${home.id}/emojis`, {
            token: owner.token, body: { name: `avatar_${i}`, image: dataUri(answer.bytes) },
        });
        assert.equal(used.animated, false);
        const etag = answer.headers.get('etag');
        assert.equal((await get(`/embed/avatars/${i}.png`, { headers: { 'if-none-match': etag } })).status, 304);
    }
    assert.equal(seen.size, 6);
    assert.equal((await get('/embed/avatars/6.png')).status, 404);
});

test('the file is where backups look for it', async () => {
    const icon = png({ seed: 40 });
    await patch({ icon: dataUri(icon) });
    const name = sha256(icon);
    assert.ok(existsSync(join(server.data, 'media', name.slice(0, 2), name.slice(2))));
});

// ---- bodies ----

test('ten megabytes of image pass, more do not', async () => {
    const large = png({ extra: 10 * MIB - 1000, seed: 50 });
    assert.ok(large.length <= 10 * MIB);
    const after = await patch({ icon: dataUri(large) });
    await assertServed(`/icons/${home.id}/${after.icon}.png`, large, 'image/png');
    const answer = await api(server, 'PATCH', `/guilds/${home.id}`, {
        token: owner.token, body: { icon: dataUri(png({ extra: 10 * MIB + 1 })) },
    });
    assertError(answer, 400, 50035);
    assert.equal(answer.body.errors.icon._errors[0].code, 'BINARY_TYPE_MAX_SIZE');
});

// Declares `bytes` and sends none of them: {status, continued}.
function declare(path, bytes, headers) {
    return within(new Promise((done, fail) => {
        let continued = false;
        const request = http.request(`${server.url}/api/v10${path}`, {
            method: 'PATCH', agent: false,
            headers: { 'content-type': 'application/json', 'content-length': bytes, expect: '100-continue', ...headers },
        });
        request.on('continue', () => {
            continued = true;
            request.destroy();
            done({ continued });
        }).on('response', (answer) => {
            answer.resume();
            done({ status: answer.statusCode, continued });
            request.destroy();
        }).on('error', (error) => (continued ? undefined : fail(error)));
        request.flushHeaders();
    }), 'an answer to a head');
}

test('a large body is read only from those who may send it', async () => {
    const stranger = await person(server);
    const path = `/guilds/${home.id}`;
    const large = 12 * MIB;
    assert.deepEqual(await declare(path, large, {}), { status: 401, continued: false });
    assert.deepEqual(await declare(path, large, { authorization: 'nonsense' }), { status: 401, continued: false });
    assert.deepEqual(await declare(path, large, { authorization: stranger.token }), { status: 403, continued: false });
    assert.deepEqual(await declare(path, large, { authorization: member.token }), { status: 403, continued: false });
    assert.deepEqual(await declare(path, large, { authorization: owner.token }), { continued: true });
    // Beyond every limit, and on routes that take no images.
    assert.deepEqual(await declare(path, 200 * MIB, { authorization: owner.token }), { status: 413, continued: false });
    assert.deepEqual(await declare(`/channels/${home.channel}/messages/1`, large, { authorization: owner.token }),
        { status: 413, continued: false });
    // A small one is as before: read first, refused then.
    assert.deepEqual(await declare(path, 1000, {}), { continued: true });
});
