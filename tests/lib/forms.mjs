// Forms with files over a bare connection: of any size, made while they are sent, cut where a test likes.

import { Raw } from './raw.mjs';

export const BOUNDARY = 'guildhall-test-boundary';

// A part's head; `name` or `filename` undefined: it has none.
export function partHead({ name, filename, type }) {
    const fields = [['name', name], ['filename', filename]].filter(([, value]) => value !== undefined);
    const more = fields.map(([key, value]) => `; ${key}="${value}"`).join('');
    const line = type === undefined ? '' : `Content-Type: ${type}\r\n`;
    return `--${BOUNDARY}\r\nContent-Disposition: form-data${more}\r\n${line}\r\n`;
}

export const payload = (body) => ({ name: 'payload_json', type: 'application/json', bytes: JSON.stringify(body) });
export const file = (n, bytes, filename = `file${n}.bin`) => ({ name: `files[${n}]`, filename, bytes });

// The whole form.
export function form(parts) {
    const all = parts.map((part) => Buffer.concat([Buffer.from(partHead(part)), Buffer.from(part.bytes), Buffer.from('\r\n')]));
    return Buffer.concat([...all, Buffer.from(`--${BOUNDARY}--\r\n`)]);
}

export function head(method, path, token, more) {
    const lines = { Host: 'x', ...(token === undefined ? {} : { Authorization: token }), ...more };
    const text = Object.entries(lines).map(([key, value]) => `${key}: ${value}\r\n`).join('');
    return `${method} /api/v10${path} HTTP/1.1\r\n${text}\r\n`;
}

export const FORM_TYPE = `multipart/form-data; boundary=${BOUNDARY}`;

// A form as one request: by its length, or in chunks of `chunk` bytes.
export async function send(server, { method = 'POST', path, token, parts, bytes = form(parts), chunk, headers = {} }) {
    const raw = await Raw.connect(server);
    const length = chunk === undefined ? { 'Content-Length': bytes.length } : { 'Transfer-Encoding': 'chunked' };
    raw.socket.on('error', () => {}); // it may be refused in the middle
    raw.write(head(method, path, token, { 'Content-Type': FORM_TYPE, ...length, ...headers }));
    if (chunk === undefined) {
        raw.write(bytes);
    } else {
        for (let at = 0; at < bytes.length; at += chunk) {
            const piece = bytes.subarray(at, at + chunk);
            raw.write(`${piece.length.toString(16)}\r\n`).write(piece).write('\r\n');
        }
        raw.write('0\r\n\r\n');
    }
    try {
        return await raw.response();
    } finally {
        raw.destroy();
    }
}

// Writes `size` bytes of a pattern as fast as the server takes them. False: it closed the connection.
export async function pour(raw, size, block = Buffer.alloc(65536, 'guildhall ')) {
    for (let left = size; left > 0; left -= block.length) {
        if (raw.ended)
            return false;
        if (raw.socket.write(left < block.length ? block.subarray(0, left) : block))
            continue;
        await new Promise((done) => {
            const go = () => {
                raw.socket.off('drain', go).off('close', go).off('end', go);
                done();
            };
            raw.socket.on('drain', go).on('close', go).on('end', go);
        });
    }
    return true;
}

// A message with one file of `size` bytes, as the head and the tail around them.
export function largeForm(size, body = { content: 'a large one' }) {
    const before = Buffer.concat([
        Buffer.from(partHead(payload(body))), Buffer.from(payload(body).bytes), Buffer.from('\r\n'),
        Buffer.from(partHead({ name: 'files[0]', filename: 'large.bin', type: 'application/octet-stream' })),
    ]);
    const after = Buffer.from(`\r\n--${BOUNDARY}--\r\n`);
    return { before, after, length: before.length + size + after.length };
}
