// The disk of the backups is full: said as what it is, and nobody else notices. With more room the same
// command goes on.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';

import { smallDisk } from '../lib/disk.mjs';
import { Server, run } from '../lib/server.mjs';
import { post, world } from '../lib/world.mjs';

const create = (data, file) => run(['backup', 'create', file, '--data', data]);

test('a full disk, in the media and in the database', async (t) => {
    const disk = await smallDisk('2m');
    if (disk === null) {
        t.skip('needs a mount namespace');
        return;
    }
    const server = await Server.start({ prefix: disk.enter });
    const place = await world(server);
    mkdirSync(join(server.data, 'media'));
    for (let n = 0; n < 30; n += 1)
        writeFileSync(join(server.data, 'media', `blob${n}`), randomBytes(100000));
    const file = join(disk.data, 'backup.tar');
    const full = create(server.data, file);
    assert.equal(full.code, 1);
    assert.match(full.stdout, /No space left on device\. What is there is kept/);
    assert.equal(existsSync(join(disk.inside, 'backup.tar')), false);
    await post(server, place.member, place.guild.channel, 'nobody else notices');

    // Room for the media, but not for the database behind them.
    disk.command('mount', '-o', 'remount,size=3100k', disk.data);
    const again = create(server.data, file);
    assert.equal(again.code, 1);
    assert.match(again.stdout, /No space left on device/);
    assert.match(again.stdout, /kept: \d+ files/);
    await post(server, place.member, place.guild.channel, 'still nobody');

    disk.command('mount', '-o', 'remount,size=30m', disk.data);
    const done = create(server.data, file);
    assert.equal(done.code, 0, done.stdout);
    assert.match(done.stdout, /kept: 30 files/);
    const verified = run(['backup', 'verify', join(disk.inside, 'backup.tar')]);
    assert.equal(verified.code, 0, verified.stdout);
    assert.match(verified.stdout, /30 media files of 3000000 bytes/);
    await server.stop();
});
