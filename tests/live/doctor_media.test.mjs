// guildhall doctor: images whose files are missing or cut, and files that belong to nothing.

import assert from 'node:assert/strict';
import { mkdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';

import { ok } from '../lib/api.mjs';
import { dataUri, png, sha256 } from '../lib/media.mjs';
import { run, useServer } from '../lib/server.mjs';
import { world } from '../lib/world.mjs';

const server = await useServer();
const { owner, guild } = await world(server);
const pictures = [1, 2, 3].map((seed) => png({ seed }));
for (const [i, bytes] of pictures.entries())
    await ok(server, 'POST', `/guilds/${guild.id}/emojis`, {
        token: owner.token, body: { name: `emoji_${i}`, image: dataUri(bytes) },
    });

const fileOf = (bytes) => join(server.data, 'media', sha256(bytes).slice(0, 2), sha256(bytes).slice(2));
const lines = () => run(['doctor', '--data', server.data]).stdout.split('\n').filter((line) => /^\w+ +media /.test(line));

test('all is well', () => {
    assert.deepEqual(lines().map((line) => line.replace(/ +/g, ' ')), ['ok media 3 files, all of them known']);
});

test('missing, cut, and unknown', () => {
    rmSync(fileOf(pictures[0]));
    truncateSync(fileOf(pictures[1]), 5);
    const stray = Buffer.from('nobody knows me');
    mkdirSync(join(server.data, 'media', sha256(stray).slice(0, 2)), { recursive: true });
    writeFileSync(fileOf(stray), stray);
    const said = lines().join('\n');
    assert.match(said, /^problem +media +files of images that are in use are missing: 1$/m);
    assert.match(said, /^problem +media +files of images that are in use have the wrong size: 1$/m);
    assert.match(said, /^warning +media +files that belong to nothing: 1$/m);
    assert.equal(run(['doctor', '--data', server.data]).code, 1);
});

test('what is uploaded again is mended', async () => {
    rmSync(fileOf(Buffer.from('nobody knows me')));
    for (const bytes of pictures)
        await ok(server, 'POST', `/guilds/${guild.id}/emojis`, {
            token: owner.token, body: { name: 'again', image: dataUri(bytes) },
        });
    assert.match(lines()[0], /^ok +media +3 files/);
});
