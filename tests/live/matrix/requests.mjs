// How the rows of the matrix (rows.mjs) make what their requests are about.

import { person, guild as newGuild } from '../../lib/world.mjs';
import { PNG, bit } from './world.mjs';

// Whoever has a token is answered.
export const open = (request, more = {}) => ({
    ...more, request, status: { other: null, stranger: null, banned: null, ...more.status },
});
export const everybody = (status) => ({ other: status, stranger: status, banned: status });
export const NO_ACCESS = [403, 50001];
export const NO_PERMISSION = [403, 50013];

export const rule = {
    name: 'rule', event_type: 1, trigger_type: 1, trigger_metadata: { keyword_filter: ['zebra'] },
    actions: [{ type: 1 }], enabled: false,
};

// Not without CONNECT, like everything in a voice channel.
export const STAGE_MODERATOR = ['MANAGE_CHANNELS', 'MUTE_MEMBERS', 'MOVE_MEMBERS', 'CONNECT'];

export function stage(body) {
    return async (w) => {
        const id = await w.channel({ name: 'stage', type: 13 });
        await w.as('POST', '/stage-instances', { channel_id: id, topic: 'talk' });
        return { params: { channel_id: id }, body };
    };
}

export async function deletes(w, asks, method, more) {
    await w.targeted();
    for (const who of [w.administrator, w.target])
        await asks(who, method, w.here + more, [403, 20018], {});
    for (const who of [w.other, w.stranger, w.banned])
        await asks(who, method, w.here + more, NO_ACCESS, {});
    await asks(undefined, method, w.here + more, 401, {});
    const mine = await newGuild(w.server, w.owner);
    await asks(w.owner, method, `/guilds/${mine.id}${more}`, 204, {});
}

export function ofTarget(needed, body) {
    return {
        bits: needed,
        request: async (w) => ({ params: { user_id: await w.targeted() }, body: await body(w) }),
    };
}

// What fn does while the guild is in the directory. policy: 1 open, 2 on request.
export async function listed(w, join_policy, fn) {
    await w.as('PATCH', `${w.here}/directory`, { listed: true, join_policy });
    try {
        await fn();
    } finally {
        await w.as('PATCH', `${w.here}/directory`, { listed: false, join_policy: 0 });
    }
}

export async function requests(w, asks) {
    const mine = `${w.here}/requests/@me`;
    const asking = await person(w.server);
    await asks(asking, 'PUT', mine, [404, 10004], { form_fields: [] });
    for (const method of ['GET', 'PUT', 'DELETE'])
        await asks(undefined, method, mine, 401, method === 'PUT' ? {} : undefined);
    await asks(w.robot, 'GET', mine, [403, 20001]);
    await listed(w, 2, async () => {
        await asks(asking, 'GET', `${mine}/cooldown`, 200);
        await asks(asking, 'PUT', mine, 200, { form_fields: [] });
        await asks(w.banned, 'PUT', mine, [403, 40007], { form_fields: [] });
        await asks(asking, 'GET', mine, 200);
        await asks(asking, 'DELETE', mine, 204);
    });
}

export function ofTemplate(body) {
    return async (w) => ({ params: { code: await w.template() }, body });
}

export function ofRule(body) {
    return async (w) => ({ params: { rule_id: (await freshRule(w)).id }, body });
}

export const emoji = () => ({ name: `e${Math.random().toString(36).slice(2, 10)}`, image: PNG });

export async function anEmoji(w) {
    w.emoji ??= (await w.as('POST', `${w.here}/emojis`, emoji())).id;
    return w.emoji;
}

export function sticker() {
    const form = new FormData();
    form.set('name', 'sticker');
    form.set('description', '');
    form.set('tags', 'cat');
    form.set('file', new Blob([Buffer.from(PNG.split(',')[1], 'base64')], { type: 'image/png' }), 'sticker.png');
    return form;
}

export async function aSticker(w) {
    w.sticker ??= (await w.form('POST', `${w.here}/stickers`, sticker())).id;
    return w.sticker;
}

// Three silent frames of MP3.
const FRAME = Buffer.concat([Buffer.from([0xff, 0xfb, 0x90, 0x00]), Buffer.alloc(413)]);
export const sound = {
    name: 'sound', sound: `data:audio/mpeg;base64,${Buffer.concat([FRAME, FRAME, FRAME]).toString('base64')}`,
};

export async function aSound(w) {
    w.sound ??= (await w.as('POST', `${w.here}/soundboard-sounds`, sound)).sound_id;
    return w.sound;
}

export const meeting = () => ({
    name: 'meeting', privacy_level: 2, entity_type: 3, entity_metadata: { location: 'here' },
    scheduled_start_time: new Date(Date.now() + 3600e3).toISOString(),
    scheduled_end_time: new Date(Date.now() + 7200e3).toISOString(),
});

