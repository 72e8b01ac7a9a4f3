// A day of a discord.js bot, JSON in a zlib stream (zlib-sync).

import { hide } from '../lib/modules.mjs';

hide('erlpack');
const { day } = await import('../lib/day.mjs');
const { discordjs } = await import('../lib/day_discordjs.mjs');
await day('discord.js, zlib-stream', discordjs);
