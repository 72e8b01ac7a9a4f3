// Pictures in the size and the format that clients ask for: what is made, what is never made, that it
// is made once, and what becomes of the process that makes it.

import assert from 'node:assert/strict';
import { readdirSync, readFileSync, readlinkSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';

import { ok } from '../lib/api.mjs';
import { file, form, FORM_TYPE, payload } from '../lib/forms.mjs';
import { dataUri, png } from '../lib/media.mjs';
import { boast, expanse, look, moving, picture } from '../lib/pictures.mjs';
import { BINARY, Server, UNLIMITED, atEnd, useServer } from '../lib/server.mjs';
import { until } from '../lib/wait.mjs';
import { world } from '../lib/world.mjs';

const YEAR = 'public, max-age=31536000, immutable';
const BRIEFLY = 'public, max-age=60';
// Time enough for a machine that has other things to do: the processes of images have the least right to it.
const flags = [...UNLIMITED, '--metrics.enabled=true', '--images.time_ms_max=20000'];
const server = await useServer({ flags });
const place = await world(server, { permissions: '8' });

async function get(path, { at = server, headers = {}, method = 'GET' } = {}) {
    const answer = await fetch(path.startsWith('http') ? path : `${at.url}${path}`, { method, headers });
    return { status: answer.status, headers: answer.headers, bytes: Buffer.from(await answer.arrayBuffer()) };
}

// Of a GET that must succeed: what came, and how.
async function seen(path, options) {
    const answer = await get(path, options);
    assert.equal(answer.status, 200, `${path}: ${answer.bytes.toString('latin1').slice(0, 200)}`);
    return { ...look(answer.bytes), cache: answer.headers.get('cache-control'), mime: answer.headers.get('content-type'), answer };
}

async function assertSeen(path, expected, options) {
    const { answer, ...is } = await seen(path, options);
    assert.deepEqual(is, { frames: 1, cache: YEAR, mime: `image/${expected.type}`, ...expected }, path);
    return answer;
}

const patch = (body, at = server, by = place) => ok(at, 'PATCH', `/guilds/${by.guild.id}`, { token: by.owner.token, body });

// The path of a new icon, without its ending.
async function icon(bytes, type = 'image/png') {
    const { icon: hash } = await patch({ icon: dataUri(bytes, type) });
    return `/icons/${place.guild.id}/${hash}`;
}

async function attach(bytes, name, { at = server, by = place } = {}) {
    const message = await ok(at, 'POST', `/channels/${by.guild.channel}/messages`, {
        token: by.owner.token, raw: form([payload({}), file(0, bytes, name)]), headers: { 'content-type': FORM_TYPE },
    });
    return message.attachments[0];
}

async function metric(name, at = server) {
    const text = (await get('/metrics', { at })).bytes.toString();
    return Number(new RegExp(`^guildhall_image_${name} (\\d+)$`, 'm').exec(text)[1]);
}

const statusOf = (pid) => readFileSync(`/proc/${pid}/status`, 'utf8');
const rssKib = (at = server) => Number(/^VmRSS:\s+(\d+)/m.exec(statusOf(at.pid))[1]);

// The processes that the server has begun, zombies too.
function children(at = server) {
    const found = new Set();
    for (const task of readdirSync(`/proc/${at.pid}/task`)) {
        try {
            for (const pid of readFileSync(`/proc/${at.pid}/task/${task}/children`, 'utf8').split(' '))
                if (pid !== '')
                    found.add(Number(pid));
        } catch (error) {
            if (!['ENOENT', 'ESRCH'].includes(error.code))
                throw error; // else the thread has just ended
        }
    }
    return [...found];
}

// ---- sizes and formats ----

test('nothing is begun before it is needed', async () => {
    const path = await icon(picture({ seed: 2 }));
    await assertSeen(`${path}.png`, { type: 'png', width: 64, height: 64 });
    assert.deepEqual(children(), []);
});

test('sizes: proportions are kept, nothing is enlarged', async () => {
    const path = await icon(picture({ width: 600, height: 300 }));
    await assertSeen(`${path}.png?size=128`, { type: 'png', width: 128, height: 64 });
    await assertSeen(`/cdn${path}.png?size=16`, { type: 'png', width: 16, height: 8 });
    await assertSeen(`${path}.png?size=300`, { type: 'png', width: 300, height: 150 });
    await assertSeen(`${path}.png?size=4096`, { type: 'png', width: 600, height: 300 });
    await assertSeen(`${path}.jpg?size=4096`, { type: 'jpeg', width: 600, height: 300 });
    for (const size of ['0', '15', '17', '127', '4097', '8192', '-16', '1e2', 'big'])
        assert.equal((await get(`${path}.png?size=${size}`)).status, 400, size);
});

test('every format, and lossless', async () => {
    const path = await icon(picture({ width: 200, height: 100, seed: 3 }));
    for (const [ending, type] of [['png', 'png'], ['jpg', 'jpeg'], ['jpeg', 'jpeg'], ['webp', 'webp'], ['avif', 'avif']]) {
        await assertSeen(`${path}.${ending}?size=64`, { type, width: 64, height: 32 });
        await assertSeen(`${path}.${ending}`, { type, width: 200, height: 100 });
    }
    await assertSeen(`${path}.webp?size=32&quality=lossless`, { type: 'webp', width: 32, height: 16, lossless: true });
    // A query may name the format, as on the media host.
    await assertSeen(`${path}.png?size=32&format=webp`, { type: 'webp', width: 32, height: 16 });
    assert.equal((await get(`${path}.png?format=bmp`)).status, 400);
    // Of what does not move there is no GIF, as on Discord.
    assert.equal((await get(`${path}.gif`)).status, 415);
});

test('what moves', async () => {
    const original = moving({ width: 40, height: 20, frames: 4 });
    const path = await icon(original, 'image/gif');
    assert.match(path, /\/a_/);
    const whole = await assertSeen(`${path}.gif`, { type: 'gif', width: 40, height: 20, frames: 4 });
    assert.ok(whole.bytes.equals(original));
    await assertSeen(`${path}.gif?size=16`, { type: 'gif', width: 16, height: 8, frames: 4 });
    await assertSeen(`${path}.webp?size=16&animated=true`, { type: 'webp', width: 16, height: 8, frames: 4 });
    await assertSeen(`${path}.webp?size=16`, { type: 'webp', width: 16, height: 8 });
    await assertSeen(`${path}.png?size=16`, { type: 'png', width: 16, height: 8 });
});

test('an animated PNG stays as it is', async () => {
    const original = png({ width: 32, height: 32, moving: true });
    const form_ = new FormData();
    form_.set('name', 'abc');
    form_.set('tags', 'abc');
    form_.set('description', '');
    form_.set('file', new Blob([original]), 'a.png');
    const sticker = await ok(server, 'POST', `/guilds/${place.guild.id}/stickers`, { token: place.owner.token, raw: form_ });
    const answer = await get(`/stickers/${sticker.id}.png?size=16`);
    assert.ok(answer.bytes.equals(original));
    assert.equal((await get(`/stickers/${sticker.id}.gif`)).status, 415);
});

test('emojis by their ids', async () => {
    const { id } = await ok(server, 'POST', `/guilds/${place.guild.id}/emojis`, {
        token: place.owner.token, body: { name: 'slope', image: dataUri(picture({ width: 128, height: 128 })) },
    });
    await assertSeen(`/emojis/${id}.webp?size=48`, { type: 'webp', width: 48, height: 48 });
    await assertSeen(`/emojis/${id}.webp?size=44&quality=lossless`, { type: 'webp', width: 44, height: 44, lossless: true });
});

test('attachments in a box', async () => {
    // A placeholder is given up after a moment, which passes quickly on a busy machine.
    const one = await until(async () => {
        const sent = await attach(picture({ width: 300, height: 200, seed: 5 }), 'slope.png');
        return 'placeholder' in sent && sent;
    }, 'a placeholder');
    assert.equal(one.width, 300);
    assert.equal(one.placeholder_version, 1);
    assert.match(one.placeholder, /^[A-Za-z0-9+/]{20,34}={0,2}$/);
    const at = one.proxy_url;
    const private_ = (await get(at)).headers.get('cache-control');
    assert.match(private_, /^private, max-age=\d+, immutable$/);
    for (const [query, expected] of [
        ['width=150&height=100', { type: 'png', width: 150, height: 100 }],
        ['width=100', { type: 'png', width: 100, height: 67 }],
        ['height=100', { type: 'png', width: 150, height: 100 }],
        ['width=99999&height=99999', { type: 'png', width: 300, height: 200 }],
        ['format=webp&width=60&height=60', { type: 'webp', width: 60, height: 40 }],
        ['format=jpeg', { type: 'jpeg', width: 300, height: 200 }],
    ]) {
        const { type, width, height, cache } = await seen(`${at}${query}`);
        assert.deepEqual({ type, width, height }, expected, query);
        assert.match(cache, /^private, /);
    }
    for (const bad of ['width=0', 'width=-1', 'height=x', 'format=exe'])
        assert.equal((await get(`${at}${bad}`)).status, 400, bad);
    // What is no picture is what it is.
    const text = await attach('hello', 'a.txt');
    assert.equal((await get(`${text.url}width=10&format=png`)).bytes.toString(), 'hello');
    assert.ok(!('placeholder' in text));
});

test('tags, and how a browser is told', async () => {
    const path = await icon(picture({ width: 100, height: 100, seed: 7 }));
    const answer = await assertSeen(`${path}.webp?size=64`, { type: 'webp', width: 64, height: 64 });
    assert.equal(answer.headers.get('x-content-type-options'), 'nosniff');
    assert.match(answer.headers.get('content-security-policy'), /default-src 'none'; sandbox/);
    const etag = answer.headers.get('etag');
    const again = await get(`${path}.webp?size=64`, { headers: { 'if-none-match': etag } });
    assert.equal(again.status, 304);
    assert.equal(again.bytes.length, 0);
    assert.equal(again.headers.get('etag'), etag);
    assert.equal((await get(`${path}.webp?size=32`, { headers: { 'if-none-match': etag } })).status, 200);
    const head = await get(`${path}.webp?size=64`, { method: 'HEAD' });
    assert.equal(head.headers.get('content-length'), String(answer.bytes.length));
    assert.equal(head.bytes.length, 0);
});

// ---- the cache ----

const cacheFolder = () => join(server.data, 'media', '.cache');
function cacheFiles() {
    return readdirSync(cacheFolder()).flatMap((fan) => readdirSync(join(cacheFolder(), fan)).map((name) => join(cacheFolder(), fan, name)));
}

test('it is made once, also for many who ask at once', async () => {
    const path = await icon(picture({ width: 800, height: 800, seed: 9 }));
    const misses = await metric('cache_misses_total');
    const all = await Promise.all(Array.from({ length: 20 }, () => get(`${path}.webp?size=512`)));
    assert.ok(all.every((one) => one.status === 200 && one.bytes.equals(all[0].bytes)));
    assert.equal(await metric('cache_misses_total'), misses + 1);
    const hits = await metric('cache_hits_total');
    await get(`${path}.webp?size=512`);
    assert.equal(await metric('cache_hits_total'), hits + 1);
    assert.equal(await metric('cache_misses_total'), misses + 1);
    assert.ok(await metric('cache_bytes') > 0);
});

test('what is damaged in the cache is made again', async () => {
    const path = await icon(picture({ width: 90, height: 90, seed: 11 }));
    const before = new Set(cacheFiles());
    const first = await get(`${path}.webp?size=64`);
    const [entry] = cacheFiles().filter((name) => !before.has(name));
    const damage = [
        () => truncateSync(entry, 20),
        () => truncateSync(entry, statSync(entry).size - 1),
        () => {
            const bytes = readFileSync(entry);
            bytes[bytes.length - 5] ^= 1;
            writeFileSync(entry, bytes);
        },
        () => writeFileSync(entry, 'GHic1'),
    ];
    for (const harm of damage) {
        const misses = await metric('cache_misses_total');
        harm();
        const again = await get(`${path}.webp?size=64`);
        assert.ok(again.bytes.equals(first.bytes));
        assert.equal(await metric('cache_misses_total'), misses + 1);
    }
});

// ---- what is sent to harm ----

test('pictures that are too much', async () => {
    const before = rssKib();
    const bad = {
        boast: boast(60000, 60000), expanse: expanse(20000, 20000), 'below a side': expanse(16000, 16000),
        cut: picture({ width: 400, height: 400 }).subarray(0, 3000), garbage: Buffer.concat([
            picture({ width: 40, height: 40 }).subarray(0, 60), Buffer.alloc(5000, 0xa5)]),
        frames: moving({ width: 200, height: 200, frames: 10000, cover: 1 }),
    };
    for (const [name, bytes] of Object.entries(bad)) {
        const begun = Date.now();
        const one = await attach(bytes, 'x.png');
        assert.ok(!('placeholder' in one) || one.placeholder.length > 0, name);
        const answer = await get(`${one.proxy_url}width=64&height=64&format=webp&animated=true`);
        assert.equal(answer.status, 200, name);
        if (name !== 'cut')
            assert.ok(answer.bytes.equals(bytes), `${name}: not served as it is`);
        assert.ok(Date.now() - begun < 15000, `${name}: ${Date.now() - begun} ms`);
        // Remembered: it is not tried again.
        const refusals = await metric('refusals_total');
        assert.equal((await get(`${one.proxy_url}width=64&height=64&format=webp&animated=true`)).status, 200, name);
        assert.equal(await metric('refusals_total'), refusals, name);
    }
    // Sanitizers keep freed memory aside.
    if (!process.env.GUILDHALL_TEST_SANITIZER)
        assert.ok(rssKib() - before < 64 * 1024, `grew by ${rssKib() - before} KiB`);
    assert.equal(await metric('deaths_total'), 0);
    const path = await icon(picture({ width: 70, height: 70, seed: 13 }));
    await assertSeen(`${path}.png?size=32`, { type: 'png', width: 32, height: 32 });
});

test('a GIF of ten thousand small frames ends in bounded time', async () => {
    const one = await attach(moving({ width: 2, height: 2, frames: 10000 }), 'x.gif');
    const begun = Date.now();
    const { width, frames } = await seen(`${one.proxy_url}format=webp&animated=true`);
    assert.equal(width, 2);
    assert.ok(frames > 4000, `${frames}`); // the decoder stops a little after that
    assert.ok(Date.now() - begun < 15000, `${Date.now() - begun} ms`);
    const still = await seen(`${one.proxy_url}format=png`);
    assert.deepEqual([still.type, still.width], ['png', 2]);
});

// ---- the process ----

test('the process is shut in, and has nothing of the server', async () => {
    await seen(`${await icon(picture({ seed: 17 }))}.webp`);
    const [pid] = children();
    const status = statusOf(pid);
    assert.match(status, /^Seccomp:\t2$/m);
    assert.match(status, /^NoNewPrivs:\t1$/m);
    assert.equal(readlinkSync(`/proc/${pid}/exe`), BINARY);
    assert.equal(readFileSync(`/proc/${pid}/environ`).toString().replaceAll('\0', '').replace('VIPSHOME=/nonexistent', ''), '');
    const open = readdirSync(`/proc/${pid}/fd`).map((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`));
    assert.deepEqual(open.filter((to) => !to.startsWith('socket:')), ['/dev/null', '/dev/null', '/dev/null']);
    assert.equal(open.length, 4);
    const limits = readFileSync(`/proc/${pid}/limits`, 'utf8');
    assert.match(limits, /^Max file size +0 +0 /m);
    assert.match(limits, /^Max core file size +0 +0 /m);
    assert.match(limits, /^Max open files +16 +16 /m);
    if (!process.env.GUILDHALL_TEST_SANITIZER)
        assert.match(limits, /^Max address space +\d+ +\d+ /m);
});

test('one that is killed is begun again', async () => {
    const path = await icon(picture({ width: 256, height: 256, seed: 19 }));
    await assertSeen(`${path}.png?size=32`, { type: 'png', width: 32, height: 32 });
    const starts = await metric('starts_total');
    const old = children();
    assert.ok(old.length >= 1);
    for (const pid of old)
        process.kill(pid, 'SIGKILL');
    await assertSeen(`${path}.png?size=64`, { type: 'png', width: 64, height: 64 });
    assert.ok(await metric('starts_total') > starts);
    assert.ok(children().some((pid) => !old.includes(pid)));
});

test('too slow, too large for its memory: the original, and the next one is made', async () => {
    const small = await Server.start({ flags: [...flags, '--images.time_ms_max=200', '--images.memory_bytes_max=67108864'] });
    atEnd(() => small.stop());
    const there = await world(small, { permissions: '8' });
    const at = { at: small, by: there };
    const slow = await attach(picture({ width: 6000, height: 6000 }), 'slow.png', at);
    const { type, width, cache } = await seen(`${slow.proxy_url}format=avif&quality=lossless`, at);
    assert.deepEqual([type, width], ['png', 6000]);
    assert.match(cache, /^private, max-age=60, /);
    const ended = await metric('timeouts_total', small) + await metric('deaths_total', small) + await metric('refusals_total', small);
    assert.ok(ended >= 1);
    const large = await attach(moving({ width: 700, height: 700, frames: 100, cover: 1 }), 'large.gif', at);
    const answer = await get(`${large.proxy_url}width=600&height=600`, at);
    assert.equal(answer.status, 200);
    const fine = await attach(picture({ width: 32, height: 32 }), 'fine.png', at);
    // What took too long is not tried again for a minute, so each try is of another width.
    let tried = 1;
    await until(async () => (await seen(`${fine.proxy_url}format=webp&width=${tried++}`, at)).type === 'webp', 'a picture after all that');
});

test('few workers wait for pictures; who comes too late has the original', async () => {
    const busy = await Server.start({ flags: [...flags, '--server.workers=4', '--server.workers_read_reserved=2', '--images.time_ms_max=60000'] });
    atEnd(() => busy.stop());
    const there = await world(busy, { permissions: '8' });
    const one = await attach(picture({ width: 1500, height: 1500 }), 'a.png', { at: busy, by: there });
    const all = await Promise.all(Array.from({ length: 12 }, (_, i) => seen(`${one.proxy_url}format=webp&width=${1200 + i}`, { at: busy })));
    const late = all.filter((is) => is.type === 'png');
    const made = all.filter((is) => is.type === 'webp');
    assert.ok(made.length >= 1 && late.length >= 1, `${made.length} made, ${late.length} late`);
    assert.ok(late.every((is) => is.cache.startsWith('private, max-age=60, ') && is.width === 1500));
    assert.equal(await metric('overloads_total', busy), late.length);
});

test('nothing is left behind', async () => {
    const other = await Server.start({ flags });
    const there = await world(other, { permissions: '8' });
    const { icon: hash } = await patch({ icon: dataUri(picture()) }, other, there);
    await seen(`/icons/${there.guild.id}/${hash}.webp`, { at: other });
    const [pid] = children(other);
    await other.stop();
    assert.throws(() => process.kill(pid, 0), { code: 'ESRCH' });
    // Nor when the server is killed.
    const killed = await Server.start({ flags, data: other.data });
    await seen(`/icons/${there.guild.id}/${hash}.jpg`, { at: killed });
    const [orphan] = children(killed);
    await killed.kill();
    await until(() => {
        try {
            return / Z /.test(readFileSync(`/proc/${orphan}/stat`, 'utf8'));
        } catch {
            return true;
        }
    }, 'the process to end with its server');
});

test('switched off: as they are, for a short time', async () => {
    const off = await Server.start({ flags: [...flags, '--images.enabled=false'] });
    atEnd(() => off.stop());
    const there = await world(off, { permissions: '8' });
    const { icon: hash } = await patch({ icon: dataUri(picture()) }, off, there);
    await assertSeen(`/icons/${there.guild.id}/${hash}.webp?size=16`, { type: 'png', width: 64, height: 64, cache: BRIEFLY }, { at: off });
    await assertSeen(`/icons/${there.guild.id}/${hash}.png`, { type: 'png', width: 64, height: 64 }, { at: off });
    assert.deepEqual(children(off), []);
    const one = await attach(picture({ width: 30, height: 20 }), 'a.png', { at: off, by: there });
    assert.deepEqual([one.width, one.height, 'placeholder' in one], [30, 20, false]);
});
