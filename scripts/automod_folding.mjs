// Prints src/model/automod_folding.def out of the Unicode tables that node has: what
// src/model/automod_text.c folds, and which marks it joins to the letter before.
//
//     node scripts/automod_folding.mjs >src/model/automod_folding.def

const hex = (n) => `0x${n.toString(16)}`;
const chars = (text) => [...text].map((c) => c.codePointAt(0));
const text = (...points) => String.fromCodePoint(...points);
const isMark = (c) => c >= 0x300 && c <= 0x36f;

// Not in Unicode's folding: dotless i, which "I" is the capital of, too; the end form of sigma; and
// what is drawn as a gap.
const OURS = new Map([[0x131, 0x69], [0x3c2, 0x3c3], [0x115f, 0x20], [0x3164, 0x20], [0xffa0, 0x20]]);

// One character instead of one; the same if there is no such.
function fold(c) {
    if (OURS.has(c))
        return OURS.get(c);
    const [first, ...more] = chars(text(c).normalize('NFKC').toLowerCase().normalize('NFKC'));
    if (more.every(isMark))
        return OURS.get(first) ?? first;
    const [lower, ...rest] = chars(text(c).toLowerCase());
    return rest.length === 0 ? lower : c;
}

// Without what would make the table long for little: ideographs for compatibility, and Arabic forms
// that are joined from several letters.
const skipped = (c) => (c >= 0xd800 && c <= 0xdfff) || (c >= 0xf900 && c <= 0xfaff)
    || (c >= 0xfb50 && c <= 0xfdff) || (c >= 0x2f800 && c <= 0x2fa1f) || (c >= 0x2e80 && c <= 0x2fdf)
    || (c >= 0x3131 && c <= 0x318e && c !== 0x3164) || (c >= 0xffa1 && c <= 0xffdc);

// Runs of the same distance, of each character or of each second one.
function runs() {
    const found = [];
    let last;
    for (let c = 0x80; c < 0x20000; c++) {
        const add = skipped(c) ? 0 : fold(c) - c;
        if (add === 0)
            continue;
        const step = last && c - last.last;
        if (last && add === last.add && (last.step === step || (last.step === 0 && step <= 2))) {
            last.last = c;
            last.step = step;
        } else {
            found.push(last = { first: c, last: c, step: 0, add });
        }
    }
    return found;
}

function pairs() {
    const found = [];
    for (let c = 0x80; c < 0x10000; c++) {
        if (skipped(c) || fold(c) !== c)
            continue;
        const parts = chars(text(c).normalize('NFD'));
        const mark = parts.pop();
        if (!isMark(mark) && mark !== 0x3099 && mark !== 0x309a)
            continue;
        const base = chars(text(...parts).normalize('NFC'));
        if (base.length === 1 && text(base[0], mark).normalize('NFC') === text(c))
            found.push({ base: fold(base[0]), mark, c });
    }
    return found.sort((a, b) => a.base - b.base || a.mark - b.mark);
}

function print(rows) {
    let line = '';
    for (const row of rows) {
        if (line.length + 1 + row.length > 100) {
            console.log(line);
            line = '';
        }
        line += (line === '' ? '' : ' ') + row;
    }
    console.log(line);
}

console.log('/* Made by scripts/automod_folding.mjs. FOLD(first, last, step, add): in steps of 1 or 2; JOIN(letter,');
console.log(' * mark, both). Ascending. */');
print(runs().map((r) => `FOLD(${hex(r.first)}, ${hex(r.last)}, ${r.step || 1}, ${r.add})`));
print(pairs().map((p) => `JOIN(${hex(p.base)}, ${hex(p.mark)}, ${hex(p.c)})`));
