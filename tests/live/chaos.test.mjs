// Chaos: dozens of sessions are cut, resumed, resumed twice, taken over, dropped in the midst of
// Identify and revoked, while people post, leave, come back, and log out. Whatever happens, a session
// sees every message of the guilds and channels that it may see, once, in order, and nothing else.

import assert from 'node:assert/strict';
import test from 'node:test';

import { api, ok } from '../lib/api.mjs';
import { Gateway, OP } from '../lib/gateway.mjs';
import { UNLIMITED, useServer } from '../lib/server.mjs';
import { rounds, until } from '../lib/wait.mjs';
import {
    ALL_INTENTS, INTENTS, PASSWORD, PERMISSIONS, TEXT, authorize, bot, channel, guild, invite, join,
    person, post,
} from '../lib/world.mjs';

const SEED = Number(process.env.GUILDHALL_TEST_SEED ?? Date.now() % 1000000);
const DURATION_MS = rounds(4000);
const GUILDS = 3;
const PEOPLE = 6;
const BOTS = 4;
const SESSIONS = 50;
const HIDDEN = 'for the owner only';

// mulberry32: every actor draws from its own, so that a seed means the same choices.
function dice(seed) {
    let a = seed >>> 0;
    const next = () => {
        a = (a + 0x6d2b79f5) >>> 0;
        let t = Math.imul(a ^ (a >>> 15), a | 1);
        t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
        return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
    };
    const below = (n) => Math.floor(next() * n);
    return { below, pick: (list) => list[below(list.length)] };
}

const pause = (ms) => new Promise((done) => {
    setTimeout(done, ms);
});
const ascending = (a, b) => (BigInt(a.id) < BigInt(b.id) ? -1 : 1);

// What one session was told, checked as it is told.
class Story {
    constructor(name, who) {
        Object.assign(this, { name, who });
        this.guilds = new Map(); // those it is in now
        this.stays = []; // each from joining to leaving: {id, channels, seen}
    }

    enter({ id, channels, owner_id: owner }) {
        assert.ok(!this.guilds.has(id), `${this.name}: guild ${id} comes twice`);
        assert.equal(channels.some((c) => c.name === 'hidden'), owner === this.who.id,
            `${this.name}: the hidden channel is the owner's`);
        const stamps = channels.filter((c) => c.type === TEXT).map((c) => [c.id, c.last_message_id ?? '0']);
        const stay = { id, channels: new Map(stamps), seen: [] };
        this.guilds.set(id, stay);
        this.stays.push(stay);
    }

    leave({ id }) {
        assert.ok(this.guilds.delete(id), `${this.name}: leaves ${id}, where it is not`);
    }

    message(d) {
        const stay = this.guilds.get(d.guild_id);
        assert.ok(stay, `${this.name}: a message of the foreign guild ${d.guild_id}`);
        const stamp = stay.channels.get(d.channel_id);
        assert.ok(stamp !== undefined, `${this.name}: a message of a channel that it does not know`);
        assert.ok(BigInt(d.id) > BigInt(stamp), `${this.name}: ${d.id} was in the snapshot already`);
        if (this.who.blank)
            assert.equal(d.content, '', `${this.name}: content without the intent`);
        stay.seen.push(d.id);
    }

    take({ t, d }) {
        if (t === 'READY' && !d.user.bot)
            d.guilds.forEach((g) => this.enter(g));
        else if (t === 'GUILD_CREATE')
            this.enter(d);
        else if (t === 'GUILD_DELETE')
            this.leave(d);
        else if (t === 'MESSAGE_CREATE')
            this.message(d);
        else if (t === 'CHANNEL_CREATE')
            this.room(d);
        else if (t === 'TYPING_START')
            assert.ok(this.guilds.get(d.guild_id)?.channels.has(d.channel_id), `${this.name}: foreign typing`);
    }

    room(d) {
        const stay = this.guilds.get(d.guild_id);
        assert.ok(stay && !stay.channels.has(d.id), `${this.name}: channel ${d.id} is foreign, or comes twice`);
        stay.channels.set(d.id, '0');
    }

    // Against all that was posted: a stay has a beginning of what came after its stamps, a stay that
    // lasts has all of it.
    check(posted, lasts) {
        for (const stay of this.stays) {
            const due = posted.filter((m) => m.guild === stay.id && stay.channels.has(m.channel) &&
                BigInt(m.id) > BigInt(stay.channels.get(m.channel))).map((m) => m.id);
            const open = lasts && this.guilds.get(stay.id) === stay;
            assert.deepEqual(stay.seen, open ? due : due.slice(0, stay.seen.length),
                `${this.name}: gap, repetition or disorder in guild ${stay.id}`);
        }
    }
}

// One client, with one session after the other.
class Client {
    constructor(world, index, who) {
        Object.assign(this, { world, index, who, random: dice(SEED + 1000 + index), begun: 0 });
    }

    get revoked() {
        return this.who.token !== this.token;
    }

