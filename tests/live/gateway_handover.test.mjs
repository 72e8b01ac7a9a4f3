// A planned restart is a Resume: sessions are kept in the store over it, with what their clients have
// not confirmed, and go on as if nothing had happened. Whatever did happen meanwhile ends them honestly.

import assert from 'node:assert/strict';
import test from 'node:test';

import { ok } from '../lib/api.mjs';
import { Gateway, OP } from '../lib/gateway.mjs';
import { befriend } from '../lib/people.mjs';
import { Server, UNLIMITED, atEnd, run, temporaryFolder } from '../lib/server.mjs';
import { until } from '../lib/wait.mjs';
import {
    ALL_INTENTS, PERMISSIONS, authorize, bot, channel, guild, invite, join, person, post, world,
} from '../lib/world.mjs';

const FLAGS = [...UNLIMITED, '--server.loops=2'];

async function begin(flags = FLAGS) {
    const server = await Server.start({ data: temporaryFolder(), flags });
    atEnd(() => current(server).kill());
    return server;
}

// The server of a data folder, whichever it is by now.
const followers = new Map();
const current = (server) => followers.get(server.data) ?? server;

async function startAgain(server, flags = FLAGS) {
    const next = await Server.start({ data: server.data, flags });
    followers.set(server.data, next);
    return next;
}

async function restart(server, flags = FLAGS) {
    await server.stop();
    return startAgain(server, flags);
}

async function resumes(server, who, gateway, seq = gateway.seq) {
    const back = await Gateway.connect(server);
    await back.resume(who, gateway.session, seq);
    await back.event('RESUMED');
    assert.equal(back.events('READY').length + back.events('GUILD_CREATE').length, 0, 'nothing begins anew');
    return back;
}

async function isLost(server, who, gateway) {
    const back = await Gateway.connect(server);
    await back.resume(who, gateway.session, gateway.seq);
    assert.equal((await back.op(OP.INVALID_SESSION)).d, false);
    await back.end();
}

const contents = (gateway) => gateway.events('MESSAGE_CREATE').map((d) => d.content);

async function rows(server, table) {
    return Number(await server.sql(`SELECT count(*) FROM ${table}`));
}

test('bots and people go on, with what they had not confirmed', async () => {
    const first = await begin();
    const { owner, guild: home, bot: robot, member } = await world(first);
    const list = [[robot, await Gateway.session(first, robot)], [member, await Gateway.session(first, member)],
        [owner, await Gateway.session(first, owner)]];
    const marks = list.map(([, gateway]) => gateway.seq);
    for (let i = 0; i < 20; i += 1)
        await post(first, owner, home.channel, `before ${i}`);
    // The last of them is answered and perhaps not delivered when the stop begins.
    const second = await restart(first);
    for (const [i, [who, gateway]] of list.entries()) {
        const back = await resumes(second, who, gateway, marks[i]);
        assert.deepEqual(contents(back), Array.from({ length: 20 }, (_, n) => `before ${n}`));
        // Exactly as it was told the first time.
        const told = gateway.received.filter((p) => p.op === OP.DISPATCH && p.s > marks[i]);
        const again = back.received.filter((p) => p.op === OP.DISPATCH);
        assert.deepEqual(again.slice(0, told.length), told);
        list[i][1] = back;
    }
    await post(second, owner, home.channel, 'after');
    for (const [, back] of list) {
        await back.event('MESSAGE_CREATE', (d) => d.content === 'after');
        assert.equal(contents(back).filter((text) => text === 'after').length, 1);
        await back.end();
    }
    assert.equal(await rows(second, 'gateway_sessions'), 0);
    assert.equal(await rows(second, 'gateway_payloads'), 0);
    await second.stop();
});

