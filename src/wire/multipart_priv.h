#pragma once

/* What the two readers of forms share, so that they cannot disagree: multipart.c has it. */

#include "wire/multipart.h"

/* One header line of a part, without its CRLF. False: malformed. */
MUST_CHECK bool multipart_header(struct slice line, struct multipart_part *p);
