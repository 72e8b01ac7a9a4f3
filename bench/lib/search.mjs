// Searching a million messages; see bench/search.c.

import { join } from 'node:path';

import { BUILD, output, temporaryFolder } from './process.mjs';

export async function measureSearch(progress) {
    progress('search: writing a million messages');
    return JSON.parse(await output(join(BUILD, 'bench/bench_search'), [join(temporaryFolder(), 'data')]));
}
