// A TCP proxy between a library and the server, whose connections a test can cut.

import net from 'node:net';

export class Proxy {
    constructor(listener) {
        this.listener = listener;
        this.pairs = new Set();
        this.held = null; // clients that wait while the proxy holds
        this.accepted = 0;
        listener.on('connection', (client) => {
            this.accepted += 1;
            client.on('error', () => {});
            if (this.held === null)
                this.#join(client);
            else
                this.held.push(client);
        });
    }

    // Listens at once; the server that it leads to is named by `to` later.
    static async listen() {
        const listener = net.createServer();
        await new Promise((done) => {
            listener.listen(0, '127.0.0.1', done);
        });
        return new Proxy(listener);
    }

    get url() {
        return `http://127.0.0.1:${this.listener.address().port}`;
    }

    to(server) {
        this.target = server.port;
    }

    #join(client) {
        const upstream = net.connect({ host: '127.0.0.1', port: this.target, noDelay: true });
        const pair = { client, upstream };
        this.pairs.add(pair);
        const end = () => {
            client.destroy();
            upstream.destroy();
            this.pairs.delete(pair);
        };
        upstream.on('error', end).on('close', end);
        client.on('error', end).on('close', end);
        client.pipe(upstream);
        upstream.pipe(client);
    }

    // Drops every connection without a word to either side.
    cut() {
        const count = this.pairs.size;
        for (const { client, upstream } of [...this.pairs]) {
            client.resetAndDestroy();
            upstream.resetAndDestroy();
        }
        return count;
    }

    // New connections are accepted but lead nowhere until release().
    hold() {
        this.held ??= [];
    }

    release() {
        const held = this.held ?? [];
        this.held = null;
        for (const client of held)
            this.#join(client);
    }

    close() {
        this.cut();
        for (const client of this.held ?? [])
            client.destroy();
        this.listener.close();
    }
}
