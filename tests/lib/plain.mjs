// Imported before a library: it finds no module for compression or ETF, and speaks plain JSON.

import { hide } from './modules.mjs';

hide('zlib-sync', 'pako', 'erlpack', 'zstd-napi');
