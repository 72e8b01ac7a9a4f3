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