test('who was away before the stop is owed what came meanwhile', async () => {
    const first = await begin();
    const { owner, guild: home, bot: robot } = await world(first);
    const away = await Gateway.session(first, robot);
    await away.cut();
    for (let i = 0; i < 5; i += 1)
        await post(first, owner, home.channel, `missed ${i}`);
    const second = await restart(first);
    const back = await resumes(second, robot, away);
    assert.deepEqual(contents(back), ['missed 0', 'missed 1', 'missed 2', 'missed 3', 'missed 4']);
    await back.end();
    await second.stop();
});

test('over several restarts, with another number of loops each, nobody having resumed', async () => {
    let server = await begin([...UNLIMITED, '--server.loops=4']);
    const { owner, guild: home, bot: robot } = await world(server);
    const gateways = await Promise.all(Array.from({ length: 12 }, () => Gateway.session(server, robot)));
    await post(server, owner, home.channel, 'once');
    for (const loops of [1, 3, 3, 4])
        server = await restart(server, [...UNLIMITED, `--server.loops=${loops}`]);
    const backs = await Promise.all(gateways.map((gateway) => resumes(server, robot, gateway)));
    await post(server, owner, home.channel, 'twice');
    for (const [i, back] of backs.entries()) {
        await back.event('MESSAGE_CREATE', (d) => d.content === 'twice');
        assert.deepEqual([...contents(gateways[i]), ...contents(back)], ['once', 'twice']);
        await back.end();
    }
    await server.stop();
});

test('what somebody may see is what it was', async () => {
    const first = await begin();
    const { owner, guild: home, bot: robot, member } = await world(first);
    const secret = await channel(first, owner, home, {
        permission_overwrites: [{ id: home.id, type: 0, allow: '0', deny: String(PERMISSIONS.VIEW_CHANNEL) },
            { id: robot.id, type: 1, allow: String(PERMISSIONS.VIEW_CHANNEL), deny: '0' }],
    });
    const sees = await Gateway.session(first, robot);
    const sees_not = await Gateway.session(first, member, { identify: { intents: 1 << 9 } });
    const second = await restart(first);
    const one = await resumes(second, robot, sees);
    const other = await resumes(second, member, sees_not);
    await post(second, owner, secret.id, 'hidden');
    await post(second, owner, home.channel, 'open');
    for (const back of [one, other])
        await back.event('MESSAGE_CREATE', (d) => d.content === 'open');
    assert.deepEqual(contents(one), ['hidden', 'open']);
    assert.deepEqual(contents(other), ['open']);
    // And follows what changes.
    await ok(second, 'PUT', `/channels/${secret.id}/permissions/${member.id}`, {
        token: owner.token, body: { type: 1, allow: String(PERMISSIONS.VIEW_CHANNEL), deny: '0' },
    });
    await post(second, owner, secret.id, 'shown');
    await other.event('MESSAGE_CREATE', (d) => d.content === 'shown');
    const another = await guild(second, owner);
    await authorize(second, owner, robot, another);
    await one.event('GUILD_CREATE', (d) => d.id === another.id);
    await one.end();
    await other.end();
    await second.stop();
});

test('what somebody shows, and whether they can be seen', async () => {
    const first = await begin();
    const { owner, guild: home, bot: robot, member } = await world(first);
    const shows = await Gateway.session(first, member);
    const hides = await Gateway.session(first, owner);
    const eyes = await Gateway.session(first, robot);
    const say = (gateway, d) => gateway.send({ op: OP.PRESENCE, d: { since: null, afk: false, ...d } });
    say(shows, { status: 'dnd', activities: [{ name: 'chess', type: 0 }] });
    say(hides, { status: 'invisible', activities: [] });
    await eyes.event('PRESENCE_UPDATE', (d) => d.user.id === member.id && d.status === 'dnd');
    await until(() => eyes.events('PRESENCE_UPDATE').findLast((d) => d.user.id === owner.id)?.status === 'offline',
        'the owner to be invisible');
    const second = await restart(first);
    // Before any of them has come back.
    const late = await Gateway.session(second, robot);
    const presences = (await late.guild(home.id)).presences.filter((p) => p.user.id !== robot.id);
    assert.deepEqual(presences.map((p) => [p.user.id, p.status, p.activities[0].name]), [[member.id, 'dnd', 'chess']]);
    const back = await resumes(second, member, shows);
    say(back, { status: 'idle', activities: [] });
    await late.event('PRESENCE_UPDATE', (d) => d.user.id === member.id && d.status === 'idle');
    const old = await resumes(second, robot, eyes);
    assert.equal(old.events('PRESENCE_UPDATE').filter((d) => d.user.id === member.id && d.status === 'offline').length, 0);
    await Promise.all([late, back, old].map((gateway) => gateway.end()));
    await second.stop();
});

