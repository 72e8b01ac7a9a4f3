// GET /api/v10/gateway against nginx, which returns the same bytes under headers of the same length.

import { writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';

import { startGuildhall } from './guildhall.mjs';
import {
    BUILD, children, CORE_OTHERS, CORE_SERVER, cpuNs, ended, output, pin, pinServer, setPriority,
    start, stop, temporaryFolder,
} from './process.mjs';
import { columns } from './stats.mjs';

const PATH = '/api/v10/gateway';
const CONNECTIONS = 32;
const RUN_MS = 800;
const WARM_UP_MS = 300;

async function freePort() {
    const listener = createServer();
    await new Promise((done) => {
        listener.listen(0, '127.0.0.1', done);
    });
    const { port } = listener.address();
    await new Promise((done) => {
        listener.close(done);
    });
    return port;
}

// nginx answers at once from its configuration: it has no cheaper way to serve anything.
function nginxConfig({ folder, port, workers, body, padding }) {
    return `daemon off;
pid ${folder}/pid;
error_log stderr crit;
worker_processes ${workers};
events { worker_connections 1024; }
http {
    access_log off;
    keepalive_requests 1000000000;
    client_body_temp_path ${folder}/body;
    proxy_temp_path ${folder}/proxy;
    fastcgi_temp_path ${folder}/fastcgi;
    uwsgi_temp_path ${folder}/uwsgi;
    scgi_temp_path ${folder}/scgi;
    server {
        listen 127.0.0.1:${port} reuseport;
        default_type application/json;
        add_header X-Pad "${padding}";
        location = ${PATH} { return 200 '${body}'; }
    }
}
`;
}

async function answers(url) {
    try {
        return (await fetch(url)).ok;
    } catch {
        return false;
    }
}

async function startNginx(workers, body, padding, core) {
    const folder = temporaryFolder();
    const port = await freePort();
    const file = join(folder, 'nginx.conf');
    writeFileSync(file, nginxConfig({ folder, port, workers, body, padding }));
    const child = start('nginx', ['-p', folder, '-c', file], { core });
    while (!await answers(`http://127.0.0.1:${port}${PATH}`)) {
        if (ended(child))
            throw new Error(`nginx ended: ${child.errors}`);
    }
    return { child, port, pids: [child.pid, ...children(child.pid)] };
}

async function load(port, ms, core) {
    const text = await output(join(BUILD, 'bench/bench_http_load'),
        [String(port), PATH, String(CONNECTIONS), String(ms)], { core });
    return JSON.parse(text);
}

async function measure({ port, pids }, core) {
    const before = cpuNs(pids);
    const sums = await load(port, RUN_MS, core);
    return {
        rate: sums.requests / (sums.elapsed_ns / 1e9),
        cpu: (cpuNs(pids) - before) / sums.requests,
        generator: sums.cpu_ns / sums.requests,
    };
}

// nginx with so long a header that its replies have the length of ours.
async function startEqualNginx(workers, ours, core) {
    const body = await (await fetch(`http://127.0.0.1:${ours.port}${PATH}`)).text();
    const { reply_bytes: wanted } = await load(ours.port, WARM_UP_MS);
    const short = await startNginx(workers, body, '-', core);
    const { reply_bytes: least } = await load(short.port, WARM_UP_MS);
    await stop(short.child);
    if (least > wanted)
        throw new Error(`nginx's shortest reply (${least} bytes) is longer than ours (${wanted})`);
    const nginx = await startNginx(workers, body, '-'.repeat(1 + wanted - least), core);
    const { reply_bytes: got } = await load(nginx.port, WARM_UP_MS);
    if (got !== wanted)
        throw new Error(`nginx replies with ${got} bytes, not ${wanted}`);
    return { ...nginx, replyBytes: wanted };
}

// One loop and one worker, each alone on the server's core, the generator on the other.
function isolate(server, nginx) {
    pinServer(server.child.pid);
    for (const pid of nginx.pids) {
        pin(pid, CORE_SERVER);
        setPriority(pid);
    }
}

export async function measureHttp(count, loops, pinned, progress) {
    const core = pinned ? CORE_OTHERS : undefined;
    const server = await startGuildhall([`--server.loops=${loops}`]);
    const ours = { ...server, pids: [server.child.pid] };
    const nginx = await startEqualNginx(loops, ours, undefined);
    if (pinned)
        isolate(server, nginx);
    const rows = [];
    for (let i = 0; i < count; i += 1) {
        const row = {};
        for (const side of i % 2 === 0 ? ['ours', 'nginx'] : ['nginx', 'ours'])
            row[side] = await measure(side === 'ours' ? ours : nginx, core);
        rows.push(row);
        progress(`GET ${PATH}, ${loops} loop(s): pair ${i + 1} of ${count}`);
    }
    await stop(server.child);
    await stop(nginx.child, 'SIGQUIT');
    return {
        ours: columns(rows.map((row) => row.ours)),
        nginx: columns(rows.map((row) => row.nginx)),
        ratio: rows.map((row) => row.ours.rate / row.nginx.rate),
        cpuRatio: rows.map((row) => row.nginx.cpu / row.ours.cpu),
        loops, replyBytes: nginx.replyBytes,
    };
}
