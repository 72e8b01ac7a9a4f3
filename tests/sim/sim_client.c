/*
 * Clients: each holds one end of a socket, reads frames out of whatever pieces come, and behaves as
 * a library does: Identify, heartbeats, Resume after a cut, Identify again when told so. Some are
 * slow, some lose their line in the middle of a frame, some say what they should not.
 */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "sim.h"

struct sim_client *CLIENTS;
unsigned CLIENT_COUNT;
static bool LEAVING;

enum {
    CLOSE_FRAME = 8,
    TEXT_FRAME = 1,
    RX_FIRST = 512,
    READ_AT_ONCE = 64 * 1024,
    RECONNECT_MS = 400,
};

static const struct sim_user *user_of(const struct sim_client *c)
{
    return &WORLD.users[c->user];
}

static void wake_in(struct sim_client *c, uint64_t ms);

/* ---- what a client says ---- */

static void send_frame(struct sim_client *c, unsigned opcode, const char *data, size_t len)
{
    uint8_t frame[1200];
    size_t n = 0;
    uint8_t mask[4];
    frame[n++] = (uint8_t)(0x80 | opcode);
    if (len < 126) {
        frame[n++] = (uint8_t)(0x80 | len);
    } else {
        frame[n++] = 0x80 | 126;
        frame[n++] = (uint8_t)(len >> 8);
        frame[n++] = (uint8_t)len;
    }
    for (size_t i = 0; i < 4; i++)
        frame[n++] = mask[i] = (uint8_t)sim_below(256);
    for (size_t i = 0; i < len; i++)
        frame[n++] = (uint8_t)((uint8_t)data[i] ^ mask[i & 3]);
    net_write(c->conn, frame, n);
}

__attribute__((format(printf, 2, 3))) static void say(struct sim_client *c, const char *format, ...)
{
    char text[1024];
    va_list list;
    va_start(list, format);
    int n = vsnprintf(text, sizeof text, format, list);
    va_end(list);
    send_frame(c, TEXT_FRAME, text, (size_t)n);
}

static void forget_session(struct sim_client *c)
{
    c->resumable = false;
    c->seq = 0;
    c->floor = 0;
    c->expect = 1;
    check_forget(c);
}

static void identify(struct sim_client *c)
{
    forget_session(c);
    c->generation = user_of(c)->generation;
    say(c,
        "{\"op\":2,\"d\":{\"token\":\"%s%s\",\"properties\":{},\"intents\":%u,"
        "\"shard\":[%u,%u],\"large_threshold\":50}}",
        user_of(c)->bot && sim_one_in(2) ? "Bot " : "", user_of(c)->token, c->intents, c->shard,
        c->shard_count);
    c->state = CLIENT_IDENTIFYING;
}

static void send_resume(struct sim_client *c)
{
    uint64_t back = 0;
    if (c->seq > c->floor && sim_one_in(2))
        back = sim_below(c->seq - c->floor + 1) % CLIENT_RING;
    c->expect = c->seq - back + 1;
    const char *token = user_of(c)->token;
    uint64_t seq = c->seq - back;
    if (!SIM.calm && sim_one_in(100)) {
        c->future = true;
        seq += 1000000;
    } else if (!SIM.calm && sim_one_in(100)) {
        c->thief = true;
        token = WORLD.users[(c->user + 1) % WORLD.user_count].token;
    }
    say(c, "{\"op\":6,\"d\":{\"token\":\"%s\",\"session_id\":\"%s\",\"seq\":%" PRIu64 "}}", token,
        c->session_id, seq);
    c->state = CLIENT_RESUMING;
    c->resuming = true;
}

static void heartbeat(struct sim_client *c)
{
    if (c->seq == 0 || sim_one_in(4)) {
        say(c, "{\"op\":1,\"d\":null}");
        return;
    }
    c->floor = c->seq;
    say(c, "{\"op\":1,\"d\":%" PRIu64 "}", c->seq);
}

/* ---- its line ---- */

