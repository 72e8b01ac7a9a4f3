/* The screening of new members: its form, its gate, and who has passed. */

#include "core/screening.h"

#include "base/limits.h"
#include "core/core_priv.h"
#include "core/guild_settings.h"
#include "core/invites_priv.h"
#include "core/join_requests.h"
#include "core/joining.h"
#include "core/member_change.h"
#include "core/tasks_priv.h"
#include "model/features.h"
#include "store/directory.h"
#include "store/guild_documents.h"
#include "store/guilds.h"
#include "store/join_requests.h"
#include "store/joining.h"
#include "store/members.h"

enum { FORM_BYTES_MAX = 64 * 1024, ARENA_BYTES_MAX = 512 * 1024 };

#define GATE FEATURE_MEMBER_VERIFICATION_GATE_ENABLED

void screening_end(struct screening *s)
{
    document_end(&s->document);
}

static enum err read_form(struct tx *tx, const struct guild *g, struct arena *arena,
                          struct screening *out)
{
    struct slice text;
    enum err e = guild_documents_find(tx_sql(tx), g->id, GUILD_DOCUMENT_SCREENING, arena, &text);
    if (e != ERR_OK)
        return e;
    out->exists = text.data != NULL;
    out->enabled = (g->features & GATE) != 0;
    return document_read(&out->document, text, &SHAPE_SCREENING, arena, &out->form);
}

/* ---- reading ---- */

struct form_read {
    const struct principal *who;
    struct guild_id guild;
    struct slice invite;
    struct arena *arena;
    bool invited; /* it is the invite that lets them read */
    struct screening out;
};

/* As in the directory (directory.c), nothing of the guild is read before this says yes. */
static enum err may_read(struct tx *tx, struct form_read *x)
{
    struct invite_sheet s;
    bool shown = false;
    x->invited = false;
    enum err e = directory_shows(tx_sql(tx), x->guild, x->who->tenant, x->who->user, &shown);
    if (e != ERR_OK || shown)
        return e;
    e = invite_find_usable(tx, x->invite, x->arena, &s);
    x->invited = e == ERR_OK && s.invite.guild.v == x->guild.v;
    return e == ERR_UNKNOWN_INVITE || (e == ERR_OK && !x->invited) ? ERR_UNKNOWN_GUILD : e;
}

static enum err read_for(struct tx *tx, void *ctx)
{
    struct form_read *x = ctx;
    struct guild_record g;
    enum err e = may_read(tx, x);
    if (e == ERR_OK)
        e = guilds_find(tx_sql(tx), x->guild, x->arena, &g);
    if (e == ERR_OK && x->invited && g.guild.tenant.v != x->who->tenant.v)
        e = ERR_UNKNOWN_GUILD;
    return e == ERR_OK ? read_form(tx, &g.guild, x->arena, &x->out) : e;
}

enum err screening_get(struct core *c, const struct principal *who, struct guild_id guild,
                       struct slice invite, struct arena *arena, struct screening *out)
{
    struct form_read x = {.who = who, .guild = guild, .invite = invite, .arena = arena};
    enum err e = store_read(c->store, read_for, &x);
    if (e != ERR_OK) {
        screening_end(&x.out);
        return e;
    }
    *out = x.out;
    return ERR_OK;
}

/* ---- changing the form and the gate ---- */

struct form_change {
    const struct actor *by;
    const struct access *a;
    const struct body_screening *change;
    struct arena *arena;
    struct screening now;
    struct guild_view *view;
    bool opened; /* the gate: members wait to be let in */
};

static enum err to_json(const struct body_screening *form, struct arena *arena, struct slice *out)
{
    struct buf b;
    struct json_writer w;
    buf_init(&b, MEM_CORE, FORM_BYTES_MAX);
    json_begin(&w, &b);
    proto_screening(&w, form);
    *out = b.failed ? (struct slice){NULL, 0} : arena_dup(arena, buf_slice(&b));
    buf_deinit(&b);
    return out->data == NULL ? ERR_NO_MEMORY : ERR_OK;
}

/* The version is when the form was changed: answers to another one are not taken. */
static enum err merge(struct tx *tx, struct form_change *x)
{
    struct body_screening *form = &x->now.form;
    const struct body_screening *from = x->change;
    char text[CLOCK_ISO_LEN + 1];
    if (BODY_SENT(*from, BODY_SCREENING_FIELDS))
        form->form_fields = from->form_fields;
    if (BODY_SENT(*from, BODY_SCREENING_DESCRIPTION))
        form->description = from->description;
    clock_iso(tx_now_ms(tx), text);
    form->version = arena_dup(x->arena, slice_from(text));
    return form->version.data == NULL ? ERR_NO_MEMORY : ERR_OK;
}