    async begin() {
        this.token = this.who.token;
        const name = this.who.name ?? this.who.username;
        this.story = new Story(`${name}, session ${this.index}.${this.begun++}`, this.who);
        this.tail = new Map(); // what a Resume may bring again
        this.seq = 0;
        this.confirmed = 0;
        this.gateway = await Gateway.connect(this.world.server);
        const intents = this.who.blank ? ALL_INTENTS & ~INTENTS.MESSAGE_CONTENT : ALL_INTENTS;
        const d = { token: this.token, intents, properties: { os: '', browser: '', device: '' } };
        this.gateway.send({ op: OP.IDENTIFY, d });
        if (this.random.below(6) === 0) {
            await pause(this.random.below(8));
            await this.gateway.cut();
            return false;
        }
        const ready = await this.gateway.event('READY').catch((error) => this.#excuse(error));
        this.session = ready?.d.session_id;
        if (ready)
            this.world.stories.push(this.story);
        return ready !== undefined;
    }

    // Only one thing may end a session from the server's side: its token is no longer valid.
    #excuse(error) {
        if (!this.revoked || (this.gateway.close && this.gateway.close.code !== 4004))
            throw error;
        return undefined;
    }

    // What a connection has brought joins the session's story, by its sequence numbers.
    absorb(gateway = this.gateway) {
        for (const payload of gateway.received.splice(0)) {
            if (payload.op !== OP.DISPATCH)
                continue;
            const text = JSON.stringify(payload);
            if (payload.s <= this.seq) {
                assert.equal(text, this.tail.get(payload.s), `${this.story.name}: ${payload.s} changed`);
                continue;
            }
            assert.equal(payload.s, ++this.seq, `${this.story.name}: a gap in the sequence`);
            this.tail.set(payload.s, text);
            this.story.take(payload);
        }
    }

    #confirm(seq) {
        for (let n = this.confirmed + 1; n <= seq; n += 1)
            this.tail.delete(n);
        this.confirmed = Math.max(this.confirmed, seq);
    }

    beat() {
        this.absorb();
        this.gateway.send({ op: OP.HEARTBEAT, d: this.seq });
        this.#confirm(this.seq);
    }

    // On `count` new connections at once; the one that the server settles on remains.
    async resume(count) {
        const fresh = await Promise.all(Array.from({ length: count }, () => Gateway.connect(this.world.server)));
        this.absorb();
        const from = this.confirmed + this.random.below(this.seq - this.confirmed + 1);
        for (const gateway of fresh) {
            gateway.socket._socket.cork(); // further commands in the same packet as the Resume
            await gateway.resume({ token: this.token }, this.session, from);
            for (let n = this.random.below(3); n > 0; n -= 1)
                gateway.send({ op: OP.HEARTBEAT, d: from });
            gateway.socket._socket.uncork();
        }
        this.#confirm(from);
        const open = () => fresh.filter((g) => g.close === undefined);
        const invalid = () => fresh.some((g) => g.received.some((p) => p.op === OP.INVALID_SESSION));
        await until(() => open().length <= 1 || invalid(), 'one connection to keep the session');
        const [kept] = open();
        await kept?.wait((p) => p.t === 'RESUMED' || p.op === OP.INVALID_SESSION).catch(() => {});
        const resumed = kept?.received.some((p) => p.t === 'RESUMED');
        if (!resumed) {
            assert.ok(this.revoked, `${this.story.name}: not resumed: ${JSON.stringify(fresh.map((g) =>
                [g.close, g.received.slice(-2)]))}`);
            await Promise.all(open().map((g) => g.cut()));
            return false;
        }
        for (const gateway of [this.gateway, ...fresh])
            this.absorb(gateway);
        this.gateway = kept;
        return true;
    }

    async step() {
        await pause(this.random.below(60));
        if (this.gateway.close !== undefined) {
            this.#excuse(new Error(`${this.story.name}: closed with ${this.gateway.close.code}`));
            return false;
        }
        const action = this.random.below(10);
        if (action < 3) {
            this.beat();
        } else if (action < 5) {
            await this.gateway.cut();
            await pause(this.random.below(30));
            return this.resume(1);
        } else if (action === 5) {
            return this.resume(1); // the old connection is still open
        } else if (action === 6) {
            return this.resume(2);
        } else if (action === 7) {
            await this.gateway.end(4000);
            return this.resume(1);
        } else if (action === 8 && this.random.below(4) === 0) {
            await this.gateway.end(1000);
            this.absorb();
            return false;
        }
        this.absorb();
        return true;
    }

    async live() {
        while (this.world.going) {
            if (!await this.begin())
                continue;
            while (this.world.going && await this.step());
        }
    }

    // To where membership and story agree and the last message of each guild was seen.
    async settle(last) {
        if (this.gateway === undefined || this.gateway.close !== undefined || this.revoked)
            return;
        const token = this.who.application === undefined ? this.token : `Bot ${this.token}`;
        const mine = (await ok(this.world.server, 'GET', '/users/@me/guilds', { token })).map((g) => g.id).sort();
        await until(() => {
            this.absorb();
            return this.gateway.close !== undefined ||
                ([...this.story.guilds.keys()].sort().join() === mine.join() &&
                mine.every((id) => this.story.guilds.get(id).seen.includes(last.get(id)) ||
                    [...this.story.guilds.get(id).channels.values()].includes(last.get(id))));
        }, () => `${this.story.name}: ${mine} with ${[...last]}; has ${[...this.story.guilds.keys()]}`);
        this.lasts = true;
    }
}

