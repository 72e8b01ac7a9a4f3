// Guilds: made as Discord makes them, read by members only.

import assert from 'node:assert/strict';
import test from 'node:test';

import { api, formCodes, ok } from '../lib/api.mjs';
import { useServer } from '../lib/server.mjs';
import { CATEGORY, TEXT, VOICE, guild, person, world } from '../lib/world.mjs';

const server = await useServer();
const { owner, guild: home, member } = await world(server);

test('a new guild has @everyone, two categories and two channels', async () => {
    const answer = await api(server, 'POST', '/guilds', {
        token: owner.token, body: { name: 'Fresh', icon: null, channels: [], region: null },
    });
    assert.equal(answer.status, 201);
    assert.equal(answer.body.owner_id, owner.id);
    assert.equal(answer.body.name, 'Fresh');
    const [everyone] = answer.body.roles;
    assert.equal(everyone.id, answer.body.id, '@everyone has the guild\'s id');
    const channels = await ok(server, 'GET', `/guilds/${answer.body.id}/channels`, { token: owner.token });
    const categories = channels.filter((c) => c.type === CATEGORY);
    assert.deepEqual(categories.map((c) => c.name).sort(), ['Text Channels', 'Voice Channels']);
    const text = channels.find((c) => c.type === TEXT);
    const voice = channels.find((c) => c.type === VOICE);
    assert.equal(text.name, 'general');
    assert.equal(voice.name, 'General');
    assert.ok(categories.some((c) => c.id === text.parent_id && c.name === 'Text Channels'));
    assert.ok(categories.some((c) => c.id === voice.parent_id && c.name === 'Voice Channels'));
    assert.equal(answer.body.system_channel_id, text.id);
});

test('members read it, with counts if they ask', async () => {
    for (const who of [owner, member]) {
        const read = await ok(server, 'GET', `/guilds/${home.id}?with_counts=true`, { token: who.token });
        assert.equal(read.id, home.id);
        assert.equal(read.approximate_member_count, 3);
        assert.equal(typeof read.approximate_presence_count, 'number');
    }
    const plain = await ok(server, 'GET', `/guilds/${home.id}`, { token: member.token });
    assert.equal(plain.approximate_member_count, undefined);
});

test('the list of one\'s guilds', async () => {
    const loner = await person(server);
    const list = async (who) => ok(server, 'GET', '/users/@me/guilds', { token: who.token });
    assert.deepEqual(await list(loner), []);
    const [mine] = await list(member);
    assert.equal(mine.id, home.id);
    assert.equal(mine.owner, false);
    assert.match(mine.permissions, /^\d+$/);
    assert.ok((await list(owner)).find((g) => g.id === home.id).owner);
});

for (const [name, body, path] of [
    ['no name', {}, 'name'], ['a name of one letter', { name: 'x' }, 'name'],
    ['a name of blanks', { name: '   ' }, 'name'], ['a name too long', { name: 'x'.repeat(101) }, 'name'],
    ['a name that is a list', { name: ['x'] }, 'name'],
    ['an icon, which is not there yet', { name: 'With icon', icon: 'data:image/png;base64,AAAA' }, 'icon'],
    ['a wrong level', { name: 'Level', verification_level: 9 }, 'verification_level'],
]) {
    test(`a guild with ${name}: 50035 at ${path}`, async () => {
        const answer = await api(server, 'POST', '/guilds', { token: owner.token, body });
        assert.equal(formCodes(answer, path).length, 1);
    });
}

test('names keep what people write', async () => {
    for (const name of ['Größe & <b>Maß</b> "x" \\ 😀', 'ﷺ 龍', 'a'.repeat(100)]) {
        const made = await guild(server, owner, name);
        const read = await ok(server, 'GET', `/guilds/${made.id}`, { token: owner.token });
        assert.equal(read.name, name);
    }
});
