/* Messages in replies. */

#include "api/message_write.h"

void message_write(const struct request *r, struct json_writer *w, struct message *m)
{
    m->nonce = (struct slice){NULL, 0};
    proto_message(w, m, message_shown(&r->principal, m));
}
