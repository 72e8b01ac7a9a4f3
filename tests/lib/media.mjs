// Files as people upload them, made here byte by byte: images, sounds, a Lottie animation.

import { createHash } from 'node:crypto';
import { crc32, deflateSync } from 'node:zlib';

const be32 = (n) => Buffer.from([n >>> 24, n >>> 16 & 255, n >>> 8 & 255, n & 255]);
const le16 = (n) => Buffer.from([n & 255, n >>> 8]);
const le32 = (n) => Buffer.from([n & 255, n >>> 8 & 255, n >>> 16 & 255, n >>> 24]);

function chunk(type, data) {
    const named = Buffer.concat([Buffer.from(type, 'latin1'), data]);
    return Buffer.concat([be32(data.length), named, be32(crc32(named))]);
}

// `seed` makes one unlike another; `extra` bytes make it as large as a test needs it.
export function png({ width = 2, height = 2, seed = 0, extra = 0, moving = false } = {}) {
    const row = Buffer.alloc(1 + width * 3, seed & 255);
    row[0] = 0;
    const pixels = Buffer.concat(Array.from({ length: height }, () => row));
    return Buffer.concat([
        Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'),
        chunk('IHDR', Buffer.concat([be32(width), be32(height), Buffer.from([8, 2, 0, 0, 0])])),
        moving ? chunk('acTL', Buffer.concat([be32(1), be32(0)])) : Buffer.alloc(0),
        chunk('tEXt', Buffer.from(`seed\0${seed}`, 'latin1')),
        extra > 0 ? chunk('xtRa', Buffer.alloc(extra, 7)) : Buffer.alloc(0),
        chunk('IDAT', deflateSync(pixels)),
        chunk('IEND', Buffer.alloc(0)),
    ]);
}

export function gif({ width = 1, height = 1, frames = 1, seed = 0 } = {}) {
    const image = Buffer.concat([
        Buffer.from([0x2c]), le16(0), le16(0), le16(width), le16(height), Buffer.from([0]),
        Buffer.from([2, 2, 0x4c, 1, 0]),
    ]);
    return Buffer.concat([
        Buffer.from('GIF89a', 'latin1'), le16(width), le16(height), Buffer.from([0x80, 0, 0]),
        Buffer.from([seed & 255, 0, 0, 255, 255, 255]), ...Array.from({ length: frames }, () => image),
        Buffer.from([0x3b]),
    ]);
}

// 26.12 ms a frame.
export function mp3(ms, seed = 0) {
    const frame = Buffer.alloc(417, seed & 255);
    Buffer.from([0xff, 0xfb, 0x90, 0x00]).copy(frame);
    return Buffer.concat(Array.from({ length: Math.ceil(ms * 44.1 / 1152) }, () => frame));
}

function page(granule, sequence, body, kind = 0) {
    const head = Buffer.concat([
        Buffer.from('OggS\0', 'latin1'), Buffer.from([kind]), le32(granule % 2 ** 32), le32(Math.floor(granule / 2 ** 32)),
        le32(7), le32(sequence), le32(0), Buffer.from([1, body.length]),
    ]);
    return Buffer.concat([head, body]);
}

export function ogg(ms) {
    const head = Buffer.concat([Buffer.from('OpusHead', 'latin1'), Buffer.from([1, 1]), le16(312), le32(48000),
        Buffer.from([0, 0, 0])]);
    return Buffer.concat([page(0, 0, head, 2), page(48 * ms + 312, 1, Buffer.alloc(20), 4)]);
}

export const lottie = (more = {}) => Buffer.from(JSON.stringify({
    v: '5.5.7', fr: 60, ip: 0, op: 60, w: 320, h: 320, nm: 'a', layers: [{ ty: 4, ks: {} }], ...more,
}));

export const dataUri = (bytes, type = 'image/png') => `data:${type};base64,${bytes.toString('base64')}`;
export const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex');
// What the API shows for these bytes.
export const publicHash = (bytes, moving = false) => `${moving ? 'a_' : ''}${sha256(bytes).slice(0, 32)}`;