test('a voice state stays with its session, and goes with one that did not survive', async () => {
    const first = await begin();
    const { owner, guild: home, bot: robot, member } = await world(first);
    const voice = home.channels.find((c) => c.type === 2);
    const speaks = await Gateway.session(first, member);
    const goes = await Gateway.session(first, owner);
    const eyes = await Gateway.session(first, robot, { identify: { intents: ALL_INTENTS | (1 << 7) } });
    const joinVoice = (gateway) => gateway.send({
        op: 4, d: { guild_id: home.id, channel_id: voice.id, self_mute: false, self_deaf: false },
    });
    for (const [gateway, who] of [[speaks, member], [goes, owner]]) {
        joinVoice(gateway);
        await eyes.event('VOICE_STATE_UPDATE', (d) => d.user_id === who.id && d.channel_id === voice.id);
    }
    await first.stop();
    assert.equal(await rows(first, 'voice_states'), 2);
    await first.sql(`UPDATE gateway_sessions SET expires_at_ms = 1 WHERE user_id = ${owner.id}`);
    const second = await startAgain(first);
    const back = await resumes(second, robot, eyes);
    await back.event('VOICE_STATE_UPDATE', (d) => d.user_id === owner.id && d.channel_id === null);
    assert.deepEqual(back.events('VOICE_STATE_UPDATE').filter((d) => d.user_id === member.id && d.channel_id === null), []);
    const late = await Gateway.session(second, robot, { identify: { intents: ALL_INTENTS | (1 << 7) } });
    assert.deepEqual((await late.guild(home.id)).voice_states.map((v) => [v.user_id, v.channel_id, v.session_id]),
        [[member.id, voice.id, speaks.session]]);
    await Promise.all([late, back].map((gateway) => gateway.end()));
    await second.stop();
});

test('what people look at goes on being told', async () => {
    const first = await begin();
    const { owner, guild: home, member } = await world(first);
    const looks = await Gateway.session(first, owner);
    looks.send({ op: 14, d: { guild_id: home.id, typing: true, activities: true, channels: { [home.channel]: [[0, 99]] } } });
    await looks.event('GUILD_MEMBER_LIST_UPDATE');
    const second = await restart(first);
    const back = await resumes(second, owner, looks);
    const mark = back.mark();
    const shown = await Gateway.session(second, member); // comes online
    await back.event('GUILD_MEMBER_LIST_UPDATE', () => true, { from: mark });
    await shown.end();
    await back.end();
    await second.stop();
});

test('a member for a visit stays as long as the session can be resumed', async () => {
    const first = await begin();
    const { owner, guild: home } = await world(first);
    const guest = await person(first);
    const { code } = await invite(first, owner, home.channel, { temporary: true, unique: true });
    await join(first, guest, code);
    const visit = await Gateway.session(first, guest);
    const watch = await Gateway.session(first, owner);
    const second = await restart(first);
    const back = await resumes(second, guest, visit);
    const sees = await resumes(second, owner, watch);
    assert.equal(sees.events('GUILD_MEMBER_REMOVE').length, 0);
    await back.end();
    await sees.event('GUILD_MEMBER_REMOVE', (d) => d.user.id === guest.id);
    await sees.end();
    await second.stop();
});

