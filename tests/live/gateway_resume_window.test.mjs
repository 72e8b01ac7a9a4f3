// A session outlives its connection for the resume window and no longer.

import assert from 'node:assert/strict';
import test from 'node:test';

import { Gateway, OP } from '../lib/gateway.mjs';
import { UNLIMITED, useServer } from '../lib/server.mjs';
import { until } from '../lib/wait.mjs';
import { bot, person } from '../lib/world.mjs';

const server = await useServer({
    flags: [...UNLIMITED, '--gateway.resume_window_ms=200', '--metrics.enabled=true'],
});
const owner = await person(server);
const robot = await bot(server, owner);

async function sessions() {
    const text = await (await fetch(`${server.url}/metrics`)).text();
    return Number(/^guildhall_gateway_sessions (\d+)$/m.exec(text)[1]);
}

test('when the window is over the session is gone, and so is its memory', async () => {
    const first = await Gateway.session(server, robot);
    assert.equal(await sessions(), 1);
    await first.cut();
    await until(async () => await sessions() === 0, 'the session to be dropped');
    const back = await Gateway.connect(server);
    await back.resume(robot, first.session, first.seq);
    const { d } = await back.op(OP.INVALID_SESSION);
    assert.equal(d, false);
    await back.end();
});
