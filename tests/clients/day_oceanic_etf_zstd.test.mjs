// A day of an oceanic.js bot, ETF (erlpack) in a zstd stream (zstd-napi).

const { day } = await import('../lib/day.mjs');
const { oceanic } = await import('../lib/day_oceanic.mjs');
await day('oceanic.js, etf, zstd-stream', (place) => oceanic(place, 'zstd-stream'));
