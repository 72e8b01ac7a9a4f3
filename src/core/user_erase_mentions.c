/* What is kept about an erased person beside messages: that others mention them, and when they
 * wrote in channels with slow mode. Both are found by an index. */

#include "core/user_erase_priv.h"
#include "store/message_mentions.h"
#include "store/notification_settings.h"
#include "store/read_states.h"
#include "store/slow_mode.h"

enum err user_erase_mentions(struct tx *tx, struct task_run *x)
{
    struct user_id user = {x->task.subject};
    uint64_t mentions = 0;
    uint64_t posts = 0;
    enum err e = message_mentions_forget(tx_sql(tx), user, TASK_ROWS, &mentions);
    if (e == ERR_OK && mentions < TASK_ROWS)
        e = slow_mode_forget(tx_sql(tx), user, TASK_ROWS, &posts);
    uint64_t marks = 0;
    uint64_t settings = 0;
    if (e == ERR_OK && posts < TASK_ROWS)
        e = read_states_forget_user(tx_sql(tx), user, TASK_ROWS, &marks);
    if (e == ERR_OK && marks < TASK_ROWS)
        e = notification_settings_forget_user(tx_sql(tx), user, TASK_ROWS, &settings);
    x->task.done_rows += mentions + posts + marks + settings;
    x->step_done =
        mentions < TASK_ROWS && posts < TASK_ROWS && marks < TASK_ROWS && settings < TASK_ROWS;
    return e;
}
