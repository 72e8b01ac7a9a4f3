// How a gateway connection's frames are read and written, for each transport: Gateway.connect with
// `transport: TRANSPORTS[name]`. Every message must be whole in its frame: what is inflated of one frame
// is parsed as one payload.

import assert from 'node:assert/strict';
import zlib from 'node:zlib';

import * as fzstd from 'fzstd';

import { decode, encode } from './etf.mjs';

const TAIL = Buffer.from([0, 0, 0xff, 0xff]);

// zlib-stream, by node:zlib: one inflater for the connection, frames in order.
export class ZlibStream {
    constructor() {
        this.inflate = zlib.createInflate();
        this.parts = [];
        this.wire = 0; // bytes that came
        this.raw = 0;
        this.inflate.on('data', (part) => this.parts.push(part));
        this.inflate.on('error', (error) => { this.error = error; });
    }

    feed(data, done) {
        assert.deepEqual(data.subarray(-4), TAIL, 'a message ends with a sync flush');
        this.wire += data.length;
        this.inflate.write(data, () => {
            if (this.error !== undefined)
                throw this.error;
            const whole = Buffer.concat(this.parts);
            this.parts = [];
            this.raw += whole.length;
            done(whole);
        });
    }
}

// zstd-stream, by fzstd, which gives the blocks of a frame as they end.
export class ZstdStream {
    constructor() {
        this.parts = [];
        this.wire = 0;
        this.raw = 0;
        this.decompress = new fzstd.Decompress((part) => this.parts.push(Buffer.from(part)));
    }

    feed(data, done) {
        this.wire += data.length;
        this.decompress.push(data);
        const whole = Buffer.concat(this.parts);
        this.parts = [];
        this.raw += whole.length;
        done(whole);
    }
}

class Plain {
    wire = 0;

    raw = 0;

    feed(data, done) {
        this.wire += data.length;
        this.raw += data.length;
        done(data);
    }
}

const JSON_ENCODING = {
    name: 'json', binary: false, read: (bytes) => JSON.parse(bytes.toString()), write: JSON.stringify,
};
const ETF_ENCODING = { name: 'etf', binary: true, read: decode, write: encode };

function transport(encoding, compress, Stream) {
    const query = compress === '' ? '' : `&compress=${compress}`;
    return {
        encoding,
        path: `/?v=10&encoding=${encoding.name}${query}`,
        binary: encoding.binary || compress !== '',
        stream: () => new Stream(),
    };
}

export const TRANSPORTS = {
    json: transport(JSON_ENCODING, '', Plain),
    etf: transport(ETF_ENCODING, '', Plain),
    'json zlib-stream': transport(JSON_ENCODING, 'zlib-stream', ZlibStream),
    'etf zlib-stream': transport(ETF_ENCODING, 'zlib-stream', ZlibStream),
    'json zstd-stream': transport(JSON_ENCODING, 'zstd-stream', ZstdStream),
    'etf zstd-stream': transport(ETF_ENCODING, 'zstd-stream', ZstdStream),
};
