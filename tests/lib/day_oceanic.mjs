// oceanic.js for the day (day.mjs). Imported after what it must not find was hidden (modules.mjs).

import { createRequire } from 'node:module';

const { Client } = createRequire(import.meta.url)('oceanic.js');

export function oceanic({ rest, robot }, compress, { resumes = true } = {}) {
    const client = new Client({
        auth: robot.token,
        rest: { baseURL: `http://127.0.0.1:${rest.port}/api/v10` },
        gateway: {
            intents: ['GUILDS', 'GUILD_MEMBERS', 'GUILD_MESSAGES', 'MESSAGE_CONTENT', 'GUILD_PRESENCES',
                'GUILD_VOICE_STATES'],
            reconnectDelay: () => 50,
            ...(compress === undefined ? {} : { compress }),
        },
    });
    client.on('error', () => {}); // cuts
    const channels = new Map(); // of users, as its voice events have no single shape
    const names = {
        guild: ['guildCreate', (guild) => guild.id],
        gone: ['guildDelete', (guild) => guild.id],
        channel: ['channelCreate', (channel) => channel.id],
        message: ['messageCreate', ({ id, content }) => ({ id, content })],
        resumed: ['shardResume', () => null],
        ready: ['shardPreReady', () => null],
        presence: ['presenceUpdate', (_, member, now) => ({
            user: member.id, status: now.status, activity: now.activities?.[0]?.name,
        })],
    };
    const voice = (user, channel, listener) => {
        channels.set(user, channel);
        listener({ user, channel });
    };
    return {
        resumes,
        connect: async () => {
            const ready = new Promise((done) => {
                client.once('ready', done);
            });
            await client.connect();
            await ready;
        },
        destroy: () => client.disconnect(false),
        on: (name, listener) => {
            if (name !== 'voice') {
                client.on(names[name][0], (...args) => listener(names[name][1](...args)));
                return;
            }
            client.on('voiceChannelJoin', (member, channel) => voice(member.id, channel.id, listener));
            client.on('voiceChannelSwitch', (member, channel) => voice(member.id, channel.id, listener));
            client.on('voiceChannelLeave', (member) => voice(member.id, null, listener));
        },
        guilds: () => [...client.guilds.keys()],
        members: async (id) => (await client.guilds.get(id).fetchMembers()).map((member) => member.id),
        named: async (id, query) =>
            (await client.guilds.get(id).fetchMembers({ query, limit: 100 })).map((member) => member.id),
        show: (status, activity) => client.editStatus(status, [{ name: activity, type: 0 }]),
        speak: (guild, channel) => client.guilds.get(guild).shard.updateVoiceState(guild, channel,
            { selfDeaf: false, selfMute: false }),
    };
}