test('a kill keeps nothing: op 9', async () => {
    const first = await begin();
    const { bot: robot } = await world(first);
    const gateway = await Gateway.session(first, robot);
    await first.kill();
    const second = await startAgain(first);
    await isLost(second, robot, gateway);
    await second.stop();
});

test('sessions are taken once: a kill after the start ends them', async () => {
    const first = await begin();
    const { bot: robot } = await world(first);
    const gateway = await Gateway.session(first, robot);
    const second = await restart(first);
    await second.kill();
    const third = await startAgain(first);
    await isLost(third, robot, gateway);
    await third.stop();
});

test('a token revoked, a session expired, a state that reads as nothing: those are gone, others are not', async () => {
    const first = await begin();
    const { owner, bot: robot, member } = await world(first);
    const other = await bot(first, owner);
    const list = {};
    for (const [name, who] of Object.entries({ robot, member, other, owner }))
        list[name] = await Gateway.session(first, who);
    await first.stop();
    assert.equal(await rows(first, 'gateway_sessions'), 4);
    await first.sql(`DELETE FROM tokens WHERE user_id = ${robot.id}`);
    await first.sql(`UPDATE gateway_sessions SET expires_at_ms = 1 WHERE user_id = ${member.id}`);
    await first.sql(`UPDATE gateway_sessions SET state = token_hash WHERE user_id = ${other.id}`);
    const second = await startAgain(first);
    await isLost(second, robot, list.robot);
    await isLost(second, member, list.member);
    await isLost(second, other, list.other);
    await (await resumes(second, owner, list.owner)).end();
    await second.stop();
});

test('payloads that read as nothing: all begin anew', async () => {
    const first = await begin();
    const { owner, guild: home, bot: robot } = await world(first);
    const gateways = [await Gateway.session(first, robot), await Gateway.session(first, owner)];
    await post(first, owner, home.channel, 'lost');
    await first.stop();
    await first.sql('UPDATE gateway_payloads SET payloads = substr(payloads, 1, 40)');
    const second = await startAgain(first);
    await isLost(second, robot, gateways[0]);
    await isLost(second, owner, gateways[1]);
    assert.equal(await rows(second, 'gateway_sessions') + await rows(second, 'gateway_payloads'), 0);
    await (await Gateway.session(second, robot)).end();
    await second.stop();
});

test('what is written while the server is stopped ends the sessions that missed it', async () => {
    const first = await begin();
    const { owner, guild: home, bot: robot, member } = await world(first);
    const doomed = await guild(first, member);
    const list = [await Gateway.session(first, robot), await Gateway.session(first, member)];
    await first.stop();
    const done = run(['guild', 'delete', doomed.id, '--data', first.data]);
    assert.equal(done.code, 0, done.stderr);
    const second = await startAgain(first);
    await isLost(second, member, list[1]);
    const back = await resumes(second, robot, list[0]);
    await post(second, owner, home.channel, 'still here');
    await back.event('MESSAGE_CREATE', (d) => d.content === 'still here');
    await back.end();
    await second.stop();
});

test('erasing somebody meanwhile takes all that is kept', async () => {
    const first = await begin();
    const { guild: home, bot: robot, member } = await world(first);
    const gateway = await Gateway.session(first, robot);
    await post(first, member, home.channel, 'words of somebody who will be gone');
    await first.stop();
    assert.equal(await rows(first, 'gateway_sessions'), 1);
    assert.ok(await rows(first, 'gateway_payloads') > 0);
    const done = run(['user', 'erase', member.id, '--data', first.data]);
    assert.equal(done.code, 0, done.stderr);
    assert.equal(await rows(first, 'gateway_sessions') + await rows(first, 'gateway_payloads'), 0);
    const second = await startAgain(first);
    await isLost(second, robot, gateway);
    await second.stop();
});

