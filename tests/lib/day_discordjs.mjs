// discord.js for the day (day.mjs). Imported after what it must not find was hidden (modules.mjs).

import { createRequire } from 'node:module';

const { Client, Events, GatewayIntentBits } = createRequire(import.meta.url)('discord.js');

export function discordjs({ rest, robot }) {
    const client = new Client({
        intents: [
            GatewayIntentBits.Guilds, GatewayIntentBits.GuildMembers, GatewayIntentBits.GuildMessages,
            GatewayIntentBits.MessageContent, GatewayIntentBits.GuildPresences, GatewayIntentBits.GuildVoiceStates,
        ],
        rest: { api: `http://127.0.0.1:${rest.port}/api` },
    });
    const names = {
        guild: [Events.GuildCreate, (guild) => guild.id],
        gone: [Events.GuildDelete, (guild) => guild.id],
        channel: [Events.ChannelCreate, (channel) => channel.id],
        message: [Events.MessageCreate, ({ id, content }) => ({ id, content })],
        resumed: [Events.ShardResume, () => null],
        ready: [Events.ShardReady, () => null],
        presence: [Events.PresenceUpdate, (_, now) => ({
            user: now.userId, status: now.status, activity: now.activities[0]?.name,
        })],
        voice: [Events.VoiceStateUpdate, (_, now) => ({ user: now.id, channel: now.channelId })],
    };
    return {
        givesUpConnecting: true, // @discordjs/ws: failedToConnectDueToNetworkError, then Reconnect
        connect: () => client.login(robot.bare),
        destroy: () => client.destroy(),
        on: (name, listener) => client.on(names[name][0], (...args) => listener(names[name][1](...args))),
        guilds: () => [...client.guilds.cache.keys()],
        members: async (id) => [...(await client.guilds.cache.get(id).members.fetch()).keys()],
        named: async (id, query) =>
            [...(await client.guilds.cache.get(id).members.fetch({ query, limit: 100 })).keys()],
        show: (status, activity) => client.user.setPresence({ status, activities: [{ name: activity }] }),
        speak: (guild, channel) => client.guilds.cache.get(guild).shard.send({
            op: 4, d: { guild_id: guild, channel_id: channel, self_mute: false, self_deaf: false },
        }),
    };
}