static enum err open_gate(struct tx *tx, struct guild_id guild)
{
    bool inserted;
    struct task t = {.id = tx_id(tx),
                     .kind = TASK_SCREENING_OPEN,
                     .subject = guild.v,
                     .created_at_ms = tx_now_ms(tx)};
    return tasks_insert(tx_sql(tx), &t, &inserted);
}

static enum err move_gate(struct tx *tx, struct form_change *x, const struct guild *g)
{
    bool enabled = x->now.enabled;
    if (BODY_SENT(*x->change, BODY_SCREENING_ENABLED))
        enabled = x->change->enabled;
    /* A form without a question would let nobody pass. */
    if (x->now.form.form_fields.count == 0)
        enabled = false;
    x->opened = x->now.enabled && !enabled;
    if (enabled == x->now.enabled)
        return ERR_OK;
    x->now.enabled = enabled;
    enum err e = joining_set_features(tx_sql(tx), g->id, enabled ? GATE : 0, enabled ? 0 : GATE);
    return e == ERR_OK && !enabled ? open_gate(tx, g->id) : e;
}

static enum err tell(struct tx *tx, struct form_change *x, const struct guild *g,
                     struct slice before, struct slice after)
{
    struct audit_note n;
    audit_note_init(&n);
    audit_flag(&n, "verification_enabled", (g->features & GATE) != 0, x->now.enabled);
    audit_json(&n, "member_verification", before, after);
    enum err e = guild_settings_tell(tx, x->by, g->id, AUDIT_GUILD_UPDATE, &n, &x->view);
    audit_note_deinit(&n);
    return e;
}

static enum err change_form(struct tx *tx, void *ctx)
{
    struct form_change *x = ctx;
    struct guild_record g;
    struct slice before, after;
    enum err e = access_recheck(tx, x->a, PERMISSION_MANAGE_GUILD);
    if (e == ERR_OK)
        e = guilds_find(tx_sql(tx), x->a->view->guild.id, x->arena, &g);
    if (e == ERR_OK)
        e = read_form(tx, &g.guild, x->arena, &x->now);
    if (e == ERR_OK)
        e = to_json(&x->now.form, x->arena, &before);
    if (e == ERR_OK)
        e = merge(tx, x);
    if (e == ERR_OK)
        e = to_json(&x->now.form, x->arena, &after);
    if (e == ERR_OK)
        e = guild_documents_put(tx_sql(tx), g.guild.id, GUILD_DOCUMENT_SCREENING, after);
    if (e == ERR_OK)
        e = move_gate(tx, x, &g.guild);
    return e == ERR_OK
               ? tell(tx, x, &g.guild, x->now.exists ? before : (struct slice){NULL, 0}, after)
               : e;
}

enum err screening_change(struct core *c, const struct actor *by, const struct access *a,
                          const struct body_screening *change, struct arena *arena,
                          struct screening *out)
{
    struct form_change x = {.by = by, .a = a, .change = change, .arena = arena};
    enum err e = store_write(c->store, change_form, &x);
    guild_view_unref(&x.view);
    if (e != ERR_OK) {
        screening_end(&x.now);
        return e;
    }
    if (x.opened)
        tasks_begun(c);
    *out = x.now;
    return ERR_OK;
}

/* ---- passing ---- */

enum err screening_pass(struct tx *tx, const struct actor *by, const struct member *m)
{
    struct member after = *m;
    after.pending = false;
    return member_change(tx, by, m, &after, NULL);
}

enum err screening_may_ask(struct tx *tx, struct core *c, const struct actor *by,
                           struct guild_id guild, struct arena *arena)
{
    const struct joining j = {.core = c, .by = by, .guild = guild, .user = by->who->user};
    return joining_allowed(tx, &j, arena);
}

enum err screening_needs_no_answers(struct tx *tx, struct guild_id guild, struct arena *arena)
{
    struct screening s = {.exists = false};
    const struct guild g = {.id = guild};
    enum err e = read_form(tx, &g, arena, &s);
    if (e == ERR_OK && !screening_is_optional(&s.form))
        e = ERR_MISSING_ACCESS;
    screening_end(&s);
    return e;
}

/* ---- answering ---- */

struct answering {
    struct core *core;
    const struct actor *by;
    struct guild_id guild;
    struct slice version;
    struct slice responses;
    struct arena *arena;
    struct screening form;
    struct screening_result out;
};