test('the cap: nothing at 0, and what fits otherwise', async () => {
    const none = await begin([...FLAGS, '--gateway.handover_bytes_max=0']);
    const { owner, guild: home, bot: robot } = await world(none);
    const lost = await Gateway.session(none, robot);
    const some = await restart(none, [...UNLIMITED, '--server.loops=1', '--gateway.handover_bytes_max=20000']);
    await isLost(some, robot, lost);
    const small = await Gateway.session(some, robot);
    await small.flush(); // confirmed: nothing but the session itself is kept
    for (let i = 0; i < 10; i += 1)
        await post(some, owner, home.channel, 'x'.repeat(2000));
    await until(() => small.events('MESSAGE_CREATE').length === 10, 'the messages');
    await small.flush();
    const large = await Gateway.session(some, owner, { heartbeats: false });
    for (let i = 0; i < 10; i += 1)
        await post(some, owner, home.channel, 'y'.repeat(2000));
    await until(() => small.events('MESSAGE_CREATE').length === 20, 'the messages');
    await small.flush();
    const last = await restart(some);
    await (await resumes(last, robot, small)).end();
    await isLost(last, owner, large);
    await last.stop();
});

test('hundreds of sessions', async () => {
    const COUNT = 300;
    const first = await begin();
    const { owner, guild: home, bot: robot } = await world(first);
    const gateways = [];
    for (let i = 0; i < COUNT; i += 50)
        gateways.push(...await Promise.all(Array.from({ length: 50 }, () => Gateway.session(first, robot))));
    for (let i = 0; i < 10; i += 1)
        await post(first, owner, home.channel, `event ${i}`);
    await first.stop();
    assert.equal(await rows(first, 'gateway_sessions'), COUNT);
    // Events that all of them are owed are kept once a loop, not once a session.
    const bytes = Number(await first.sql('SELECT sum(length(payloads)) FROM gateway_payloads'));
    assert.ok(bytes < COUNT * 20000, `${bytes} bytes of payloads`);
    const texts = Number(await first.sql("SELECT count(*) FROM gateway_payloads"));
    assert.ok(texts < COUNT / 2, `${texts} rows of payloads`);
    const second = await startAgain(first);
    const backs = await Promise.all(gateways.map((gateway) => resumes(second, robot, gateway)));
    await post(second, owner, home.channel, 'to all');
    for (const [i, back] of backs.entries()) {
        await back.event('MESSAGE_CREATE', (d) => d.content === 'to all');
        const all = [...contents(gateways[i]), ...contents(back)];
        assert.deepEqual(all, [...Array.from({ length: 10 }, (_, n) => `event ${n}`), 'to all']);
    }
    await Promise.all(backs.map((back) => back.end()));
    await second.stop();
});

test('who does not come back is told of as gone: in guilds, and to friends', async () => {
    const first = await begin();
    const { owner, guild: home, bot: robot, member } = await world(first);
    await befriend(first, owner, member);
    const watcher = await Gateway.session(first, robot, { identify: { intents: ALL_INTENTS } });
    const friend = await Gateway.session(first, owner);
    const stays = await Gateway.session(first, owner);
    const leaves = await Gateway.session(first, member);
    const about = (id, status) => (d) => d.user.id === id && d.status === status;
    await watcher.event('PRESENCE_UPDATE', about(member.id, 'online'));
    await friend.event('PRESENCE_UPDATE', about(member.id, 'online'));
    await first.stop();
    // A session that cannot be taken over.
    await first.sql(`DELETE FROM gateway_sessions WHERE user_id = ${member.id}`);
    const second = await startAgain(first);
    const [back, again] = [await resumes(second, robot, watcher), await resumes(second, owner, friend)];
    assert.equal((await back.event('PRESENCE_UPDATE', about(member.id, 'offline'))).d.guild_id, home.id);
    await again.event('PRESENCE_UPDATE', about(member.id, 'offline'));
    await Promise.all([back.flush(), again.flush()]);
    assert.ok(!back.events('PRESENCE_UPDATE').some(about(owner.id, 'offline')), 'who has come back is there');
    assert.ok(leaves.close !== undefined && stays.close !== undefined);
    await Promise.all([back.end(), again.end()]);
    await second.stop();
});
