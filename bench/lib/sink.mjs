// bench_sink under control: one command in, one answer out.

import { join } from 'node:path';

import { BUILD, CORE_OTHERS, Lines, start } from './process.mjs';

export class Sink {
    constructor(port, { tokens, owner, posts }, sessionsMax) {
        this.child = start(join(BUILD, 'bench/bench_sink'),
            [String(port), tokens, String(sessionsMax), owner, posts],
            { core: CORE_OTHERS, stdin: 'pipe' });
        this.lines = new Lines(this.child);
    }

    async #tell(line) {
        this.child.stdin.write(`${line}\n`);
        return JSON.parse(await this.lines.next());
    }

    async open(count) {
        return this.#tell(`open ${count}`);
    }

    async run(rounds, burst) {
        return this.#tell(`run ${rounds} ${burst}`);
    }

    async latency(rounds, intervalUs) {
        return this.#tell(`latency ${rounds} ${intervalUs}`);
    }

    async flood(rate, ms) {
        return this.#tell(`flood ${rate} ${ms}`);
    }

    async resume(messages) {
        return this.#tell(`resume ${messages}`);
    }

    // 0: plain; 1: what is opened is zlib-stream; 2: and what is open is not inflated any more.
    async zlib(mode) {
        return this.#tell(`zlib ${mode}`);
    }

    // From now on sessions are opened with TLS.
    async tls() {
        return this.#tell('tls 1');
    }

    async read(ms) {
        return this.#tell(`read ${ms}`);
    }

    async heartbeat() {
        return this.#tell('heartbeat');
    }

    async payload(file) {
        return this.#tell(`payload ${file}`);
    }
}