class World {
    constructor(server) {
        Object.assign(this, { server, going: true, posted: [], stories: [], random: dice(SEED) });
    }

    async build() {
        this.people = await Promise.all(Array.from({ length: PEOPLE }, () => person(this.server)));
        this.guilds = await Promise.all(this.people.slice(0, GUILDS).map((p) => guild(this.server, p)));
        for (const home of this.guilds) {
            home.rooms = [home.channel];
            home.hidden = (await channel(this.server, home.owner, home, {
                name: 'hidden', permission_overwrites: [
                    { id: home.id, type: 0, deny: PERMISSIONS.VIEW_CHANNEL.toString(), allow: '0' }],
            })).id;
            home.code = (await invite(this.server, home.owner, home.channel, { max_uses: 0, max_age: 0 })).code;
        }
        this.bots = [];
        for (let i = 0; i < BOTS; i += 1) {
            const robot = await bot(this.server, this.people[0]);
            robot.blank = i % 2 === 1;
            for (const home of this.guilds.slice(0, 1 + i))
                await authorize(this.server, home.owner, { ...robot, owner: home.owner }, home);
            this.bots.push(robot);
        }
    }

    async post(author, home, room, content) {
        const answer = await api(this.server, 'POST', `/channels/${room}/messages`, {
            token: author.token, body: { content },
        });
        if (answer.status === 200)
            this.posted.push({ guild: home.id, channel: room, id: answer.body.id });
        return answer;
    }

    // People talk, come and go. Owners stay, or there would be nobody to let the others in again.
    async person(who, random) {
        while (this.going) {
            await pause(random.below(20));
            const home = random.pick(this.guilds);
            const owns = home.owner === who;
            const action = random.below(100);
            if (action < 70)
                await this.post(who, home, random.pick(home.rooms), `chaos ${action}`);
            else if (action < 78)
                await api(this.server, 'POST', `/channels/${random.pick(home.rooms)}/typing`, { token: who.token });
            else if (action < 84 && owns)
                await this.post(who, home, home.hidden, HIDDEN);
            else if (action < 86 && owns && home.rooms.length < 12)
                home.rooms.push((await channel(this.server, who, home, { name: `room-${home.rooms.length}` })).id);
            else if (action < 93 && !owns)
                await this.comeOrGo(who, home, random);
            else if (action === 99)
                await this.newToken(who);
        }
    }

    async comeOrGo(who, home, random) {
        if (random.below(3) === 0)
            await api(this.server, 'DELETE', `/users/@me/guilds/${home.id}`, { token: who.token });
        else
            await join(this.server, who, home.code);
    }

    async newToken(who) {
        const old = who.token;
        who.token = (await ok(this.server, 'POST', '/auth/login', {
            body: { login: who.email, password: PASSWORD },
        })).token;
        await ok(this.server, 'POST', '/auth/logout', { token: old, body: {} });
    }

    // A last message in every guild; whoever still has a session waits for those of their guilds.
    async settle(clients) {
        const last = new Map();
        for (const home of this.guilds)
            last.set(home.id, (await this.post(home.owner, home, home.channel, 'the last')).body.id);
        await Promise.all(clients.map((client) => client.settle(last)));
    }

    clients() {
        const all = [...this.people, ...this.bots];
        return Array.from({ length: SESSIONS }, (_, i) => {
            const who = all[i % all.length];
            return new Client(this, i, who.application === undefined ? who : { ...who, token: who.bare });
        });
    }
}

const server = await useServer({ flags: [...UNLIMITED, '--server.loops=4'] });

test(`${SESSIONS} sessions in chaos, seed ${SEED}`, { timeout: DURATION_MS * 2 + 120000 }, async (t) => {
    const world = new World(server);
    await world.build();
    const clients = world.clients();
    setTimeout(() => {
        world.going = false;
    }, DURATION_MS);
    const end = (error) => {
        world.going = false;
        throw error;
    };
    await Promise.all([
        ...clients.map((client) => client.live().catch(end)),
        ...world.people.map((who, i) => world.person(who, dice(SEED + 1 + i)).catch(end)),
    ]);
    await world.settle(clients);
    const lasting = new Set(clients.filter((c) => c.lasts).map((c) => c.story));
    assert.ok(lasting.size > SESSIONS / 4, `only ${lasting.size} sessions to the end`);
    world.posted.sort(ascending);
    for (const story of world.stories)
        story.check(world.posted, lasting.has(story));
    t.diagnostic(`${world.posted.length} messages, ${world.stories.length} sessions`);
});
