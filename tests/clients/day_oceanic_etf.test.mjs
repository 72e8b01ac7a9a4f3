// A day of an oceanic.js bot, ETF (erlpack) without compression.

import { hide } from '../lib/modules.mjs';

hide('zlib-sync', 'pako');
const { day } = await import('../lib/day.mjs');
const { oceanic } = await import('../lib/day_oceanic.mjs');
await day('oceanic.js, etf', (place) => oceanic(place));
