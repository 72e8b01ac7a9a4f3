// The guild that the matrix asks about, and who asks. @everyone holds nothing but VIEW_CHANNEL, so that
// a bit is there only if the matrix gives it.

import { api, ok } from '../../lib/api.mjs';
import { authorize, bot, guild, invite, person, post } from '../../lib/world.mjs';

// One pixel.
export const PNG = 'data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==';

export const BITS = {
    CREATE_INSTANT_INVITE: 0, KICK_MEMBERS: 1, BAN_MEMBERS: 2, ADMINISTRATOR: 3, MANAGE_CHANNELS: 4,
    MANAGE_GUILD: 5, ADD_REACTIONS: 6, VIEW_AUDIT_LOG: 7, PRIORITY_SPEAKER: 8, STREAM: 9,
    VIEW_CHANNEL: 10, SEND_MESSAGES: 11, SEND_TTS_MESSAGES: 12, MANAGE_MESSAGES: 13, EMBED_LINKS: 14,
    ATTACH_FILES: 15, READ_MESSAGE_HISTORY: 16, MENTION_EVERYONE: 17, USE_EXTERNAL_EMOJIS: 18,
    VIEW_GUILD_INSIGHTS: 19, CONNECT: 20, SPEAK: 21, MUTE_MEMBERS: 22, DEAFEN_MEMBERS: 23,
    MOVE_MEMBERS: 24, USE_VAD: 25, CHANGE_NICKNAME: 26, MANAGE_NICKNAMES: 27, MANAGE_ROLES: 28,
    MANAGE_WEBHOOKS: 29, MANAGE_GUILD_EXPRESSIONS: 30, USE_APPLICATION_COMMANDS: 31,
    REQUEST_TO_SPEAK: 32, MANAGE_EVENTS: 33, MANAGE_THREADS: 34, CREATE_PUBLIC_THREADS: 35,
    CREATE_PRIVATE_THREADS: 36, USE_EXTERNAL_STICKERS: 37, SEND_MESSAGES_IN_THREADS: 38,
    USE_EMBEDDED_ACTIVITIES: 39, MODERATE_MEMBERS: 40, VIEW_CREATOR_MONETIZATION_ANALYTICS: 41,
    USE_SOUNDBOARD: 42, CREATE_GUILD_EXPRESSIONS: 43, CREATE_EVENTS: 44, USE_EXTERNAL_SOUNDS: 45,
    SEND_VOICE_MESSAGES: 46, SET_VOICE_CHANNEL_STATUS: 48, SEND_POLLS: 49, USE_EXTERNAL_APPS: 50,
    PIN_MESSAGES: 51, BYPASS_SLOWMODE: 52,
};
export const bit = (name) => {
    if (!(name in BITS))
        throw new Error(`no permission is called ${name}`);
    return 1n << BigInt(BITS[name]);
};
export const bits = (names) => names.reduce((all, name) => all | bit(name), 0n);
// Whoever has everything but one bit is no administrator, who would have that one too.
export const ALL = bits(Object.keys(BITS).filter((name) => name !== 'ADMINISTRATOR'));

export class World {
    static async make(server) {
        const w = new World();
        w.server = server;
        w.owner = await person(server);
        w.guild = await guild(server, w.owner);
        await w.as('PATCH', `/guilds/${w.guild.id}/roles/${w.guild.id}`, { permissions: String(bit('VIEW_CHANNEL')) });
        w.general = w.guild.channel;
        w.category = await w.channel({ name: 'category', type: 4 });
        w.voice = await w.channel({ name: 'voice', type: 2 });
        w.stage = await w.channel({ name: 'stage', type: 13 });
        // From the lowest to the highest.
        w.low = await w.role('low');
        w.held = await w.role('held');
        w.admins = await w.role('admins', bit('ADMINISTRATOR'));
        await w.as('PATCH', `/guilds/${w.guild.id}/roles`, [
            { id: w.low, position: 1 }, { id: w.held, position: 2 }, { id: w.admins, position: 3 },
        ]);
        [w.administrator, w.holder, w.target] = [await person(server), await person(server), await person(server)];
        for (const each of [w.administrator, w.holder, w.target])
            await w.enter(each);
        await w.give(w.administrator, w.admins);
        await w.give(w.holder, w.held);
        // A bot, so that what is only for bots can be asked for, and what is not.
        w.robot = await bot(server, w.owner);
        await authorize(server, w.owner, w.robot, w.guild, String(bit('ADMINISTRATOR')));
        await w.outsiders();
        return w;
    }

