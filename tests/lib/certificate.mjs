// A certificate for 127.0.0.1 that nobody else knows, and the flags of a server that shows it.

import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { temporaryFolder } from './server.mjs';

export function certificate() {
    const folder = temporaryFolder();
    const key = join(folder, 'key.pem');
    const file = join(folder, 'certificate.pem');
    const made = spawnSync('openssl', [
        'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2',
        '-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1,DNS:localhost',
        '-keyout', key, '-out', file,
    ], { encoding: 'utf8' });
    if (made.status !== 0)
        throw new Error(`openssl: ${made.stderr}`);
    return {
        ca: readFileSync(file),
        flags: [`--server.tls_certificate=${file}`, `--server.tls_key=${key}`],
    };
}
