// Voice states of sessions that did not survive: gone at the next start, and those who come back to
// the guild's stream can read it in the log.

import assert from 'node:assert/strict';
import test from 'node:test';

import { api, assertError, ok } from '../lib/api.mjs';
import { Gateway } from '../lib/gateway.mjs';
import { Server, UNLIMITED, atEnd, temporaryFolder } from '../lib/server.mjs';
import { VOICE, channel, guild, invite, join, person } from '../lib/world.mjs';

for (const end of ['kill', 'stop']) {
    test(`${end}, then start`, async () => {
        const data = temporaryFolder();
        let server = await Server.start({ flags: UNLIMITED, data });
        atEnd(() => server.stop());
        const [owner, guest] = [await person(server), await person(server)];
        const home = await guild(server, owner);
        await join(server, guest, (await invite(server, owner, home.channel)).code);
        const lounge = (await channel(server, owner, home, { name: 'lounge', type: VOICE })).id;
        const own = await Gateway.session(server, guest, { identify: { intents: null } });
        own.send({ op: 4, d: { guild_id: home.id, channel_id: lounge, self_mute: false, self_deaf: false } });
        await own.event('VOICE_STATE_UPDATE');
        if (end === 'stop')
            await own.end(4000);
        await server[end]();
        server = await Server.start({ flags: UNLIMITED, data });
        const answer = await api(server, 'GET', `/guilds/${home.id}/voice-states/${guest.id}`, { token: owner.token });
        const again = await Gateway.connect(server);
        again.resume(guest, own.session, own.seq);
        if (end === 'stop') {
            // A planned stop hands the session over, and with it the place where it is.
            assert.equal(answer.status, 200, answer.text);
            assert.equal(answer.body.session_id, own.session);
            await again.event('RESUMED');
            await again.end(1000);
        } else {
            assertError(answer, 404, 10065);
            await again.op(9);
            const late = await Gateway.session(server, owner, { identify: { intents: null } });
            assert.deepEqual((await late.guild(home.id)).voice_states, []);
            await late.end();
            await again.end();
        }
        assert.ok(await ok(server, 'GET', `/guilds/${home.id}`, { token: owner.token }));
    });
}
