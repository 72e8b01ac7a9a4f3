// The admin socket of a data folder, spoken by hand (src/main/admin_wire.h).

import net from 'node:net';
import { join } from 'node:path';

import { within } from './wait.mjs';

export const socketOf = (data) => join(data, 'admin.sock');

export function frame(kind, payload) {
    const head = Buffer.alloc(5);
    head.write(kind, 0, 'latin1');
    head.writeUInt32BE(payload.length, 1);
    return Buffer.concat([head, payload]);
}

// A request as `guildhall ARGV...` sends it.
export function request(...argv) {
    return frame('q', Buffer.from(['/', ...argv].map((text) => `${text}\0`).join('')));
}

// One connection: everything that comes is kept in `received` until the other side ends it.
export class Admin {
    static async connect(data) {
        const admin = new Admin();
        admin.socket = net.connect(socketOf(data));
        admin.received = Buffer.alloc(0);
        admin.closed = new Promise((done) => {
            admin.socket.on('close', done);
        });
        admin.socket.on('error', () => {});
        admin.socket.on('data', (data_) => {
            admin.received = Buffer.concat([admin.received, data_]);
        });
        await within(new Promise((done, fail) => {
            admin.socket.once('connect', done);
            admin.socket.once('error', fail);
        }), 'the admin socket');
        return admin;
    }

    send(bytes) {
        this.socket.write(bytes);
    }

    // [kind, text] of each whole frame.
    frames() {
        const list = [];
        for (let at = 0; at + 5 <= this.received.length;) {
            const end = at + 5 + this.received.readUInt32BE(at + 1);
            if (end > this.received.length)
                break;
            list.push([String.fromCharCode(this.received[at]), this.received.subarray(at + 5, end).toString()]);
            at = end;
        }
        return list;
    }

    end() {
        this.socket.destroy();
    }
}
