// What a large guild's structure costs: bench/guild_views.c, several times.

import { join } from 'node:path';

import { BUILD, output, temporaryFolder } from './process.mjs';

const RUNS = 5;

// {check_ns: [], patch_channel_ns: [], ...}
export async function measureViews(progress) {
    const all = {};
    for (let i = 0; i < RUNS; i += 1) {
        const line = await output(join(BUILD, 'bench/bench_guild_views'), [join(temporaryFolder(), 'data')]);
        for (const [key, value] of Object.entries(JSON.parse(line)))
            (all[key] ??= []).push(value);
        progress(`guild views: ${i + 1} of ${RUNS}`);
    }
    return all;
}
