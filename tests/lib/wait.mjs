// Waiting on conditions. Nothing in these tests sleeps for a guessed time: a wait ends when its
// condition holds, or fails loudly after TIMEOUT_MS, which is only long because sanitizers are slow.

export const TIMEOUT_MS = Number(process.env.GUILDHALL_TEST_TIMEOUT_MS ?? 30000);

// The promise's value, or an error that names what was waited for.
export async function within(promise, what, timeoutMs = TIMEOUT_MS) {
    let timer;
    const late = new Promise((_, reject) => {
        timer = setTimeout(() => {
            const detail = typeof what === 'function' ? what() : what;
            reject(new Error(`waited ${timeoutMs} ms for ${detail}`));
        }, timeoutMs);
    });
    try {
        return await Promise.race([promise, late]);
    } finally {
        clearTimeout(timer);
    }
}

// Polls a condition that no event announces (a file, the state of another process).
export async function until(condition, what, timeoutMs = TIMEOUT_MS) {
    const end = Date.now() + timeoutMs;
    for (;;) {
        const value = await condition();
        if (value)
            return value;
        if (Date.now() > end)
            throw new Error(`waited ${timeoutMs} ms for ${typeof what === 'function' ? what() : what}`);
        await new Promise((resolve) => setTimeout(resolve, 5));
    }
}

// More rounds of what ordinary runs only sample (make proof).
export const rounds = (ordinary) => ordinary * (process.env.GUILDHALL_TEST_LONG ? 10 : 1);
