// Settings: kept as they were sent, checked by their table, told to the other sessions, there after a restart.

import assert from 'node:assert/strict';
import test from 'node:test';

import { api, formCodes, ok } from '../lib/api.mjs';
import { fails, sessionOf } from '../lib/people.mjs';
import { UNLIMITED, useServer } from '../lib/server.mjs';
import { bot, guild, person } from '../lib/world.mjs';

const server = await useServer({ flags: [...UNLIMITED] });
const path = '/users/@me/settings';
const get = (who) => ok(server, 'GET', path, { token: who.token });
const patch = (who, body) => ok(server, 'PATCH', path, { token: who.token, body });

test('defaults, a change, what the other session hears, and READY', async () => {
    const ada = await person(server);
    const session = await sessionOf(server, ada);
    const first = await get(ada);
    assert.deepEqual([first.theme, first.status, first.locale, first.default_guilds_restricted],
        ['dark', 'online', 'en-US', false]);
    assert.deepEqual(session.ready.user_settings, first);
    const wish = {
        theme: 'light', developer_mode: true, afk_timeout: 300,
        custom_status: { text: 'tea', emoji_id: null, emoji_name: '🍵', expires_at: null },
        guild_folders: [{ guild_ids: ['1573665868993265664'], id: '7', name: 'friends', color: 255 }],
    };
    const second = await patch(ada, wish);
    assert.deepEqual(second, { ...first, ...wish });
    assert.deepEqual((await session.event('USER_SETTINGS_UPDATE')).d, second);
    assert.deepEqual(await patch(ada, { custom_status: null, no_such_setting: 1 }), { ...second, custom_status: null });
    const again = await sessionOf(server, ada);
    assert.deepEqual(again.ready.user_settings, { ...second, custom_status: null });
    await session.end();
    await again.end();
});

test('what is wrong is said field by field, and changes nothing', async () => {
    const ada = await person(server);
    const before = await get(ada);
    for (const [body, at, code] of [
        [{ theme: 'plaid' }, 'theme', 'BASE_TYPE_CHOICES'],
        [{ status: 'gone fishing' }, 'status', 'BASE_TYPE_CHOICES'],
        [{ afk_timeout: 601 }, 'afk_timeout', 'NUMBER_TYPE_MAX'],
        [{ developer_mode: 7 }, 'developer_mode', 'BOOLEAN_TYPE_CONVERT'],
        [{ custom_status: { text: 'x'.repeat(129) } }, 'custom_status.text', 'BASE_TYPE_MAX_LENGTH'],
        [{ guild_folders: [{ name: 'x' }] }, 'guild_folders.0.guild_ids', 'BASE_TYPE_REQUIRED'],
    ])
        assert.deepEqual(formCodes(await api(server, 'PATCH', path, { token: ada.token, body }), at), [code], at);
    assert.deepEqual(await get(ada), before);
    const robot = await bot(server, ada);
    await fails(server, 'GET', path, [403, 20001], { token: robot.token });
});

test('guilds whose members may not write: the list is of the guilds of now, the default of later ones', async () => {
    const ada = await person(server);
    const [one, two] = [await guild(server, ada), await guild(server, ada)];
    const restricted = async (body) => (body ? await patch(ada, body) : await get(ada)).restricted_guilds;
    assert.deepEqual(await restricted({ restricted_guilds: [two.id, '123456789012345678'] }), [two.id]);
    assert.deepEqual(await restricted({ default_guilds_restricted: true }), [two.id], 'guilds of now stay as they are');
    const three = await guild(server, ada);
    assert.deepEqual(await restricted(), [two.id, three.id]);
    assert.deepEqual(await restricted({ restricted_guilds: [] }), []);
    assert.deepEqual(await restricted({ restricted_guilds: [one.id, two.id, three.id] }), [one.id, two.id, three.id]);
    await ok(server, 'DELETE', `/guilds/${two.id}`, { token: ada.token, body: {} });
    assert.deepEqual(await restricted(), [one.id, three.id]);
});
