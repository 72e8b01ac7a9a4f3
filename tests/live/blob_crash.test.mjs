// kill -9 while images are uploaded: whatever was answered is there after the restart with its bytes, no
// row names a file that is not there, and uploading goes on. And a backup of it all brings all of it back.

import assert from 'node:assert/strict';
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';

import { api, ok } from '../lib/api.mjs';
import { sql } from '../lib/database.mjs';
import { dataUri, gif, mp3, png, sha256 } from '../lib/media.mjs';
import { Server, run, temporaryFolder } from '../lib/server.mjs';
import { rounds, until } from '../lib/wait.mjs';
import { guild as newGuild, world } from '../lib/world.mjs';

const ROUNDS = rounds(6);
const STREAMS = 3;
const AFTER = 5; // acknowledged in a round before the server is ended

const fileOf = (data, hash) => join(data, 'media', hash.slice(0, 2), hash.slice(2));

async function assertServed(server, path, bytes) {
    const answer = await fetch(`${server.url}${path}`);
    assert.equal(answer.status, 200, path);
    assert.ok(Buffer.from(await answer.arrayBuffer()).equals(bytes), path);
}

// Every blob that something refers to has its file, whole.
function assertWhole(data) {
    const names = sql(data, 'SELECT DISTINCT hash FROM blob_references').split('\n').filter(Boolean);
    for (const hash of names) {
        assert.ok(existsSync(fileOf(data, hash)), `${hash} has no file`);
        assert.equal(sha256(readFileSync(fileOf(data, hash))), hash);
    }
    return names.length;
}

test('what was answered is there, after every end', async () => {
    const data = temporaryFolder();
    let server = await Server.start({ data });
    const { owner } = await world(server);
    const acknowledged = new Map();
    let serial = 0;
    for (let round = 0; round < ROUNDS; round += 1) {
        const { id: home } = await newGuild(server, owner); // a guild has room for 250
        const path = `/guilds/${home}/emojis`;
        let count = 0, ended = false;
        const stream = async () => {
            while (!ended) {
                const bytes = png({ seed: serial += 1, extra: serial % 7 * 10000 });
                const answer = await api(server, 'POST', path, {
                    token: owner.token, body: { name: `e_${serial}`, image: dataUri(bytes) },
                }).catch(() => null);
                if (answer?.status !== 201)
                    return;
                acknowledged.set(answer.body.id, bytes);
                count += 1;
            }
        };
        const streams = Array.from({ length: STREAMS }, stream);
        await until(() => count >= AFTER, 'some uploads');
        await server.kill();
        ended = true;
        await Promise.all(streams);
        server = await Server.start({ data });
        for (const [id, bytes] of acknowledged)
            await assertServed(server, `/emojis/${id}.png`, bytes);
        assert.ok(assertWhole(data) >= acknowledged.size);
        // What was not answered is there with its bytes, or not at all.
        for (const { id } of await ok(server, 'GET', path, { token: owner.token }))
            assert.equal((await fetch(`${server.url}/emojis/${id}.png`)).status, 200);
    }
    await server.stop();
});

test('a file that was left behind half-way is in nobody\'s way', async () => {
    const data = temporaryFolder();
    let server = await Server.start({ data });
    const { owner, guild } = await world(server);
    const icon = png({ seed: 1 }), hash = sha256(icon);
    const set = () => ok(server, 'PATCH', `/guilds/${guild.id}`, { token: owner.token, body: { icon: dataUri(icon) } });
    await set();
    await ok(server, 'PATCH', `/guilds/${guild.id}`, { token: owner.token, body: { icon: null } });
    await server.kill();
    // As after a crash between two writes, on a disk that lost the second.
    writeFileSync(fileOf(data, hash), icon.subarray(0, 10));
    writeFileSync(join(data, 'media', hash.slice(0, 2), '.99999.0.tmp'), 'half');
    server = await Server.start({ data });
    const { icon: shown } = await set();
    await assertServed(server, `/icons/${guild.id}/${shown}.png`, icon);
    await server.stop();
});

test('a backup has every image, and restores it', async () => {
    const data = temporaryFolder(), file = join(temporaryFolder(), 'backup.tar');
    let server = await Server.start({ data });
    const { owner, guild } = await world(server);
    const icon = png({ seed: 2, extra: 2_000_000 }), emoji = gif({ frames: 2 }), sound = mp3(800);
    const { icon: shown } = await ok(server, 'PATCH', `/guilds/${guild.id}`, {
        token: owner.token, body: { icon: dataUri(icon) },
    });
    const { id } = await ok(server, 'POST', `/guilds/${guild.id}/emojis`, {
        token: owner.token, body: { name: 'moves', image: dataUri(emoji, 'image/gif') },
    });
    const { sound_id: soundId } = await ok(server, 'POST', `/guilds/${guild.id}/soundboard-sounds`, {
        token: owner.token, body: { name: 'beep', sound: dataUri(sound, 'audio/mpeg') },
    });
    const created = run(['backup', 'create', file, '--data', data]);
    assert.equal(created.code, 0, `${created.stdout}${created.stderr}`);
    await server.stop();
    const restored = temporaryFolder();
    const done = run(['restore', file, '--data', restored]);
    assert.equal(done.code, 0, `${done.stdout}${done.stderr}`);
    assert.ok(readdirSync(join(restored, 'media')).length > 0);
    server = await Server.start({ data: restored });
    await assertServed(server, `/icons/${guild.id}/${shown}.png`, icon);
    await assertServed(server, `/emojis/${id}.gif`, emoji);
    await assertServed(server, `/soundboard-sounds/${soundId}`, sound);
    assert.equal(assertWhole(restored), 3);
    await server.stop();
});
