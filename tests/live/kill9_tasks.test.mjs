// Work in steps under SIGKILL: the messages of a banned person, the holders of a deleted role, a deleted
// channel, a prune. Whenever the server dies, the next one goes on; each thing is done and told once.

import assert from 'node:assert/strict';
import test from 'node:test';

import { ok } from '../lib/api.mjs';
import { Server, atEnd, temporaryFolder } from '../lib/server.mjs';
import { newcomer, role } from '../lib/structure.mjs';
import { channel, guild, person, post } from '../lib/world.mjs';

const MEMBERS = 1500;
const FIRST = 900000000000000n; // ids of people whom nobody else has
const GUILD_MEMBER_REMOVE = 12; // numbers of model/events.def
const MESSAGE_DELETE_BULK = 43;
const MEMBER_PRUNE = 21; // of the audit log

const data = temporaryFolder();
let server = await Server.start({ data });
atEnd(() => server.stop());
const owner = await person(server);
const home = await guild(server, owner);
const as = (body) => ({ token: owner.token, body });
const count = async (from) => Number(await server.sql(`SELECT count(*) FROM ${from}`));

// Members who were last here in 1970.
async function settle(held) {
    const ids = Array.from({ length: MEMBERS }, (_, i) => FIRST + BigInt(i));
    const rows = (row) => ids.map((id) => `(${row(id)})`).join(', ');
    const tenant = await server.sql(`SELECT tenant_id FROM users WHERE id = ${owner.id}`);
    await server.sql('INSERT INTO users (id, tenant_id, username, bot, flags, created_at_ms, seen_at_ms) VALUES ' +
        rows((id) => `${id}, ${tenant}, 'idle${id}', 0, 0, 0, 1`));
    await server.sql('INSERT INTO members (guild_id, user_id, joined_at_ms, timed_out_until_ms, deaf, mute) VALUES ' +
        rows((id) => `${home.id}, ${id}, 1, 0, 0, 0`));
    await server.sql(`INSERT INTO member_roles (guild_id, user_id, role_id) VALUES ${rows((id) => `${home.id}, ${id}, ${held}`)}`);
    await server.sql(`UPDATE guilds SET member_count = member_count + ${MEMBERS} WHERE id = ${home.id}`);
}

test('whenever it is killed, all of it is done in the end, and once', async () => {
    const guest = await newcomer(server, home);
    const rooms = [home.channel, (await channel(server, owner, home)).id, (await channel(server, owner, home)).id];
    const doomed = (await channel(server, owner, home, { name: 'doomed' })).id;
    for (let i = 0; i < 60; i += 1)
        await Promise.all([
            ...rooms.map((room) => post(server, guest, room, 'spam')), post(server, owner, rooms[i % 3], 'kept'),
            post(server, owner, doomed, 'in it'),
        ]);
    const held = (await role(server, owner, home)).id;
    await settle(held);
    await ok(server, 'PUT', `/guilds/${home.id}/bans/${guest.id}`, as({ delete_message_seconds: 3600 }));
    await ok(server, 'DELETE', `/guilds/${home.id}/roles/${held}`, { token: owner.token });
    await ok(server, 'DELETE', `/channels/${doomed}`, { token: owner.token });
    await ok(server, 'POST', `/guilds/${home.id}/prune`, as({ days: 7, compute_prune_count: false }));
    let deaths = 0;
    for (let left = 1; left > 0; left = await count('tasks')) {
        await server.kill();
        deaths += left > 0 ? 1 : 0;
        server = await Server.start({ data });
    }
    assert.ok(deaths > 2, `it was killed ${deaths} times while there was work`);
    assert.equal(await count(`messages WHERE author_id = ${guest.id}`), 0);
    assert.equal(await count(`messages WHERE channel_id = ${doomed}`), 0);
    assert.equal(await count(`messages WHERE author_id = ${owner.id}`), 60);
    assert.equal(await count(`roles WHERE id = ${held}`), 0);
    assert.equal(await count(`member_roles WHERE role_id = ${held}`), 0);
    assert.equal(await count(`members WHERE guild_id = ${home.id}`), 1);
    assert.equal(await server.sql(`SELECT member_count FROM guilds WHERE id = ${home.id}`), '1');
    assert.equal(await count('moderation_jobs'), 0);
    // Told once: those who went, and the messages, of 8 bytes each.
    const events = `event_log WHERE guild_id = ${home.id} AND kind =`;
    assert.equal(await count(`${events} ${GUILD_MEMBER_REMOVE}`), MEMBERS + 1);
    assert.equal(await server.sql(`SELECT sum(length(delta)) FROM ${events} ${MESSAGE_DELETE_BULK}`), String(180 * 8));
    const log = await ok(server, 'GET', `/guilds/${home.id}/audit-logs?action_type=${MEMBER_PRUNE}`, { token: owner.token });
    assert.deepEqual(log.audit_log_entries.map((entry) => entry.options),
        [{ delete_member_days: '7', members_removed: String(MEMBERS) }]);
});
