// A bare TCP connection, for requests and frames that no library would send.

import assert from 'node:assert/strict';
import net from 'node:net';
import { createHash, randomBytes } from 'node:crypto';

import { within } from './wait.mjs';

export class Raw {
    constructor(socket) {
        this.socket = socket;
        this.bytes = Buffer.alloc(0);
        this.ended = false;
        this.waiting = new Set();
        socket.on('data', (chunk) => {
            this.bytes = Buffer.concat([this.bytes, chunk]);
            this.#wake();
        });
        // A reset ends the conversation as an orderly end does; tests look at what came before.
        socket.on('error', (error) => {
            this.error = error;
        });
        this.closed = new Promise((done) => {
            const end = () => {
                this.ended = true;
                this.#wake();
                done();
            };
            socket.once('end', end);
            socket.once('close', end);
        });
    }

    static async connect(server) {
        const socket = net.connect({ host: '127.0.0.1', port: server.port, noDelay: true });
        const raw = new Raw(socket);
        await within(new Promise((done, fail) => {
            socket.once('connect', done);
            socket.once('error', fail);
        }), 'a connection');
        return raw;
    }

    #wake() {
        for (const check of [...this.waiting])
            check();
    }

    write(data) {
        this.socket.write(data);
        return this;
    }

    // Resolves to the value of `look(bytes)` once it is not undefined.
    async when(look, what) {
        return within(new Promise((done, fail) => {
            const check = () => {
                const value = look(this.bytes);
                if (value === undefined && !this.ended)
                    return;
                this.waiting.delete(check);
                if (value !== undefined)
                    done(value);
                else
                    fail(new Error(`the connection ended before ${what}: ${this.bytes}`));
            };
            this.waiting.add(check);
            check();
        }), () => `${what}; received: ${this.bytes.toString('latin1').slice(0, 400)}`);
    }

    // Takes one answer with a Content-Length (or none, for 1xx and 204) off the front.
    async response({ head = false } = {}) {
        return this.when((bytes) => {
            const end = bytes.indexOf('\r\n\r\n');
            if (end < 0)
                return undefined;
            const lines = bytes.subarray(0, end).toString('latin1').split('\r\n');
            const headers = new Map(lines.slice(1).map((line) => {
                const colon = line.indexOf(':');
                return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
            }));
            const status = Number(lines[0].split(' ')[1]);
            const length = head ? 0 : Number(headers.get('content-length') ?? 0);
            if (bytes.length < end + 4 + length)
                return undefined;
            const body = bytes.subarray(end + 4, end + 4 + length).toString('utf8');
            this.bytes = bytes.subarray(end + 4 + length);
            const json = headers.get('content-type') === 'application/json' && body !== '';
            return { status, headers, text: body, line: lines[0], body: json ? JSON.parse(body) : undefined };
        }, 'an answer');
    }

    async end() {
        await within(this.closed, () => `the server to close the connection; received: ${this.bytes}`);
    }

    destroy() {
        this.socket.destroy();
    }
}

// A WebSocket whose frames the test makes itself.
export class RawWs {
    constructor(raw) {
        this.raw = raw;
    }

    static async connect(server, path = '/?v=10&encoding=json') {
        const raw = await Raw.connect(server);
        const key = randomBytes(16).toString('base64');
        raw.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n` +
            `Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${key}\r\n\r\n`);
        const answer = await raw.response();
        assert.equal(answer.status, 101, answer.text);
        const accept = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`);
        assert.equal(answer.headers.get('sec-websocket-accept'), accept.digest('base64'));
        return new RawWs(raw);
    }

    // One client frame. `rsv`, `mask: false` and `length` (a lie) make bad ones.
    static frame(opcode, payload, { fin = true, mask = true, rsv = 0, length } = {}) {
        const data = Buffer.from(payload);
        const size = length ?? data.length;
        const head = [(fin ? 0x80 : 0) | (rsv << 4) | opcode];
        const bit = mask ? 0x80 : 0;
        if (size < 126)
            head.push(bit | size);
        else if (size < 65536)
            head.push(bit | 126, size >> 8, size & 255);
        else
            head.push(bit | 127, 0, 0, 0, 0, (size >>> 24) & 255, (size >> 16) & 255, (size >> 8) & 255,
                size & 255);
        if (!mask)
            return Buffer.concat([Buffer.from(head), data]);
        const key = randomBytes(4);
        return Buffer.concat([Buffer.from(head), key, data.map((byte, at) => byte ^ key[at % 4])]);
    }

    send(opcode, payload, options) {
        this.raw.write(RawWs.frame(opcode, payload, options));
        return this;
    }

    text(payload, options) {
        return this.send(1, typeof payload === 'string' ? payload : JSON.stringify(payload), options);
    }

    // The next server frame {fin, opcode, data}; it must not be masked.
    async frame() {
        return this.raw.when((bytes) => {
            if (bytes.length < 2)
                return undefined;
            assert.equal(bytes[1] & 0x80, 0, 'server frames are not masked');
            assert.equal(bytes[0] & 0x70, 0, 'no extension was negotiated');
            let size = bytes[1] & 0x7f;
            let at = 2;
            if (size === 126) {
                if (bytes.length < 4)
                    return undefined;
                size = bytes.readUInt16BE(2);
                at = 4;
            } else if (size === 127) {
                if (bytes.length < 10)
                    return undefined;
                size = Number(bytes.readBigUInt64BE(2));
                at = 10;
            }
            if (bytes.length < at + size)
                return undefined;
            const data = Buffer.from(bytes.subarray(at, at + size));
            this.raw.bytes = bytes.subarray(at + size);
            return { fin: (bytes[0] & 0x80) !== 0, opcode: bytes[0] & 15, data };
        }, 'a frame');
    }

    // The next text frame's JSON; other frames in between are an error.
    async payload() {
        const frame = await this.frame();
        assert.equal(frame.opcode, 1, `opcode ${frame.opcode}: ${frame.data.toString('hex')}`);
        return JSON.parse(frame.data.toString('utf8'));
    }

    // Skips payloads up to a close frame with that code, then the end of the connection.
    async expectClose(code) {
        for (;;) {
            const frame = await this.frame();
            if (frame.opcode !== 8)
                continue;
            assert.equal(frame.data.length >= 2 ? frame.data.readUInt16BE(0) : 1005, code);
            break;
        }
        this.send(8, Buffer.from([code >> 8, code & 255]));
        await this.raw.end();
        this.raw.destroy();
    }

    destroy() {
        this.raw.destroy();
    }
}
