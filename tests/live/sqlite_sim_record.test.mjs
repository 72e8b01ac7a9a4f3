// A real run as the simulation reads it: what a server has committed, out of its database, without ids,
// names or text; and the simulation plays it, if it was built.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';

import { ok } from '../lib/api.mjs';
import { sqliteFile } from '../lib/database.mjs';
import { ROOT, UNLIMITED, temporaryFolder, useServer } from '../lib/server.mjs';
import { post, world } from '../lib/world.mjs';

const SIMULATION = process.env.GUILDHALL_SIM ?? join(ROOT, 'build/release/tests/sim/sim_gateway');
const server = await useServer({ flags: UNLIMITED });
const { owner, guild: home, member } = await world(server);

test('a run is recorded by numbers, and the simulation lives it again', async (t) => {
    const made = await ok(server, 'POST', `/guilds/${home.id}/channels`, {
        token: owner.token, body: { name: 'recorded', type: 0 },
    });
    for (let i = 0; i < 20; i += 1)
        await post(server, owner, made.id, `secret words ${i}`);
    await ok(server, 'DELETE', `/guilds/${home.id}/members/${member.id}`, { token: owner.token });
    const text = execFileSync(join(ROOT, 'tests/sim/record'), [sqliteFile(server.data)], {
        encoding: 'utf8',
    });
    const lines = text.trim().split('\n').slice(1);
    assert.ok(lines.every((line) => /^\d+ [A-Z_]+ \d{1,4} \d{1,4} \d{1,4}$/.test(line)), text);
    const count = (kind) => lines.filter((line) => line.split(' ')[1] === kind).length;
    assert.equal(count('MESSAGE_CREATE'), 20);
    assert.equal(count('GUILD_MEMBER_REMOVE'), 1);
    assert.ok(count('CHANNEL_CREATE') >= 1);
    assert.ok(!text.includes(home.id) && !text.includes('secret'));
    if (!existsSync(SIMULATION)) {
        t.diagnostic('the simulation is not built');
        return;
    }
    const file = join(temporaryFolder(), 'recording');
    writeFileSync(file, text);
    const said = execFileSync(SIMULATION, ['--rounds', '4', '--replay', file], { encoding: 'utf8' });
    assert.match(said, /^4 rounds, \d+ log events/);
});
