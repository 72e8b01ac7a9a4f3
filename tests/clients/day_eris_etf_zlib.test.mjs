// A day of an eris bot, ETF (erlpack) in a zlib stream over TLS.

// Nobody knows the certificate but the library, which is told of it: the test itself looks away.
process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0';
const { certificate } = await import('../lib/certificate.mjs');
const { day } = await import('../lib/day.mjs');
const { eris } = await import('../lib/day_eris.mjs');
await day('eris, etf, zlib-stream', (place) => eris(place, true), { tls: certificate() });
