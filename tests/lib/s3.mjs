// An S3-compatible server (s3rver) for tests. It does not check Signature Version 4, so a front before
// it does, by the rules of AWS's documentation ("Authenticating Requests: Using the Authorization
// Header") and not by ours; and it can be away, slow or full at a test's word.

import assert from 'node:assert/strict';
import { createHash, createHmac } from 'node:crypto';
import http from 'node:http';
import { createRequire } from 'node:module';
import { join } from 'node:path';

import { atEnd, temporaryFolder } from './server.mjs';

const S3rver = createRequire(import.meta.url)('s3rver');

export const BUCKET = 'guildhall';
export const REGION = 'eu-test-1';
export const KEY = 'S3RVER';
export const SECRET = 'S3RVER';
const UNSIGNED = 'UNSIGNED-PAYLOAD';

const sha256 = (data) => createHash('sha256').update(data).digest('hex');
const hmac = (key, data) => createHmac('sha256', key).update(data).digest();
// RFC 3986, as AWS asks for: what encodeURIComponent leaves is encoded too.
const encode = (text) => encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);

function canonicalQuery(url) {
    return [...url.searchParams].map(([name, value]) => [encode(name), encode(value)])
        .sort(([a, x], [b, y]) => (a < b || a === b && x < y ? -1 : 1))
        .map((pair) => pair.join('=')).join('&');
}

// Throws with what is wrong.
function checkSignature(request) {
    const match = /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([^/]+)\/s3\/aws4_request, ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})$/
        .exec(request.headers.authorization ?? '');
    assert.ok(match, 'no authorization header of version 4');
    const [, key, day, region, signed, signature] = match;
    assert.deepEqual([key, region], [KEY, REGION]);
    const date = request.headers['x-amz-date'];
    assert.ok(date.startsWith(day) && Math.abs(Date.now() - Date.parse(date.replace(
        /^(....)(..)(..)T(..)(..)(..)Z$/, '$1-$2-$3T$4:$5:$6Z'))) < 15 * 60 * 1000, 'a stale date');
    const names = signed.split(';');
    for (const needed of ['host', 'x-amz-date', 'x-amz-content-sha256'])
        assert.ok(names.includes(needed), `${needed} is not signed`);
    const url = new URL(request.url, 'http://x');
    const canonical = [request.method, url.pathname, canonicalQuery(url),
        ...names.map((name) => `${name}:${request.headers[name].trim().replace(/ +/g, ' ')}`), '', signed,
        request.headers['x-amz-content-sha256']].join('\n');
    const scope = `${day}/${region}/s3/aws4_request`;
    const text = ['AWS4-HMAC-SHA256', date, scope, sha256(canonical)].join('\n');
    const derived = [day, region, 's3', 'aws4_request'].reduce(hmac, `AWS4${SECRET}`);
    assert.equal(signature, hmac(derived, text).toString('hex'), 'the signature is wrong');
}

function refuse(response, status, code, message) {
    response.writeHead(status, { 'content-type': 'application/xml', connection: 'close' });
    response.end(`<?xml version="1.0" encoding="UTF-8"?><Error><Code>${code}</Code><Message>${message}</Message></Error>`);
}

export class S3 {
    constructor() {
        this.mode = 'up'; // 'up'; 'down': refuses; 'hang': never answers; 'full': refuses to store;
        // 'no bucket': says that there is none; or a function of (request, response) that answers, or not (false)
        this.requests = [];
        this.wrong = []; // signatures and payload hashes
        this.folder = join(temporaryFolder(), 's3');
    }

    static async start() {
        const s3 = new S3();
        s3.store = new S3rver({
            address: '127.0.0.1', port: 0, silent: true, directory: s3.folder, vhostBuckets: false,
            configureBuckets: [{ name: BUCKET, configs: [] }],
        });
        s3.inner = (await s3.store.run()).port;
        s3.front = http.createServer((request, response) => s3.#handle(request, response));
        await new Promise((done) => {
            s3.front.listen(0, '127.0.0.1', done);
        });
        s3.port = s3.front.address().port;
        atEnd(() => s3.stop());
        return s3;
    }

    get url() {
        return `http://127.0.0.1:${this.port}`;
    }

    // For a server's command line and environment.
    get flags() {
        return ['--media.store=s3', `--media.s3_url=${this.url}`, `--media.s3_bucket=${BUCKET}`, `--media.s3_region=${REGION}`,
            `--media.s3_access_key=${KEY}`];
    }

    get env() {
        return { GUILDHALL_MEDIA_S3_SECRET_KEY: SECRET };
    }

    // The connections go too: a server that is away has none.
    away() {
        this.mode = 'down';
        this.front.closeAllConnections();
    }

    back() {
        this.mode = 'up';
        this.front.closeAllConnections();
    }

    #handle(request, response) {
        this.requests.push(`${request.method} ${request.url}`);
        if (this.mode === 'down') {
            request.socket.destroy();
            return;
        }
        if (this.mode === 'hang')
            return;
        try {
            checkSignature(request);
        } catch (error) {
            this.wrong.push(`${request.method} ${request.url}: ${error.message}`);
            refuse(response, 403, 'SignatureDoesNotMatch', 'The signature does not match.');
            return;
        }
        if (this.mode === 'no bucket') {
            request.resume();
            refuse(response, 404, 'NoSuchBucket', 'The bucket does not exist.');
            return;
        }
        if (typeof this.mode === 'function' && this.mode(request, response))
            return;
        if (this.mode === 'full' && request.method === 'PUT') {
            request.resume();
            refuse(response, 507, 'InsufficientStorage', 'No room.');
            return;
        }
        this.#forward(request, response);
    }

    #forward(request, response) {
        const hash = createHash('sha256');
        const onwards = http.request({
            host: '127.0.0.1', port: this.inner, method: request.method, path: request.url,
            headers: { ...request.headers, host: `127.0.0.1:${this.inner}` },
        }, (answer) => {
            response.writeHead(answer.statusCode, answer.headers);
            answer.pipe(response);
        });
        onwards.on('error', () => response.destroy());
        request.on('error', () => onwards.destroy());
        request.on('data', (part) => hash.update(part));
        request.on('end', () => {
            const said = request.headers['x-amz-content-sha256'];
            if (said !== UNSIGNED && said !== hash.digest('hex'))
                this.wrong.push(`${request.method} ${request.url}: the payload is another one`);
        });
        request.pipe(onwards);
    }

    async stop() {
        this.front.closeAllConnections();
        this.front.close();
        await this.store.close();
    }
}
