// Certificates made on the spot by openssl, and clients of a server that speaks TLS.

import { spawnSync } from 'node:child_process';
import https from 'node:https';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import tls from 'node:tls';

import { Raw } from './raw.mjs';
import { temporaryFolder } from './server.mjs';
import { within } from './wait.mjs';

// {certificate, key, ca}: paths, and what a client trusts. kind: 'ec' or 'rsa'.
export function certificate({ folder = temporaryFolder(), name = 'cert', kind = 'ec', more = [] } = {}) {
    const paths = { certificate: join(folder, `${name}.pem`), key: join(folder, `${name}.key`) };
    const algorithm = kind === 'ec' ? ['ec', '-pkeyopt', 'ec_paramgen_curve:P-256'] : ['rsa:2048'];
    const made = spawnSync('openssl', ['req', '-x509', '-newkey', ...algorithm, '-nodes', '-subj', `/CN=${name}`,
        '-addext', 'subjectAltName=IP:127.0.0.1,DNS:localhost', '-keyout', paths.key, '-out', paths.certificate,
        '-days', '2', ...more], { encoding: 'utf8' });
    if (made.status !== 0)
        throw new Error(made.stderr);
    return { ...paths, ca: readFileSync(paths.certificate) };
}

// Its last day becomes yesterday.
export function expire({ certificate: path, key }) {
    const made = spawnSync('openssl', ['x509', '-in', path, '-signkey', key, '-days', '-1', '-out', path],
        { encoding: 'utf8' });
    if (made.status !== 0)
        throw new Error(made.stderr);
}

export const tlsFlags = (made) =>
    [`--server.tls_certificate=${made.certificate}`, `--server.tls_key=${made.key}`];

// A connection whose bytes the test makes; as Raw, but through TLS.
export async function connectTls(server, options = {}) {
    const socket = tls.connect({ host: '127.0.0.1', port: server.port, rejectUnauthorized: false, ...options });
    const raw = new Raw(socket);
    await within(new Promise((done, fail) => {
        socket.once('secureConnect', done);
        socket.once('error', fail);
    }), 'a TLS connection');
    return raw;
}

// {status, headers, body (a Buffer)}
export function request(server, path, { method = 'GET', headers = {}, body, ...options } = {}) {
    return within(new Promise((done, fail) => {
        const asked = https.request(`https://127.0.0.1:${server.port}${path}`, {
            method, headers, agent: false, ...options,
        }, (answer) => {
            const parts = [];
            answer.on('data', (part) => parts.push(part)).on('error', fail);
            answer.on('end', () => done({
                status: answer.statusCode, headers: answer.headers, body: Buffer.concat(parts),
            }));
        });
        asked.on('error', fail);
        asked.end(body);
    }), `${method} ${path}`);
}
