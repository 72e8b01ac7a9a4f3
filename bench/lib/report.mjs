// The page docs/BENCHMARKS.md, and the targets with what became of them.

import { cpus, release, totalmem } from 'node:os';

import { FAIRNESS } from './fairness.mjs';
import { HISTORY } from './history.mjs';
import { SHAPE } from './many.mjs';
import { CLIENTS } from './messages.mjs';
import { ROLE_CHANGE } from './role_change.mjs';
import { median, spread } from './stats.mjs';
import { IDLE, STORM } from './storm.mjs';
import { NARROW_SESSIONS, ZLIB_SESSIONS } from './zlib.mjs';

function number(value, digits = 0) {
    return value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

function range(values, digits, scale = 1) {
    const s = spread(values);
    return `${number(s.median * scale, digits)} (${number(s.low * scale, digits)} to ` +
        `${number(s.high * scale, digits)})`;
}

function table(head, rows) {
    return [head, head.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n');
}

function httpRows({ ours, nginx, ratio, cpuRatio }) {
    return [
        ['requests per second', range(ours.rate), range(nginx.rate), range(ratio, 2)],
        ['server CPU per request, µs', range(ours.cpu, 2, 1e-3), range(nginx.cpu, 2, 1e-3),
            range(cpuRatio, 2)],
    ];
}

function fanoutRows({ ours, bare, ratio, cpuRatio }) {
    return [
        ['frames per second', range(ours.rate), range(bare.rate), range(ratio, 2)],
        ['CPU of the loop per frame, ns', range(ours.cpu), range(bare.cpu), range(cpuRatio, 2)],
        ['CPU of the whole server per frame, ns', range(ours.cpu_all), range(bare.cpu),
            ''],
        ['post to last frame, ms', range(ours.round_ms, 2), range(bare.round_ms, 2), ''],
        ['frames per write', range(ours.frames_per_write, 2), '', ''],
    ];
}

function zlibRows({ zlib, plain, ratio, cpuRatio, bytes }) {
    return [
        ['frames per second', range(zlib.rate), range(plain.rate), range(ratio, 2)],
        ['CPU of the loop per frame, ns', range(zlib.cpu), range(plain.cpu), range(cpuRatio, 2)],
        ['bytes per frame', range(zlib.bytes), range(plain.bytes), range(bytes, 2)],
    ];
}

function storeRows({ ours, other, ratio }, hasCpu = true) {
    const rows = [['transactions per second', range(ours.rate), range(other.rate), range(ratio, 2)]];
    if (hasCpu)
        rows.push(['CPU per transaction, µs', range(ours.cpu, 2, 1e-3), range(other.cpu, 2, 1e-3), '']);
    return rows;
}

function readRows({ beside, burning, ratio }) {
    return [
        ['half within, µs', range(beside.p50_ns, 0, 1e-3), range(burning.p50_ns, 0, 1e-3), ''],
        ['99 % within, µs', range(beside.p99_ns, 0, 1e-3), range(burning.p99_ns, 0, 1e-3), range(ratio, 2)],
        ['CPU of the others, thousandths of a core', range(beside.others_permille),
            range(burning.others_permille), ''],
    ];
}

function roleChangeRows({ quiet, busy, ratio }) {
    return [
        ['half within, µs', range(quiet.p50_ns, 0, 1e-3), range(busy.p50_ns, 0, 1e-3), ''],
        ['99 % within, µs', range(quiet.p99_ns, 0, 1e-3), range(busy.p99_ns, 0, 1e-3), range(ratio, 2)],
        ['the slowest, µs', range(quiet.max_ns, 0, 1e-3), range(busy.max_ns, 0, 1e-3), ''],
    ];
}

const PAIR_HEAD = (other) => ['median (quartiles)', 'Guildhall', other, 'ratio'];

export function targets(r) {
    const kib = 1024;
    const all = [];
    const least = (what, value, target) => all.push({
        what, value: number(value, 2), target: `at least ${target}`, reached: value >= target,
    });
    const most = (what, value, target, unit, digits = 1) => all.push({
        what, value: `${number(value, digits)} ${unit}`, target: `under ${target} ${unit}`,
        reached: value < target,
    });
    const atMost = (what, value, target) => all.push({
        what, value: number(value, 2), target: `at most ${target}`, reached: value <= target,
    });
    const http = (all) => {
        for (const h of all)
            least(`GET /api/v10/gateway against nginx, ${h.loops} loop(s)`, median(h.ratio), 0.6);
    };
    const fanout = (f) => {
        least(`one event to ${number(f.sessions)} sessions, one frame per call, CPU`, median(f.single.cpuRatio), 0.85);
        least(`one event to ${number(f.sessions)} sessions, bursts of 8, CPU`, median(f.bursts.cpuRatio), 0.8);
        least(`one event to ${number(f.sessions)} sessions, bursts of 32, CPU`, median(f.bursts32.cpuRatio), 0.8);
    };
    const of = {
        http, fanout, wide: fanout,
        zlib(z) {
            least('wide events by zlib-stream, against uncompressed', median(z.ratio), 0.5);
            atMost('bytes of wide events by zlib-stream, against uncompressed', median(z.bytes), 0.75);
            atMost('bytes of narrow events by zlib-stream, against uncompressed', z.narrow, 0.25);
        },
        sqlite(s) {
            least(`SQLite, ${r.storeThreads} threads, against bare commits of ${s.batch} messages`, median(s.many.ratio), 0.6);
            atMost('SQLite, a lone write against a bare commit (time)', 1 / median(s.alone.ratio), 1.3);
            atMost('99 % of reads beside writes, against beside as much use of the CPU', median(s.reads.ratio), 2);
        },
        postgres: (p) => least(`PostgreSQL, ${r.storeConnections} connections, against pgbench`, median(p.ratio), 0.7),
        messages(m) {
            least('messages posted by 32 clients, against bare commits of the same batches', median(m.posts.ratio), 0.5);
            least('pages of 50 messages read by 32 clients, against a bare program', median(m.pages.ratio), 0.4);
            atMost('99 % of pages, against half of them', median(m.pages.tail), 4);
        },
        search(s) {
            most('99 % of searches for two words of 1 in 1,000 messages', s.middle.p99_ms, 50, 'ms');
            most('99 % of searches for the two most frequent words', s.frequent.p99_ms, 250, 'ms');
        },
        history: (h) => atMost('a page at the beginning of 10 million messages, against one at their end', h.oldest / h.newest, 1.5),
        fairness: (f) => atMost('99 % of deliveries of a quiet guild beside a busy one, against while that is idle', median(f.ratio), 3),
        roleChange: (c) => atMost('99 % of deliveries while roles of a big guild change, against while they do not', median(c.ratio), 2),
        views: (v) => most('a permission check in a channel, 250 roles, 500 channels', median(v.check_ns), 1000, 'ns', 0),
        million: (m) => most('start to first answer, a million messages', median(m.times), 300, 'ms', 0),
        start(s) {
            most('start to first answer, empty database', median(s.times), 150, 'ms', 0);
            most('idle resident memory', median(s.idle) / kib / kib, 24, 'MiB');
        },
        idle: (bytes) => most(`growth per idle session in ${SHAPE.guildsOfPerson} guilds of ${SHAPE.channels} channels`, bytes / kib, 4, 'KiB', 2),
        idleTls: (bytes) => most('the same with TLS 1.3', bytes / kib, 16, 'KiB', 2),
        storms(s) {
            most(`${number(STORM)} sessions identify`, Math.max(...s.identify), 10, 's', 2);
            most(`${number(STORM)} sessions resume after a cut of all`, Math.max(...s.resume), 5, 's', 2);
        },
        sessions: (s) => most('growth per idle session', Math.max(s.atOnce, s.inGroups) / kib, 8, 'KiB', 2),
    };
    for (const [part, judge] of Object.entries(of)) {
        if (r[part] !== undefined)
            judge(r[part]);
    }
    return all;
}

function machine(r) {
    return `${r.date}, ${cpus().length} cores (${cpus()[0].model.trim()}), ` +
        `${number(totalmem() / 2 ** 30)} GiB, Linux ${release().split('-')[0]}, everything on the loopback interface. ` +
        `${r.pairs} interleaved pairs.${r.fanout.fifo ? '' : ' Without real-time priority (not root).'}`;
}

export function page(r) {
    const { start, sessions, fanout } = r;
    return `# Benchmarks

Written by \`bench/run --write\`; repeat it with \`make bench\`. How each number is taken, and what it leaves out, is in
[bench/README.md](../bench/README.md). Ratios compare the two sides of one pair, so they hold where rates, which depend on the machine
and its neighbours, do not; a ratio above 1 is in Guildhall's favour, for CPU too.

${machine(r)}

## Targets

${table(['what', 'measured', 'target', ''], targets(r).map((t) => [t.what, t.value, t.target,
        t.reached ? 'reached' : '**not reached**']))}

## GET /api/v10/gateway

Keep-alive, 32 connections, ${r.http[0].replyBytes} bytes a reply on both sides.
${r.http.map((h) => `
${h.loops === 1 ? 'One loop against one nginx worker, each on a core of its own, the generator on the other core:'
        : `${h.loops} loops against ${h.loops} nginx workers, nothing pinned; the generator shares the cores:`}

${table(PAIR_HEAD('nginx'), httpRows(h))}
`).join('')}
## One event to ${number(fanout.sessions)} and to ${number(r.wide.sessions)} gateway sessions

Sessions of as many people. A MESSAGE_CREATE of ${fanout.payloadBytes} bytes and each session's own sequence number, against \`bench/fanout_bare.c\`. One loop.

One frame per call:

${table(PAIR_HEAD('bare program'), fanoutRows(fanout.single))}

Bursts of 8 posts, 8 frames per call:

${table(PAIR_HEAD('bare program'), fanoutRows(fanout.bursts))}

Bursts of 32:

${table(PAIR_HEAD('bare program'), fanoutRows(fanout.bursts32))}

To ${number(r.wide.sessions)} sessions, one frame per call, in bursts of 8 and of 32:

${table(PAIR_HEAD('bare program'), ['single', 'bursts', 'bursts32'].flatMap((part) => fanoutRows(r.wide[part])))}

## One guild offers more than a loop delivers

A guild of ${number(FAIRNESS.sessions)} sessions is offered ${number(r.fairness.rate)} messages a second, twice what the loop delivers in bursts of 32, and
${range(r.fairness.delivered)} are delivered meanwhile; memory grew by ${number(r.fairness.growth / 2 ** 20, 1)} MiB at most. How long a message of another guild of
${FAIRNESS.others} sessions on the same loop takes from its time to the last of them, with that and without${r.fairness.first ? '' : ' (and without priority: not root)'}:

${table(['median (quartiles)', 'without', 'with', 'ratio'], roleChangeRows({ quiet: r.fairness.idle, busy: r.fairness.busy, ratio: r.fairness.ratio }))}

## Storms

${number(STORM)} sessions of people in ${SHAPE.guildsOfPerson} guilds of ${SHAPE.channels} channels each, one after the other as fast as they are ready, then all cut and resumed while messages were posted:

${table(['what', 'median (quartiles)'], [
        ['all have READY, s', range(r.storms.identify, 2)],
        ['all are resumed, nothing missing, s', range(r.storms.resume, 2)],
    ])}

## The same by zlib-stream

One event to ${number(ZLIB_SESSIONS)} sessions, one frame per call, against the same sessions without compression. A narrow event, of which ${NARROW_SESSIONS} session(s) are sent, takes
${number(r.zlib.narrow, 2)} of the bytes.

${table(['median (quartiles)', 'zlib-stream', 'uncompressed', 'ratio'], zlibRows(r.zlib))}

## Roles of a big guild change

${number(ROLE_CHANGE.members)} members, ${number(ROLE_CHANGE.sessions)} sessions in 288 visibility classes, ${number(ROLE_CHANGE.channels)} channels with ${ROLE_CHANGE.overwrites} overwrites each; four times a second a role
changes, in turn one of everybody's permissions and one that opens or closes five channels to a quarter of the sessions. How long a message of another
guild of ${ROLE_CHANGE.others} sessions on the same loop takes from its time to the last of them, with that and without:

${table(['median (quartiles)', 'without', 'with', 'ratio'], roleChangeRows(r.roleChange))}

## The store

At its own interface, durable transactions of one message each: the message, the channel's newest message, the row of the event log, the
head of the stream. Eight guilds write at the same time.

SQLite, ${r.storeThreads} threads, against one thread that commits the same rows ${number(r.sqlite.batch)} at a time, the best of the batch
sizes that were tried:

${table(PAIR_HEAD('bare program'), storeRows(r.sqlite.many))}

A lone writer against commits of one message:

${table(PAIR_HEAD('bare program'), storeRows(r.sqlite.alone))}

PostgreSQL, ${r.storeConnections} connections, against pgbench with prepared statements:

${table(PAIR_HEAD('pgbench'), storeRows(r.postgres, false))}

Reading the newest 50 messages of a channel while ${r.storeThreads} threads write, and while as many threads merely use as much of the CPU:

${table(['median (quartiles)', 'beside writes', 'beside mere use', 'ratio'], readRows(r.sqlite.reads))}

## Messages over HTTP

Posted by ${CLIENTS} clients in eight channels, a dozen words each, durable and indexed for search before the answer; against one thread that commits the
same rows (\`bench/message_bare.c\`) in batches as large as the server's were, ${range(r.messages.posts.ours.batch, 1)} messages:

${table(PAIR_HEAD('bare program'), [
        ['messages per second', range(r.messages.posts.ours.rate), range(r.messages.posts.bare.rate), range(r.messages.posts.ratio, 2)],
        ['half within, µs', range(r.messages.posts.ours.p50_ns, 0, 1e-3), '', ''],
        ['99 % within, µs', range(r.messages.posts.ours.p99_ns, 0, 1e-3), '', ''],
    ])}

The newest 50 messages with authors, mentions, replies, files and reactions, ${number(r.messages.replyBytes)} bytes, by ${CLIENTS} clients; against a program that runs the same
statements in one thread and writes a reply made beforehand. Either on one core, the generator on the other:

${table(PAIR_HEAD('bare program'), [
        ['pages per second', range(r.messages.pages.ours.rate), range(r.messages.pages.bare.rate), range(r.messages.pages.ratio, 2)],
        ['half within, µs', range(r.messages.pages.ours.p50_ns, 0, 1e-3), range(r.messages.pages.bare.p50_ns, 0, 1e-3), ''],
        ['99 % within, µs', range(r.messages.pages.ours.p99_ns, 0, 1e-3), range(r.messages.pages.bare.p99_ns, 0, 1e-3), ''],
    ])}

## Search

A million messages (\`bench/search.c\`) in 100 channels, words by Zipf's law; a member who sees half of the channels. At the interface of core, on SQLite.

${table(['search', 'half within, ms', '99 % within, ms'], [
        ['two words, each in 1 of 1,000 messages', number(r.search.middle.p50_ms, 2), number(r.search.middle.p99_ms, 2)],
        ['the two most frequent words', number(r.search.frequent.p50_ms, 1), number(r.search.frequent.p99_ms, 1)],
        ['the same, oldest first', number(r.search.frequent_oldest.p50_ms, 1), number(r.search.frequent_oldest.p99_ms, 1)],
        ['the same, by relevance', number(r.search.frequent_relevance.p50_ms, 1), number(r.search.frequent_relevance.p99_ms, 1)],
    ])}

Writing a message of them costs ${number(r.search.write_us, 1)} µs with the index and ${number(r.search.write_unindexed_us, 1)} without, in batches of 2,000.

## History

Pages of 50 over HTTP in a channel of ${number(HISTORY.messages)} messages, the client's part included:

${table(['where', 'half within, µs'], [
        ['at the end', number(r.history.newest)], ['in the middle', number(r.history.middle)], ['at the beginning', number(r.history.oldest)],
    ])}

## A large guild's structure

250 roles, 500 channels with 24 overwrites each; a member with 30 roles. The new view is made in the closure that changed the structure, on SQLite.

${table(['what', 'median (quartiles)'], [
        ['a permission check in a channel, ns', range(r.views.check_ns)],
        ['the same when the part of the roles is done once for many channels, ns', range(r.views.check_from_base_ns)],
        ['the new view after a change of one channel, µs', range(r.views.patch_channel_ns, 1, 1e-3)],
        ['after a change of roles, µs', range(r.views.patch_roles_ns, 1, 1e-3)],
        ['after a change of all channels, µs', range(r.views.patch_channels_ns, 0, 1e-3)],
        ['loading all of it, µs', range(r.views.load_ns, 0, 1e-3)],
    ])}

## Start and size

${table(['what', 'median (quartiles)'], [
        ['start to first answer on an empty database, ms', range(start.times, 1)],
        ['the same on a million messages, ms', range(r.million.times, 1)],
        ['resident memory after the first answer, MiB', range(start.idle, 1, 2 ** -20)],
        [`growth per idle session in ${SHAPE.guildsOfPerson} guilds of ${SHAPE.channels} channels, ${number(IDLE)} of them, KiB`, number(r.idle / 1024, 2)],
        ['the same with TLS 1.3, KiB', number(r.idleTls / 1024, 2)],
        [`growth per idle session, ${number(sessions.sessions)} of them coming at once, KiB`,
            number(sessions.atOnce / 1024, 2)],
        [`the same, coming in groups of ${sessions.group} that send a heartbeat before the next comes, KiB`,
            number(sessions.inGroups / 1024, 2)],
    ])}
`;
}
