// A day of an oceanic.js bot, ETF (erlpack) in a zlib stream (zlib-sync).

import { hide } from '../lib/modules.mjs';

hide('pako');
const { day } = await import('../lib/day.mjs');
const { oceanic } = await import('../lib/day_oceanic.mjs');
await day('oceanic.js, etf, zlib-stream', (place) => oceanic(place, 'zlib-stream'));
