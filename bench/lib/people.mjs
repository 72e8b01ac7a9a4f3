// People as rows of the database: to register thousands is to hash thousands of passwords.

import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

import { BUILD, output } from './process.mjs';

const FIRST_PERSON = 1000;

export function sqlite(data, text) {
    const done = spawnSync('sqlite3', ['-cmd', '.timeout 10000', join(data, 'guildhall.db')],
        { encoding: 'utf8', input: `BEGIN;\n${text}\nCOMMIT;`, maxBuffer: 1 << 24 });
    if (done.status !== 0 || done.stderr !== '')
        throw new Error(`sqlite3: ${done.error?.message ?? done.stderr}`);
}

// So many, called person_0, person_1, ..., with a token each; the tokens. No server runs on `data`.
export async function insertPeople(data, count) {
    const lines = await output(join(BUILD, 'bench/bench_people'), [String(count), String(FIRST_PERSON)]);
    const people = lines.trim().split('\n').map((line) => line.split(' '));
    sqlite(data, people.map(([id, , hash], i) => `INSERT INTO users (id, tenant_id, username, bot, flags, created_at_ms)
            VALUES (${id}, (SELECT min(tenant_id) FROM users), 'person_${i}', 0, 0, 0);
        INSERT INTO tokens (hash, user_id, kind, created_at_ms) VALUES (x'${hash}', ${id}, 0, ${Date.now()});`).join('\n'));
    return people.map(([, token]) => token);
}

// Those of them become members, by a condition on n, which counts them from 1.
export function insertMembers(data, guild, condition) {
    sqlite(data, `CREATE TEMP TABLE numbered AS SELECT id, row_number() OVER (ORDER BY id) AS n FROM users WHERE username LIKE 'person_%';
        INSERT INTO members (guild_id, user_id, joined_at_ms, timed_out_until_ms, deaf, mute)
            SELECT ${guild}, id, 1000, 0, 0, 0 FROM numbered WHERE ${condition};
        UPDATE guilds SET member_count = (SELECT count(*) FROM members WHERE guild_id = ${guild}) WHERE id = ${guild};`);
}
