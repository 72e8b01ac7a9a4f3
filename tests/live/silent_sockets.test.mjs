// Thousands of sockets that say nothing, or nothing that means anything, from one address and from
// many: memory and descriptors stay bounded, and who means it gets in.

import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import net from 'node:net';
import test, { after } from 'node:test';

import { Gateway } from '../lib/gateway.mjs';
import { useServer } from '../lib/server.mjs';
import { certificate, tlsFlags } from '../lib/tls.mjs';
import { until, within } from '../lib/wait.mjs';
import { post, world } from '../lib/world.mjs';

process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0';
const ALL = 800;
const OF_ADDRESS = 200;
const SILENT = 10000;
const BYTES_EACH_MAX = 8 * 1024;
const HEAD = 'GET /?v=10&encoding=json HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
    'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n';
const FLAGS = [`--limits.strangers=${ALL}`, `--limits.strangers_per_ip=${OF_ADDRESS}`, '--server.loops=2',
    '--limits.connections_per_ip=100000', '--limits.identify_concurrency=16', '--metrics.enabled=true',
    '--http.head_timeout_ms=60000', '--gateway.identify_timeout_ms=60000'];

const rss = (server) =>
    Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${server.pid}/status`, 'utf8'))[1]) * 1024;
const descriptors = (server) => readdirSync(`/proc/${server.pid}/fd`).length;

async function metric(server, name) {
    const text = await (await fetch(`${server.url}/metrics`)).text();
    return Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(text)[1]);
}

const sockets = new Set();
after(() => sockets.forEach((socket) => socket.destroy()));

// Loopback has many addresses: 127.0.0.2 to 127.0.0.(1 + addresses).
async function silent(server, count, { addresses, first }) {
    for (let at = 0; at < count; at += 100) {
        await within(Promise.all(Array.from({ length: 100 }, (_, i) => new Promise((done) => {
            const socket = net.connect({
                host: '127.0.0.1', port: server.port, localAddress: `127.0.0.${2 + ((at + i) % addresses)}`,
            });
            sockets.add(socket);
            socket.on('error', () => {}).on('close', () => sockets.delete(socket));
            socket.once('connect', () => socket.write(first, done)).once('close', done);
            socket.resume();
        }))), 'a hundred sockets');
    }
}

const plain = await useServer({ flags: FLAGS });
const secure = await useServer({ flags: [...FLAGS, ...tlsFlags(certificate())] });

for (const [name, server, first, addresses] of [
    ['that say nothing', plain, '', 10],
    ['that say nothing, from one address', plain, '', 1],
    ['with half a request', plain, 'GET / HTTP/1.1\r\nHost: x\r\nA: ', 10],
    ['with an upgrade and no Identify', plain, HEAD, 10],
    ['with the beginning of an Identify', plain, Buffer.from(`${HEAD}\x81\xfe\x10\x00abcd${'\x01'.repeat(2000)}`, 'latin1'), 10],
    ['that say nothing to a port of TLS', secure, '', 10],
    ['with half a handshake', secure, Buffer.from([22, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3]), 10],
]) {
    test(`${SILENT} sockets ${name}`, async () => {
        const { owner, guild, bot, member } = await world(server);
        const dropped = await metric(server, 'guildhall_connections_dropped_total');
        const before = { rss: rss(server), descriptors: descriptors(server) };
        await silent(server, SILENT, { addresses, first });
        const most = addresses === 1 ? OF_ADDRESS : ALL;
        await until(async () => sockets.size <= most + 8, () => `${sockets.size} sockets to be ${most}`);
        assert.ok(sockets.size >= most - 8, `${sockets.size} are still there: no more than needed is closed`);
        assert.ok(await metric(server, 'guildhall_connections_dropped_total') - dropped >= SILENT - most - 8);
        assert.ok(descriptors(server) - before.descriptors <= most + 32);
        const each = (rss(server) - before.rss) / most;
        console.log(`# ${name}: ${Math.round(each)} bytes of each that stays`);
        if (!process.env.GUILDHALL_TEST_SANITIZER)
            assert.ok(each < BYTES_EACH_MAX, `${each} bytes each`);
        // Who means it comes in beside them, by HTTP and by the gateway, while more of them come.
        const more = silent(server, 500, { addresses, first });
        const gateways = [await Gateway.session(server, bot), await Gateway.session(server, member)];
        const { id } = await post(server, owner, guild.channel, 'hello');
        for (const gateway of gateways)
            await gateway.event('MESSAGE_CREATE', (d) => d.id === id);
        await more;
        await Promise.all(gateways.map((gateway) => gateway.flush()));
        await Promise.all(gateways.map((gateway) => gateway.end()));
        sockets.forEach((socket) => socket.destroy());
        await until(async () => await metric(server, 'guildhall_connections') <= 8, 'all to be gone');
    });
}