static void hang_up(struct sim_client *c)
{
    c->conn = NULL;
    c->state = CLIENT_DOWN;
    c->rx_len = 0;
    free(c->rx);
    c->rx = NULL;
    c->rx_capacity = 0;
    c->resuming = c->garbage = c->thief = c->future = c->closing_1000 = c->replaced = false;
    c->appetite = 0;
    wake_in(c, SIM.calm ? 1 : sim_below(RECONNECT_MS));
}

static void connect_now(struct sim_client *c)
{
    if (LEAVING || SIM.gateway == NULL) {
        wake_in(c, RECONNECT_MS);
        return;
    }
    struct conn *conn = net_connect(SIM.gateway, (unsigned)sim_below(SIM.o.loops), c);
    if (conn == NULL) {
        hang_up(c);
        return;
    }
    c->conn = conn;
    c->state = CLIENT_HELLO;
    c->expect = c->seq + 1;
    if (!SIM.calm && sim_below(100) < SIM.slow)
        c->appetite = sim_one_in(3) ? 1 : 1 + (unsigned)sim_below(200);
    wake_in(c, SIM.heartbeat_ms / 2 + sim_below(SIM.heartbeat_ms / 2));
}

static void on_wake(struct timer *t)
{
    struct sim_client *c = LIST_OWNER(t, struct sim_client, wake);
    if (c->state == CLIENT_DOWN) {
        connect_now(c);
        return;
    }
    if (c->state != CLIENT_HELLO && (SIM.calm || !sim_one_in(20)))
        heartbeat(c);
    wake_in(c, SIM.heartbeat_ms / 2 + sim_below(SIM.heartbeat_ms / 2));
}

static void wake_in(struct sim_client *c, uint64_t ms)
{
    loop_timer_start(net_clients_loop(), &c->wake, ms, on_wake);
}

/* ---- what it hears ---- */

static const char *find(struct slice text, const char *needle)
{
    return memmem(text.data, text.len, needle, strlen(needle));
}

static uint64_t hash_of(struct slice s)
{
    uint64_t h = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < s.len; i++)
        h = (h ^ (uint8_t)s.data[i]) * UINT64_C(0x100000001b3);
    return h;
}

static struct slice name_of(struct slice text)
{
    const char *t = find(text, "\"t\":\"");
    if (t == NULL)
        sim_fail("a dispatch without a name: %.*s", (int)text.len, text.data);
    const char *end = memchr(t + 5, '"', text.len - (size_t)(t + 5 - text.data));
    return slice_of(t + 5, (size_t)(end - t - 5));
}

static struct slice body_of(struct slice text)
{
    const char *d = find(text, "\"d\":");
    if (d == NULL)
        sim_fail("a dispatch without d: %.*s", (int)text.len, text.data);
    d += 4;
    return slice_of(d, text.len - (size_t)(d - text.data) - 1);
}

static void take_ready(struct sim_client *c, struct slice d)
{
    static const char KEY[] = "\"session_id\":\"";
    const char *id = find(d, KEY);
    if (c->state != CLIENT_IDENTIFYING || c->seq != 1)
        sim_fail("client %u: READY in state %d, as number %" PRIu64, c->index, (int)c->state,
                 c->seq);
    if (id == NULL)
        sim_fail("READY without a session id");
    memcpy(c->session_id, id + sizeof KEY - 1, SESSION_ID_LEN);
    c->resumable = true;
    c->state = CLIENT_LIVE;
    SIM.n.readys++;
    check_ready(c, d);
}