    async outsiders() {
        this.stranger = await person(this.server);
        this.other = await person(this.server);
        this.elsewhere = await guild(this.server, this.other, 'Another guild');
        this.banned = await person(this.server);
        await this.enter(this.banned);
        await this.as('PUT', `/guilds/${this.guild.id}/bans/${this.banned.id}`, {});
    }

    // A request of the owner's that must succeed.
    async as(method, path, body) {
        return ok(this.server, method, path, { token: this.owner.token, body });
    }

    get here() {
        return `/guilds/${this.guild.id}`;
    }

    // The member whose bits the matrix sets holds just these.
    async hold(value) {
        if (this.holding === value)
            return;
        await this.as('PATCH', `${this.here}/roles/${this.held}`, { permissions: String(value) });
        this.holding = value;
    }

    // The holder does not see the channel, and does again.
    async hide(channel) {
        await this.as('PUT', `/channels/${channel}/permissions/${this.holder.id}`, {
            type: 1, allow: '0', deny: String(bit('VIEW_CHANNEL')),
        });
    }

    // It may be gone by now.
    async show(channel) {
        await api(this.server, 'DELETE', `/channels/${channel}/permissions/${this.holder.id}`, { token: this.owner.token });
    }

    async enter(who) {
        this.way ??= await invite(this.server, this.owner, this.guild.channel, { max_age: 0 });
        await ok(this.server, 'POST', `/invites/${this.way.code}`, {
            token: who.token, body: {}, headers: { 'x-forwarded-for': `203.0.113.${who === this.target ? 9 : 1}` },
        });
    }

    // The target is a member again, whatever was done to it.
    async targeted() {
        await api(this.server, 'DELETE', `${this.here}/bans/${this.target.id}`, { token: this.owner.token });
        await this.unbanAddresses();
        await this.enter(this.target);
        return this.target.id;
    }

    async give(who, role) {
        await this.as('PUT', `${this.here}/members/${who.id}/roles/${role}`);
    }

    async role(name, permissions = 0n) {
        return (await this.as('POST', `${this.here}/roles`, { name, permissions: String(permissions) })).id;
    }

    async channel(body) {
        return (await this.as('POST', `${this.here}/channels`, { name: 'room', ...body })).id;
    }

    // A request of somebody's that must succeed.
    async ok(who, method, path, body) {
        return ok(this.server, method, path, { token: who.token, body });
    }

    async form(method, path, form) {
        return ok(this.server, method, path, { token: this.owner.token, raw: form });
    }

    // Whoever of these may, is interested in the event.
    async follow(actor, event) {
        const who = { owner: this.owner, administrator: this.administrator, exact: this.holder, less: this.holder }[actor];
        if (who !== undefined)
            await this.ok(who, 'PUT', `${this.here}/scheduled-events/${event}/users/@me`, {});
    }

    async unbanAddresses() {
        await api(this.server, 'DELETE', `${this.here}/address-bans/${this.target.id}`, { token: this.owner.token });
    }

    async noTemplate() {
        for (const { code } of await this.as('GET', `${this.here}/templates`))
            await this.as('DELETE', `${this.here}/templates/${code}`);
    }

    async template() {
        const [there] = await this.as('GET', `${this.here}/templates`);
        return (there ?? await this.as('POST', `${this.here}/templates`, { name: 'of the matrix' })).code;
    }

    async message(channel = this.general) {
        return (await post(this.server, this.owner, channel, 'a message')).id;
    }
}
