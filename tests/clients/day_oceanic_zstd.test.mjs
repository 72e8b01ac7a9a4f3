// A day of an oceanic.js bot, JSON in a zstd stream (zstd-napi).

import { hide } from '../lib/modules.mjs';

hide('erlpack');
const { day } = await import('../lib/day.mjs');
const { oceanic } = await import('../lib/day_oceanic.mjs');
await day('oceanic.js, zstd-stream', (place) => oceanic(place, 'zstd-stream'));