static void take_dispatch(struct sim_client *c, struct slice text)
{
    uint64_t s = strtoull(find(text, "\"s\":") + 4, NULL, 10);
    struct slice name = name_of(text);
    if (s != c->expect)
        sim_fail("client %u: number %" PRIu64 " came, %" PRIu64 " was due (%.*s)", c->index, s,
                 c->expect, (int)name.len, name.data);
    c->expect++;
    sim_trace("client %u: %.*s", c->index, text.len > 120 ? 120 : (int)text.len, text.data);
    uint64_t hash = hash_of(text);
    SIM.n.deliveries++;
    SIM.n.digest = (SIM.n.digest ^ hash) * UINT64_C(0x100000001b3);
    uint64_t *remembered = &c->ring[s % CLIENT_RING];
    if (s <= c->seq) { /* known: it must be the very same */
        SIM.n.replayed++;
        if (*remembered != hash)
            sim_fail("client %u: number %" PRIu64 " is another than before", c->index, s);
        return;
    }
    *remembered = hash;
    c->seq = s;
    if (slice_eq_cstr(name, "READY")) {
        take_ready(c, body_of(text));
    } else if (slice_eq_cstr(name, "RESUMED")) {
        if (!c->resuming || c->thief || c->future)
            sim_fail("client %u: RESUMED in state %d", c->index, (int)c->state);
        c->state = CLIENT_LIVE;
        SIM.n.resumes++;
    } else {
        check_dispatch(c, name, body_of(text));
    }
}

static void take_op(struct sim_client *c, unsigned op, struct slice text)
{
    switch (op) {
    case 10:
        if (c->state != CLIENT_HELLO)
            sim_fail("client %u: a second Hello", c->index);
        if (c->resumable && (SIM.calm || !sim_one_in(12)))
            send_resume(c);
        else
            identify(c);
        return;
    case 9:
        SIM.n.invalid++;
        if (c->state == CLIENT_LIVE)
            sim_fail("client %u: Invalid Session in the middle of a session", c->index);
        if (find(text, "\"d\":true") == NULL && !c->thief)
            c->resumable = false;
        if (c->thief) {
            net_leave(c->conn);
            hang_up(c);
        } else {
            identify(c);
        }
        return;
    case 7:
    case 11:
    case 1:
        return;
    default:
        sim_fail("client %u: op %u", c->index, op);
    }
}

static void take_text(struct sim_client *c, struct slice text)
{
    static const char DISPATCH[] = "{\"s\":";
    if (text.len > 5 && memcmp(text.data, DISPATCH, 5) == 0 && text.data[5] != 'n') {
        take_dispatch(c, text);
        return;
    }
    const char *op = find(text, "\"op\":");
    if (op == NULL)
        sim_fail("client %u: no op: %.*s", c->index, (int)text.len, text.data);
    take_op(c, (unsigned)strtoul(op + 5, NULL, 10), text);
}

static bool code_is_right(const struct sim_client *c, unsigned code)
{
    if (code == 4000 || code == 1001)
        return true; /* slow, overloaded, replaced, restarting: resumable */
    if (code == 4004)
        return c->generation != user_of(c)->generation || c->state == CLIENT_IDENTIFYING;
    if (code == 4009)
        return c->state != CLIENT_LIVE || c->appetite > 0 || c->garbage;
    if (code == 4007)
        return c->future;
    if (code == 1000)
        return c->closing_1000;
    return c->garbage;
}

static void take_close(struct sim_client *c, struct slice payload)
{
    unsigned code = payload.len < 2
                        ? 1005
                        : (unsigned)((uint8_t)payload.data[0] << 8 | (uint8_t)payload.data[1]);
    sim_trace("client %u: closed with %u", c->index, code);
    if (!code_is_right(c, code))
        sim_fail("client %u: closed with %u in state %d", c->index, code, (int)c->state);
    SIM.n.closes++;
    SIM.n.slow += code == 4000 && c->appetite > 0;
    if (code == 4004 || code == 1000 || code == 4009 || code == 4007)
        c->resumable = false;
    net_leave(c->conn);
    hang_up(c);
}

/* One frame off the front; 0: it is not whole yet. */
static size_t take_frame(struct sim_client *c, const char *data, size_t len)
{
    if (len < 2)
        return 0;
    uint8_t opcode = (uint8_t)data[0] & 15;
    uint64_t n = (uint8_t)data[1];
    size_t at = 2;
    if (n >= 126) {
        size_t bytes = n == 126 ? 2 : 8;
        if (len < at + bytes)
            return 0;
        n = 0;
        for (size_t i = 0; i < bytes; i++)
            n = n << 8 | (uint8_t)data[at++];
    }
    if (len < at + n)
        return 0;
    struct slice payload = slice_of(data + at, (size_t)n);
    if (opcode == TEXT_FRAME)
        take_text(c, payload);
    else if (opcode == CLOSE_FRAME)
        take_close(c, payload);
    else
        sim_fail("client %u: a frame with opcode %u", c->index, opcode);
    return at + (size_t)n;
}

