#pragma once

/* What the tests of AutoMod share: a guild with a member, a rule that blocks, and a count of what
 * was told. */

#include "contract/structure_fixture.h"
#include "core/automod_priv.h"

struct scene {
    struct core_fixture *f;
    struct person *owner;
    struct person *guest;
    struct guild_id guild;
    struct channel_id general;
};

UNUSED static struct scene scene_of(struct core_fixture *f)
{
    struct scene s = {.f = f, .owner = cf_person(f, "owner"), .guest = cf_person(f, "guest")};
    s.guild = cf_guild(f, s.owner);
    s.general = cf_general(f, s.guild);
    cf_join(f, s.guest, cf_invite(f, s.owner, s.general, 0, 0));
    cf_forget_events(f);
    return s;
}

static const struct slice BAD[] = {{"badword", 7}, {"awful*", 6}};

/* A keyword rule that blocks. */
UNUSED static struct automod_draft draft(void)
{
    return (struct automod_draft){
        .parts = AUTOMOD_PART_ALL,
        .rule = {.name = SLICE("no bad words"),
                 .event = AUTOMOD_EVENT_MESSAGE_SEND,
                 .trigger = AUTOMOD_KEYWORD,
                 .enabled = true,
                 .terms = {.keywords = BAD, .keyword_count = 2},
                 .actions = {{.kind = AUTOMOD_BLOCK, .custom_message = SLICE("be nice")}},
                 .action_count = 1}};
}

UNUSED static enum err try_create(const struct scene *s, const struct person *p,
                                  const struct automod_draft *d, struct automod_rule *out,
                                  struct draft_problem *problem)
{
    struct access a = cf_in_guild(s->f, p, s->guild);
    enum err e = automod_rule_create(s->f->core, &p->by, &a, d, &s->f->arena, out, problem);
    access_end(&a);
    return e;
}

UNUSED static struct automod_rule create(const struct scene *s, const struct automod_draft *d)
{
    struct automod_rule made;
    struct draft_problem problem = {0};
    enum err e = try_create(s, s->owner, d, &made, &problem);
    if (problem.field != NULL)
        print_error("%s: %s\n", problem.field, problem.message);
    assert_int_equal(e, ERR_OK);
    return made;
}

UNUSED static enum err say(const struct scene *s, const struct person *p, const char *text)
{
    struct message m;
    struct slice words = {NULL, 0};
    struct message_draft d = {.content = slice_from(text), .refusal = &words};
    return cf_try_post(s->f, p, s->general, &d, &m);
}

/* The n-th event of the kind since the events were forgotten. */
UNUSED static const struct event *nth(struct core_fixture *f, enum event_kind kind, size_t n)
{
    for (size_t i = 0; i < f->event_count; i++)
        if (f->events[i]->kind == kind && n-- == 0)
            return f->events[i];
    return NULL;
}

UNUSED static size_t count(struct core_fixture *f, enum event_kind kind)
{
    size_t n = 0;
    for (size_t i = 0; i < f->event_count; i++)
        n += f->events[i]->kind == kind;
    return n;
}
