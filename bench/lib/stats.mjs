// Medians and their spread.

export function quantile(values, q) {
    const sorted = [...values].sort((a, b) => a - b);
    const at = (sorted.length - 1) * q;
    const low = Math.floor(at);
    const high = Math.ceil(at);
    return sorted[low] + (sorted[high] - sorted[low]) * (at - low);
}

export function median(values) {
    return quantile(values, 0.5);
}

// {median, low, high}: the quartiles.
export function spread(values) {
    return { median: median(values), low: quantile(values, 0.25), high: quantile(values, 0.75) };
}

// What each measurement of a pair gave, as one object of arrays: [{a: 1}, {a: 2}] -> {a: [1, 2]}.
export function columns(rows) {
    return Object.fromEntries(Object.keys(rows[0]).map((key) => [key, rows.map((row) => row[key])]));
}
