// /metrics: on the main listener if enabled, on its own one if configured.

import assert from 'node:assert/strict';
import net from 'node:net';
import test from 'node:test';

import { Server, UNLIMITED } from '../lib/server.mjs';

async function freePort() {
    const listener = net.createServer();
    await new Promise((done) => {
        listener.listen(0, '127.0.0.1', done);
    });
    const { port } = listener.address();
    await new Promise((done) => {
        listener.close(done);
    });
    return port;
}

function assertMetrics(text) {
    assert.match(text, /^# HELP guildhall_http_requests_total /m);
    assert.match(text, /^# TYPE guildhall_http_requests_total counter$/m);
    assert.match(text, /^guildhall_http_requests_total \d+$/m);
    assert.match(text, /^guildhall_http_request_duration_seconds_bucket\{le="\+Inf"\} \d+$/m);
}

test('enabled', async () => {
    const server = await Server.start({ flags: [...UNLIMITED, '--metrics.enabled=true'] });
    const answer = await fetch(`${server.url}/metrics`);
    assert.equal(answer.status, 200);
    assert.match(answer.headers.get('content-type'), /^text\/plain/);
    assertMetrics(await answer.text());
    await server.stop();
});

test('on a listener of its own, and there alone', async () => {
    const port = await freePort();
    const server = await Server.start({
        flags: [...UNLIMITED, '--metrics.enabled=true', `--metrics.listen=127.0.0.1:${port}`],
    });
    assertMetrics(await (await fetch(`http://127.0.0.1:${port}/metrics`)).text());
    assert.equal((await fetch(`${server.url}/metrics`)).status, 404);
    assert.equal((await fetch(`http://127.0.0.1:${port}/api/v10/gateway`)).status, 404);
    await server.stop();
});
