// Which optional modules the libraries find: discord.js, oceanic.js and eris take zlib-sync, pako and
// erlpack if they are installed, and so choose their transport. Called before a library is loaded.

import Module from 'node:module';

const hidden = new Set();
const resolve = Module._resolveFilename;
Module._resolveFilename = function resolveShown(request, ...rest) {
    if (hidden.has(request)) {
        const error = new Error(`Cannot find module '${request}' (hidden by the test)`);
        error.code = 'MODULE_NOT_FOUND';
        throw error;
    }
    return resolve.call(this, request, ...rest);
};

export function hide(...names) {
    for (const name of names)
        hidden.add(name);
}
