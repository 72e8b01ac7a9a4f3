// A day of a discord.js bot, JSON without compression.

import { hide } from '../lib/modules.mjs';

hide('zlib-sync', 'erlpack');
const { day } = await import('../lib/day.mjs');
const { discordjs } = await import('../lib/day_discordjs.mjs');
await day('discord.js, json', discordjs);
