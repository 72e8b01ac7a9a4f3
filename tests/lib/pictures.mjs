// Pictures with pixels, made here byte by byte, and what a picture says of itself. No decoder: sizes,
// types and frames stand in the headers.

import { crc32, deflateSync } from 'node:zlib';

const be32 = (n) => Buffer.from([n >>> 24, n >>> 16 & 255, n >>> 8 & 255, n & 255]);
const le16 = (n) => Buffer.from([n & 255, n >>> 8]);

function chunk(type, data) {
    const named = Buffer.concat([Buffer.from(type, 'latin1'), data]);
    return Buffer.concat([be32(data.length), named, be32(crc32(named))]);
}

function file(width, height, depth, colour, pixels) {
    return Buffer.concat([
        Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'),
        chunk('IHDR', Buffer.concat([be32(width), be32(height), Buffer.from([depth, colour, 0, 0, 0])])),
        chunk('IDAT', pixels), chunk('IEND', Buffer.alloc(0)),
    ]);
}

// A slope of colours that differ with `seed`.
export function picture({ width = 64, height = 64, seed = 1 } = {}) {
    const rows = Buffer.alloc((1 + width * 3) * height);
    for (let y = 0, at = 0; y < height; y += 1) {
        at += 1;
        for (let x = 0; x < width; x += 1) {
            rows[at] = x * seed;
            rows[at + 1] = y * 3;
            rows[at + 2] = x + y;
            at += 3;
        }
    }
    return file(width, height, 8, 2, deflateSync(rows));
}

// Black, a bit a pixel: as large as the numbers say, in a few kilobytes.
export const expanse = (width, height) =>
    file(width, height, 1, 0, deflateSync(Buffer.alloc((1 + Math.ceil(width / 8)) * height)));
// Says that it is that large, and has ten bytes of it.
export const boast = (width, height) => file(width, height, 8, 2, deflateSync(Buffer.alloc(10)));

// Frames of one colour each, which cover the left upper corner of the picture (`cover` pixels a side;
// else all of it). The clear code comes before every pixel, so codes never grow.
export function moving({ width = 32, height = 32, frames = 3, cover = 0 } = {}) {
    const codes = [];
    const [across, down] = cover > 0 ? [cover, cover] : [width, height];
    for (let i = 0; i < across * down; i += 1)
        codes.push(4, 1);
    codes.push(5);
    const bits = Buffer.alloc(Math.ceil(codes.length * 3 / 8));
    codes.forEach((code, i) => {
        for (let b = 0; b < 3; b += 1)
            bits[(i * 3 + b) >> 3] |= (code >> b & 1) << ((i * 3 + b) & 7);
    });
    const blocks = [];
    for (let at = 0; at < bits.length; at += 255) {
        const part = bits.subarray(at, at + 255);
        blocks.push(Buffer.from([part.length]), part);
    }
    const frame = (n) => Buffer.concat([
        Buffer.from([0x21, 0xf9, 4, 0]), le16(10), Buffer.from([0, 0, 0x2c]), le16(0), le16(0), le16(across), le16(down),
        Buffer.from([0x81]), // a colour table of its own
        Buffer.from([0, 0, 0, n * 40 & 255, 255 - n & 255, n & 255, 9, 9, 9, 8, 8, 8]),
        Buffer.from([2]), ...blocks, Buffer.from([0]),
    ]);
    return Buffer.concat([
        Buffer.from('GIF89a', 'latin1'), le16(width), le16(height), Buffer.from([0, 0, 0]),
        Buffer.from('\x21\xff\x0bNETSCAPE2.0\x03\x01\x00\x00\x00', 'latin1'),
        ...Array.from({ length: frames }, (_, n) => frame(n)), Buffer.from([0x3b]),
    ]);
}

function jpegSize(bytes) {
    for (let at = 2; at < bytes.length;) {
        const marker = bytes[at + 1];
        if (marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker))
            return { width: bytes.readUInt16BE(at + 7), height: bytes.readUInt16BE(at + 5) };
        at += 2 + bytes.readUInt16BE(at + 2);
    }
    throw new Error('a JPEG without a frame');
}

const count = (bytes, mark) => bytes.toString('latin1').split(mark).length - 1;

function webp(bytes) {
    const kind = bytes.toString('latin1', 12, 16);
    const lossless = count(bytes, 'VP8L') > 0 ? { lossless: true } : {};
    if (kind === 'VP8X')
        return { width: bytes.readUIntLE(24, 3) + 1, height: bytes.readUIntLE(27, 3) + 1, frames: count(bytes, 'ANMF') || 1, ...lossless };
    if (kind === 'VP8L') {
        const bits = bytes.readUInt32LE(21);
        return { width: (bits & 0x3fff) + 1, height: (bits >>> 14 & 0x3fff) + 1, frames: 1, ...lossless };
    }
    return { width: bytes.readUInt16LE(26) & 0x3fff, height: bytes.readUInt16LE(28) & 0x3fff, frames: 1 };
}

// {type, width, height, frames, lossless?}
export function look(bytes) {
    if (bytes.toString('latin1', 1, 4) === 'PNG')
        return { type: 'png', width: bytes.readUInt32BE(16), height: bytes.readUInt32BE(20), frames: 1 };
    if (bytes.toString('latin1', 0, 3) === 'GIF')
        return { type: 'gif', width: bytes.readUInt16LE(6), height: bytes.readUInt16LE(8), frames: count(bytes, '\x21\xf9\x04') };
    if (bytes.toString('latin1', 8, 12) === 'WEBP')
        return { type: 'webp', ...webp(bytes) };
    if (bytes[0] === 0xff && bytes[1] === 0xd8)
        return { type: 'jpeg', ...jpegSize(bytes), frames: 1 };
    if (bytes.toString('latin1', 4, 8) === 'ftyp') {
        const at = bytes.indexOf('ispe');
        return { type: 'avif', width: bytes.readUInt32BE(at + 8), height: bytes.readUInt32BE(at + 12), frames: 1 };
    }
    throw new Error(`no picture: ${bytes.subarray(0, 16).toString('hex')}`);
}
