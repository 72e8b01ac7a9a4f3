// A day of an oceanic.js bot, JSON without compression.

import { hide } from '../lib/modules.mjs';

hide('zlib-sync', 'pako', 'erlpack');
const { day } = await import('../lib/day.mjs');
const { oceanic } = await import('../lib/day_oceanic.mjs');
await day('oceanic.js, json', (place) => oceanic(place));
