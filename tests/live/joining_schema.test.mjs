// Replies of the routes around joining, against Discord's document: as full as they get.

import assert from 'node:assert/strict';
import test from 'node:test';

import { api, ok } from '../lib/api.mjs';
import { useServer } from '../lib/server.mjs';
import { MISSING, MUST, Spec, assertValid } from '../lib/spec.mjs';
import { PERMISSIONS, VOICE, channel, invite, world } from '../lib/world.mjs';

if (MISSING === null)
    await main(new Spec());
else if (MUST)
    test(MISSING, () => assert.fail(MISSING));
else
    test(MISSING, { skip: MISSING }, () => {});

async function main(spec) {
    const server = await useServer();
    const { owner, guild, member, bot: robot } = await world(server, {
        permissions: String(PERMISSIONS.ADMINISTRATOR),
    });
    const role = await ok(server, 'POST', `/guilds/${guild.id}/roles`, { token: owner.token, body: { name: 'given' } });
    const voice = await channel(server, owner, guild, { name: 'voice', type: VOICE });
    const rooms = [];
    for (let i = 0; i < 7; i += 1)
        rooms.push((await channel(server, owner, guild, { name: `room-${i}` })).id);
    const { code } = await invite(server, owner, guild.channel, { role_ids: [role.id], max_age: 0, unique: true });
    const event = await ok(server, 'POST', `/guilds/${guild.id}/scheduled-events`, {
        token: owner.token, body: {
            name: 'Fair', privacy_level: 2, entity_type: 3, entity_metadata: { location: 'here' },
            scheduled_start_time: new Date(Date.now() + 3600e3).toISOString(),
            scheduled_end_time: new Date(Date.now() + 7200e3).toISOString(),
        },
    });
    const g = `/guilds/${guild.id}`;
    const prompts = [{ id: '1', title: 'Which?', options: [
        { title: 'This', role_ids: [role.id], channel_ids: [rooms[0]], emoji_name: '🌱' }, { title: 'That' }] }];

    // Method, path in the document, path asked, status, body; in this order.
    const CASES = [
        ['POST', '/channels/{channel_id}/invites', `/channels/${voice.id}/invites`, 200,
            { target_type: 1, target_user_id: member.id }],
        ['POST', '/channels/{channel_id}/invites', `/channels/${voice.id}/invites`, 200,
            { target_type: 2, target_application_id: robot.application }],
        ['GET', '/channels/{channel_id}/invites', `/channels/${voice.id}/invites`, 200],
        ['GET', '/guilds/{guild_id}/invites', `${g}/invites`, 200],
        ['GET', '/invites/{code}', `/invites/${code}?with_counts=true&with_permissions=true&` +
            `guild_scheduled_event_id=${event.id}`, 200],
        ['DELETE', '/invites/{code}', `/invites/${code}`, 200],
        ['GET', '/guilds/{guild_id}/vanity-url', `${g}/vanity-url`, 200],
        ['GET', '/guilds/{guild_id}/preview', `${g}/preview`, 200],
        ['PATCH', '/guilds/{guild_id}/widget', `${g}/widget`, 200, { enabled: true, channel_id: guild.channel }],
        ['GET', '/guilds/{guild_id}/widget', `${g}/widget`, 200],
        ['GET', '/guilds/{guild_id}/widget.json', `${g}/widget.json`, 200],
        ['PATCH', '/guilds/{guild_id}/welcome-screen', `${g}/welcome-screen`, 200, {
            enabled: true, description: 'x', welcome_channels: [{ channel_id: guild.channel, description: 'x' }],
        }],
        ['GET', '/guilds/{guild_id}/welcome-screen', `${g}/welcome-screen`, 200],
        ['PUT', '/guilds/{guild_id}/onboarding', `${g}/onboarding`, 200,
            { enabled: true, default_channel_ids: rooms, prompts, mode: 1 }],
        ['GET', '/guilds/{guild_id}/onboarding', `${g}/onboarding`, 200],
    ];
    for (const [method, path, asking, status, body] of CASES) {
        test(`${method} ${asking} ${body ? JSON.stringify(body).slice(0, 40) : ''}`, async () => {
            const answer = await api(server, method, asking, { token: robot.token, body });
            assert.equal(answer.status, status, answer.text);
            const validate = spec.body(method, path, status);
            assert.ok(validate, `${method} ${path} is in the document`);
            assertValid(validate, answer.body, `${method} ${path}`);
        });
    }

    test('new member welcome', async () => {
        await ok(server, 'PUT', `${g}/new-member-welcome`, {
            token: owner.token, body: {
                enabled: true, welcome_message: { author_ids: [owner.id], message: 'hello' },
                new_member_actions: [{ channel_id: guild.channel, action_type: 0, title: 'x', description: 'y' }],
                resource_channels: [{ channel_id: guild.channel, title: 'x', description: 'y' }],
            },
        });
        const answer = await ok(server, 'GET', `${g}/new-member-welcome`, { token: robot.token });
        assertValid(spec.body('GET', '/guilds/{guild_id}/new-member-welcome', 200), answer, 'new member welcome');
    });

    test('an accepted invite', async () => {
        const again = await invite(server, owner, guild.channel, { unique: true });
        const answer = await ok(server, 'POST', `/invites/${again.code}`, { token: member.token, body: {} });
        assertValid(spec.component('GuildInviteResponse'), answer, 'POST /invites/{code}');
    });
}
