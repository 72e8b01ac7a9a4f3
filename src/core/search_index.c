/* The index is of what is stored: a message is found as soon as it is there, and never after it is
 * gone (store/message_removal.c). */

#include "core/search_index.h"

#include "proto/message_words.h"
#include "store/search.h"

enum err search_index(struct tx *tx, const struct message *m, bool known)
{
    struct words w;
    if (!message_is_written(m))
        return ERR_OK;
    words_init(&w, WORDS_TO_INDEX);
    message_words(m, &w);
    struct search_document d = {m->id, m->channel, w.count, buf_slice(&w.out)};
    enum err e = w.out.failed ? ERR_NO_MEMORY : search_put(tx_sql(tx), &d, known);
    words_deinit(&w);
    return e;
}
