// A folder of data with many people, each of them in ten of forty guilds of fifty channels.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { call, register, startGuildhall } from './guildhall.mjs';
import { insertMembers, insertPeople } from './people.mjs';
import { stop, temporaryFolder } from './process.mjs';

export const SHAPE = { guilds: 40, channels: 50, guildsOfPerson: 10 };
const AT_ONCE = 16;

async function atOnce(count, fn) {
    let next = 0;
    const work = async () => {
        while (next < count) {
            const i = next;
            next += 1;
            await fn(i);
        }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
}

async function makeGuild(server, owner, i) {
    const { id } = await call(server, owner, 'POST', '/guilds', { name: `Guild ${i}` });
    const there = await call(server, owner, 'GET', `/guilds/${id}/channels`);
    for (let n = there.length; n < SHAPE.channels; n += 1)
        await call(server, owner, 'POST', `/guilds/${id}/channels`, { name: `channel-${n}`, type: 0 });
    return { id, channel: there.find(({ type }) => type === 0).id };
}

// Everybody is in the first guild; else person n in the guilds n % 4 + 4, n % 4 + 8, ...: each has a quarter
// of the people.
function enterGuilds(data, guilds) {
    const apart = SHAPE.guilds / SHAPE.guildsOfPerson;
    guilds.forEach(({ id }, i) => insertMembers(data, id, i === 0 ? '1' : i < apart ? '0' : `n % ${apart} = ${i % apart}`));
}

// As makeWorld; posts go to the first guild.
export async function makeManyWorld(count, progress) {
    const data = join(temporaryFolder(), 'data');
    const server = await startGuildhall([], data);
    const owner = await register(server, 'owner');
    const guilds = [];
    await atOnce(SHAPE.guilds, async (i) => {
        guilds[i] = await makeGuild(server, owner, i);
        progress(`guilds: ${i + 1} of ${SHAPE.guilds}`);
    });
    await stop(server.child);
    const tokens = await insertPeople(data, count);
    enterGuilds(data, guilds);
    const file = join(temporaryFolder(), 'tokens');
    writeFileSync(file, tokens.map((token) => `${token}\n`).join(''));
    return { data, owner, tokens: file, posts: `/api/v10/channels/${guilds[0].channel}/messages` };
}
