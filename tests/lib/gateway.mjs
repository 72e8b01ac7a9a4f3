// A small gateway client: every payload is kept in the order of its arrival, and tests wait for the
// ones that they expect. It heartbeats by itself unless told not to.

import assert from 'node:assert/strict';
import WebSocket from 'ws';

import { TRANSPORTS } from './transports.mjs';
import { within } from './wait.mjs';
import { ALL_INTENTS } from './world.mjs';

export const OP = {
    DISPATCH: 0, HEARTBEAT: 1, IDENTIFY: 2, PRESENCE: 3, RESUME: 6, RECONNECT: 7, MEMBERS: 8,
    INVALID_SESSION: 9, HELLO: 10, ACK: 11,
};

// Dispatches about the session itself, or about the user's others: no event of anything else.
export const OF_SESSIONS = ['READY', 'READY_SUPPLEMENTAL', 'RESUMED', 'SESSIONS_REPLACE'];

const open = new Set();

export class Gateway {
    constructor(socket, transport = TRANSPORTS.json) {
        this.socket = socket;
        this.transport = transport;
        this.stream = transport.stream();
        this.received = []; // every payload
        this.seq = null;
        this.session = null;
        this.heartbeats = true;
        this.waiting = new Set();
        this.closed = new Promise((done) => {
            socket.once('close', (code, reason) => {
                this.close = { code, reason: reason.toString() };
                clearInterval(this.timer);
                open.delete(this);
                this.#wake();
                done(this.close);
            });
        });
        socket.on('message', (data, binary) => {
            assert.equal(binary, transport.binary, 'frames are of the type that the transport has');
            this.stream.feed(data, (bytes) => this.#take(transport.encoding.read(bytes)));
        });
        socket.on('error', (error) => {
            this.error = error;
            this.#wake();
        });
        open.add(this);
    }

    // Connects and waits for Hello.
    static async connect(server, {
        transport = TRANSPORTS.json, path = transport.path, heartbeats = true, options,
    } = {}) {
        const gateway = new Gateway(new WebSocket(`${server.ws}${path}`, {
            perMessageDeflate: false, ...options,
        }), transport);
        gateway.heartbeats = heartbeats;
        gateway.hello = await gateway.wait((payload) => payload.op === OP.HELLO, 'Hello');
        return gateway;
    }

    // Connects, identifies and waits for READY and the guilds that it names.
    static async session(server, who, { identify = {}, ...options } = {}) {
        const gateway = await Gateway.connect(server, options);
        await gateway.identify(who, identify);
        return gateway;
    }

    #take(payload) {
        this.received.push(payload);
        if (payload.op === OP.DISPATCH) {
            assert.equal(payload.s, (this.seq ?? 0) + 1, 'sequence numbers have no gaps');
            this.seq = payload.s;
        }
        if (payload.op === OP.HELLO && this.heartbeats)
            this.#beat(payload.d.heartbeat_interval);
        this.#wake();
    }

    #beat(intervalMs) {
        this.timer = setInterval(() => this.heartbeat(), intervalMs);
        this.timer.unref();
    }

    #wake() {
        for (const check of [...this.waiting])
            check();
    }

    heartbeat() {
        this.send({ op: OP.HEARTBEAT, d: this.seq });
    }

    send(payload) {
        const ready = typeof payload === 'string' || Buffer.isBuffer(payload);
        this.socket.send(ready ? payload : this.transport.encoding.write(payload));
    }

    // The first payload at or after index `from` that matches; fails if the connection closes first.
    async wait(matches, what = 'a payload', { from = 0 } = {}) {
        let at = from;
        const found = new Promise((done, fail) => {
            const check = () => {
                for (; at < this.received.length; at += 1) {
                    if (matches(this.received[at])) {
                        this.waiting.delete(check);
                        done(this.received[at]);
                        return;
                    }
                }
                if (this.close !== undefined || this.error !== undefined) {
                    this.waiting.delete(check);
                    fail(new Error(`closed (${this.close?.code} ${this.close?.reason ?? ''}` +
                        `${this.error ?? ''}) while waiting for ${what}`));
                }
            };
            this.waiting.add(check);
            check();
        });
        return within(found, () => `${what}; received: ` +
            this.received.slice(-8).map((p) => JSON.stringify(p).slice(0, 200)).join('\n'));
    }

    async op(op, options) {
        return this.wait((payload) => payload.op === op, `op ${op}`, options);
    }

    // The payload (not only its d) of a dispatch.
    async event(name, matches = () => true, options) {
        return this.wait((p) => p.t === name && matches(p.d), name, options);
    }

    // Dispatches of that name so far, their d.
    events(name) {
        return this.received.filter((payload) => payload.t === name).map((payload) => payload.d);
    }

    // A place in what was received, for `from`.
    mark() {
        return this.received.length;
    }

    async identify(who, more = {}) {
        const { intents = ALL_INTENTS, ...rest } = more;
        this.seq = null;
        this.send({
            op: OP.IDENTIFY,
            d: {
                token: who.bare ?? who.token,
                properties: { os: 'linux', browser: 'test', device: 'test' },
                intents,
                ...rest,
            },
        });
        this.ready = (await this.event('READY')).d;
        this.session = this.ready.session_id;
        if (!this.ready.user.bot)
            await this.event('READY_SUPPLEMENTAL');
        for (const { id } of this.ready.guilds)
            await this.guild(id);
        return this.ready;
    }

    // The d of GUILD_CREATE, or the guild that READY already carried whole (people's sessions).
    async guild(id) {
        const whole = this.ready.guilds.find((guild) => guild.id === id && guild.unavailable !== true);
        if (whole?.channels !== undefined)
            return whole;
        return (await this.event('GUILD_CREATE', (d) => d.id === id)).d;
    }

    // Everything that the server had queued for this session before now has arrived afterwards.
    async flush() {
        const from = this.mark();
        this.heartbeat();
        await this.op(OP.ACK, { from });
    }

    async resume(who, session, seq) {
        this.seq = seq;
        this.session = session;
        this.send({ op: OP.RESUME, d: { token: who.bare ?? who.token, session_id: session, seq } });
    }

    // Goes without a close frame, as a lost network does: the session stays resumable.
    async cut() {
        this.socket.terminate();
        await within(this.closed, 'the socket to be gone');
    }

    async end(code = 1000) {
        if (this.close === undefined)
            this.socket.close(code);
        return within(this.closed, 'the close handshake');
    }

    async expectClose(code) {
        const close = await within(this.closed, () => `close code ${code}; received: ` +
            this.received.slice(-4).map((p) => JSON.stringify(p).slice(0, 200)).join('\n'));
        assert.equal(close.code, code, `closed with ${close.code} "${close.reason}"`);
        return close;
    }
}

// Ends what a test left open, so that the test file's process can end.
export function closeAll() {
    for (const gateway of open)
        gateway.socket.terminate();
}
process.on('exit', closeAll);