/* Agreement is kept as a request that was granted by nobody. */
static enum err agree(struct tx *tx, struct answering *x, const struct member *m)
{
    struct join_request r = {.id = tx_id(tx),
                             .guild = x->guild,
                             .user = m->user,
                             .status = JOIN_REQUEST_APPROVED,
                             .created_at_ms = tx_now_ms(tx),
                             .decided_at_ms = tx_now_ms(tx),
                             .responses = x->responses};
    enum err e = join_requests_put(tx_sql(tx), &r);
    if (e == ERR_OK)
        e = join_requests_decide(tx_sql(tx), &r);
    if (e == ERR_OK)
        e = screening_pass(tx, x->by, m);
    x->out.request = r;
    return e;
}

static enum err answer_as_member(struct tx *tx, struct answering *x, const struct member *m)
{
    if (!m->pending)
        return ERR_MISSING_ACCESS;
    if (!screening_needs_approval(&x->form.form))
        return agree(tx, x, m);
    return join_request_submit(tx, x->by, x->guild, x->responses, x->arena, &x->out.request);
}

static enum err answer_as_stranger(struct tx *tx, struct answering *x, const struct guild *g)
{
    if (!(g->features & FEATURE_DISCOVERABLE) || g->tenant.v != x->by->who->tenant.v)
        return ERR_UNKNOWN_GUILD;
    if (g->join_policy != JOIN_ON_REQUEST)
        return ERR_MISSING_ACCESS;
    enum err e = screening_may_ask(tx, x->core, x->by, x->guild, x->arena);
    return e == ERR_OK
               ? join_request_submit(tx, x->by, x->guild, x->responses, x->arena, &x->out.request)
               : e;
}

static bool is_same_version(const struct answering *x)
{
    return x->version.data == NULL ? !x->form.exists : slice_eq(x->version, x->form.form.version);
}

static enum err answer(struct tx *tx, void *ctx)
{
    struct answering *x = ctx;
    struct guild_record g;
    struct member m;
    enum err e = tx_lock(tx, core_guild_stream(x->guild));
    if (e == ERR_OK)
        e = guilds_find(tx_sql(tx), x->guild, x->arena, &g);
    if (e == ERR_OK)
        e = read_form(tx, &g.guild, x->arena, &x->form);
    if (e != ERR_OK)
        return e;
    e = members_find(tx_sql(tx), x->guild, x->by->who->user, x->arena, &m);
    if (e != ERR_OK && e != ERR_UNKNOWN_MEMBER)
        return e;
    if (!is_same_version(x))
        return ERR_STORE_CONFLICT;
    return e == ERR_OK ? answer_as_member(tx, x, &m) : answer_as_stranger(tx, x, &g.guild);
}

enum err screening_answer(struct core *c, const struct actor *by, struct guild_id guild,
                          struct slice version, struct slice responses, struct arena *arena,
                          struct screening_result *out)
{
    struct answering x = {.core = c,
                          .by = by,
                          .guild = guild,
                          .version = version,
                          .responses = responses,
                          .arena = arena};
    enum err e = store_write(c->store, answer, &x);
    screening_end(&x.form);
    if (e == ERR_OK)
        *out = x.out;
    return e;
}

/* ---- the task: letting in who waits behind a gate that has been opened ---- */

static enum err pass_some(struct tx *tx, struct task_run *x, const struct user_id *list,
                          size_t count)
{
    struct member m;
    enum err e = ERR_OK;
    for (size_t i = 0; i < count && e == ERR_OK; i++) {
        e = members_find(tx_sql(tx), (struct guild_id){x->task.subject}, list[i], &x->arena, &m);
        if (e == ERR_OK)
            e = screening_pass(tx, &task_actor, &m);
    }
    x->task.done_rows += count;
    return e;
}

static enum err act_open(struct tx *tx, struct task_run *x)
{
    const struct guild_id guild = {x->task.subject};
    struct user_id list[TASK_EVENTS];
    struct guild_record g;
    size_t count = 0;
    enum err e = tx_lock(tx, core_guild_stream(guild));
    if (e == ERR_OK)
        e = guilds_find(tx_sql(tx), guild, &x->arena, &g);
    if (e == ERR_UNKNOWN_GUILD || (e == ERR_OK && (g.guild.features & GATE))) {
        x->step_done = true; /* gone, or closed again */
        return ERR_OK;
    }
    if (e == ERR_OK)
        e = joining_pending(tx_sql(tx), guild, TASK_EVENTS, list, &count);
    if (e == ERR_OK)
        e = pass_some(tx, x, list, count);
    x->step_done = count < TASK_EVENTS;
    return e;
}

static const struct task_step steps[] = {{"letting members in", NULL, act_open, NULL}};

const struct task_plan task_screening_open = {
    .name = "screening_open", .steps = steps, .step_count = sizeof steps / sizeof steps[0]};
