#pragma once

/*
 * What a message is found by: the words of all its texts, and terms for all that a search can ask
 * for. A term is '_', a letter that says of what kind it is, and a value.
 */

#include "base/words.h"
#include "model/entities.h"

enum message_term {
    TERM_AUTHOR = 'a',
    TERM_CHANNEL = 'c',
    TERM_EVERYONE = 'e', /* mentions everyone: "_e1" */
    TERM_GUILD = 'g',
    TERM_HAS = 'h',      /* "_himage" */
    TERM_REPLY = 'i',    /* to that message */
    TERM_EMBED = 'k',    /* type of an embed: "_karticle" */
    TERM_HOST = 'l',     /* of a link; texts are hashed, also below */
    TERM_USER = 'm',     /* mentioned */
    TERM_FILE = 'n',     /* name of an attachment */
    TERM_PINNED = 'p',   /* "_p1" */
    TERM_ROLE = 'r',     /* mentioned */
    TERM_TYPE = 't',     /* of the author: "_tuser", "_tbot", "_twebhook" */
    TERM_REPLIED = 'u',  /* author of the message replied to */
    TERM_PROVIDER = 'v', /* of an embed */
    TERM_EXTENSION = 'x' /* of an attachment's name */
};

/* Whether somebody wrote it: only such messages are found. */
bool message_is_written(const struct message *m);
/* Appends to `out` (WORDS_TO_INDEX). The message is complete: attachments, mentions and the message
 * replied to are there. */
void message_words(const struct message *m, struct words *out);
