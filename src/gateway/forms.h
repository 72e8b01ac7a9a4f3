#pragma once

/*
 * A payload as connections of each kind read it: JSON or ETF, plain, deflated or zstd. Each form is
 * made once, when the first session is sent it, and shared by all (base/bytes.h). A rope's forms
 * are ropes: the parts that it shares keep theirs, so the guild in a thousand READYs is compressed
 * once. What is here are the tools for that, of one loop: some 350 KiB, and 700 more for zstd, once
 * anybody asks for them.
 */

#include "base/attrs.h"
#include "base/bytes.h"

enum gw_encoding { GW_JSON, GW_ETF };
enum gw_compress { GW_PLAIN, GW_ZLIB_STREAM, GW_ZSTD_STREAM, GW_PER_MESSAGE };

struct forms;

/* What is made of text in a turn, in bytes; what is deflated counts twice. It is some ten
 * milliseconds, with the part that passes it. */
enum { FORMS_TURN_WORK = 1024 * 1024 };

/* Zeroed tools are made at the first use. */
void forms_free(struct forms **f);
/* A turn begins, and the account of the work with it. NULL allowed. */
void forms_turn(struct forms *f);
/* Whether the payload may go out in this form in this turn: it is made already, or there is work
 * left for it. The forms of parts that it shares are made here, as many as a turn allows: so each
 * call that says no has come nearer to it, or somebody else's has. */
bool forms_ready(struct forms **f, struct bytes *payload, enum gw_encoding e, enum gw_compress c);
/* The dispatch in an encoding: of ETF, the pairs of its map, `note` of them. NULL: no memory. */
struct bytes *forms_encoded(struct forms **f, struct bytes *payload, enum gw_encoding e);
/* ... if that was made already. */
const struct bytes *forms_encoded_peek(const struct bytes *payload, enum gw_encoding e);
/* The same compressed: blocks that may stand anywhere in a stream. GW_PLAIN: itself. */
struct bytes *forms_compressed(struct forms **f, struct bytes *encoded, enum gw_compress c);
