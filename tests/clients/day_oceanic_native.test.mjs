// A day of an oceanic.js bot, JSON in a zlib stream, inflated by Node.

import { hide } from '../lib/modules.mjs';

hide('zlib-sync', 'pako', 'erlpack');
const { day } = await import('../lib/day.mjs');
const { oceanic } = await import('../lib/day_oceanic.mjs');
// It inflates in the background, and handles what came just before a cut after it, on the next connection:
// events twice, under the same number, and op 7 for a socket that is only being opened.
await day('oceanic.js, zlib of Node', (place) => oceanic(place, 'zlib-stream', { resumes: false }));
