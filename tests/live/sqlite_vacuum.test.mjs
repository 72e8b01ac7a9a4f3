// guildhall store vacuum: refused beside a server; without one it rewrites a database that was made
// before databases could give space back.

import assert from 'node:assert/strict';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';

import { ok } from '../lib/api.mjs';
import { Server, UNLIMITED, atEnd, run, temporaryFolder } from '../lib/server.mjs';
import { until } from '../lib/wait.mjs';
import { guild as makeGuild, post, world } from '../lib/world.mjs';

const first = await Server.start({ flags: UNLIMITED });
atEnd(() => first.stop());
const { owner, guild } = await world(first);
const vacuum = (data) => run(['store', 'vacuum', '--data', data]);
const size = (data) => statSync(join(data, 'guildhall.db')).size;

test('beside a server it is refused', () => {
    const done = vacuum(first.data);
    assert.equal(done.code, 1);
    assert.match(done.stdout + done.stderr, /in use|running/);
});

test('an old database becomes one that gives space back', async () => {
    await first.stop();
    const made = await first.sql('PRAGMA journal_mode=DELETE; PRAGMA auto_vacuum=NONE; VACUUM; PRAGMA auto_vacuum');
    assert.match(made, /0$/);
    assert.match(run(['doctor', '--data', first.data]).stdout, /^warning +free-pages [^]*guildhall store vacuum/m);
    const done = vacuum(first.data);
    assert.equal(done.code, 0, done.stdout + done.stderr);
    assert.match(run(['doctor', '--data', first.data]).stdout, /^ok +free-pages/m);
});

test('the server gives the space of a deleted guild back by itself', async () => {
    const server = await Server.start({ flags: UNLIMITED, data: first.data });
    atEnd(() => server.stop());
    const large = await makeGuild(server, owner, 'Large');
    for (let i = 0; i < 20; i += 1)
        await Promise.all(Array.from({ length: 100 }, () => post(server, owner, large.channel, 'words '.repeat(330))));
    await server.stop();
    const full = size(first.data);
    const again = await Server.start({ flags: UNLIMITED, data: first.data });
    atEnd(() => again.stop());
    assert.equal(run(['guild', 'delete', large.id, '--data', first.data]).code, 0);
    await until(() => size(first.data) < full - 1000000, 'the file to become smaller');
    await ok(again, 'GET', `/guilds/${guild.id}`, { token: owner.token });
    await again.stop();
});

test('without a database there is nothing to do', () => {
    const done = vacuum(temporaryFolder());
    assert.equal(done.code, 1);
    assert.match(done.stdout + done.stderr, /no database/);
});
