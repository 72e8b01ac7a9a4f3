// Erlang's external term format by its documentation, independent of the server's code: what erlpack
// and Elixir's clients read and write. Atoms other than true, false and nil are read as Atom, so that
// tests can tell them from strings.

export class Atom {
    constructor(name) {
        this.name = name;
    }

    toString() {
        return this.name;
    }
}

const WORDS = new Map([['true', true], ['false', false], ['nil', null], ['null', null]]);

class Reader {
    constructor(bytes) {
        this.bytes = bytes;
        this.at = 0;
    }

    take(n) {
        if (this.at + n > this.bytes.length)
            throw new Error(`ETF ends early, at ${this.at}`);
        this.at += n;
        return this.bytes.subarray(this.at - n, this.at);
    }

    uint(n) {
        return this.take(n).readUIntBE(0, n);
    }

    big(n) {
        const negative = this.uint(1) === 1;
        let value = 0n;
        [...this.take(n)].forEach((byte, i) => { value |= BigInt(byte) << BigInt(8 * i); });
        value = negative ? -value : value;
        return value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER ? Number(value) : value;
    }

    atom(n) {
        const name = this.take(n).toString();
        return WORDS.has(name) ? WORDS.get(name) : new Atom(name);
    }

    list(n) {
        const values = Array.from({ length: n }, () => this.term());
        if (this.uint(1) !== 106)
            throw new Error('an improper list');
        return values;
    }

    map(n, atoms) {
        const entries = Array.from({ length: n }, () => {
            const key = this.term();
            if (key instanceof Atom)
                atoms.add(key.name);
            return [String(key), this.term()];
        });
        const object = Object.fromEntries(entries);
        if (Object.keys(object).length !== n)
            throw new Error('a key is there twice');
        return object;
    }

    atomKeys = new Set();

    term() {
        const tag = this.uint(1);
        switch (tag) {
        case 97: return this.uint(1);
        case 98: return this.take(4).readInt32BE();
        case 70: return this.take(8).readDoubleBE();
        case 110: return this.big(this.uint(1));
        case 115: return this.atom(this.uint(1));
        case 100: return this.atom(this.uint(2));
        case 109: return this.take(this.uint(4)).toString();
        case 106: return [];
        case 108: return this.list(this.uint(4));
        case 116: return this.map(this.uint(4), this.atomKeys);
        default: throw new Error(`tag ${tag} at ${this.at - 1}, which erlpack does not read or nobody sends`);
        }
    }
}

// {value, atomKeys}
export function read(bytes) {
    const reader = new Reader(Buffer.from(bytes));
    if (reader.uint(1) !== 131)
        throw new Error('not version 131');
    const value = reader.term();
    if (reader.at !== reader.bytes.length)
        throw new Error(`${reader.bytes.length - reader.at} bytes left over`);
    return { value, atomKeys: reader.atomKeys };
}

// As erlpack gives it: atoms are strings.
export function decode(bytes) {
    const plain = (v) => {
        if (v instanceof Atom)
            return v.name;
        if (Array.isArray(v))
            return v.map(plain);
        return v !== null && typeof v === 'object'
            ? Object.fromEntries(Object.entries(v).map(([k, x]) => [k, plain(x)])) : v;
    };
    return plain(read(bytes).value);
}

const u32 = (n) => {
    const b = Buffer.alloc(4);
    b.writeUInt32BE(n);
    return b;
};

export function atom(name) {
    return Buffer.concat([Buffer.from([115, name.length]), Buffer.from(name)]);
}

export function binary(text) {
    const bytes = Buffer.from(text);
    return Buffer.concat([Buffer.from([109]), u32(bytes.length), bytes]);
}

function number(v) {
    if (Number.isInteger(v) && v >= 0 && v <= 255)
        return Buffer.from([97, v]);
    const b = Buffer.alloc(9);
    if (Number.isInteger(v) && v >= -(2 ** 31) && v < 2 ** 31) {
        b.writeUInt8(98);
        b.writeInt32BE(v, 1);
        return b.subarray(0, 5);
    }
    b.writeUInt8(70); // as erlpack: what is no int32 is a double
    b.writeDoubleBE(v, 1);
    return b;
}

function bigint(v) {
    const bytes = [];
    for (let n = v < 0n ? -v : v; n > 0n; n >>= 8n)
        bytes.push(Number(n & 255n));
    return Buffer.from([110, bytes.length, v < 0n ? 1 : 0, ...bytes]);
}

// One term without the version. A Buffer is a term that is ready.
export function term(v) {
    if (Buffer.isBuffer(v))
        return v;
    if (v === null || v === undefined)
        return atom('nil');
    if (typeof v === 'boolean')
        return atom(String(v));
    if (typeof v === 'number')
        return number(v);
    if (typeof v === 'bigint')
        return bigint(v);
    if (typeof v === 'string')
        return binary(v);
    if (Array.isArray(v)) {
        return v.length === 0 ? Buffer.from([106])
            : Buffer.concat([Buffer.from([108]), u32(v.length), ...v.map(term), Buffer.from([106])]);
    }
    const entries = Object.entries(v);
    return Buffer.concat([Buffer.from([116]), u32(entries.length),
        ...entries.flatMap(([key, value]) => [binary(key), term(value)])]);
}

export function encode(v) {
    return Buffer.concat([Buffer.from([131]), term(v)]);
}