static void take_frames(struct sim_client *c)
{
    const struct conn *conn = c->conn;
    size_t at = 0;
    while (c->conn == conn && c->conn != NULL) {
        size_t n = take_frame(c, c->rx + at, c->rx_len - at);
        if (n == 0)
            break;
        at += n;
    }
    if (c->conn != conn || c->conn == NULL)
        return;
    memmove(c->rx, c->rx + at, c->rx_len - at);
    c->rx_len -= at;
    if (c->rx_len == 0) {
        free(c->rx);
        c->rx = NULL;
        c->rx_capacity = 0;
    }
}

static bool read_more(struct sim_client *c)
{
    static char piece[READ_AT_ONCE];
    bool end = false;
    size_t max = c->appetite == 0 ? sizeof piece : c->appetite;
    size_t n = net_read(c->conn, piece, max, &end);
    if (c->rx_len + n > c->rx_capacity) {
        size_t capacity = c->rx_capacity == 0 ? RX_FIRST : c->rx_capacity;
        while (capacity < c->rx_len + n)
            capacity *= 2;
        c->rx = realloc(c->rx, capacity);
        if (c->rx == NULL)
            abort();
        c->rx_capacity = capacity;
    }
    if (n > 0)
        memcpy(c->rx + c->rx_len, piece, n);
    c->rx_len += n;
    if (n > 0)
        take_frames(c);
    if (end && c->conn != NULL && c->state != CLIENT_DOWN) { /* cut without a word */
        net_leave(c->conn);
        hang_up(c);
        return false;
    }
    return c->conn != NULL && n == max;
}

void clients_read(void)
{
    struct sim_client *later[4096];
    size_t count = 0;
    for (struct sim_client *c; (c = net_next_readable()) != NULL;) {
        if (c->conn == NULL)
            continue;
        bool more = read_more(c);
        if (more && count < sizeof later / sizeof later[0])
            later[count++] = c;
    }
    for (size_t i = 0; i < count; i++)
        net_readable(later[i]);
}

/* ---- what it should not do ---- */

static void garbage(struct sim_client *c)
{
    static const char *const WORDS[] = {
        "{",
        "[]",
        "{\"op\":\"1\"}",
        "{\"op\":99,\"d\":{}}",
        "{\"op\":0,\"d\":{}}",
        "{\"op\":2,\"d\":{\"token\":\"x\",\"properties\":{},\"intents\":1}}",
        "{\"op\":1,\"d\":\"one\"}",
        "{\"op\":2,\"d\":5}",
        "{\"op\":6,\"d\":{}}",
    };
    const char *word = WORDS[sim_below(sizeof WORDS / sizeof WORDS[0])];
    c->garbage = true;
    if (sim_one_in(6))
        net_write(c->conn, "\x81\x05hello", 7); /* not masked */
    else
        send_frame(c, TEXT_FRAME, word, strlen(word));
}

static void close_politely(struct sim_client *c)
{
    bool for_good = sim_one_in(2);
    char code[2] = {for_good ? 0x03 : 0x0f, for_good ? (char)0xe8 : (char)0xa0}; /* 1000, 4000 */
    send_frame(c, CLOSE_FRAME, code, 2);
    c->closing_1000 = c->closing_1000 || for_good;
    if (for_good)
        c->resumable = false;
    if (sim_one_in(2)) {
        net_leave(c->conn);
        hang_up(c);
    }
}

static void disturb(struct sim_client *c)
{
    if (c->conn == NULL)
        return;
    switch (sim_below(12)) {
    case 0:
        net_abandon(c->conn);
        hang_up(c);
        return;
    case 1:
        if (c->state != CLIENT_HELLO)
            garbage(c);
        return;
    case 2:
        if (c->state == CLIENT_LIVE)
            close_politely(c);
        return;
    case 3:
        send_frame(c, 9, "ping", 0);
        net_leave(c->conn);
        hang_up(c);
        return;
    case 4:
        c->appetite = sim_one_in(2) ? 0 : 1 + (unsigned)sim_below(64);
        return;
    default:
        net_cut(c->conn);
        hang_up(c);
        return;
    }
}

