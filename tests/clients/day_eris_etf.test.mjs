// A day of an eris bot, ETF (erlpack) over TLS.

import { hide } from '../lib/modules.mjs';

hide('zlib-sync', 'pako');
// Nobody knows the certificate but the library, which is told of it: the test itself looks away.
process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0';
const { certificate } = await import('../lib/certificate.mjs');
const { day } = await import('../lib/day.mjs');
const { eris } = await import('../lib/day_eris.mjs');
await day('eris, etf', (place) => eris(place, false), { tls: certificate() });
