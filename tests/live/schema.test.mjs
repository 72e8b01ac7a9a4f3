// Every reply body against Discord's official OpenAPI document. SPEC names the document; by default it
// lies beside the repository. Without it this cannot run, and says so.

import assert from 'node:assert/strict';
import test from 'node:test';

import { api, ok } from '../lib/api.mjs';
import { Gateway } from '../lib/gateway.mjs';
import { UNLIMITED, useServer } from '../lib/server.mjs';
import { MISSING, MUST, Spec, assertValid } from '../lib/spec.mjs';
import { PERMISSIONS, authorize, bot, channel, invite, post, world } from '../lib/world.mjs';

if (MISSING === null)
    await main(new Spec());
else if (MUST)
    test(MISSING, () => assert.fail(MISSING));
else
    test(MISSING, { skip: MISSING }, () => {});

async function main(spec) {
    // The validator of the JSON body of an operation's answer, from the document's own tables.
    function validator(method, path, status) {
        const validate = spec.body(method, path, status);
        assert.ok(validate, `${method} ${path} is in the document, with a body for ${status}`);
        return validate;
    }

    const component = (name) => spec.component(name);

    const server = await useServer({ flags: UNLIMITED });
    const { owner, guild, member, bot: robot } = await world(server, {
        permissions: String(PERMISSIONS.ADMINISTRATOR),
    });
    const asked = await post(server, owner, guild.channel, `question <@${member.id}> @everyone`);
    const reply = await post(server, member, guild.channel, 'answer', {
        message_reference: { message_id: asked.id },
    });
    await ok(server, 'PATCH', `/channels/${guild.channel}/messages/${asked.id}`, {
        token: owner.token, body: { content: 'question, edited' },
    });
    const { code } = await invite(server, owner, guild.channel);

    // Method, path in the document, path asked, status, body. Asked as a bot: the document is for bots.
    const CASES = [
        ['GET', '/gateway', '/gateway', 200],
        ['GET', '/gateway/bot', '/gateway/bot', 200],
        ['GET', '/users/@me', '/users/@me', 200],
        ['GET', '/users/@me/guilds', '/users/@me/guilds', 200],
        ['GET', '/users/{user_id}', `/users/${owner.id}`, 200],
        ['GET', '/guilds/{guild_id}', `/guilds/${guild.id}`, 200],
        ['GET', '/guilds/{guild_id}', `/guilds/${guild.id}?with_counts=true`, 200],
        ['GET', '/guilds/{guild_id}/channels', `/guilds/${guild.id}/channels`, 200],
        ['POST', '/guilds/{guild_id}/channels', `/guilds/${guild.id}/channels`, 201, { name: 'text', topic: 'x' }],
        ['POST', '/guilds/{guild_id}/channels', `/guilds/${guild.id}/channels`, 201, { name: 'voice', type: 2 }],
        ['POST', '/guilds/{guild_id}/channels', `/guilds/${guild.id}/channels`, 201, { name: 'category', type: 4 }],
        ['POST', '/guilds/{guild_id}/channels', `/guilds/${guild.id}/channels`, 201, { name: 'news', type: 5 }],
        ['POST', '/guilds/{guild_id}/channels', `/guilds/${guild.id}/channels`, 201, { name: 'stage', type: 13 }],
        ['POST', '/guilds/{guild_id}/channels', `/guilds/${guild.id}/channels`, 201, { name: 'forum', type: 15 }],
        ['POST', '/guilds/{guild_id}/channels', `/guilds/${guild.id}/channels`, 201, {
            name: 'overwritten', permission_overwrites: [{ id: robot.id, type: 1, allow: '1024', deny: '2048' }],
        }],
        ['GET', '/channels/{channel_id}', `/channels/${guild.channel}`, 200],
        ['POST', '/channels/{channel_id}/messages', `/channels/${guild.channel}/messages`, 200, { content: 'hello' }],
        ['POST', '/channels/{channel_id}/messages', `/channels/${guild.channel}/messages`, 200, {
            content: 're', nonce: 'n', message_reference: { message_id: asked.id },
        }],
        ['GET', '/channels/{channel_id}/messages', `/channels/${guild.channel}/messages`, 200],
        ['GET', '/channels/{channel_id}/messages/{message_id}', `/channels/${guild.channel}/messages/${reply.id}`, 200],
        ['GET', '/channels/{channel_id}/messages/{message_id}', `/channels/${guild.channel}/messages/${asked.id}`, 200],
        ['POST', '/channels/{channel_id}/invites', `/channels/${guild.channel}/invites`, 200, { max_age: 60 }],
        ['GET', '/invites/{code}', `/invites/${code}`, 200],
        ['GET', '/invites/{code}', `/invites/${code}?with_counts=true`, 200],
        ['GET', '/applications/@me', '/applications/@me', 200],
        ['GET', '/oauth2/applications/@me', '/oauth2/applications/@me', 200],
    ];

    for (const [method, path, asking, status, body] of CASES) {
        test(`${method} ${path} ${body ? JSON.stringify(body).slice(0, 40) : ''}`, async () => {
            const answer = await api(server, method, asking, { token: robot.token, body });
            assert.equal(answer.status, status, answer.text);
            assertValid(validator(method, path, status), answer.body, `${method} ${path}`);
        });
    }

    test('PATCH of a message', async () => {
        const mine = await post(server, robot, guild.channel, 'mine');
        const answer = await api(server, 'PATCH', `/channels/${guild.channel}/messages/${mine.id}`, {
            token: robot.token, body: { content: 'mine, edited' },
        });
        assert.equal(answer.status, 200);
        assertValid(validator('PATCH', '/channels/{channel_id}/messages/{message_id}', 200), answer.body, 'PATCH');
    });

    test('people\'s own replies have the same shapes', async () => {
        const made = await api(server, 'POST', '/guilds', { token: owner.token, body: { name: 'By a person' } });
        assert.equal(made.status, 201);
        assertValid(component('GuildResponse'), made.body, 'POST /guilds');
        const joined = await ok(server, 'POST', `/invites/${code}`, { token: owner.token, body: {} });
        assertValid(validator('GET', '/invites/{code}', 200), joined, 'POST /invites/{code}');
        const me = await ok(server, 'GET', '/users/@me', { token: owner.token });
        assertValid(validator('GET', '/users/@me', 200), me, 'GET /users/@me');
    });

    test('errors', async () => {
        const error = component('ErrorResponse');
        for (const [path, body] of [['/channels/1/messages', { content: 'x' }],
            [`/channels/${guild.channel}/messages`, { content: '' }], ['/no/such/route', {}],
            [`/channels/${guild.channel}/messages`, { content: 'x'.repeat(2001), nonce: 'n'.repeat(40) }]]) {
            const answer = await api(server, 'POST', path, { token: robot.token, body });
            assert.ok(answer.status >= 400);
            // The document has numbers as the codes of field errors; Discord sends names, its guides show
            // names, and clients print them. Clients come first.
            const { errors, ...rest } = answer.body;
            assertValid(error, rest, path);
            for (const { code, message } of errors?.content?._errors ?? []) {
                assert.equal(code, 'BASE_TYPE_MAX_LENGTH');
                assert.equal(typeof message, 'string');
            }
            assert.equal(errors !== undefined, answer.body.code === 50035);
        }
    });

    test('the check can fail', async () => {
        const validate = validator('GET', '/users/@me', 200);
        const me = await ok(server, 'GET', '/users/@me', { token: robot.token });
        for (const key of ['id', 'username', 'flags', 'global_name']) {
            const { [key]: _, ...without } = me;
            assert.equal(validate(without), false, `without ${key}`);
        }
        assert.equal(validate({ ...me, id: 5 }), false);
    });

    test('members and channels of gateway payloads', async () => {
        const gateway = await Gateway.session(server, robot);
        const whole = await gateway.guild(guild.id);
        assertValid(component('GuildResponse'), { ...whole }, 'GUILD_CREATE');
        for (const role of whole.roles)
            assertValid(component('GuildRoleResponse'), role, 'role');
        for (const each of whole.channels)
            assertValid(component('GuildChannelResponse'), { guild_id: guild.id, ...each }, 'channel');
        for (const each of whole.members)
            assertValid(component('GuildMemberResponse'), each, 'member');
        const made = await channel(server, robot, guild, { name: 'seen' });
        const created = await gateway.event('CHANNEL_CREATE', (d) => d.id === made.id);
        assertValid(component('GuildChannelResponse'), created.d, 'CHANNEL_CREATE');
        const sent = await post(server, owner, guild.channel, `<@${robot.id}>`, {
            message_reference: { message_id: asked.id },
        });
        const heard = await gateway.event('MESSAGE_CREATE', (d) => d.id === sent.id);
        assertValid(component('MessageResponse'), heard.d, 'MESSAGE_CREATE');
        const late = await bot(server, owner);
        await authorize(server, owner, late, guild);
        const added = await gateway.event('GUILD_MEMBER_ADD', (d) => d.user.id === late.id);
        assertValid(component('GuildMemberResponse'), added.d, 'GUILD_MEMBER_ADD');
        await gateway.end();
    });
}