void clients_disturb(void)
{
    for (unsigned n = CLIENT_COUNT * SIM.cuts / 100000 + sim_one_in(4); n > 0; n--)
        disturb(&CLIENTS[sim_below(CLIENT_COUNT)]);
}

/* ---- all of them ---- */

static uint32_t some_intents(bool bot)
{
    static const uint32_t SETS[] = {
        INTENTS_DEFINED,
        INTENTS_DEFINED & ~(uint32_t)INTENT_MESSAGE_CONTENT,
        INTENT_GUILDS | INTENT_GUILD_MESSAGES,
        INTENT_GUILDS | INTENT_GUILD_MEMBERS,
        INTENT_GUILD_MESSAGES | INTENT_DIRECT_MESSAGES,
        INTENT_GUILDS | INTENT_GUILD_MODERATION | INTENT_MESSAGE_CONTENT,
    };
    return !bot && sim_one_in(2) ? INTENTS_DEFINED : SETS[sim_below(sizeof SETS / sizeof SETS[0])];
}

void clients_open(unsigned count)
{
    CLIENTS = calloc(count, sizeof *CLIENTS);
    CLIENT_COUNT = count;
    LEAVING = false;
    if (CLIENTS == NULL)
        abort();
    for (unsigned i = 0; i < count; i++) {
        struct sim_client *c = &CLIENTS[i];
        c->index = i;
        c->user = (unsigned)sim_below(WORLD.user_count);
        c->intents = some_intents(user_of(c)->bot);
        c->shard_count = sim_one_in(4) ? 1 + (unsigned)sim_below(4) : 1;
        c->shard = (unsigned)sim_below(c->shard_count);
        c->guilds = calloc(WORLD.guild_count, sizeof *c->guilds);
        if (c->guilds == NULL)
            abort();
        wake_in(c, sim_below(3000));
    }
}

void clients_close(void)
{
    for (unsigned i = 0; i < CLIENT_COUNT; i++) {
        loop_timer_stop(&CLIENTS[i].wake);
        free(CLIENTS[i].rx);
        free(CLIENTS[i].guilds);
    }
    free(CLIENTS);
    CLIENTS = NULL;
    CLIENT_COUNT = 0;
}

void clients_calm(void)
{
    for (unsigned i = 0; i < CLIENT_COUNT; i++) {
        CLIENTS[i].appetite = 0;
        if (CLIENTS[i].conn != NULL)
            net_readable(&CLIENTS[i]);
    }
}

bool clients_settled(void)
{
    for (unsigned i = 0; i < CLIENT_COUNT; i++) {
        if (CLIENTS[i].state != CLIENT_LIVE || CLIENTS[i].garbage || CLIENTS[i].closing_1000)
            return false;
    }
    return true;
}

void clients_report(void)
{
    unsigned states[CLIENT_LIVE + 1] = {0};
    for (unsigned i = 0; i < CLIENT_COUNT; i++)
        states[CLIENTS[i].state]++;
    sim_fail("the world does not settle: %u clients down, %u before Hello, %u identify, %u resume, "
             "%u live; %zu jobs wait, the net is %s, the bus is %s",
             states[CLIENT_DOWN], states[CLIENT_HELLO], states[CLIENT_IDENTIFYING],
             states[CLIENT_RESUMING], states[CLIENT_LIVE], jobs_waiting(),
             net_idle() ? "idle" : "busy", sim_bus_idle() ? "idle" : "busy");
}

void clients_leave(void)
{
    LEAVING = true;
    for (unsigned i = 0; i < CLIENT_COUNT; i++) {
        struct sim_client *c = &CLIENTS[i];
        if (c->conn == NULL)
            continue;
        net_cut(c->conn);
        hang_up(c);
    }
}
