// eris for the day (day.mjs): https and wss only. Imported after what it must not find was hidden.

import https from 'node:https';
import { createRequire } from 'node:module';

const { Client } = createRequire(import.meta.url)('eris');

export function eris({ rest, robot, tls }, compress) {
    const client = new Client(robot.token, {
        intents: ['guilds', 'guildMembers', 'guildMessages', 'messageContent', 'guildPresences', 'guildVoiceStates'],
        compress,
        autoreconnect: true,
        reconnectDelay: () => 50,
        ws: { ca: tls.ca },
        rest: {
            domain: '127.0.0.1', baseURL: '/api/v10',
            agent: new https.Agent({ port: rest.port, ca: tls.ca }),
        },
    });
    client.on('error', () => {}); // cuts
    const names = {
        guild: ['guildCreate', (guild) => guild.id],
        gone: ['guildDelete', (guild) => guild.id],
        channel: ['channelCreate', (channel) => channel.id],
        message: ['messageCreate', ({ id, content }) => ({ id, content })],
        resumed: ['shardResume', () => null],
        presence: ['presenceUpdate', (now) => ({
            user: now.id ?? now.user.id, status: now.status, activity: now.activities?.[0]?.name,
        })],
    };
    return {
        // Its Resume has no compress in the address (Shard.js, resumeURL), yet inflates what comes.
        resumes: !compress,
        connect: async () => {
            const ready = new Promise((done) => {
                client.once('ready', done);
            });
            await client.connect();
            await ready;
        },
        destroy: () => client.disconnect({ reconnect: false }),
        on: (name, listener) => {
            if (name === 'ready') { // its own event comes after a Resume, too
                client.on('rawWS', (packet) => packet.t === 'READY' && listener(null));
                return;
            }
            if (name !== 'voice') {
                client.on(names[name][0], (...args) => listener(names[name][1](...args)));
                return;
            }
            client.on('voiceChannelJoin', (member, channel) => listener({ user: member.id, channel: channel.id }));
            client.on('voiceChannelSwitch', (member, channel) => listener({ user: member.id, channel: channel.id }));
            client.on('voiceChannelLeave', (member) => listener({ user: member.id, channel: null }));
        },
        guilds: () => [...client.guilds.keys()],
        members: async (id) => (await client.guilds.get(id).fetchMembers()).map((member) => member.id),
        named: async (id, query) =>
            (await client.guilds.get(id).fetchMembers({ query, limit: 100 })).map((member) => member.id),
        show: (status, activity) => client.editStatus(status, [{ name: activity, type: 0 }]),
        speak: (guild, channel) => client.guilds.get(guild).shard.sendWS(4, {
            guild_id: guild, channel_id: channel, self_mute: false, self_deaf: false,
        }),
    };
}