export function ofMeeting(body) {
    return async (w) => {
        for (const { id } of await w.as('GET', `${w.here}/scheduled-events`))
            await w.as('DELETE', `${w.here}/scheduled-events/${id}`);
        const { id } = await w.as('POST', `${w.here}/scheduled-events`, meeting());
        return { params: { guild_scheduled_event_id: id }, body };
    };
}

// With as many channels that everybody writes in as onboarding wants.
export async function onboarded(w, body) {
    const everybody = [{ id: w.guild.id, type: 0, allow: String(bit('VIEW_CHANNEL') | bit('SEND_MESSAGES')), deny: '0' }];
    if (w.open === undefined) {
        w.open = [];
        for (let i = 0; i < 7; i += 1)
            w.open.push(await w.channel({ name: `open-${i}`, permission_overwrites: everybody }));
    }
    await w.as('PUT', `${w.here}/onboarding`, { prompts: [], default_channel_ids: w.open, enabled: true, mode: 0 });
    return { body };
}
export const answers = { onboarding_responses: [], onboarding_prompts_seen: {}, onboarding_responses_seen: {} };

// Images of what bears one, made once.
export function guildImage(key) {
    return async (w) => {
        w.images ??= await w.as('PATCH', w.here, {
            icon: PNG, banner: PNG, splash: PNG, discovery_splash: PNG, home_header: PNG,
        });
        return { params: { file: `${w.images[key]}.png` } };
    };
}

export async function roleIcon(w) {
    w.icon ??= (await w.as('PATCH', `${w.here}/roles/${w.low}`, { icon: PNG })).icon;
    return { params: { file: `${w.icon}.png` } };
}

export function ownImage(key) {
    return async (w) => {
        w.own ??= await w.as('PATCH', `${w.here}/members/@me`, { avatar: PNG, banner: PNG });
        return { params: { user_id: w.owner.id, file: `${w.own[key]}.png` } };
    };
}

export async function meetingImage(w) {
    const made = await w.as('POST', `${w.here}/scheduled-events`, { ...meeting(), image: PNG });
    return { params: { event_id: made.id, file: `${made.image}.png` } };
}

// A rule of a guild with room for one.
export async function freshRule(w) {
    for (const old of await w.as('GET', `${w.here}/auto-moderation/rules`))
        await w.as('DELETE', `${w.here}/auto-moderation/rules/${old.id}`);
    return w.as('POST', `${w.here}/auto-moderation/rules`, rule);
}

export const text = (w) => w.channel({ name: 'text', type: 0 });

export const THUMB = '\u{1F44D}';

// The owner's message, with a reaction of the owner's.
export async function reacted(w) {
    const id = await w.message();
    await w.as('PUT', `/channels/${w.general}/messages/${id}/reactions/${encodeURIComponent(THUMB)}/@me`);
    return { params: { message_id: id, emoji_name: THUMB, reaction_type: 0, user_id: w.owner.id } };
}

// In a channel of its own: a channel has 250 pins at most.
export async function unpinned(w) {
    const channel = await w.channel({ name: 'pins' });
    return { params: { channel_id: channel, message_id: await w.message(channel) } };
}

export async function pinned(w) {
    const { params } = await unpinned(w);
    await w.as('PUT', `/channels/${params.channel_id}/messages/pins/${params.message_id}`);
    return { params };
}

export async function poll(w) {
    const message = await w.as('POST', `/channels/${w.general}/messages`, {
        poll: { question: { text: 'Tea?' }, answers: [{ poll_media: { text: 'yes' } }, { poll_media: { text: 'no' } }], duration: 1 },
    });
    return message.id;
}

// A file sent ahead by the owner, to a place in one channel: what names it.
export async function anUpload(w, channel = w.general) {
    const { attachments: [ticket] } = await w.as('POST', `/channels/${channel}/attachments`, {
        files: [{ id: '0', filename: 'a.txt', file_size: 5 }],
    });
    const sent = await fetch(ticket.upload_url, { method: 'PUT', body: 'hello' });
    if (sent.status !== 200)
        throw new Error(`an upload was answered ${sent.status}`);
    return ticket.upload_filename;
}

// The signed address of a file of a message, as what fills the path of its route.
export async function anAttachment(w) {
    const uploaded = await anUpload(w);
    const { attachments: [file] } = await w.as('POST', `/channels/${w.general}/messages`, {
        attachments: [{ id: '0', filename: 'a.txt', uploaded_filename: uploaded }],
    });
    const url = new URL(file.url);
    return { params: { channel_id: w.general, attachment_id: file.id, filename: 'a.txt' }, query: url.search };
}
