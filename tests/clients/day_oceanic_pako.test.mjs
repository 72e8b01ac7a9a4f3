// A day of an oceanic.js bot, JSON in a zlib stream, inflated by pako.

import { hide } from '../lib/modules.mjs';

hide('zlib-sync', 'erlpack');
const { day } = await import('../lib/day.mjs');
const { oceanic } = await import('../lib/day_oceanic.mjs');
await day('oceanic.js, pako', (place) => oceanic(place, 'zlib-stream'));
