/* Tasks that use-cases begin: whoever does the steps is told at once, after the commit, so that the
 * first look already finds the task. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "contract/moderation_fixture.h"
#include "core/prune.h"
#include "core/screening.h"
#include "proto/bodies_onboarding.h"

struct told {
    struct hall hall;
    unsigned times;
};

static void on_task(void *ctx)
{
    struct told *t = ctx;
    t->times++;
}

static struct told begin(struct core_fixture *f)
{
    return (struct told){.hall = hall_make(f)};
}

/* Told once since the last time, and there is a step to be done. */
static void assert_told(struct told *t)
{
    bool more = false;
    assert_int_equal(t->times, 1);
    t->times = 0;
    assert_int_equal(core_task_step(t->hall.f->core, &more), ERR_OK);
    assert_true(more);
    run_tasks(t->hall.f);
}

static void delete_channel(const struct hall *h)
{
    struct message_id last;
    struct access a = cf_in_channel(h->f, h->owner, h->general);
    assert_int_equal(channel_delete(h->f->core, &h->owner->by, &a, &last), ERR_OK);
    access_end(&a);
}

static void delete_role(const struct hall *h)
{
    struct role_id role = hall_role(h, "role", 0);
    struct access a = cf_in_guild(h->f, h->owner, h->guild);
    assert_int_equal(role_delete(h->f->core, &h->owner->by, &a, role), ERR_OK);
    access_end(&a);
}

static void ban(const struct hall *h, uint32_t delete_s)
{
    struct person *p = hall_member(h, delete_s > 0 ? "loud" : "quiet");
    const struct ban_wish wish = {.delete_s = delete_s};
    struct access a = cf_in_guild(h->f, h->owner, h->guild);
    assert_int_equal(ban_put(h->f->core, &h->owner->by, &a, p->who.user, &wish), ERR_OK);
    access_end(&a);
}

static void prune(const struct hall *h)
{
    const struct prune_wish wish = {.days = 7};
    struct access a = cf_in_guild(h->f, h->owner, h->guild);
    assert_int_equal(prune_begin(h->f->core, &h->owner->by, &a, &wish), ERR_OK);
    access_end(&a);
}

static void screen(const struct hall *h, bool enabled)
{
    static struct body_long_text rule = {.value = {"Be kind", 7}};
    static struct body_screening_field field = {
        .field_type = {"TERMS", 5}, .label = {"Rules", 5}, .values = {&rule, 1}};
    struct screening now = {.exists = false};
    const struct body_screening change = {.present = 1u << BODY_SCREENING_ENABLED |
                                                     1u << BODY_SCREENING_FIELDS,
                                          .enabled = enabled,
                                          .form_fields = {&field, 1}};
    struct access a = cf_in_guild(h->f, h->owner, h->guild);
    assert_int_equal(screening_change(h->f->core, &h->owner->by, &a, &change, &h->f->arena, &now),
                     ERR_OK);
    screening_end(&now);
    access_end(&a);
}

static void test_use_cases_tell(void **state)
{
    struct told t = begin(*state);
    const struct hall *h = &t.hall;
    core_on_task(h->f->core, on_task, &t);
    delete_role(h);
    assert_told(&t);
    ban(h, 3600);
    assert_told(&t);
    prune(h);
    assert_told(&t);
    screen(h, true);
    assert_int_equal(t.times, 0);
    screen(h, false);
    assert_told(&t);
    delete_channel(h);
    assert_told(&t);
    assert_int_equal(guild_delete(h->f->core, h->guild), ERR_OK);
    assert_told(&t);
    assert_int_equal(user_erase(h->f->core, h->owner->who.user), ERR_OK);
    assert_told(&t);
}

static void test_only_then(void **state)
{
    struct told t = begin(*state);
    const struct hall *h = &t.hall;
    core_on_task(h->f->core, on_task, &t);
    ban(h, 0);
    assert_int_equal(t.times, 0);
    core_on_task(h->f->core, NULL, NULL);
    delete_channel(h);
    assert_int_equal(t.times, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_use_cases_tell, cf_setup, cf_teardown),
        cmocka_unit_test_setup_teardown(test_only_then, cf_setup, cf_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
