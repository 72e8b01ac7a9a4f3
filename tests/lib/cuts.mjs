// A proxy that cuts what comes from the server after a number of bytes that the test chooses, wherever
// in a frame or record that is.

import net from 'node:net';

export class CuttingProxy {
    static async listen() {
        const proxy = new CuttingProxy();
        proxy.waiting = [];
        proxy.listener = net.createServer((client) => {
            client.on('error', () => {});
            if (proxy.target === undefined)
                proxy.waiting.push(client);
            else
                proxy.#join(client);
        });
        proxy.pairs = new Set();
        proxy.cuts = 0;
        proxy.left = Infinity;
        proxy.sparing = false;
        await new Promise((done) => {
            proxy.listener.listen(0, '127.0.0.1', done);
        });
        return proxy;
    }

    get port() {
        return this.listener.address().port;
    }

    to(server) {
        this.target = server.port;
        for (const client of this.waiting.splice(0))
            this.#join(client);
    }

    // Who comes now waits for the next server, as behind a balancer or an inherited socket.
    hold() {
        this.target = undefined;
    }

    // The answer to an upgrade comes whole (not behind TLS, of which nothing is read here).
    spareUpgrades() {
        this.sparing = true;
    }

    // Every connection there is ends once this many more bytes have come from the server in all.
    cutAfter(bytes) {
        this.left = bytes;
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
        let upgraded = false;
        upstream.on('data', (bytes) => {
            let data = bytes;
            if (this.sparing && !upgraded) {
                const end = bytes.indexOf('\r\n\r\n') + 4;
                upgraded = end >= 4;
                client.write(upgraded ? bytes.subarray(0, end) : bytes);
                data = upgraded ? bytes.subarray(end) : Buffer.alloc(0);
            }
            if (data.length < this.left) {
                this.left -= data.length;
                client.write(data);
                return;
            }
            client.write(data.subarray(0, this.left));
            this.left = Infinity;
            this.cuts += 1;
            for (const one of [...this.pairs]) {
                one.upstream.resetAndDestroy();
                one.client.end(() => one.client.resetAndDestroy());
            }
        });
    }

    close() {
        for (const client of this.waiting.splice(0))
            client.destroy();
        for (const { client, upstream } of [...this.pairs]) {
            client.destroy();
            upstream.destroy();
        }
        this.listener.close();
    }
}
