// An oracle for permissions: random guilds are built over the API, a discord.js bot follows them over
// the gateway, and for every member and channel the bits before implied denials must equal what
// discord.js makes of its own cache. It knows neither implied denials nor time-outs; those are
// compared with the model in tests/prop. SEED=n repeats a run.

import '../lib/plain.mjs';

import assert from 'node:assert/strict';
import test from 'node:test';
import { Client, Events, GatewayIntentBits, PermissionsBitField } from 'discord.js';

import { api, ok } from '../lib/api.mjs';
import { UNLIMITED, atEnd, useServer } from '../lib/server.mjs';
import { rounds, within } from '../lib/wait.mjs';
import { CATEGORY, TEXT, VOICE, authorize, bot, channel, guild, invite, join, person, post } from '../lib/world.mjs';

const GUILDS = rounds(3);
const MEMBERS = 5;
const ROLES = 7;
const CHANNELS = 8;
const CHANGES = 30;

const seed = Number(process.env.SEED ?? Date.now() % 1e9);

// xorshift32: the same guilds again for the same seed.
let state = (seed ^ 0x9e3779b9) >>> 0 || 1;
function random(bound) {
    state ^= state << 13;
    state >>>= 0;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return state % bound;
}
const pick = (list) => list[random(list.length)];

const server = await useServer({ flags: UNLIMITED });
const client = new Client({
    intents: [
        GatewayIntentBits.Guilds, GatewayIntentBits.GuildMembers, GatewayIntentBits.GuildMessages,
        GatewayIntentBits.MessageContent,
    ],
    rest: { api: `${server.url}/api` },
});
atEnd(() => client.destroy());

const owner = await person(server);
const robot = await bot(server, owner);
const BITS = Array.from({ length: 53 }, (_, n) => n).filter((n) => n !== 47);
// Bits that one of the two does not know would differ for owners and administrators only.
const COMMON = BITS.reduce((all, n) => all | (1n << BigInt(n)), 0n) & PermissionsBitField.All;
const ADMINISTRATOR = 1n << 3n;

function somePermissions() {
    let bits = 0n;
    const density = 1 + random(4);
    for (const n of BITS)
        if (random(density) === 0)
            bits |= 1n << BigInt(n);
    return random(12) === 0 ? bits | ADMINISTRATOR : bits & ~ADMINISTRATOR;
}

const asOwner = (method, path, body) => ok(server, method, path, { token: owner.token, body });

async function setOverwrite(world) {
    const room = pick(world.channels);
    const ofMember = random(3) === 0;
    const target = ofMember ? pick(world.members).id : pick([...world.roles, world.id]);
    if (random(4) === 0) {
        const gone = await api(server, 'DELETE', `/channels/${room}/permissions/${target}`, { token: owner.token });
        assert.ok(gone.status === 204 || gone.body.code === 10009, `taken away, or there was none: ${gone.text}`);
        return gone;
    }
    return asOwner('PUT', `/channels/${room}/permissions/${target}`, {
        type: ofMember ? 1 : 0, allow: String(somePermissions()), deny: String(somePermissions()),
    });
}

async function setRole(world) {
    const role = pick([...world.roles, world.id]);
    return asOwner('PATCH', `/guilds/${world.id}/roles/${role}`, { permissions: String(somePermissions()) });
}

async function giveRole(world) {
    const path = `/guilds/${world.id}/members/${pick(world.members).id}/roles/${pick(world.roles)}`;
    return asOwner(random(2) === 0 ? 'PUT' : 'DELETE', path);
}

async function replaceRole(world) {
    const gone = random(world.roles.length);
    await asOwner('DELETE', `/guilds/${world.id}/roles/${world.roles[gone]}`);
    const made = await asOwner('POST', `/guilds/${world.id}/roles`, { permissions: String(somePermissions()) });
    world.roles[gone] = made.id;
}

async function randomGuild(number) {
    const home = await guild(server, owner, `Random ${seed} ${number}`);
    const world = { id: home.id, marker: home.channel, channels: home.channels.map((c) => c.id), members: [], roles: [] };
    const { code } = await invite(server, owner, home.channel);
    for (let i = 0; i < MEMBERS; i += 1) {
        const member = await person(server);
        await join(server, member, code);
        world.members.push(member);
    }
    for (let i = 0; i < ROLES; i += 1) {
        const role = await asOwner('POST', `/guilds/${home.id}/roles`, { permissions: String(somePermissions()) });
        world.roles.push(role.id);
    }
    for (let i = 0; i < CHANNELS; i += 1) {
        const room = await channel(server, owner, home, { name: `room-${i}`, type: pick([TEXT, TEXT, VOICE, CATEGORY]) });
        world.channels.push(room.id);
    }
    for (let i = 0; i < CHANNELS * 3; i += 1)
        await setOverwrite(world);
    for (let i = 0; i < MEMBERS * 3; i += 1)
        await giveRole(world);
    world.members.push(owner);
    return world;
}

// A message of the owner comes after all that was changed before, in the one stream of the guild.
async function caughtUp(world) {
    const text = `marker ${random(1e9)}`;
    const heard = within(new Promise((done) => {
        const listen = (message) => {
            if (message.content !== text)
                return;
            client.off(Events.MessageCreate, listen);
            done();
        };
        client.on(Events.MessageCreate, listen);
    }), `the marker ${text}`);
    await post(server, owner, world.marker, text);
    await heard;
}

async function compare(world, when) {
    const seen = client.guilds.cache.get(world.id);
    let compared = 0;
    for (const member of world.members) {
        const cached = seen.members.cache.get(member.id);
        for (const id of world.channels) {
            const theirs = seen.channels.cache.get(id).permissionsFor(cached).bitfield;
            const said = await asOwner('GET', `/guilds/${world.id}/permissions/explain?user=${member.id}&channel=${id}`);
            const ours = BigInt(said.before_implied);
            assert.equal(ours & COMMON, theirs & COMMON,
                `seed ${seed}, ${when}: member ${member.id}, channel ${id}: ${ours} here, ${theirs} in discord.js`);
            compared += 1;
        }
    }
    return compared;
}

test(`before implied denials, our bits are those of discord.js (seed ${seed})`, async (t) => {
    const ready = within(new Promise((done) => {
        client.once(Events.ClientReady, done);
    }), 'ClientReady');
    await client.login(robot.bare);
    await ready;
    let compared = 0;
    for (let n = 0; n < GUILDS; n += 1) {
        const world = await randomGuild(n);
        const added = within(new Promise((done) => {
            client.once(Events.GuildCreate, done);
        }), 'GuildCreate');
        await authorize(server, owner, robot, { id: world.id }, String(ADMINISTRATOR));
        await added;
        for (const member of world.members)
            await client.guilds.cache.get(world.id).members.fetch(member.id);
        await caughtUp(world);
        compared += await compare(world, 'as made');
        for (let i = 0; i < CHANGES; i += 1)
            await pick([setOverwrite, setOverwrite, setRole, giveRole, giveRole, replaceRole])(world);
        await caughtUp(world);
        compared += await compare(world, `after ${CHANGES} changes`);
    }
    assert.ok(compared > GUILDS * MEMBERS * CHANNELS);
    t.diagnostic(`${compared} pairs of member and channel compared, seed ${seed}`);
});
